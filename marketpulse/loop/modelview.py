"""Puts together what a person should know of one class's models. Pure."""

from collections.abc import Sequence
from datetime import datetime
from math import isfinite

import numpy as np

from marketpulse.loop.voices import Held
from marketpulse.models.seats import Health
from marketpulse.models.voice import Speaker
from marketpulse.types import DriftLine, HealthPart, ModelStatus, ModelView, Rest, Shadow

__all__ = ["model_view", "rests_of"]


def model_view(
    held: Held,
    status: ModelStatus,
    *,
    due: datetime | None = None,
    drift: Sequence[DriftLine] = (),
    health: tuple[HealthPart, ...] = (),
    shadow: Shadow | None = None,
    timed: Sequence[float] = (),
    deep: tuple[str, ...] = (),
) -> ModelView:
    """As of now.

    Parameters
    ----------
    timed : seconds that whole signals took
    deep : what each network says of itself; empty where there is none for this class
    """
    trained, serving = held.trained, held.serving
    latency = None
    if timed and serving is not None:
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
        rests=() if serving is None else rests_of(serving),
        shadow=shadow,
        latency=latency,
        due=due,
        deep=deep,
        meta="" if trained is None else trained.meta_sentence,
    )


def rests_of(speaker: Speaker) -> tuple[Rest, ...]:
    """How each member fares behind its breaker."""
    return tuple(_rest(name, seat.health()) for name, seat in speaker.seats.items())


def _rest(name: str, one: Health) -> Rest:
    return Rest(name, one.state.value, one.resting, one.calls, _some(one.p50), _some(one.p99), one.trouble)


def _some(value: float) -> float | None:
    return value if isfinite(value) else None
