"""How each class's models fare on what they have issued: health in parts, and the trial of a shadow."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from marketpulse.loop.notary import Notary
from marketpulse.loop.voices import Held
from marketpulse.models.promotion import Judgement, judge
from marketpulse.signals.health import health
from marketpulse.types import DriftLine, HealthPart, Issued, Rest, Shadow

__all__ = ["Trial", "parts_of", "trial_of"]


class Trial:
    """A shadow beside the model that serves, on signals that have ended.

    Parameters
    ----------
    held : of the class
    issued : every signal of the model that serves, oldest first
    """

    def __init__(self, held: Held, issued: Iterable[Issued]) -> None:
        self.held = held
        version = "" if held.trial is None else held.trial.card.version
        rows = [
            (one.signal.shadow[1], one.signal.probability, one.outcome.rose, _seconds(one.signal.bar))
            for one in issued
            if one.outcome is not None
            and one.signal.probability is not None
            and one.signal.shadow is not None
            and one.signal.shadow[0] == version
        ]
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 4)
        self._own, self._serving, self._rose = table[:, 0], table[:, 1], table[:, 2]
        self._time = table[:, 3].astype(np.int64)

    def judgement(self) -> Judgement:
        """Whether it may take the serving model's place."""
        return judge(self._own, self._serving, self._rose, self._time)

    def view(self) -> Shadow | None:
        """As a person should know it; None where nothing is on trial."""
        trial = self.held.trial
        if trial is None:
            return None
        told = len(self._rose) > 0
        return Shadow(
            version=trial.card.version,
            trained=trial.card.trained,
            scored=len(self._rose),
            brier=float(((self._own - self._rose) ** 2).mean()) if told else None,
            brier_serving=float(((self._serving - self._rose) ** 2).mean()) if told else None,
            sentence=f"{trial.record.verdict} Since then: {_lowered(self.judgement().sentence)}",
        )


def trial_of(held: Held, notary: Notary) -> Trial:
    """What has ended of a class's shadow."""
    card = held.card
    return Trial(held, () if card is None or held.trial is None else notary.of_model(card.version))


def parts_of(
    held: Held,
    notary: Notary,
    *,
    drift: tuple[DriftLine, ...],
    rests: tuple[Rest, ...],
    now: datetime,
    retrain_days: float,
) -> tuple[HealthPart, ...]:
    """Tell the parts of a class's health."""
    card, serving = held.card, held.serving
    version = "" if card is None else card.version
    issued = notary.of_model(version)
    ensemble = serving is not None and bool(serving.asked.version)
    return health(
        card=card,
        record=held.trained.record if ensemble and held.trained is not None else None,
        drift=drift,
        live=notary.lately(version),
        repainted=sum(one.repaint is not None for one in issued),
        checked=sum(one.checked is not None for one in issued),
        servings=() if serving is None else serving.servings,
        rests=rests,
        now=now,
        retrain_days=retrain_days,
    )


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
