"""How good were the probabilities: AUC, Brier score and skill with block-bootstrap intervals, calibration."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from marketpulse.signals.scoring import calibration
from marketpulse.types import Edge, FloatArray, Score

__all__ = ["BLOCK", "DRAWS", "auc", "brier", "calibration", "edge_of", "score", "shrinkage"]

BLOCK = 21
"""Dates drawn together: longer than labels overlap and than most volatility spells."""

DRAWS = 1000
_SEED = 20_120_601
_CHANCE = 0.5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def auc(p: FloatArray, y: FloatArray, weight: FloatArray | None = None) -> float:
    """Area under the ROC curve: the chance that a random rise got the higher probability; ties count half.

    Units
    -----
    A fraction, 0.5 is a coin; NaN when ``y`` has one class only. ``weight`` counts each row so often.

    References
    ----------
    Hanley, McNeil (1982), The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    0.75
    """
    return _Ranks(p, y).auc(np.ones(len(y)) if weight is None else weight)


class _Ranks:
    """Rows in the order of their probability, sorted once for many weightings."""

    def __init__(self, p: FloatArray, y: FloatArray) -> None:
        self._level = np.unique(p, return_inverse=True)[1]
        self._y = y

    def auc(self, weight: FloatArray) -> float:
        rises = np.bincount(self._level, weight * self._y)
        falls = np.bincount(self._level, weight * (1.0 - self._y))
        pairs = float(rises.sum() * falls.sum())
        below = np.cumsum(falls) - falls
        return float(rises @ (below + 0.5 * falls)) / pairs if pairs else float("nan")


def brier(p: FloatArray, y: FloatArray) -> float:
    """Mean squared error of a probability; lower is better.

    Units
    -----
    Squared fractions: 0 is perfect, 0.25 is always saying one half.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability.

    Examples
    --------
    >>> round(brier(np.array([0.1, 0.9, 0.8, 0.3]), np.array([0.0, 1.0, 1.0, 0.0])), 4)
    0.0375
    """
    return float(np.mean((p - y) ** 2))


def shrinkage(p: FloatArray, y: FloatArray, base: FloatArray) -> float:
    """The share of ``p - base`` to keep that would have given the least Brier score.

    Units
    -----
    A fraction in [0, 1]; 0 means: say the base rate.

    References
    ----------
    Least squares of ``y - base`` on ``p - base``, cut at 0 and 1; Bates, Granger (1969), The
    combination of forecasts.

    Examples
    --------
    Twice too sure, and wrong:

    >>> y, base = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    >>> shrinkage(np.array([1.5, -0.5]), y, base), shrinkage(np.array([0.2, 0.8]), y, base)
    (0.5, 0.0)
    """
    apart = p - base
    size = float(apart @ apart)
    return min(1.0, max(0.0, float((y - base) @ apart) / size)) if size else 0.0


@dataclass(frozen=True, slots=True)
class _Interval:
    low: float
    high: float


def score(p: FloatArray, y: FloatArray, base: FloatArray, day: NDArray[np.int64]) -> Score:
    """Score out-of-sample probabilities against the base rate known at the time.

    The intervals come from a circular block bootstrap of dates: all rows of 21 dates in a row are
    drawn together, since labels overlap and stocks move together. The seed is fixed.

    Units
    -----
    As in ``Score``; ``day`` in days since 1970.

    References
    ----------
    Politis, Romano (1992), A circular block-resampling procedure for stationary data; 95 %
    percentile intervals of 1,000 draws.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> y = rng.integers(0, 2, 400).astype(float)
    >>> found = score(0.4 + 0.2 * y, y, np.full(400, 0.5), np.arange(400))
    >>> found.auc, round(found.skill, 2), found.since
    (1.0, 0.36, '1970-01-01')
    """
    apart, apart_base = (p - y) ** 2, (base - y) ** 2
    skill = 1.0 - float(apart.mean()) / float(apart_base.mean())
    ranks = _Ranks(p, y)
    dates, row = np.unique(day, return_inverse=True)
    draws = np.empty((DRAWS, 2))
    rng = np.random.default_rng(_SEED)
    for i in range(DRAWS):
        weight = _drawn(len(dates), rng)[row]
        draws[i] = ranks.auc(weight), 1.0 - float(weight @ apart) / float(weight @ apart_base)
    of_auc, of_skill = (_interval(draws[:, k]) for k in (0, 1))
    return Score(
        n=len(y),
        auc=auc(p, y),
        auc_low=of_auc.low,
        auc_high=of_auc.high,
        brier=brier(p, y),
        brier_base=brier(base, y),
        skill=skill,
        skill_low=of_skill.low,
        skill_high=of_skill.high,
        calibration=calibration(p, y),
        since=(_EPOCH + timedelta(days=int(dates[0]))).date().isoformat(),
    )


def _drawn(dates: int, rng: np.random.Generator) -> FloatArray:
    """How often each date is in one draw."""
    starts = rng.integers(0, dates, -(-dates // BLOCK))
    picked = (starts[:, None] + np.arange(BLOCK)).ravel()[:dates] % dates
    return np.bincount(picked, minlength=dates).astype(np.float64)


def _interval(draws: FloatArray) -> _Interval:
    known = draws[np.isfinite(draws)]
    low, high = np.percentile(known, [2.5, 97.5])
    return _Interval(float(low), float(high))


def edge_of(found: Score | None) -> Edge:
    """What a score allows to say: an edge only where both intervals lie wholly on the good side."""
    if found is not None and found.skill_low > 0.0 and found.auc_low > _CHANCE:
        return Edge.WEAK
    return Edge.NONE
