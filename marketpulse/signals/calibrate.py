"""From a score to a probability that may be believed: the sigmoid, and how much of it is kept.

Everything is told from outcomes handed in; whoever calls sees to it that they had ended by then.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketpulse.types import FloatArray

__all__ = [
    "LEAST",
    "MOST",
    "Sigmoid",
    "expit",
    "fit_sigmoid",
    "fit_slope",
    "fit_stretch",
    "keep",
    "logit",
    "stretched",
]

LEAST, MOST = 0.02, 0.98
"""No probability is ever said to lie outside these."""

_STEPS = 25
_ENOUGH = 1e-10
_SURE = 8.0
_NOTHING = 1e-12
_PRIOR = 4.0
"""Weight of the belief that nothing is known, in outcomes worth of information."""


def logit(p: FloatArray) -> FloatArray:
    """Log-odds of probabilities, those nearer than 0.0001 to 0 or 1 taken as that near.

    Examples
    --------
    >>> logit(np.array([0.5, 0.0])).round(3).tolist()
    [0.0, -9.21]
    """
    cut = np.clip(p, 1e-4, 1.0 - 1e-4)
    odds: FloatArray = np.log(cut / (1.0 - cut))
    return odds


def expit(odds: FloatArray) -> FloatArray:
    """Probabilities of log-odds, without overflow.

    Examples
    --------
    >>> expit(np.array([0.0, -1e6])).tolist()
    [0.5, 0.0]
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(odds))))


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """A calibration: ``logit(base) + shift + slope * (logit(p) - logit(base))``.

    Attributes
    ----------
    shift : log-odds
    slope : 0 says the base rate, 1 leaves the opinion as it came; never negative
    """

    shift: float
    slope: float

    def apply(self, p: FloatArray, base: FloatArray) -> FloatArray:
        """Calibrated probabilities, within 2 % and 98 %."""
        odds = logit(base)
        return np.clip(expit(odds + self.shift + self.slope * (logit(p) - odds)), LEAST, MOST)


def fit_sigmoid(p: FloatArray, y: FloatArray, base: FloatArray, weight: FloatArray) -> Sigmoid:
    """Fit shift and slope to what came of ``p``; few outcomes say little, so both start near no opinion.

    Parameters
    ----------
    p, base : opinion and base rate, fractions, of rows whose outcome is known
    y : 1 or 0
    weight : of each row, in independent outcomes; labels that overlap weigh less than one

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; the ridge is a normal prior.

    Examples
    --------
    Sure of 80 % each time and right 60 times of 100, over many rows:

    >>> p, base = np.tile([0.8, 0.2], 5000), np.full(10000, 0.5)
    >>> y = (np.arange(10000) % 2 == (np.arange(10000) // 2 % 5 < 2)).astype(float)
    >>> found = fit_sigmoid(p, y, base, np.ones(10000))
    >>> found.apply(np.array([0.8]), np.array([0.5])).round(2).tolist()
    [0.6]
    """
    odds = logit(base)
    x = np.stack([np.ones(len(p)), logit(p) - odds])
    spread = float(np.sqrt(np.average(x[1] ** 2, weights=weight))) if len(p) else 0.0
    ridge = np.array([10.0 * _PRIOR, _PRIOR * min(spread, 1.0) ** 2 + 1e-9])
    shift, slope = _newton(x, y, odds, weight, ridge)
    if slope <= 0.0:
        return Sigmoid(0.0, 0.0)
    return Sigmoid(shift, slope)


def fit_slope(vote: FloatArray, y: FloatArray, base: float, weight: FloatArray) -> float:
    """The one number of a rule: how many log-odds a full vote is worth; 0 where it was wrong so far.

    Examples
    --------
    >>> vote = np.tile([1.0, -1.0], 500)
    >>> fit_slope(vote, (vote < 0).astype(float), 0.5, np.ones(1000))
    0.0
    """
    odds = np.full(len(vote), float(logit(np.array([base]))[0]))
    (slope,) = _newton(vote[None, :], y, odds, weight, np.array([_PRIOR]))
    return max(0.0, slope)


def fit_stretch(p: FloatArray, y: FloatArray, base: FloatArray, weight: FloatArray) -> float:
    """How far a pooled opinion is to be stretched away from the base rate; 1 leaves it, as few outcomes do.

    Units
    -----
    Log-odds per log-odds, 0 to 2.

    References
    ----------
    Ranjan, Gneiting (2010), Combining probability forecasts: a pool of calibrated opinions is too timid.

    Examples
    --------
    >>> p, base = np.tile([0.6, 0.4], 5000), np.full(10000, 0.5)
    >>> y = (np.arange(10000) % 2 == (np.arange(10000) // 2 % 10 < 3)).astype(float)
    >>> round(fit_stretch(p, y, base, np.ones(10000)), 1), fit_stretch(base, y, base, np.ones(10000))
    (2.0, 1.0)
    """
    apart = logit(p) - logit(base)
    size = float(np.average(apart**2, weights=weight)) if len(p) else 0.0
    if size <= _NOTHING:
        return 1.0
    (more,) = _newton(apart[None, :], y, logit(base) + apart, weight, np.array([_PRIOR * size]))
    return min(2.0, max(0.0, 1.0 + more))


def stretched(p: FloatArray, base: FloatArray, stretch: float) -> FloatArray:
    """Opinions stretched away from the base rate, or drawn to it; where there is none, the base rate itself.

    Examples
    --------
    >>> stretched(np.array([0.6, 0.5]), np.array([0.5, 0.5]), 2.0).round(3).tolist()
    [0.692, 0.5]
    """
    if stretch == 1.0:
        return p
    odds = logit(base)
    return np.where(p == base, base, np.clip(expit(odds + stretch * (logit(p) - odds)), LEAST, MOST))


def _newton(
    x: FloatArray, y: FloatArray, offset: FloatArray, weight: FloatArray, ridge: FloatArray
) -> list[float]:
    """Most likely coefficients of a logistic regression with offset and ridge, within +-8."""
    found = np.zeros(len(x))
    for _ in range(_STEPS):
        p = expit(offset + found @ x)
        slope = x @ (weight * (y - p)) - ridge * found
        curve = (x * (weight * p * (1.0 - p))) @ x.T + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        found = np.clip(found + np.clip(step, -1.0, 1.0), -_SURE, _SURE)
        if float(np.abs(step).max()) < _ENOUGH:
            break
    return [float(one) for one in found]


def keep(p: FloatArray, y: FloatArray, base: FloatArray, moment: NDArray[np.int64], span: int) -> float:
    """The share of ``p - base`` worth keeping: the best so far, times what is not luck in it.

    The best share is the regression of ``y - base`` on ``p - base``, cut at 0 and 1. It is multiplied
    by ``1 - 1/t**2``, and is 0 where ``t`` is at most 1: an estimate within its own error says nothing.

    Parameters
    ----------
    moment : when each row was said, ascending; rows of one moment count as one observation
    span : bars that a label covers; ``t`` allows for errors that hang together over twice as many

    Units
    -----
    A fraction, 0 to 1.

    References
    ----------
    Bates, Granger (1969) for the share; James, Stein (1961), the positive part, for the factor; Newey,
    West (1987) for the error.

    Examples
    --------
    >>> y = np.tile([1.0, 0.0, 0.0, 1.0], 100)
    >>> half, at = np.full(400, 0.5), np.arange(400)
    >>> keep(0.4 + 0.2 * y, y, half, at, 1), keep(0.6 - 0.2 * y, y, half, at, 1)
    (1.0, 0.0)
    """
    apart, missed = p - base, y - base
    size = float(apart @ apart)
    if size <= _NOTHING * len(p):
        return 0.0
    share = float(missed @ apart) / size
    if share <= 0.0:
        return 0.0
    place = np.unique(moment, return_inverse=True)[1]
    left = np.bincount(place, (missed - share * apart) * apart).astype(np.float64)
    error = np.sqrt(_long_run(left, 2 * span)) / size
    t2 = (share / error) ** 2 if error > 0.0 else np.inf
    return float(min(1.0, share) * max(0.0, 1.0 - 1.0 / t2))


def _long_run(values: FloatArray, lags: int) -> float:
    """Variance of a sum whose terms hang together over ``lags`` steps (Bartlett's weights)."""
    total = float(values @ values)
    for lag in range(1, min(lags, len(values) - 1) + 1):
        total += 2.0 * (1.0 - lag / (lags + 1)) * float(values[lag:] @ values[:-lag])
    return max(total, 0.0)
