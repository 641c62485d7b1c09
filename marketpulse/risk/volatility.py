"""How much a series moves from one period to the next: exponential weights and GARCH steps."""

from itertools import accumulate
from math import isfinite, nan, sqrt

import numpy as np

from marketpulse.types import FloatArray

__all__ = [
    "DECAY",
    "ewma_step",
    "ewma_volatility",
    "garch_long_run",
    "garch_step",
    "variance_path",
]

DECAY = 0.94
"""Daily decay of RiskMetrics."""


def ewma_step(volatility: float, value: float, decay: float = DECAY) -> float:
    """Volatility after one more return.

    Units
    -----
    The unit of ``value``, per period.

    NaN rule
    --------
    NaN in, NaN out.

    References
    ----------
    Hull, chapter "Estimating volatilities and correlations": 1 % and a return of 2 % at 0.90.

    Examples
    --------
    >>> round(ewma_step(0.01, 0.02, 0.9), 4)
    0.0114
    """
    return sqrt(decay * volatility**2 + (1.0 - decay) * value**2)


def ewma_volatility(returns: FloatArray, decay: float = DECAY) -> FloatArray:
    """Exponentially weighted volatility after each return, mean taken as 0; the last is tomorrow's.

    The first variance is the first return's square.

    Parameters
    ----------
    returns : oldest first
    decay : weight of the past, between 0 and 1

    Units
    -----
    The unit of ``returns``, per period; shape of ``returns``.

    NaN rule
    --------
    From the first value that is not finite on, everything is NaN.

    References
    ----------
    RiskMetrics Technical Document, fourth edition (1996), chapter 5.

    Examples
    --------
    >>> ewma_volatility(np.array([0.02, 0.0, -0.01])).round(5)
    array([0.02   , 0.01939, 0.01896])
    """
    if not 0.0 < decay < 1.0:
        raise ValueError(f"A decay lies between 0 and 1, not at {decay}.")
    if not len(returns):
        return np.empty(0)
    with np.errstate(over="ignore"):
        squares = np.square(np.asarray(returns, np.float64))
    squares = np.where(np.isfinite(squares), squares, nan)
    return np.sqrt(variance_path(squares[1:], decay, float(squares[0])))


def variance_path(squares: FloatArray, decay: float, start: float) -> FloatArray:
    """Variances before each square and after the last, shape (n + 1,); the first is ``start``.

    Units
    -----
    The unit of ``squares``.

    References
    ----------
    RiskMetrics, as above.

    Examples
    --------
    >>> variance_path(np.array([4.0, 0.0]), 0.5, 2.0)
    array([2. , 3. , 1.5])
    """
    steps = accumulate(squares.tolist(), lambda v, s: decay * v + (1.0 - decay) * s, initial=start)
    return np.fromiter(steps, np.float64, len(squares) + 1)


def garch_step(
    omega: float, alpha: float, beta: float, variance: float, value: float, *, gamma: float = 0.0
) -> float:
    """Variance of the next period; ``gamma`` counts only after a loss (GJR).

    Units
    -----
    The square of the unit of ``value``.

    NaN rule
    --------
    NaN in, NaN out.

    References
    ----------
    Bollerslev (1986); Glosten, Jagannathan and Runkle (1993), Journal of Finance 48(5).

    Examples
    --------
    >>> round(garch_step(2e-6, 0.13, 0.86, 0.016**2, 0.01), 8)
    0.00023516
    """
    return omega + (alpha + (gamma if value < 0 else 0.0)) * value**2 + beta * variance


def garch_long_run(omega: float, alpha: float, beta: float, gamma: float = 0.0) -> float:
    """Variance to which forecasts return; NaN where they do not.

    Units
    -----
    The unit of ``omega``.

    NaN rule
    --------
    NaN in, NaN out.

    References
    ----------
    Hull, as above: 0.000002 / (1 - 0.13 - 0.86).

    Examples
    --------
    >>> round(garch_long_run(2e-6, 0.13, 0.86), 8)
    0.0002
    """
    rest = 1.0 - alpha - beta - gamma / 2.0
    return omega / rest if isfinite(rest) and rest > 0.0 else nan
