"""How far two sources may lie apart and still tell the same price.

Two quotes of one instrument are rarely of the same instant, so the tolerance grows with the square
root of the time between them, as a price wanders; it never falls below half a per cent, which covers
venues that trade a little apart, and never exceeds three.
"""

from math import log, sqrt

from marketpulse.types import Quote, Witness

__all__ = ["apart", "tolerance", "witness"]

_LEAST, _MOST = 0.005, 0.03
_SIGMAS = 5.0
_DAY = 86_400.0
_SIGMA = 0.03  # a day, where too few bars are known


def tolerance(sigma: float, seconds: float) -> float:
    """Return the largest relative difference that still counts as the same price.

    Parameters
    ----------
    sigma : standard deviation of daily log returns, 0 when unknown
    seconds : between the two quotes' own times

    Examples
    --------
    >>> tolerance(0.02, 0.0), round(tolerance(0.02, 900.0), 4), tolerance(0.10, 86_400.0)
    (0.005, 0.0102, 0.03)
    """
    wandered = _SIGMAS * (sigma or _SIGMA) * sqrt(max(0.0, seconds) / _DAY)
    return min(_MOST, max(_LEAST, wandered))


def witness(shown: Quote, other: Quote, sigma: float) -> Witness:
    """Hold ``other`` against ``shown``."""
    seconds = abs((shown.time - other.time).total_seconds())
    difference = other.price / shown.price - 1.0
    return Witness(other.source, other.price, other.time, difference, tolerance(sigma, seconds))


def apart(one: Quote, other: Quote, sigma: float) -> bool:
    """Tell whether two quotes are further apart than their times and the volatility explain."""
    seconds = abs((one.time - other.time).total_seconds())
    return abs(log(other.price) - log(one.price)) > tolerance(sigma, seconds)
