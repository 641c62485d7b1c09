"""What a Sharpe ratio is worth: its error, the chance that it is real, and how much was tried for it.

All ratios are per period, not annualised: divide a yearly one by the square root of the periods.
"""

from math import inf, isfinite, nan, sqrt
from statistics import NormalDist

import numpy as np

from marketpulse.types import FloatArray

__all__ = [
    "deflated_sharpe",
    "expected_best_sharpe",
    "max_drawdown",
    "minimum_track_record",
    "moments",
    "probabilistic_sharpe",
    "sharpe_error",
]

_NORMAL = NormalDist()
_EULER = 0.5772156649015329
_E = 2.718281828459045
_FEWEST = 2
_LARGEST = 1e60  # returns beyond this have no fourth power


def _spread(sharpe: float, skew: float, kurtosis: float) -> float:
    """Variance of the estimate times n - 1; NaN where moments contradict each other."""
    square = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
    return square if 0.0 < square < inf else nan


def sharpe_error(sharpe: float, n: int, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    """Standard error of a Sharpe ratio per period.

    Parameters
    ----------
    n : returns it rests on
    kurtosis : 3 for a normal distribution

    Units
    -----
    As ``sharpe``.

    NaN rule
    --------
    NaN in, NaN out; NaN for fewer than two returns.

    References
    ----------
    Mertens (2002); Bailey and Lopez de Prado (2012), The Sharpe ratio efficient frontier.

    Examples
    --------
    >>> round(sharpe_error(0.458, 24, -2.448, 10.164), 4)
    0.3363
    """
    return sqrt(_spread(sharpe, skew, kurtosis) / (n - 1)) if n >= _FEWEST else nan


def probabilistic_sharpe(
    sharpe: float, n: int, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float:
    """Chance that the true Sharpe ratio lies above ``benchmark``.

    Parameters
    ----------
    sharpe, benchmark : per period
    n : returns
    kurtosis : 3 for a normal distribution

    Units
    -----
    A probability.

    NaN rule
    --------
    NaN in, NaN out; NaN for fewer than two returns.

    References
    ----------
    Bailey and Lopez de Prado (2012), Journal of Risk 15(2): 24 months at 0.458.

    Examples
    --------
    >>> round(probabilistic_sharpe(0.458, 24), 3), round(probabilistic_sharpe(0.458, 24, -2.448, 10.164), 3)
    (0.982, 0.913)
    """
    z = (sharpe - benchmark) / (sharpe_error(sharpe, n, skew, kurtosis) or nan)
    return _NORMAL.cdf(z) if isfinite(z) else nan


def expected_best_sharpe(trials: int, variance: float) -> float:
    """Sharpe ratio that the best of so many trials shows by luck alone.

    Parameters
    ----------
    trials : independent configurations tried; one gives 0
    variance : of their Sharpe ratios, per period

    Units
    -----
    Per period.

    NaN rule
    --------
    NaN for no trial or a negative variance.

    References
    ----------
    Bailey and Lopez de Prado (2014), The deflated Sharpe ratio: 100 trials, variance 0.5 a year.

    Examples
    --------
    >>> round(expected_best_sharpe(100, 0.5 / 250), 4)
    0.1132
    """
    if trials < 1 or not variance >= 0.0:
        return nan
    if trials == 1:
        return 0.0
    once, again = _NORMAL.inv_cdf(1 - 1 / trials), _NORMAL.inv_cdf(1 - 1 / (trials * _E))
    return sqrt(variance) * ((1 - _EULER) * once + _EULER * again)


def deflated_sharpe(
    sharpe: float, n: int, trials: int, variance: float, *, skew: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Chance that the best of ``trials`` has a true Sharpe ratio above what luck alone would show.

    Parameters
    ----------
    sharpe : of the best, per period
    n : returns it rests on
    variance : of the trials' Sharpe ratios, per period

    Units
    -----
    A probability.

    NaN rule
    --------
    As ``probabilistic_sharpe`` and ``expected_best_sharpe``.

    References
    ----------
    Bailey and Lopez de Prado (2014), as above: 2.5 a year over 1,250 days.

    Examples
    --------
    >>> round(deflated_sharpe(2.5 / sqrt(250), 1250, 100, 0.5 / 250, skew=-3, kurtosis=10), 4)
    0.9004
    """
    return probabilistic_sharpe(sharpe, n, skew, kurtosis, expected_best_sharpe(trials, variance))


def minimum_track_record(
    sharpe: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    benchmark: float = 0.0,
    confidence: float = 0.95,
) -> float:
    """Returns needed before a Sharpe ratio is above ``benchmark`` with ``confidence``.

    Units
    -----
    Periods; infinite where the ratio is not above the benchmark.

    NaN rule
    --------
    NaN in, NaN out.

    References
    ----------
    Bailey and Lopez de Prado (2012), as above.

    Examples
    --------
    >>> round(minimum_track_record(0.458, -2.448, 10.164), 2)
    34.56
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"A confidence lies between 0 and 1, not at {confidence}.")
    if sharpe <= benchmark:
        return inf
    if not (isfinite(sharpe) and isfinite(benchmark)):
        return nan
    z = _NORMAL.inv_cdf(confidence)
    times = z / (sharpe - benchmark)
    found = 1.0 + _spread(sharpe, skew, kurtosis) * times * times
    return found if isfinite(found) else nan


def moments(returns: FloatArray) -> tuple[float, float, float]:
    """Sharpe ratio per period, skew and kurtosis, as the functions above take them.

    Units
    -----
    Pure numbers; the kurtosis of a normal distribution is 3.

    NaN rule
    --------
    All NaN for fewer than two returns, one that is not finite, and returns that do not vary.

    References
    ----------
    Bailey and Lopez de Prado (2012), as above.

    Examples
    --------
    >>> [round(x, 4) for x in moments(np.array([0.01, -0.01, 0.02, 0.0]))]
    [0.3873, 0.0, 1.64]
    """
    if len(returns) < _FEWEST or not np.isfinite(returns).all():
        return nan, nan, nan
    if float(np.abs(returns).max()) > _LARGEST:
        return nan, nan, nan
    away = returns - returns.mean()
    variance = float(np.mean(away**2))
    if not variance > (1e-12 * float(np.abs(returns).max())) ** 2:
        return nan, nan, nan
    ratio = float(returns.mean()) / sqrt(variance * len(returns) / (len(returns) - 1))
    return ratio, float(np.mean(away**3)) / variance**1.5, float(np.mean(away**4)) / variance**2


def max_drawdown(returns: FloatArray) -> float:
    """Deepest loss from the highest point so far, the start included.

    Parameters
    ----------
    returns : simple returns, oldest first

    Units
    -----
    A fraction, positive.

    NaN rule
    --------
    No returns, or one that is not finite: NaN.

    References
    ----------
    Magdon-Ismail and Atiya (2004), Maximum drawdown, Risk 17(10).

    Examples
    --------
    >>> round(max_drawdown(np.array([-0.1, 0.2, -0.25])), 4)
    0.25
    """
    if not len(returns) or not np.isfinite(returns).all():
        return nan
    with np.errstate(over="ignore", invalid="ignore"):  # told by what is not finite
        wealth = np.cumprod(1.0 + np.asarray(returns, np.float64))
        deepest = -float((wealth / np.maximum(1.0, np.maximum.accumulate(wealth)) - 1.0).min())
    return max(0.0, deepest) if isfinite(deepest) else nan
