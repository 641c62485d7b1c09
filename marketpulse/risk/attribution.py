"""Which position the risk comes from: parts that add up to the whole, and what each one's exit would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import NormalDist

import numpy as np

from marketpulse.risk.estimate import readable
from marketpulse.risk.tails import historical_tail
from marketpulse.types import FloatArray

__all__ = ["Parts", "book_deviation", "component_var", "contributions"]

_BAND = 0.025  # share of the scenarios around the quantile that a component is averaged over


def book_deviation(values: FloatArray, covariance: FloatArray) -> float:
    """Standard deviation of a book.

    Parameters
    ----------
    values : of the positions
    covariance : of their returns

    Units
    -----
    The unit of ``values``.

    NaN rule
    --------
    NaN in, NaN out.

    References
    ----------
    Hull, Options, Futures and Other Derivatives, the example of two shares.

    Examples
    --------
    >>> c = np.array([[0.0004, 0.00006], [0.00006, 0.0001]])
    >>> round(book_deviation(np.array([1e7, 5e6]), c))
    220227
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(values @ covariance @ values))


def component_var(values: FloatArray, covariance: FloatArray, level: float = 0.99) -> FloatArray:
    """Share of each position in the normal value at risk of the book; they add up to it.

    Units
    -----
    The unit of ``values``; negative where a position lowers the risk.

    NaN rule
    --------
    NaN in, NaN out. A book without risk has components of 0.

    References
    ----------
    Jorion, Value at Risk, third edition, chapter 7 (Euler's theorem).

    Examples
    --------
    >>> c = np.array([[0.0004, 0.00006], [0.00006, 0.0001]])
    >>> component_var(np.array([1e7, 5e6]), c).round()
    array([454226.,  58099.])
    """
    readable(level)
    deviation = book_deviation(values, covariance)
    if deviation == 0.0:
        return np.zeros(len(values))
    if not isfinite(deviation):
        return np.full(len(values), nan)
    z = NormalDist().inv_cdf(level)
    return np.asarray(z * values * (covariance @ values) / deviation, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The risk of a book and where it comes from; arrays are one value a position.

    Attributes
    ----------
    var, es : of the whole book, positive; None is unknown
    component_var, component_es : parts that add up to ``var`` and ``es``
    marginal_var, marginal_es : what one more unit of the position adds
    incremental_var, incremental_es : what the exit of the whole position would take away
    """

    symbols: tuple[str, ...]
    var: float | None
    es: float | None
    component_var: FloatArray
    component_es: FloatArray
    marginal_var: FloatArray
    marginal_es: FloatArray
    incremental_var: FloatArray
    incremental_es: FloatArray
    note: str


def contributions(
    symbols: Sequence[str], values: FloatArray, scenarios: FloatArray, level: float = 0.99
) -> Parts:
    """Split the value at risk and the expected shortfall of a book by position.

    A position's part of the shortfall is its mean loss in the scenarios of the tail. Its part of
    the value at risk is its mean loss in the scenarios around the quantile (2.5 % of all, at least
    one), scaled so that the parts add up.

    Parameters
    ----------
    values : of the positions, in money or as fractions of equity
    scenarios : returns, shape (scenarios, positions): history, or simulated ones

    Units
    -----
    The unit of ``values`` over the period of ``scenarios``; marginal ones are pure numbers.

    NaN rule
    --------
    A value or a return that is not finite makes everything unknown, and the note says so.

    References
    ----------
    Tasche (2000), Risk contributions and performance measurement; Hallerbach (2003), Journal of
    Risk 5(2).

    Examples
    --------
    >>> parts = contributions(("A", "B"), np.array([2.0, 1.0]), np.array([[-0.1, 0.0]] + [[0.0, 0.1]] * 9), 0.9)
    >>> float(parts.es), parts.component_es
    (0.2, array([0.2, 0. ]))
    """
    readable(level)
    names, held = tuple(symbols), np.asarray(values, np.float64)
    if scenarios.ndim != 2 or scenarios.shape[1] != len(names) or len(held) != len(names):  # noqa: PLR2004 - rows and columns
        raise ValueError("There is one value and one column of scenarios for each symbol.")
    if not len(scenarios) or not names:
        return _unknown(names, "unknown: no scenarios or no positions")
    if not (np.isfinite(held).all() and np.isfinite(scenarios).all()):
        return _unknown(names, "unknown: a value or a return is not a finite number")
    each = scenarios * held
    pnl = each.sum(axis=1)
    order = np.argsort(pnl, kind="stable")
    k = max(1, int(len(pnl) * (1.0 - level) + 1e-9))
    tail = historical_tail(pnl, level)
    var, es = max(0.0, tail.var), max(0.0, tail.es)
    component_es = _summing(-each[order[:k]].mean(axis=0), es)
    reach = int(_BAND * len(pnl) / 2)
    near = -each[order[max(0, k - 1 - reach) : k + reach]].mean(axis=0)
    if not near.sum() > var / 2:  # a band that is no picture of the quantile
        near = -each[order[k - 1]]
    without = np.array([historical_tail(pnl - column, level) for column in each.T])
    component_var = _summing(near, var)
    return Parts(
        names, var, es, component_var, component_es, _per_unit(component_var, held), _per_unit(component_es, held),
        var - np.maximum(0.0, without[:, 0]), es - np.maximum(0.0, without[:, 1]),
        f"{100 * level:g} %, {len(pnl)} scenarios",
    )  # fmt: skip


def _summing(parts: FloatArray, total: float) -> FloatArray:
    """Scale parts to the total; a book that loses nothing has no parts."""
    whole = float(parts.sum())
    return parts * (total / whole) + 0.0 if total > 0.0 and whole > 0.0 else np.zeros(len(parts))


def _per_unit(parts: FloatArray, values: FloatArray) -> FloatArray:
    return np.divide(parts, values, out=np.zeros(len(parts)), where=values != 0.0)


def _unknown(names: tuple[str, ...], why: str) -> Parts:
    nothing = np.full(len(names), np.nan)
    return Parts(names, None, None, nothing, nothing, nothing, nothing, nothing, nothing, why)
