"""Ratios that look at losses only, growth, and how alike neighbouring returns are."""

from math import nan, sqrt

import numpy as np

from marketpulse.performance.drawdown import drawdown
from marketpulse.performance.ratios import SHARES
from marketpulse.types import FloatArray

__all__ = ["annual_return", "autocorrelation", "calmar", "sortino"]

_FEWEST = 2
_SMALLEST = 1e-12  # below, what is divided by is rounding


def sortino(returns: FloatArray, periods: int = SHARES, target: float = 0.0) -> float:
    """Mean return above a target over the size of what lies below it, annualised.

    The size is the root of the mean square over all returns, those above the target counting as 0.

    Parameters
    ----------
    returns : simple returns
    periods : returns a year: 252 for shares, 365 for coins
    target : return of one period

    Units
    -----
    A pure number for one year.

    NaN rule
    --------
    NaN for fewer than two returns, one that is not finite, and where nothing lies below the target.

    References
    ----------
    Sortino and Price (1994), Performance measurement in a downside risk framework.

    Examples
    --------
    >>> round(sortino(np.array([0.01, -0.01, 0.02, 0.0])), 4)
    15.8745
    """
    if len(returns) < _FEWEST or not np.isfinite(returns).all():
        return nan
    excess = returns - target
    below = sqrt(float(np.mean(np.square(np.minimum(excess, 0.0)))))
    return float(excess.mean()) * sqrt(periods) / below if below > _SMALLEST else nan


def annual_return(returns: FloatArray, periods: int = SHARES, n: int | None = None) -> float:
    """Constant return a year that gives the same wealth.

    Parameters
    ----------
    periods : returns a year
    n : periods that the returns span; None is one each

    Units
    -----
    A fraction a year.

    NaN rule
    --------
    NaN without returns, for one that is not finite, and where all was lost more than once.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, chapter 2.

    Examples
    --------
    >>> round(annual_return(np.array([0.1, 0.1]), periods=2), 4)
    0.21
    """
    span = len(returns) if n is None else n
    if not len(returns) or span < 1 or not np.isfinite(returns).all():
        return nan
    wealth = float(np.prod(1.0 + np.asarray(returns, np.float64)))
    with np.errstate(over="ignore"):  # two days' luck a year is beyond counting
        grown = float(np.power(wealth, periods / span)) if wealth >= 0.0 else nan
    return grown - 1.0 if grown < np.inf else nan


def calmar(returns: FloatArray, periods: int = SHARES, n: int | None = None) -> float:
    """Annual return over the deepest drawdown, both over the whole record; never show it without n.

    Units
    -----
    A pure number for one year.

    NaN rule
    --------
    NaN where ``annual_return`` is, and without a drawdown.

    References
    ----------
    Young (1991), Calmar ratio: a smoother tool, Futures.

    Examples
    --------
    >>> round(calmar(np.array([0.1, -0.05, 0.1]), periods=3), 4)
    2.99
    """
    depth = drawdown(returns).depth
    return annual_return(returns, periods, n) / depth if depth > _SMALLEST else nan


def autocorrelation(returns: FloatArray, lag: int = 1) -> float:
    """How alike returns ``lag`` periods apart are; beyond 0.1 the yearly Sharpe ratio is off.

    Units
    -----
    A correlation.

    NaN rule
    --------
    NaN for fewer than ``lag + 2`` returns, one that is not finite, and returns that do not vary.

    References
    ----------
    Lo (2002), The statistics of Sharpe ratios, Financial Analysts Journal 58(4).

    Examples
    --------
    >>> round(autocorrelation(np.array([1.0, -1.0] * 50)), 2)
    -0.99
    """
    if lag < 1 or len(returns) < lag + _FEWEST or not np.isfinite(returns).all():
        return nan
    away = returns - returns.mean()
    whole = float(away @ away)
    if not whole > (_SMALLEST * float(np.abs(returns).max())) ** 2 * len(returns):
        return nan
    return float(away[lag:] @ away[:-lag]) / whole
