"""All ratios of an account at once: what each one needs is computed once."""

from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np

from marketpulse.performance.ratios import SHARES
from marketpulse.types import FloatArray

__all__ = ["Sheet", "tear_sheet"]

_FEWEST = 2
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Sheet:
    """The ratios of one record; NaN is unknown. Never show them without ``n``.

    Attributes
    ----------
    n, periods : returns, and returns a year that the annual figures are for
    drawdown : the deepest, a fraction, positive
    """

    n: int
    periods: int
    annual_return: float
    volatility: float
    sharpe: float
    sortino: float
    calmar: float
    drawdown: float


def tear_sheet(returns: FloatArray, periods: int = SHARES, free: float = 0.0) -> Sheet:
    """Measure a record: as ``sharpe``, ``volatility``, ``sortino``, ``calmar``, ``drawdown``, in one pass.

    Parameters
    ----------
    returns : simple returns, oldest first
    periods : returns a year: 252 for shares, 365 for coins
    free : risk-free return of one period; Sortino's target as well

    Units
    -----
    As the single functions.

    NaN rule
    --------
    As the single functions: what one of them cannot tell is NaN here.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, chapters 2 and 4.

    Examples
    --------
    >>> sheet = tear_sheet(np.array([0.1, -0.05, 0.1]), periods=3)
    >>> round(sheet.annual_return, 4), round(sheet.drawdown, 4), round(sheet.calmar, 4)
    (0.1495, 0.05, 2.99)
    """
    values = np.asarray(returns, np.float64)
    n = len(values)
    if not n:
        return _unknown(n, periods)
    with np.errstate(over="ignore", invalid="ignore"):  # told below by numbers that are not finite
        mean = float(np.add.reduce(values)) / n
        away = values - mean
        square = float(away @ away)
        below = np.minimum(values - free, 0.0)
        wealth = np.multiply.accumulate(values + 1.0)
        peak = np.maximum.accumulate(wealth)
        np.maximum(peak, 1.0, out=peak)
        np.divide(wealth, peak, out=peak)
    depth, last = 1.0 - float(np.minimum.reduce(peak)), float(wealth[-1])
    if not isfinite(square + depth):
        return _unknown(n, periods)
    depth = max(0.0, depth)
    year = _yearly(last, periods / n)
    calm = year / depth if depth > _SMALLEST else nan
    if n < _FEWEST:
        return Sheet(n, periods, year, nan, nan, nan, calm, depth)
    excess, spread = mean - free, sqrt(square / (n - 1) * periods)
    size = sqrt(float(below @ below) / n)
    return Sheet(
        n=n,
        periods=periods,
        annual_return=year,
        volatility=spread,
        sharpe=excess * periods / spread if spread > _SMALLEST * sqrt(periods) else nan,
        sortino=excess * sqrt(periods) / size if size > _SMALLEST else nan,
        calmar=calm,
        drawdown=depth,
    )


def _unknown(n: int, periods: int) -> Sheet:
    return Sheet(n, periods, nan, nan, nan, nan, nan, nan)


def _yearly(wealth: float, years: float) -> float:
    try:
        return wealth**years - 1.0 if wealth >= 0.0 else nan
    except OverflowError:
        return nan
