"""Whether a value at risk was exceeded as often as it promised, and when: the tests of a backtest."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb, erfc, exp, isfinite, log, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike

from marketpulse.risk.estimate import readable
from marketpulse.types import FloatArray

__all__ = [
    "Independence",
    "Tested",
    "Zone",
    "acerbi_szekely",
    "basel_factor",
    "basel_zone",
    "christoffersen",
    "dynamic_quantile",
    "exceedance_chances",
    "independence",
    "joint_coverage",
    "kupiec_pof",
    "shortfall_ratio",
]

_YELLOW, _RED = 0.95, 0.9999
_FACTORS = (0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.5, 0.65, 0.75, 0.85)
_LAGS = 4


class Zone(StrEnum):
    """The traffic light of the Basel Committee."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Tested:
    """The outcome of a test.

    Attributes
    ----------
    statistic, p_value : None is unknown; a p-value under 0.05 speaks against the estimate
    n : observations
    note : why it is unknown, or what to keep in mind
    """

    statistic: float | None
    p_value: float | None
    n: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Independence:
    """Whether exceedances come alone or in rows.

    Attributes
    ----------
    statistic, p_value : of independence; None is unknown
    after_calm, after_loss : how often an exceedance followed a day without, and with one
    joint : independence and the right number of them together (conditional coverage)
    """

    statistic: float | None
    p_value: float | None
    n: int
    after_calm: float | None
    after_loss: float | None
    joint: Tested
    note: str = ""


def kupiec_pof(exceedances: int, observations: int, level: float = 0.99) -> Tested:
    """Test whether the share of exceedances is ``1 - level`` (proportion of failures).

    Parameters
    ----------
    exceedances, observations : counts
    level : confidence of the value at risk, as 0.99

    References
    ----------
    Kupiec (1995), Journal of Derivatives 3(2); Jorion, Value at Risk, third edition, chapter 6.

    Examples
    --------
    >>> round(kupiec_pof(20, 252, 0.95).statistic, 2)
    3.91
    """
    _counts(exceedances, observations, level)
    if not observations:
        return Tested(None, None, 0, "unknown: no observations")
    share = exceedances / observations
    statistic = 2 * (
        _likelihood(exceedances, observations, share) - _likelihood(exceedances, observations, 1 - level)
    )
    statistic = max(0.0, statistic)
    return Tested(statistic, _chi2(statistic, 1), observations)


def _counts(exceedances: int, observations: int, level: float) -> None:
    readable(level)
    if not 0 <= exceedances <= observations:
        raise ValueError(f"{exceedances} exceedances of {observations} observations cannot be.")


def _likelihood(hits: int, n: int, p: float) -> float:
    """Logarithm of the likelihood; what did not happen costs nothing."""
    return (hits * log(p) if hits else 0.0) + ((n - hits) * log(1 - p) if n > hits else 0.0)


def _chi2(x: float, degrees: int) -> float:
    """Chance that chi-squared exceeds ``x``: in closed form for one and for even degrees."""
    if not isfinite(x):
        return nan
    if degrees == 1:
        return erfc(sqrt(x / 2))
    term = total = exp(-x / 2)
    for i in range(1, degrees // 2):
        term *= x / 2 / i
        total += term
    return min(1.0, total)


def exceedance_chances(exceedances: int, observations: int, level: float = 0.99) -> tuple[float, float]:
    """Chances of so many exceedances or more, and of so many or fewer, if the estimate is right.

    References
    ----------
    Hull, Risk Management and Financial Institutions, back-testing: 600 days, 12 and 1.

    Examples
    --------
    >>> round(exceedance_chances(12, 600)[0], 4), round(exceedance_chances(1, 600)[1], 4)
    (0.0195, 0.017)
    """
    _counts(exceedances, observations, level)
    p = 1 - level
    below = sum(_binomial(k, observations, p) for k in range(exceedances))
    return max(0.0, 1 - below), min(1.0, below + _binomial(exceedances, observations, p))


def _binomial(k: int, n: int, p: float) -> float:
    return exp(log(comb(n, k)) + k * log(p) + (n - k) * log(1 - p))


def basel_zone(exceedances: int, observations: int = 250, level: float = 0.99) -> Zone:
    """Green, yellow or red: yellow from a chance of 95 %, red from 99.99 %, that a right estimate shows fewer.

    For 250 days at 99 %, as the table was published: green to 4, yellow to 9, red from 10.

    References
    ----------
    Basle Committee on Banking Supervision (January 1996), Supervisory framework for the use of
    "backtesting", table 2.

    Examples
    --------
    >>> [str(basel_zone(n)) for n in (4, 5, 10)]
    ['green', 'yellow', 'red']
    """
    at_most = exceedance_chances(exceedances, observations, level)[1]
    return Zone.GREEN if at_most < _YELLOW else Zone.YELLOW if at_most < _RED else Zone.RED


def basel_factor(exceedances: int) -> float:
    """What the Basel table adds to the multiplier of 3, for 250 days at 99 %.

    Units
    -----
    A pure number.

    References
    ----------
    As ``basel_zone``.

    Examples
    --------
    >>> basel_factor(5), basel_factor(12)
    (0.4, 1.0)
    """
    _counts(exceedances, 250, 0.99)
    return _FACTORS[exceedances] if exceedances < len(_FACTORS) else 1.0


def _hits(hits: ArrayLike | Sequence[bool]) -> FloatArray:
    found = np.asarray(hits, np.float64)
    if found.ndim != 1 or not np.isin(found, (0.0, 1.0)).all():
        raise ValueError(
            "Hits are one value a day, 1 where the loss was larger than the estimate and 0 elsewhere."
        )
    return found


def christoffersen(hits: ArrayLike, level: float = 0.99) -> Independence:
    """Test whether an exceedance is as likely after an exceedance as after a calm day.

    Parameters
    ----------
    hits : one a day, oldest first: true where the loss was larger than the value at risk
    level : confidence of the value at risk; only ``joint`` needs it

    References
    ----------
    Christoffersen (1998), Evaluating interval forecasts, International Economic Review 39(4). As
    there, the first day is taken as given, so that n is one less than the days.

    Examples
    --------
    >>> found = christoffersen([0, 0, 1, 1, 1, 0, 0, 0, 0, 0], 0.8)
    >>> round(found.statistic, 4), found.n
    (2.2314, 9)
    """
    readable(level)
    found = _hits(hits)
    pairs = 2 * found[:-1] + found[1:]
    n00, n01, n10, n11 = (int(np.sum(pairs == kind)) for kind in range(4))
    return independence(n00, n01, n10, n11, level)


def independence(n00: int, n01: int, n10: int, n11: int, level: float = 0.99) -> Independence:
    """Test independence from counted pairs of days: ``n01`` is a calm day and then an exceedance.

    References
    ----------
    Christoffersen (1998), as above; Jorion, Value at Risk, third edition, table 6.5.

    Examples
    --------
    >>> found = independence(218, 14, 14, 6, 0.95)
    >>> round(found.statistic, 2), round(found.joint.statistic, 2)
    (9.53, 13.44)
    """
    if min(n00, n01, n10, n11) < 0:
        raise ValueError("A count of days is not negative.")
    calm, loss = n00 + n01, n10 + n11
    n, hits = calm + loss, n01 + n11
    after_calm, after_loss = (n01 / calm if calm else None), (n11 / loss if loss else None)
    if not n:
        why = "unknown: fewer than two days"
        return Independence(None, None, 0, None, None, Tested(None, None, 0, why), why)
    apart = _likelihood(n01, calm, after_calm or 0.0) + _likelihood(n11, loss, after_loss or 0.0)
    statistic = max(0.0, 2 * (apart - _likelihood(hits, n, hits / n)))
    both = statistic + (kupiec_pof(hits, n, level).statistic or 0.0)
    note = "" if loss and hits else "too few exceedances to see whether they come in rows"
    joint = Tested(both, _chi2(both, 2), n, note)
    return Independence(statistic, _chi2(statistic, 1), n, after_calm, after_loss, joint, note)


def joint_coverage(hits: ArrayLike, level: float = 0.99) -> Tested:
    """Test number and independence of exceedances together; as ``christoffersen(...).joint``."""
    return christoffersen(hits, level).joint


def dynamic_quantile(hits: ArrayLike, var: ArrayLike, level: float = 0.99) -> Tested:
    """Test whether exceedances can be told from the four days before and from the estimate itself.

    Parameters
    ----------
    hits : as ``christoffersen``
    var : the estimate of each day, positive

    References
    ----------
    Engle and Manganelli (2004), CAViaR, Journal of Business and Economic Statistics 22(4).

    Examples
    --------
    >>> dynamic_quantile([0] * 6, [1.0] * 6).note
    'unknown: 6 days, fewer than 100'
    """
    readable(level)
    found, estimate = _hits(hits), np.asarray(var, np.float64)
    if len(found) != len(estimate):
        raise ValueError("There are as many estimates as hits.")
    n, fewest = len(found), 100
    if n < fewest:
        return Tested(None, None, n, f"unknown: {n} days, fewer than {fewest}")
    mean = float(estimate.mean())
    if not (isfinite(mean) and mean > 0):
        return Tested(None, None, n, "unknown: an estimate is missing")
    p = 1 - level
    surprise = found - p
    past = [surprise[_LAGS - lag : n - lag] for lag in range(1, _LAGS + 1)]
    known = np.column_stack([np.ones(n - _LAGS), *past, estimate[_LAGS:] / mean])
    slope, _, rank, _ = np.linalg.lstsq(known, surprise[_LAGS:], rcond=None)
    if rank < known.shape[1]:
        return Tested(None, None, n, "unknown: no exceedance, or an estimate that never changes")
    fitted = known @ slope
    statistic = float(fitted @ fitted) / (p * (1 - p))
    return Tested(statistic, _chi2(statistic, known.shape[1]), n - _LAGS)


def shortfall_ratio(returns: FloatArray, var: FloatArray, es: FloatArray) -> float:
    """Mean loss on the days of exceedance over the mean shortfall forecast for them; 1 is right.

    Units
    -----
    A pure number; above 1 the forecasts were too small.

    NaN rule
    --------
    NaN without an exceedance.

    References
    ----------
    McNeil and Frey (2000), Journal of Empirical Finance 7(3-4), on the same days.

    Examples
    --------
    >>> shortfall_ratio(np.array([-3.0, 1.0, -5.0]), np.full(3, 2.0), np.full(3, 4.0))
    1.0
    """
    beyond = returns < -var
    due = float(es[beyond].sum())
    return -float(returns[beyond].sum()) / due if beyond.any() and due > 0 else nan


def acerbi_szekely(returns: ArrayLike, var: ArrayLike, es: ArrayLike, level: float = 0.99) -> Tested:
    """Test the expected shortfall (Z2): 0 is right, below 0 the shortfall is too small.

    The p-value is for too small a shortfall, by the normal approximation; the authors' 5 % point
    for 250 days is -0.7 for nearly all distributions.

    References
    ----------
    Acerbi and Szekely (2014), Backtesting expected shortfall, Risk 27(11), test 2.

    Examples
    --------
    >>> days = np.array([-4.0] + [1.0] * 99)
    >>> acerbi_szekely(days, np.full(100, 2.0), np.full(100, 4.0)).statistic
    0.0
    """
    readable(level)
    values, estimate, mean = (np.asarray(each, np.float64) for each in (returns, var, es))
    n = len(values)
    if not n or not all(np.isfinite(each).all() for each in (values, estimate, mean)) or not (mean > 0).all():
        return Tested(None, None, n, "unknown: no days, or a forecast is missing")
    terms = np.where(values < -estimate, values / ((1 - level) * mean), 0.0) + 1.0
    statistic, spread = float(terms.mean()), float(terms.std(ddof=1)) if n > 1 else 0.0
    if not spread > 0:
        return Tested(round(statistic, 12), None, n, "no exceedance: nothing to test")
    return Tested(round(statistic, 12), erfc(-statistic / spread * sqrt(n) / sqrt(2)) / 2, n)
