"""How the account moves with a benchmark, and how much it trades."""

from dataclasses import dataclass
from math import floor, isfinite, nan, sqrt

import numpy as np

from marketpulse.performance.ratios import SHARES
from marketpulse.types import FloatArray

__all__ = ["Beta", "beta", "turnover"]

_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Beta:
    """What the account does when the benchmark moves by one; never show it without its error.

    Attributes
    ----------
    value, error : the slope and its standard error; NaN is unknown
    alpha : return a period that the benchmark does not explain
    n : pairs of returns
    lags : neighbouring returns that the error allows for
    """

    value: float
    error: float
    alpha: float
    n: int
    lags: int


def beta(returns: FloatArray, benchmark: FloatArray) -> Beta:
    """Slope of a regression on the benchmark, with Newey and West's standard error.

    Parameters
    ----------
    returns, benchmark : simple returns of the same periods, oldest first

    Units
    -----
    A pure number; alpha is a fraction a period.

    NaN rule
    --------
    NaN for fewer than 20 pairs, one that is not finite, and a benchmark that does not vary.

    References
    ----------
    Newey and West (1987), Econometrica 55(3); lags by the rule 4 (n / 100) ^ (2 / 9).

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.015, -0.005] * 10)
    >>> found = beta(2 * market + 0.001, market)
    >>> round(found.value, 6), round(found.alpha, 6), found.n
    (2.0, 0.001, 40)
    """
    n = len(returns)
    if n != len(benchmark):
        raise ValueError("There is one return of the benchmark for each of the account.")
    lags = floor(4 * (n / 100) ** (2 / 9))
    if n < _FEWEST or not (np.isfinite(returns).all() and np.isfinite(benchmark).all()):
        return Beta(nan, nan, nan, n, lags)
    away = benchmark - benchmark.mean()
    whole = float(away @ away)
    if not whole > n * (1e-12 * float(np.abs(benchmark).max())) ** 2:
        return Beta(nan, nan, nan, n, lags)
    slope = float(away @ returns) / whole
    alpha = float(returns.mean()) - slope * float(benchmark.mean())
    # With the benchmark taken from its mean, the slope's part of the sandwich is one number.
    scores = away * (returns - alpha - slope * benchmark)
    square = float(scores @ scores)
    for lag in range(1, lags + 1):
        square += 2 * (1 - lag / (lags + 1)) * float(scores[lag:] @ scores[:-lag])
    return Beta(slope, sqrt(max(0.0, square)) / whole, alpha, n, lags)


def turnover(bought: float, sold: float, equity: float, n: int, periods: int = SHARES) -> float:
    """How often a year the account is traded over: the smaller of purchases and sales over mean equity.

    Parameters
    ----------
    bought, sold : money, over ``n`` periods
    equity : mean over them
    periods : a year: 252 for shares, 365 for coins

    Units
    -----
    Times a year.

    NaN rule
    --------
    NaN for an equity that is not positive, an amount that is negative or not finite, and no period.

    References
    ----------
    U.S. Securities and Exchange Commission, Form N-1A, item 13 (portfolio turnover rate).

    Examples
    --------
    >>> turnover(50_000.0, 30_000.0, 100_000.0, 126)
    0.6
    """
    traded = min(bought, sold)
    if not (traded >= 0.0 and isfinite(bought + sold) and equity > 0.0 and isfinite(equity) and n > 0):
        return nan
    return traded / equity * periods / n
