"""Puts together what a person should know of one class's models. Pure."""

from collections.abc import Sequence
from datetime import datetime
from math import isfinite

import numpy as np

from marketpulse.loop.voices import Held
from marketpulse.models.seats import Health
from marketpulse.models.voice import Speaker
from marketpulse.types import DriftLine, HealthPart, ModelStatus, ModelView, Rest, Shadow

__all__ = ["model_view", "trial"]

_NOBODY = "No signal of it has ended yet."


def model_view(
    held: Held,
    status: ModelStatus,
    *,
    due: datetime | None = None,
    drift: Sequence[DriftLine] = (),
    health: tuple[HealthPart, ...] = (),
    shadow: Shadow | None = None,
    timed: Sequence[float] = (),
    deep: str = "",
) -> ModelView:
    """As of now.

    Parameters
    ----------
    timed : seconds that whole signals took
    deep : what the network says of itself; empty where there is none for this class
    """
    trained, serving = held.trained, held.serving
    latency = None
    if timed:
        p50, p99 = np.percentile(timed, [50.0, 99.0]).tolist()
        latency = p50, p99
    return ModelView(
        kind=held.kind,
        stage=status.stage,
        progress=status.progress,
        note=status.note,
        card=held.card,
        record=trained.record
        if trained is not None and serving is not None and serving.asked.version
        else None,
        servings=() if serving is None else serving.servings,
        drift=tuple(drift),
        health=health,
        rests=() if serving is None else _rests(serving),
        shadow=shadow,
        latency=latency,
        due=due,
        deep=(deep,) if deep else (),
        meta="" if trained is None else trained.meta_sentence,
    )


def trial(
    held: Held, scored: int, brier: float | None, serving: float | None, sentence: str = ""
) -> Shadow | None:
    """The model on trial beside the one that serves; None where there is none.

    Parameters
    ----------
    scored : ended signals on which both have spoken
    brier, serving : mean squared error on them, its own and the other's
    """
    if held.trial is None:
        return None
    card = held.trial.card
    return Shadow(card.version, card.trained, scored, brier, serving, sentence or _NOBODY)


def _rests(speaker: Speaker) -> tuple[Rest, ...]:
    every = dict(speaker.asked.health())
    if speaker.deep is not None:
        every[speaker.deep.seat.name] = speaker.deep.seat.health()
    return tuple(_rest(name, one) for name, one in every.items())


def _rest(name: str, one: Health) -> Rest:
    return Rest(name, one.state.value, one.resting, one.calls, _some(one.p50), _some(one.p99), one.trouble)


def _some(value: float) -> float | None:
    return value if isfinite(value) else None
