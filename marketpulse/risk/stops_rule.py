"""Where a stop and a target belong by how much a price moves, and what a stop does not protect from."""

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from marketpulse.types import FloatArray

__all__ = [
    "ATRS",
    "SIGMAS",
    "Gap",
    "Stop",
    "gap_loss",
    "r_multiple",
    "target_price",
    "volatility_stop",
]

ATRS = 2.5
"""Average true ranges from the highest price to the chandelier stop."""

SIGMAS = 1.5
"""Standard deviations of five days that a stop keeps at least from the last price."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop for what is bought.

    Attributes
    ----------
    price : None is unknown
    distance : from the last price, as a fraction of it
    rule : which of the two rules set it: ``chandelier`` or ``floor``
    note : the numbers behind it, or why it is unknown
    """

    price: float | None
    distance: float | None
    rule: str
    note: str


def volatility_stop(
    last: float, highest: float, atr: float, sigma: float, *, atrs: float = ATRS, sigmas: float = SIGMAS
) -> Stop:
    """Stop under the highest price since entry, and never closer to the last price than noise reaches.

    Parameters
    ----------
    last, highest : last price, and the highest since entry (for a new order: the last price)
    atr : average true range in price units, 14 days
    sigma : standard deviation of five days' return, of a GARCH forecast (``Model.sigma_over(5)``)

    References
    ----------
    Le Beau's chandelier exit; the floor is this project's (docs/risk.md).

    Examples
    --------
    >>> stop = volatility_stop(100.0, 104.0, 2.0, 0.02)
    >>> round(stop.price, 2), stop.rule
    (97.0, 'floor')
    """
    given = (last, highest, atr, sigma)
    if not (all(map(isfinite, given)) and last > 0.0 and highest >= last and atr > 0.0 and sigma >= 0.0):
        return Stop(None, None, "", "unknown: a price, a range or a volatility is missing or makes no sense")
    chandelier = highest - atrs * atr
    floor = last * (1.0 - sigmas * sigma)
    price, rule = (floor, "floor") if floor < chandelier else (chandelier, "chandelier")
    if price <= 0.0:
        return Stop(None, None, rule, "unknown: the price moves so much that a stop would lie below 0")
    note = f"{atrs:g} ATR of {atr:g} under {highest:g}; at least {sigmas:g} sigma of five days under {last:g}"
    return Stop(price, 1.0 - price / last, rule, note)


def target_price(entry: float, stop: float, multiple: float) -> float:
    """Price at which the gain is ``multiple`` times the loss at the stop.

    Units
    -----
    The unit of the prices.

    NaN rule
    --------
    NaN in, NaN out; NaN where the stop is not below the entry.

    References
    ----------
    Tharp, Trade Your Way to Financial Freedom (R multiples).

    Examples
    --------
    >>> target_price(100.0, 95.0, 2.0)
    110.0
    """
    return entry + multiple * (entry - stop) if entry > stop else nan


def r_multiple(entry: float, stop: float, price: float) -> float:
    """Gain at a price in units of the loss at the first stop.

    Units
    -----
    A pure number; -1 is the loss that was planned.

    NaN rule
    --------
    As ``target_price``.

    References
    ----------
    Tharp, as above.

    Examples
    --------
    >>> r_multiple(100.0, 95.0, 112.5)
    2.5
    """
    return (price - entry) / (entry - stop) if entry > stop else nan


@dataclass(frozen=True, slots=True)
class Gap:
    """What a stop costs when the next session opens below it.

    Attributes
    ----------
    chance : share of past openings whose gap would have jumped the stop; None is unknown
    mean, worst : loss from the last price per unit, on those openings; None without one
    planned : loss from the last price at the stop itself
    """

    chance: float | None
    mean: float | None
    worst: float | None
    planned: float | None
    n: int
    note: str


def gap_loss(last: float, stop: float, gaps: FloatArray) -> Gap:
    """Put past gaps between close and open at today's price, and see which would jump the stop.

    Parameters
    ----------
    gaps : open over previous close less one, oldest first

    Units
    -----
    Losses per unit in the unit of the prices, positive.

    NaN rule
    --------
    A gap or a price that is not finite makes everything unknown.

    References
    ----------
    docs/risk.md of this project.

    Examples
    --------
    >>> gap_loss(100.0, 95.0, np.array([0.01, -0.08, -0.02, -0.06])).mean
    7.0
    """
    n = len(gaps)
    if not (isfinite(last) and isfinite(stop) and 0.0 < stop < last):
        return Gap(None, None, None, None, n, "unknown: the stop is not a price below the last one")
    if not n or not np.isfinite(gaps).all():
        return Gap(None, None, None, last - stop, n, "unknown: no gaps, or one that is not a finite number")
    opens = last * (1.0 + gaps)
    through = last - opens[opens < stop]
    if not len(through):
        return Gap(0.0, None, None, last - stop, n, f"none of {n} gaps would have jumped the stop")
    return Gap(
        len(through) / n,
        round(float(through.mean()), 10),
        round(float(through.max()), 10),
        last - stop,
        n,
        f"{len(through)} of {n} gaps would have jumped the stop",
    )
