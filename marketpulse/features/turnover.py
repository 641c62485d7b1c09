"""Formulas of the features that look at volume: on-balance volume, money flow, illiquidity.

As in ``measures``: one number for each bar, from rows up to its own only; NaN is not defined.
"""

from functools import cache

import numpy as np

from marketpulse.features.windows import about_middle, blank, by_column, total
from marketpulse.types import FloatArray

__all__ = ["flow_share", "flows", "illiquidity", "money_flow", "obv_slope"]

_LEAST_MOVE = 1e-4
_TIE = 1e-9


def obv_slope(returns: FloatArray, volume: FloatArray, volumes: FloatArray, bars: int = 21) -> FloatArray:
    """Slope of the on-balance volume over the window, in units of a bar's mean volume.

    Units
    -----
    -1 (every unit traded on falling bars) to 1 (on rising ones); NaN where nothing was traded. ``volumes``
    are the sums of the last ``bars``.

    References
    ----------
    Granville (1963), New Key to Stock Market Profits; least squares on time.

    Examples
    --------
    >>> volumes = np.full(4, 15.0)
    >>> obv_slope(np.array([np.nan, 0.1, 0.1, 0.1]), np.full(4, 5.0), volumes, 3).round(9).tolist()
    [nan, nan, 1.0, 1.0]
    """
    found = blank(returns.shape)
    steps = np.sign(returns) * volume
    if len(steps) >= bars:
        found[bars - 1 :] = by_column(lambda one: np.convolve(one, _obv_weights(bars), "valid")[1:], steps)
    traded = volumes / bars
    slope: FloatArray = found / np.where(traded > 0.0, traded, np.nan)
    return slope


@cache
def _obv_weights(bars: int) -> FloatArray:
    """What a step at each bar adds to the slope, the newest first: it lifts every later bar of the window."""
    time, spread = about_middle(bars)
    return (np.cumsum(time[::-1])[::-1] / spread)[1:][::-1]


def money_flow(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, period: int = 14
) -> FloatArray:
    """Money flow index, centred: the turnover of rising bars against that of falling ones.

    Typical prices closer than 1e-9 are equal and count for neither side. Not TA-Lib's, which has nothing
    to say any more after one bar whose volume is not known.

    Units
    -----
    -1 (all on falling bars) to 1 (all on rising ones): ``(MFI - 50) / 50``. NaN where there was neither.

    References
    ----------
    Quong, Soudack (1989), Volume-weighted RSI: money flow.

    Examples
    --------
    >>> price = np.array([1.0, 2.0, 3.0, 2.0])
    >>> money_flow(price, price, price, np.ones(4), 3).round(4).tolist()
    [nan, nan, nan, 0.4286]
    """
    flow, risen = flows(high, low, close, volume)
    return flow_share(total(flow, period), total(risen, period))


def flows(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Turnover of each bar that rose or fell, and the same with the sign of its way.

    Units
    -----
    Currency; 0 where the typical price moved by less than 1e-9 of itself, NaN for the first bar.

    References
    ----------
    As ``money_flow``.

    Examples
    --------
    >>> price = np.array([1.0, 2.0, 2.0, 1.0])
    >>> [flow.tolist() for flow in flows(price, price, price, np.ones(4))]
    [[nan, 2.0, 0.0, 1.0], [nan, 2.0, 0.0, -1.0]]
    """
    typical = (high + low + close) / 3.0
    change = blank(typical.shape)
    np.subtract(typical[1:], typical[:-1], out=change[1:])
    way = np.where(np.abs(change) > _TIE * typical, np.sign(change), 0.0)
    way[:1] = np.nan
    flow = typical * volume
    return np.abs(way) * flow, way * flow


def flow_share(flow: FloatArray, risen: FloatArray) -> FloatArray:
    """``money_flow`` from the sums of ``flows`` over its bars.

    Units
    -----
    As ``money_flow``.

    References
    ----------
    As ``money_flow``.

    Examples
    --------
    >>> flow_share(np.array([4.0, 0.0]), np.array([1.0, 0.0])).tolist()
    [0.25, nan]
    """
    share: FloatArray = risen / np.where(flow > 0.0, flow, np.nan)
    return share


def illiquidity(returns: FloatArray, close: FloatArray, volume: FloatArray) -> FloatArray:
    """Log of how far a unit of turnover moves the price; a return counts as a basis point at least.

    Units
    -----
    Log of a fraction per unit of currency: only its change over time means something, so take its z.

    References
    ----------
    Amihud (2002), Illiquidity and stock returns: |return| over turnover.

    Examples
    --------
    >>> illiquidity(np.array([0.01]), np.array([10.0]), np.array([5.0])).round(4).tolist()
    [-8.5172]
    """
    moved: FloatArray = np.log(np.maximum(np.abs(returns), _LEAST_MOVE) / (close * volume))
    return moved
