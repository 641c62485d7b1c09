"""Volatility and the Sharpe ratio, annualised."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["COINS", "SHARES", "Sharpe", "sharpe", "volatility"]

SHARES = 252
"""Sessions a year of a stock exchange."""

COINS = 365
"""Days a year of a market that never closes."""

_FEWEST = 2  # a spread needs two values


@dataclass(frozen=True, slots=True)
class Sharpe:
    """A Sharpe ratio and the number of returns it rests on; never show one without the other."""

    value: float
    n: int


def volatility(returns: FloatArray, periods: int = SHARES) -> float:
    """Annualised standard deviation of returns (ddof 1).

    Parameters
    ----------
    returns : simple returns, shape (n,)
    periods : returns a year

    Units
    -----
    A fraction a year.

    NaN rule
    --------
    A return that is not finite, or fewer than two returns, gives NaN.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, chapter 4.

    Examples
    --------
    >>> round(volatility(np.array([0.01, -0.01, 0.02, 0.0])), 6)
    0.204939
    """
    if len(returns) < _FEWEST or not np.isfinite(returns).all():
        return nan
    away = returns - returns.mean()
    return sqrt(float(away @ away) / (len(returns) - 1) * periods)


def sharpe(returns: FloatArray, periods: int = SHARES, free: float = 0.0) -> Sharpe:
    """Mean excess return over its standard deviation (ddof 1), annualised by the square root of time.

    Parameters
    ----------
    returns : simple returns, shape (n,)
    periods : returns a year
    free : risk-free return of one period, a fraction

    Units
    -----
    A pure number for one year.

    NaN rule
    --------
    NaN where ``volatility`` is NaN, and where the returns do not vary.

    References
    ----------
    Sharpe (1994), The Sharpe ratio, Journal of Portfolio Management 21(1).

    Examples
    --------
    >>> s = sharpe(np.array([0.01, -0.01, 0.02, 0.0]))
    >>> round(s.value, 4), s.n
    (6.1482, 4)
    """
    spread = volatility(returns, periods)
    n = len(returns)
    # A constant series has a spread of rounding errors only; a ratio to that means nothing.
    if not spread > 1e-12 * sqrt(periods):
        return Sharpe(nan, n)
    return Sharpe((float(returns.mean()) - free) * periods / spread, n)
