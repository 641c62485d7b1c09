"""Indicators a chart draws, and the volatility that makes features free of scale.

Every function looks back only, returns one number per bar, and NaN where it is not yet defined.
"""

from functools import cache
from math import isfinite, log

import numpy as np
import talib

from marketpulse.features.windows import blank, by_column
from marketpulse.types import FloatArray

__all__ = [
    "DECAY",
    "WARM_UP",
    "adx",
    "adx_of",
    "atr",
    "ema",
    "ewma_sigma",
    "ewma_variance",
    "inside_first",
    "movements",
    "rsi",
    "wilder",
]

DECAY = 0.94
"""RiskMetrics' decay factor for daily returns."""

_TIE = 1e-9
_GROWTH = 1e6

WARM_UP = 63
"""Daily returns before ``ewma_sigma`` says anything (a quarter of a year)."""


def ema(close: FloatArray, period: int) -> FloatArray:
    """Exponential moving average, seeded with the simple mean of the first ``period`` prices.

    Units
    -----
    The currency of ``close``; ``period`` in bars. NaN for the first ``period - 1`` bars.

    References
    ----------
    TA-Lib, function EMA; smoothing factor 2 / (period + 1).

    Examples
    --------
    >>> ema(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 3).tolist()
    [nan, nan, 2.0, 3.0, 4.0]
    """
    return np.asarray(talib.EMA(_plain(close), timeperiod=period), dtype=np.float64)


def rsi(close: FloatArray, period: int = 14) -> FloatArray:
    """Relative strength index with Wilder's smoothing.

    Units
    -----
    0 to 100, without dimension; ``period`` in bars. NaN for the first ``period`` bars.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems; TA-Lib, function RSI.

    Examples
    --------
    Two gains of 1 and a loss of 1 over three bars: 100 * 2 / 3.

    >>> rsi(np.array([1.0, 2.0, 3.0, 2.0]), 3).round(4).tolist()
    [nan, nan, nan, 66.6667]
    """
    return np.asarray(talib.RSI(_plain(close), timeperiod=period), dtype=np.float64)


def atr(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Average true range with Wilder's smoothing; the first bar counts with its own range.

    Units
    -----
    The currency of the prices; ``period`` in bars. NaN for the first ``period - 1`` bars.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems. TA-Lib leaves out the first bar, which
    has no close before it; here a bar that lies inside the first is put before it.

    Examples
    --------
    >>> high, low = np.array([2.0, 3.0, 6.0]), np.array([1.0, 2.0, 4.0])
    >>> atr(high, low, np.array([1.5, 2.5, 5.0]), 2).tolist()
    [nan, 1.25, 2.375]
    """
    if close.ndim > 1:
        columns = zip(high.T, low.T, close.T, strict=True)
        return np.stack([atr(*prices, period) for prices in columns], axis=1)
    if not len(close):
        return np.full(0, np.nan)
    found = talib.ATR(*inside_first(high, low, close), timeperiod=period)
    return np.asarray(found[1:], dtype=np.float64)


def inside_first(
    high: FloatArray, low: FloatArray, close: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The bars with one more before them, whose prices all lie at the first low.

    The true range of what was the first bar is then its high less its low.

    Units
    -----
    The currency of the prices, one bar longer.

    References
    ----------
    As ``atr``.

    Examples
    --------
    >>> [column.tolist() for column in inside_first(np.array([3.0]), np.array([1.0]), np.array([2.0]))]
    [[1.0, 3.0], [1.0, 1.0], [1.0, 2.0]]
    """
    first = low[:1]
    return np.concatenate((first, high)), np.concatenate((first, low)), np.concatenate((first, close))


def wilder(values: FloatArray, period: int) -> FloatArray:
    """Wilder's average of numbers that are never negative: the mean of the first ``period``, then one in ``period``.

    Units
    -----
    That of ``values``; ``period`` in bars. NaN for the first ``period - 1`` after leading NaN, which are skipped.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems. TA-Lib's ATR of bars from 0 to the value.

    Examples
    --------
    >>> wilder(np.array([np.nan, 1.0, 3.0, 4.0]), 2).tolist()
    [nan, nan, 2.0, 3.0]
    """
    if values.ndim > 1:
        return by_column(lambda one: wilder(one, period), values)
    first = 0
    if len(values) and not isfinite(values[0]):
        known = np.isfinite(values)
        first = int(known.argmax()) if known.any() else len(values)
    if len(values) - first < period:
        return blank(len(values))
    # The first row of ATR has no close before it and is left out, so a zero stands there.
    tops = np.zeros(len(values) - first + 1)
    tops[1:] = values[first:]
    zero = np.zeros(len(tops))
    smoothed: FloatArray = talib.ATR(tops, zero, zero, timeperiod=period)[1:]
    return np.concatenate((blank(first), smoothed)) if first else smoothed


def movements(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Wilder's directional movements up and down of each bar after the first.

    Movements closer than 1e-9 of the close are equal and count for neither side: real prices come in
    ticks, which often make them equal, so that rounding would decide and depend on the price's scale.

    Units
    -----
    The currency of the prices; one row less than the bars.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> up, down = movements(np.array([3.0, 5.0, 5.0]), np.array([1.0, 2.0, 1.5]), np.array([2.0, 4.0, 4.0]))
    >>> up.tolist(), down.tolist()
    ([2.0, 0.0], [0.0, 0.5])
    """
    up, down = high[1:] - high[:-1], low[:-1] - low[1:]
    more, tie = up - down, _TIE * close[1:]
    plus = np.where((more > tie) & (up > 0.0), up, 0.0)
    minus = np.where((more < -tie) & (down > 0.0), down, 0.0)
    return plus, minus


def adx(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Average directional index with Wilder's smoothing: how one-sided the days' new ground is.

    Not TA-Lib's, in which rounding decides between equal movements (see ``movements``).

    Units
    -----
    0 (no direction) to 100; ``period`` in bars. NaN for the first ``2 * period - 1`` bars, and while
    nothing has moved.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems. The true range cancels in DX.

    Examples
    --------
    Every day above the day before:

    >>> price = np.arange(100.0, 130.0)
    >>> adx(price + 1, price - 1, price)[[26, 27, 29]].tolist()
    [nan, 100.0, 100.0]
    """
    found = blank(len(close))
    up, down = movements(high, low, close)
    found[1:] = adx_of(wilder(up, period), wilder(down, period), period)
    return found


def adx_of(plus: FloatArray, minus: FloatArray, period: int = 14) -> FloatArray:
    """``adx`` from Wilder's averages of the movements up and down.

    Units
    -----
    0 to 100; a row for each movement, so one less than the bars.

    References
    ----------
    As ``adx``.

    Examples
    --------
    >>> adx_of(np.full(3, 3.0), np.full(3, 1.0), 2).tolist()
    [nan, 50.0, 50.0]
    """
    both = plus + minus
    share = np.abs(plus - minus) / np.where(both > 0.0, both, np.nan)
    return 100.0 * wilder(share, period)


def ewma_variance(returns: FloatArray, decay: float = DECAY) -> FloatArray:
    """Exponentially weighted variance about zero: ``v = decay * v + (1 - decay) * r**2``, from ``r**2``.

    Units
    -----
    The square of the unit of ``returns``.

    References
    ----------
    J.P. Morgan and Reuters (1996), RiskMetrics Technical Document, 4th edition, chapter 5.

    Examples
    --------
    >>> ewma_variance(np.array([1.0, 2.0]), 0.5).tolist()
    [1.0, 2.5]
    """
    squares = np.square(returns)
    if not len(squares):
        return squares
    # In blocks, so that the powers stay small: within one, v[k] / decay**k is a plain running sum.
    powers, grown = _powers(decay)
    width = len(powers)
    blocks = np.zeros((-(-len(squares) // width), width))
    blocks.ravel()[: len(squares)] = squares
    sums = np.cumsum(blocks * grown, axis=1) * powers
    carried = float(squares[0])
    for row in sums:
        np.add(row, decay * carried * powers, out=row)
        carried = float(row[-1])
    variance: FloatArray = sums.ravel()[: len(squares)]
    return variance


@cache
def _powers(decay: float) -> tuple[FloatArray, FloatArray]:
    """Powers of a decay factor down to a millionth, and what they weigh a square with."""
    powers: FloatArray = np.power(decay, np.arange(max(1, int(log(_GROWTH) / -log(decay))), dtype=np.float64))
    return powers, (1.0 - decay) / powers


def ewma_sigma(close: FloatArray) -> FloatArray:
    """Volatility of daily log returns: the root of ``ewma_variance`` at 0.94.

    Units
    -----
    A fraction a bar (0.01 is one percent). NaN for the first 63 bars, and while the price has not moved.

    References
    ----------
    As ``ewma_variance``.

    Examples
    --------
    Prices that move 1 % a day up and down:

    >>> close = np.exp(0.01 * (np.arange(80) % 2))
    >>> ewma_sigma(close).round(6)[[62, 63, 79]].tolist()
    [nan, 0.01, 0.01]
    """
    sigma, logs = blank(len(close)), np.log(close)
    if len(close) > 1:
        np.sqrt(ewma_variance(logs[1:] - logs[:-1]), out=sigma[1:])
    sigma[:WARM_UP] = np.nan
    sigma[sigma == 0.0] = np.nan
    return sigma


def _plain(values: FloatArray) -> FloatArray:
    """TA-Lib reads float64 in one piece only."""
    return np.ascontiguousarray(values, dtype=np.float64)
