"""The meta-model's training, on calls of the walk that were made out of sample and have ended.

There is none unless it says more, out of sample, than the plain share of right calls.
"""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from marketpulse.models.artefact import LinearRecord
from marketpulse.models.ensemble import Judged
from marketpulse.models.export import plain_of
from marketpulse.models.members import Fitted, Logistic
from marketpulse.models.meta import INPUTS, Meta, inputs
from marketpulse.models.packing import linear_record
from marketpulse.models.panel import Panel, weights
from marketpulse.models.plain import Linear, Taken
from marketpulse.models.rows import running_base
from marketpulse.models.walk import Settings
from marketpulse.signals.calibrate import keep
from marketpulse.types import FloatArray

__all__ = ["LEAST_CALLS", "learn"]

LEAST_CALLS = 250
"""Calls that have ended; fewer say nothing of when the ensemble is right."""

_FIRST = LEAST_CALLS // 2
_C = 0.02


def learn(panel: Panel, judged: Judged, settings: Settings) -> tuple[Meta | None, str]:
    """Learn when calls are right, and say in a sentence what came of it.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 3.6 (meta-labelling).
    """
    rows = np.flatnonzero((judged.side != 0.0) & panel.known)
    if len(rows) < LEAST_CALLS:
        return None, f"No meta-model: {len(rows):,} calls have ended; {LEAST_CALLS} are needed."
    right = (judged.side[rows] > 0.0) == (panel.y[rows] > 0.0)
    y = right.astype(np.float64)
    plain = float(y.mean())
    x = inputs(judged.probability[rows], panel.base[rows], judged.agreed[rows], panel.x[rows])
    said = _unseen(panel, rows, x, y, settings)
    known = running_base(y, panel.time[rows], panel.end[rows])
    scored = np.isfinite(said) & np.isfinite(known)
    skill = _skill(said[scored], y[scored], known[scored])
    kept = 0.0
    if skill > 0.0:
        kept = keep(said[scored], y[scored], known[scored], panel.time[rows][scored], panel.horizon)
    about = f"Of {len(rows):,} calls that have ended, {100.0 * plain:.0f} % were right"
    found = _numbers(_fit(x, y, weights(panel, rows))) if kept > 0.0 else None
    if found is None:
        return None, f"No meta-model: {about[0].lower()}{about[1:]}, and which ones cannot be foretold."
    taken, numbers = found
    meta = Meta(
        tuple(taken.at.tolist()), tuple(taken.middle.tolist()), numbers, plain, kept, len(rows), skill
    )
    return meta, (
        f"{about}; the meta-model's Brier skill over that share is {100.0 * skill:.2f} % out of sample, "
        f"and {100.0 * kept:.0f} % of its opinion is kept."
    )


def _unseen(
    panel: Panel, rows: NDArray[np.int64], x: FloatArray, y: FloatArray, settings: Settings
) -> FloatArray:
    """Its opinions on calls it had not seen: fitted again and again on those that had ended an embargo before."""
    said = np.full(len(rows), np.nan)
    time, end = panel.time[rows], panel.end[rows]
    dates = np.unique(panel.time)
    for start in range(settings.embargo, len(dates), settings.refit):
        first, last = dates[start], dates[min(start + settings.refit, len(dates)) - 1]
        asked = np.flatnonzero((time >= first) & (time <= last))
        train = np.flatnonzero(end < dates[start - settings.embargo])
        if len(asked) and len(train) >= _FIRST and y[train].min() < y[train].max():
            said[asked] = _fit(x[train], y[train], weights(panel, rows[train])).predict(x[asked])
    return said


def _fit(x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
    return Logistic(_C).fit(INPUTS, x, y, weight)


def _skill(p: FloatArray, y: FloatArray, base: FloatArray) -> float:
    plain = float(((base - y) ** 2).sum())
    return 1.0 - float(((p - y) ** 2).sum()) / plain if plain > 0.0 else float("nan")


def _numbers(fitted: Fitted) -> tuple[Taken, LinearRecord] | None:
    """The regression as plain numbers; None where there was nothing to fit on."""
    plain = plain_of(fitted)
    if not isinstance(plain, Linear):
        return None
    record = linear_record(plain)
    flat = (*record.mean, *record.scale, *record.coefficients, record.intercept)
    return (plain.taken, record) if all(map(isfinite, flat)) else None
