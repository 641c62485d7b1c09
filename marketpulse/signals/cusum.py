"""How a model does lately on what it has issued: rolling scores, and a sum that tells when it turns bad."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from marketpulse.signals.calibrate import expit, logit
from marketpulse.signals.scoring import FEWEST_DATES, block_interval, per_date
from marketpulse.types import FloatArray, Issued

__all__ = [
    "FEWEST_SLOPE",
    "LIMIT",
    "RECENT",
    "SLACK",
    "Lately",
    "calibration_slope",
    "cusum",
    "lately",
    "surprise",
]

SLACK = 0.1
"""What each signal may be worse than the base rate, in its own standard deviations, before it counts."""

LIMIT = 28.0
"""Where the sum alarms: about once in 1,000 signals of a model that is as good as the base rate.

By simulation: four shares with a correlation of 0.4, a horizon of five bars, opinions that hang together
(0.97 from day to day), and a truth half-way between opinion and base rate, which gives both the same score.
"""

RECENT = 126
"""Dates that count as lately."""

FEWEST_SLOPE = 126
"""Signals without which no slope is told."""

_STEPS, _NEAR = 30, 1e-10
_FLAT = 1e-3


def surprise(p: FloatArray, base: FloatArray, rose: FloatArray) -> FloatArray:
    """How much worse than the base rate each signal did, in its own standard deviations.

    The difference of the Brier scores is ``(p - base) (p + base - 2 rose)``. It varies by about
    ``2 |p - base| sqrt(base (1 - base))``, so that bold and timid opinions count alike.

    Parameters
    ----------
    p, base : probability and base rate, fractions
    rose : 1 or 0

    Units
    -----
    Standard deviations, positive where the model did worse; NaN where it said the base rate itself.

    References
    ----------
    Diebold, Mariano (1995), Comparing predictive accuracy, for the difference of two scores.

    Examples
    --------
    >>> surprise(np.array([0.6, 0.6, 0.5]), np.full(3, 0.5), np.array([0.0, 1.0, 1.0])).round(2).tolist()
    [1.1, -0.9, nan]
    """
    apart = p - base
    size = 2.0 * np.abs(apart) * np.sqrt(base * (1.0 - base))
    found = np.full(len(p), np.nan)
    np.divide(apart * (p + base - 2.0 * rose), size, out=found, where=size > 0.0)
    return found


def cusum(values: FloatArray, slack: float = SLACK) -> FloatArray:
    """One-sided cumulative sum of what exceeds ``slack``, never below 0.

    Units
    -----
    As ``values``; NaN adds nothing.

    References
    ----------
    Page (1954), Continuous inspection schemes.

    Examples
    --------
    >>> cusum(np.array([1.0, -2.0, 0.5, 1.5]), 0.5).tolist()
    [0.5, 0.0, 0.0, 1.0]
    """
    steps = np.cumsum(np.nan_to_num(values - slack, nan=0.0))
    lowest = np.minimum.accumulate(np.minimum(steps, 0.0))
    return np.asarray(steps - lowest)


def calibration_slope(p: FloatArray, y: FloatArray) -> float | None:
    """Slope of a logistic regression of outcomes on the log-odds of the probabilities: 1 is right.

    Units
    -----
    Log-odds per log-odds; below 1 the probabilities are too sure. None with fewer than 126 signals, or
    where probabilities or outcomes hardly vary.

    References
    ----------
    Cox (1958), Two further applications of a model for binary regression.

    Examples
    --------
    Said 80 or 20 %, and came true in 69 %:

    >>> p = np.tile([0.8, 0.2], 500)
    >>> y = (np.arange(1000) % 2 == (np.arange(1000) // 2 % 16 < 5)).astype(float)
    >>> round(calibration_slope(p, y), 2)
    0.55
    """
    odds = logit(p)
    if len(p) < FEWEST_SLOPE or float(odds.std()) < _FLAT or y.min() == y.max():
        return None
    x = np.stack([np.ones(len(p)), odds])
    found = np.zeros(2)
    for _ in range(_STEPS):
        q = expit(found @ x)
        curve = (x * (q * (1.0 - q))) @ x.T + 1e-9 * np.eye(2)
        step = np.clip(np.linalg.solve(curve, x @ (y - q)), -2.0, 2.0)
        found += step
        if float(np.abs(step).max()) < _NEAR:
            break
    return float(found[1])


@dataclass(frozen=True, slots=True)
class Lately:
    """How the signals of one model that have ended did.

    Attributes
    ----------
    n, dates : signals and dates of the last 126 dates; all below but ``sum`` are told from them
    brier, brier_base : means; None while nothing has ended
    skill, low, high : 1 - brier / brier_base with its 95 % interval, fractions; None with too few dates
    slope : of the calibration; None with too few signals, or where they hardly vary
    sum : of the CUSUM over everything that has ended, standard deviations
    counted : signals in that sum, those that said the base rate left out
    """

    n: int = 0
    dates: int = 0
    brier: float | None = None
    brier_base: float | None = None
    skill: float | None = None
    low: float | None = None
    high: float | None = None
    slope: float | None = None
    sum: float = 0.0
    counted: int = 0

    @property
    def alarm(self) -> bool:
        """The sum is above its limit."""
        return self.sum > LIMIT


def lately(issued: Iterable[Issued]) -> Lately:
    """Look at the signals of one model that have ended; those that are open are passed over.

    Units
    -----
    As in ``Lately``.

    References
    ----------
    As in ``cusum``, ``calibration_slope`` and ``scoring.block_interval``.

    Examples
    --------
    >>> lately(()).alarm, lately(()).brier
    (False, None)
    """
    rows = [
        (date.fromisoformat(i.outcome.ended).toordinal(), i.signal.symbol, said, usual, i.outcome.rose)
        for i in issued
        if i.outcome is not None and (said := i.signal.probability) is not None
        and (usual := i.signal.base_rate) is not None
    ]  # fmt: skip
    if not rows:
        return Lately()
    rows.sort(key=lambda row: row[:2])
    day = np.array([row[0] for row in rows])
    p, base, rose = (np.array([row[k] for row in rows], dtype=np.float64) for k in (2, 3, 4))
    strange = surprise(p, base, rose)
    total = float(cusum(strange)[-1])
    dates = np.unique(day)[-RECENT:]
    late = day >= dates[0]
    p, base, rose, place = p[late], base[late], rose[late], np.searchsorted(dates, day[late])
    above, below = per_date((p - rose) ** 2, place), per_date((base - rose) ** 2, place)
    skill = low = high = None
    if len(dates) >= FEWEST_DATES and below.sum() > 0.0:
        skill = 1.0 - float(above.sum() / below.sum())
        low, high = block_interval(above, below)
    return Lately(
        n=len(p),
        dates=len(dates),
        brier=float(above.sum()) / len(p),
        brier_base=float(below.sum()) / len(p),
        skill=skill,
        low=low,
        high=high,
        slope=calibration_slope(p, rose),
        sum=total,
        counted=int(np.isfinite(strange).sum()),
    )
