"""Value at risk and expected shortfall of one period, from samples and from distributions."""

from math import exp, lgamma, log, log1p, nan, pi, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from marketpulse.risk.estimate import Tail
from marketpulse.types import FloatArray

__all__ = [
    "cornish_fisher_tail",
    "historical_tail",
    "normal_tail",
    "skewt_quantile",
    "skewt_tail",
    "special",
]

_NORMAL = NormalDist()
_GRID = 4_000  # points of a rearranged quantile function
_MANY = 2_000  # values from which looking at a sample first is faster


def special() -> Any:
    """Return scipy.special, imported on first use: it takes a third of a second."""
    import scipy.special  # noqa: PLC0415 - as above

    return scipy.special


def historical_tail(pnl: FloatArray, level: float) -> Tail:
    """The ``k``-th worst outcome and the mean of the ``k`` worst, in one pass.

    ``k`` as in ``historical_var``. A tail of gains is a negative loss here; who shows it cuts at 0.

    Units
    -----
    The unit of ``pnl``.

    NaN rule
    --------
    NaN for no outcome, and for one that is not finite: sorting would put a NaN among the best days.

    References
    ----------
    Hull, Risk Management and Financial Institutions, chapter "Historical simulation".

    Examples
    --------
    >>> historical_tail(np.array([-50.0, -30.0, -20.0] + [1.0] * 197), 0.99)
    Tail(var=30.0, es=40.0)
    """
    if not len(pnl) or not np.isfinite(pnl).all():
        return Tail(nan, nan)
    # 1e-9: 1 - 0.99 is a little more than 0.01 in binary, and 1 - 0.9 a little less than 0.1.
    k = max(1, int(len(pnl) * (1.0 - level) + 1e-9))
    worst = _worst(pnl, k)
    return Tail(-float(worst.max()), -float(worst.sum()) / k)


def _worst(pnl: FloatArray, k: int) -> FloatArray:
    """The ``k`` lowest values in any order; of many, a sample tells first which can be among them."""
    if len(pnl) > _MANY and 8 * k < len(pnl):
        sample = pnl[::8]
        edge = min(len(sample) - 1, k // 4 + 8)
        low = pnl[pnl <= np.partition(sample, edge)[edge]]
        if len(low) >= k:
            pnl = low
    return np.asarray(np.partition(pnl, k - 1)[:k], np.float64)


def normal_tail(mean: float, deviation: float, level: float, z: float | None = None) -> Tail:
    """The tail of a normal distribution.

    Parameters
    ----------
    z : deviations to the quantile; None is the exact one. A textbook's rounded 2.33 goes here.

    Units
    -----
    The unit of ``mean`` and ``deviation``.

    References
    ----------
    Hull, Options, Futures and Other Derivatives, chapter "Value at risk": 10 million at 2 % a day.

    Examples
    --------
    >>> round(normal_tail(0.0, 200_000.0, 0.99, z=2.33).var)
    466000
    """
    q = _NORMAL.inv_cdf(level) if z is None else z
    return Tail(deviation * q - mean, deviation * _NORMAL.pdf(q) / (1.0 - level) - mean)


def cornish_fisher_tail(mean: float, deviation: float, skew: float, excess: float, level: float) -> Tail:
    """The normal tail corrected for skew and excess kurtosis.

    The expansion is no quantile function where it falls with the level. There its values are put in
    order, as a quantile function's are, which makes a higher level never mean a smaller loss.

    Units
    -----
    The unit of ``mean`` and ``deviation``; ``skew`` and ``excess`` are pure numbers.

    References
    ----------
    Boudt, Peterson and Croux (2008), Journal of Risk 11(2), for the shortfall; Chernozhukov,
    Fernandez-Val and Galichon (2010), Rearranging Edgeworth-Cornish-Fisher expansions.

    Examples
    --------
    >>> tail = cornish_fisher_tail(0.0, 1.0, -0.5, 1.0, 0.99)
    >>> round(tail.var, 4), round(tail.es, 4)
    (2.8337, 3.49)
    """
    if np.all(np.diff(_expansion(_WIDE_Z, skew, excess)) > 0):
        p = 1.0 - level
        z = _NORMAL.inv_cdf(p)
        beyond = 1.0 + z * skew / 6 + (z * z - 1) * excess / 24 - (2 * z * z - 1) * skew**2 / 36
        var = -float(_expansion(np.array([z]), skew, excess)[0])
        tail = Tail(var, max(var, _NORMAL.pdf(z) / p * beyond))
    else:
        tail = historical_tail(_expansion(_GRID_Z, skew, excess), level)
    return Tail(deviation * tail.var - mean, deviation * tail.es - mean)


def _expansion(z: FloatArray, skew: float, excess: float) -> FloatArray:
    third, fourth = (z * z - 1) * skew / 6, (z**3 - 3 * z) * excess / 24
    return z + third + fourth - (2 * z**3 - 5 * z) * skew**2 / 36


_GRID_Z = np.array([_NORMAL.inv_cdf((i + 0.5) / _GRID) for i in range(_GRID)])
_WIDE_Z = np.linspace(-6.0, 6.0, 241)  # what lies outside happens once in a billion


def _shape(nu: float, skew: float) -> tuple[float, float]:
    """Hansen's a and b, which give mean 0 and variance 1."""
    log_c = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(pi * (nu - 2))
    a = 4 * skew * exp(log_c) * (nu - 2) / (nu - 1)
    return a, sqrt(1 + 3 * skew**2 - a * a)


def skewt_quantile(p: FloatArray, nu: float, skew: float) -> FloatArray:
    """Quantiles of Hansen's skewed t with mean 0 and variance 1; ``skew`` 0 is Student's t.

    Parameters
    ----------
    p : probabilities between 0 and 1
    nu : degrees of freedom, above 2
    skew : between -1 and 1, negative for a longer tail of losses

    Units
    -----
    Standard deviations.

    NaN rule
    --------
    A probability that is none gives NaN.

    References
    ----------
    Hansen (1994), Autoregressive conditional density estimation, International Economic Review 35(3).

    Examples
    --------
    >>> skewt_quantile(np.array([0.01, 0.99]), 8.0, -0.1).round(3)
    array([-2.657,  2.35 ])
    """
    a, b = _shape(nu, skew)
    scale = sqrt((nu - 2) / nu)
    left = (1 - skew) / 2
    low = (1 - skew) * scale * special().stdtrit(nu, np.minimum(p / (1 - skew), 0.5))
    high = (1 + skew) * scale * special().stdtrit(nu, np.maximum(0.5 + (p - left) / (1 + skew), 0.5))
    return np.asarray((np.where(p < left, low, high) - a) / b, np.float64)


def skewt_tail(nu: float, skew: float, level: float) -> Tail:
    """The tail of Hansen's skewed t with mean 0 and variance 1, in closed form.

    Units
    -----
    Standard deviations.

    References
    ----------
    Hansen (1994), as above; the shortfall from the partial mean of Student's t,
    -f(q) (nu + q^2) / (nu - 1).

    Examples
    --------
    >>> tail = skewt_tail(8.0, -0.1, 0.99)
    >>> round(tail.var, 3), round(tail.es, 3)
    (2.657, 3.32)
    """
    p = 1.0 - level
    a, b = _shape(nu, skew)
    left = (1 - skew) / 2
    below = p < left
    side = 1 - skew if below else 1 + skew
    at = p / side if below else 0.5 + (p - left) / side
    q = float(special().stdtrit(nu, at))
    pdf = exp(lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(pi * nu) - (nu + 1) / 2 * log1p(q * q / nu))
    partial = side * sqrt((nu - 2) / nu) * pdf * (nu + q * q) / (nu - 1)
    # The whole mean is 0, so what lies below the quantile is what lies above it, with the other sign.
    mass = at if below else 1 - at
    mean = side * (partial + a * mass) / b if below else side * (partial - a * mass) / b
    return Tail(-float(skewt_quantile(np.array([p]), nu, skew)[0]), mean / p)
