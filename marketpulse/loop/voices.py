"""Who speaks of each class of instruments: the model that serves, the one on trial, and what they came from."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from marketpulse.errors import MarketPulseError
from marketpulse.loop.resting import recall, remember
from marketpulse.loop.rooms import Rooms
from marketpulse.models.deep import Deep, open_deep
from marketpulse.models.document import decode as read_logistic
from marketpulse.models.job import ARTEFACTS
from marketpulse.models.opening import open_artefact
from marketpulse.models.prune import prune
from marketpulse.models.record import ENSEMBLE, LOGISTIC, SHADOW, Trained, stored_as
from marketpulse.models.record import decode as read_trained
from marketpulse.models.serving import Served
from marketpulse.models.voice import Speaker, plain_card
from marketpulse.pipeline import Voices
from marketpulse.types import AssetClass, Card, Interval, ServingPath

__all__ = ["KINDS", "Held", "VoiceBox"]

KINDS = (AssetClass.EQUITY, AssetClass.CRYPTO)

_NOBODY = "Nobody speaks until one is trained."
_MEANWHILE = {
    ServingPath.LOGISTIC: "Today's logistic model serves meanwhile.",
    ServingPath.BASE_RATE: "Only the base rate is said.",
}


@dataclass(slots=True)
class Held:
    """What is there for one class.

    Attributes
    ----------
    text, trained : the document that serves, None while only the logistic model does
    trial_text, trial : of the model on trial
    logistic : today's logistic model, which serves meanwhile and where the ensemble cannot be used
    troubles : by the name of a stored document, why it cannot be used; until another takes its place
    """

    kind: AssetClass
    text: str | None = None
    trained: Trained | None = None
    trial_text: str | None = None
    trial: Trained | None = None
    logistic: str | None = None
    serving: Speaker | None = None
    shadow: Speaker | None = None
    troubles: dict[str, str] = field(default_factory=dict)

    @property
    def voices(self) -> Voices | None:
        """As the pipeline asks them."""
        return None if self.serving is None else Voices(self.serving, self.shadow)

    @property
    def card(self) -> Card | None:
        """Of what serves."""
        return None if self.serving is None else self.serving.card


class VoiceBox:
    """Opens stored models and keeps new ones; only the loop's thread calls it.

    Parameters
    ----------
    rooms : its store holds the documents, its folder the graphs
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.folder = rooms.folder / ARTEFACTS
        self._rng = Random(0)  # noqa: S311 - spreads probes apart, nothing is kept secret by it
        self.deep, self.networks = self._deep()
        self.held = {kind: Held(kind) for kind in KINDS}
        self._rested: dict[AssetClass, str] = {}
        today = rooms.clock.now().date()
        for one in self.held.values():
            self._load(one, today)

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each class whose models are there and do not answer as they were made to."""
        said = []
        for one in self.held.values():
            whole = None if one.serving is None else one.serving.servings[-1]
            if one.troubles:
                way = _NOBODY if whole is None else _MEANWHILE.get(whole.path, "")
                said.append(" ".join(("A model's files:", *one.troubles.values(), way)).strip())
            elif one.text is not None and whole is not None and whole.faults:
                said.append(f"A model's files: {whole.sentence}")
        return tuple(said)

    def voices(self) -> dict[AssetClass, Voices]:
        """Of every class that has one."""
        return {kind: one.voices for kind, one in self.held.items() if one.voices is not None}

    def serve(self, kind: AssetClass, text: str) -> None:
        """Let a trained document serve from now on, and keep it; a model on trial before it is dropped."""
        one = self.held[kind]
        trained = read_trained(text)
        self._rooms.store.save_model(stored_as(ENSEMBLE, kind), trained.card.version, text)
        one.text, one.trained = text, trained
        one.trial_text, one.trial, one.shadow = None, None, None
        one.troubles.clear()
        self._open(one)

    def try_out(self, kind: AssetClass, text: str) -> None:
        """Put a trained document on trial: it is asked and scored, and decides nothing."""
        one = self.held[kind]
        trained = read_trained(text)
        self._rooms.store.save_model(stored_as(SHADOW, kind), trained.card.version, text)
        one.trial_text, one.trial = text, trained
        one.shadow = self._speaker(trained, None)
        one.troubles.pop(SHADOW, None)

    def stand_in(self, kind: AssetClass, text: str) -> None:
        """Take today's logistic model, which serves until there is an ensemble."""
        one = self.held[kind]
        card = read_logistic(text).card
        self._rooms.store.save_model(stored_as(LOGISTIC, kind), card.version, text)
        one.logistic = text
        one.troubles.pop(LOGISTIC, None)
        if one.trained is None or one.serving is None or not one.serving.asked.version:
            self._open(one)

    def remember(self) -> None:
        """Keep which members of the serving models rest, for a restart."""
        for kind, one in self.held.items():
            if one.serving is not None:
                self._rested[kind] = remember(self._rooms, one.serving, self._rested.get(kind, ""))

    def _load(self, one: Held, today: date) -> None:
        """Open what earlier runs left, unless it has seen days that this clock has not come to yet."""
        one.logistic = self._stored(LOGISTIC, one)
        if one.logistic is not None and not self._past(one, one.logistic, today):
            one.logistic = None
        one.text, one.trained = self._trained(ENSEMBLE, one, today)
        shadow, trial = self._trained(SHADOW, one, today)
        if trial is not None and (one.trained is None or trial.card.trained > one.trained.card.trained):
            one.trial_text, one.trial = shadow, trial
            one.shadow = self._speaker(trial, None)
        self._open(one)

    def _open(self, one: Held) -> None:
        """Let the best that can be used serve."""
        if one.trained is None and one.logistic is None:
            one.serving = None if one.text is None else self._speaker(None, None, broken=_broken(one))
        else:
            deep = self._network(one.kind)
            one.serving = self._speaker(one.trained, one.logistic, deep, broken=_broken(one))

    def _speaker(
        self, trained: Trained | None, logistic: str | None, deep: Deep | None = None, broken: str = ""
    ) -> Speaker:
        manifest = None if trained is None else trained.manifest
        opened = open_artefact(self.folder, manifest, logistic, broken=broken)
        served = Served(opened, self._rooms.clock, self._rng)
        if opened.manifest is not None and trained is not None:
            speaker = Speaker(served, trained.card, opened, deep, trained.meta)
            recall(self._rooms, speaker)
            return speaker
        card = plain_card(self._rooms.playbook.horizon)
        if logistic is not None and opened.members:
            card = read_logistic(logistic).card
        return Speaker(served, card, opened)

    def _trained(self, name: str, one: Held, today: date) -> tuple[str | None, Trained | None]:
        """Read a document: itself alone where it cannot be used, nothing where it is of days to come."""
        text = self._stored(name, one)
        if text is None:
            return None, None
        try:
            trained = read_trained(text)
        except MarketPulseError as error:
            self._trouble(name, one, str(error))
            return text, None
        return (text, trained) if date.fromisoformat(trained.card.last_bar) < today else (None, None)

    def _past(self, one: Held, text: str, today: date) -> bool:
        try:
            return date.fromisoformat(read_logistic(text).card.last_bar) < today
        except MarketPulseError as error:
            self._trouble(LOGISTIC, one, f"The logistic model: {error}")
            return False

    def _stored(self, name: str, one: Held) -> str | None:
        try:
            return self._rooms.store.latest_model(stored_as(name, one.kind))
        except MarketPulseError as error:
            said = str(error)
            self._trouble(name, one, f"{said[:1].upper()}{said[1:].rstrip('.')}.")
            return None

    def _trouble(self, name: str, one: Held, sentence: str) -> None:
        """Say on screen and in the log that a stored document cannot be used."""
        one.troubles[name] = sentence
        self._rooms.meter.fault("model", f"{sentence} It is trained anew.")

    def _deep(self) -> tuple[Deep | None, tuple[str, ...]]:
        """The daily network, and what is to be said of it and of the one for minutes."""
        folder, clock = self._rooms.settings.data_dir / ARTEFACTS, self._rooms.clock
        daily, serving = open_deep(folder, Interval.DAY, clock, self._rng)
        minutes, other = open_deep(folder, Interval.MINUTE, clock, self._rng)
        said = [serving.sentence, other.sentence]
        if daily is not None and date.fromisoformat(daily.manifest.last_bar) >= clock.now().date():
            said[0] = f"{serving.model} is not used: it was trained on bars up to {daily.manifest.last_bar}."
            daily = None
        if minutes is not None:
            said[1] = f"{other.model}: {other.sentence} It has no part in votes on daily bars."
        return daily, tuple(said)

    def _network(self, kind: AssetClass) -> Deep | None:
        """Networks are trained on shares."""
        return self.deep if kind is AssetClass.EQUITY else None

    def prune(self) -> None:
        """Remove the files of models that nobody names; never while a training has written what none names yet."""
        used = [t.card.version for one in self.held.values() for t in (one.trained, one.trial) if t]
        prune(self.folder, used)


def _broken(one: Held) -> str:
    """Why the ensemble that was kept cannot be used; empty where none was kept."""
    return one.troubles.get(ENSEMBLE, "")
