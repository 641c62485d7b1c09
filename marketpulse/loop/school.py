"""Training in the background: when it is due, what it is handed, and what becomes of its result."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from marketpulse.errors import MarketPulseError, Refused, StorageError
from marketpulse.features.scene import History
from marketpulse.loop.rooms import Rooms
from marketpulse.loop.voices import KINDS, Held, VoiceBox
from marketpulse.models.job import FEWEST, Job
from marketpulse.models.promotion import Judgement
from marketpulse.models.record import Trained
from marketpulse.models.record import decode as read_trained
from marketpulse.types import AssetClass, Event, EventKind, Json, ModelStage, ModelStatus, NewEvent

__all__ = ["School"]

_REST = 900.0  # seconds of the wall clock between two trainings of a class
_AGAIN = 30.0  # seconds until bars that were too few are looked at again
_READ = 60.0  # seconds after the start in which a training waits for bars that are still being read
_WAITING = "Training starts when daily bars have been read."
_SEALED = "Nothing is trained: this desk only shows what its ledger holds."
_SHORT = "No instrument has the 300 daily bars that a model needs yet."


class School:
    """One training at a time; only the loop's thread calls it, but ``wish``, which any may."""

    def __init__(self, rooms: Rooms, voices: VoiceBox) -> None:
        self._rooms = rooms
        self._voices = voices
        self._born = rooms.clock.monotonic()
        self._kind: AssetClass | None = None
        self._old: str | None = None  # what the running training is judged beside
        self._stood_in = False
        self._begun: dict[AssetClass, float] = {}
        self._wished: list[AssetClass] = []
        self._taken_up: AssetClass | None = None  # from the wish to the start of the process
        self._lock = threading.Lock()
        self._notes: dict[AssetClass, str] = {}
        self._failed: set[AssetClass] = set()
        others = frozenset(EventKind) - {EventKind.MODEL}
        self._tried: dict[AssetClass, int] = dict.fromkeys(KINDS, 0)
        self._versions: set[tuple[object, object]] = set()
        for event in rooms.ledger.read(without=others):
            self._count(event)

    def wish(self, kind: AssetClass) -> None:
        """Train a class as soon as nothing else is trained.

        Raises
        ------
        Refused
            ``TRAINING`` where that is under way, ``UNKNOWN_MODEL`` where there is no such class,
            ``NOT_TRAINABLE`` where no instrument of it has enough bars.
        """
        if kind not in self._tried:
            raise Refused("UNKNOWN_MODEL", f"There is no model of {kind}.")
        short = not self._panel(kind, self._rooms.clock.now())
        with self._lock:  # two clicks, two tabs: one training
            if kind in {self._kind, self._taken_up, *self._wished}:
                raise Refused("TRAINING", "This model is being trained already.")
            if short:
                raise Refused("NOT_TRAINABLE", _SHORT)
            self._wished.append(kind)

    def due(self, kind: AssetClass) -> datetime | None:
        """When the next training of a class begins by the desk's clock; None while there is no ensemble."""
        held = self._voices.held[kind]
        newest = max((_seen(t) for t in (held.trained, held.trial) if t is not None), default=None)
        if newest is None:
            return None
        days = timedelta(days=self._rooms.settings.retrain_days)
        return datetime.combine(newest, datetime.min.time(), UTC) + days

    def turn(self, benchmark: History | None) -> bool:
        """Take results in and begin what is due; True when another model serves."""
        if self._kind is not None:
            return self._collect()
        with self._lock:
            kind = self._taken_up = self._next()
        if kind is not None:
            self._start(kind, benchmark)
            self._taken_up = None
        return False

    def status(self, kind: AssetClass) -> ModelStatus:
        """Where a class's training is."""
        card = self._voices.held[kind].card
        if kind is self._kind:
            found = self._rooms.trainer.status()
            return ModelStatus(found.stage, found.progress, found.note, card)
        if kind in self._failed:
            return ModelStatus(ModelStage.FAILED, 0.0, self._notes[kind], card)
        if card is not None:
            return ModelStatus(ModelStage.READY, 1.0, self._notes.get(kind, ""), card)
        waiting = _SEALED if self._rooms.sealed else _WAITING
        return ModelStatus(ModelStage.WAITING, 0.0, self._notes.get(kind, waiting))

    def _next(self) -> AssetClass | None:
        """What was asked for, else a class without an ensemble, else one whose time has come."""
        if self._wished:
            return self._wished.pop(0)
        now, wall = self._rooms.clock.now(), self._rooms.clock.monotonic()
        for kind in KINDS:
            if wall - self._begun.get(kind, wall - _REST) < _REST or self._reading(kind, wall):
                continue
            due = self.due(kind)
            if due is None or now >= due:
                return kind
        return None

    def _reading(self, kind: AssetClass, wall: float) -> bool:
        """Whether bars may still be coming: what is trained on a part of them would serve for a week."""
        rooms = self._rooms
        return wall - self._born < _READ and any(
            not len(rooms.market.bars(symbol))
            for symbol, one in rooms.instruments.items()
            if one.asset_class is kind and one.tradable and not rooms.simulated(symbol)
        )

    def _panel(self, kind: AssetClass, cutoff: datetime) -> dict[str, History]:
        rooms = self._rooms
        found = {}
        for symbol, instrument in rooms.instruments.items():
            if instrument.asset_class is kind and instrument.tradable and not rooms.simulated(symbol):
                history = History(rooms.market.bars(symbol), rooms.market.actions(symbol)).until(cutoff)
                if len(history.bars) >= FEWEST:
                    found[symbol] = history
        return found

    def _start(self, kind: AssetClass, benchmark: History | None) -> None:
        """Hand a class's bars to the child process; the first training ends where a replay begins."""
        rooms, held = self._rooms, self._voices.held[kind]
        self._begun[kind] = rooms.clock.monotonic()
        now = rooms.clock.now()
        first = held.trained is None and rooms.cutoff is not None
        cutoff = rooms.cutoff if first and rooms.cutoff is not None else now
        panel = self._panel(kind, cutoff)
        if not panel:
            self._notes[kind] = _SHORT
            self._begun[kind] -= _REST - _AGAIN
            return
        index = None if benchmark is None else benchmark.until(cutoff)
        self._old = _serving(held)
        rooms.trainer.start(
            Job(
                panel=tuple(one.adjusted() for one in panel.values()),
                benchmark=None if index is None or not len(index.bars) else index.adjusted(),
                cutoff=cutoff,
                source=", ".join(sorted({one.bars.source for one in panel.values()})),
                kind=kind,
                horizon=rooms.playbook.horizon,
                earlier=self._tried[kind],
                artefacts=self._voices.folder,
                old=self._old,
            )
        )
        self._kind, self._stood_in = kind, False
        self._failed.discard(kind)

    def _collect(self) -> bool:
        """Take what the child has made so far."""
        kind, trainer = self._kind, self._rooms.trainer
        if kind is None:
            return False
        fresh = False
        logistic = None if self._stood_in else trainer.logistic()
        if logistic is not None:
            self._stood_in = True
            self._taken(kind, lambda: self._voices.stand_in(kind, logistic))
            fresh = True
        status = trainer.status()
        if status.stage is ModelStage.TRAINING:
            return fresh
        self._kind = None
        self._notes[kind] = status.note
        text = trainer.trained()
        if text is not None:
            if self._taken(kind, lambda: self._admit(kind, text)):
                self._voices.prune()
            return True
        if status.stage is ModelStage.FAILED:
            self._failed.add(kind)
        return fresh

    def _taken(self, kind: AssetClass, take: Callable[[], None]) -> bool:
        """Whether it could be taken; what served goes on serving where it could not."""
        try:
            take()
        except MarketPulseError as error:
            kept = isinstance(error, StorageError)
            why = (
                "The model could not be kept" if kept else "The training wrote a model that fails its checks"
            )
            self._failed.add(kind)
            self._notes[kind] = f"{why}: {error}"
            self._rooms.meter.fault("model", str(error))
            return False
        return True

    def _admit(self, kind: AssetClass, text: str) -> None:
        """Let it serve or put it on trial, and write down what was tried."""
        trained = read_trained(text)
        record, verdict = trained.record, trained.record.verdict
        serves = record.promoted and _serving(self._voices.held[kind]) == self._old
        if serves:
            self._voices.serve(kind, text)
        else:
            self._voices.try_out(kind, text)
        if record.promoted and not serves:
            verdict = f"{verdict} Another has begun to serve meanwhile; it is on trial."
        self._tell(kind, trained, len(record.members), verdict, serves=serves)

    def review(self, kind: AssetClass, found: Judgement) -> bool:
        """Let a shadow serve that did better on signals that have ended; True when it does now."""
        held = self._voices.held[kind]
        if not found.promoted or held.trial is None or held.trial_text is None:
            return False
        trained, text = held.trial, held.trial_text
        if not self._taken(kind, lambda: self._voices.serve(kind, text)):
            return False
        self._tell(kind, trained, 0, found.sentence, serves=True)
        if self._kind is None:  # one that is being trained has written files that no document names yet
            self._voices.prune()
        return True

    def _tell(self, kind: AssetClass, trained: Trained, trials: int, verdict: str, *, serves: bool) -> None:
        """Write into the ledger that a model was trained or promoted; the same one anew is no further trial."""
        if (kind.value, trained.card.version) in self._versions:
            trials = 0
        payload: dict[str, Json] = {
            "kind": kind.value,
            "version": trained.card.version,
            "trained": trained.card.trained.isoformat(),
            "last_bar": trained.card.last_bar,
            "trials": trials,
            "edge": trained.card.edge.value,
            "serves": serves,
            "verdict": verdict,
        }
        key = f"model:{kind.value}:{trained.card.version}:{trained.card.trained.isoformat()}:{serves}"
        if self._rooms.ledger.by_key(key) is None:
            event = NewEvent(self._rooms.clock.now(), "desk", EventKind.MODEL, kind.value, payload, key)
            for written in self._rooms.ledger.append(event):
                self._count(written)

    def _count(self, event: Event) -> None:
        kind, trials = event.payload.get("kind"), event.payload.get("trials")
        self._versions.add((kind, event.payload.get("version")))
        if kind in self._tried and isinstance(trials, int):
            self._tried[AssetClass(str(kind))] += trials


def _serving(held: Held) -> str | None:
    """The document that serves, None while there is no ensemble."""
    return held.text if held.trained is not None else None


def _seen(trained: Trained) -> date:
    return date.fromisoformat(trained.card.last_bar)
