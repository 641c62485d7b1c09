"""The chart's set of indicators over a whole history: nine of them, fourteen lines, by TA-Lib.

``streaming.Forming`` carries the same numbers forward bar by bar, so both must call TA-Lib alike. The
features do not use this ADX: its last digits depend on the scale of prices (see ``indicators.adx``).
"""

from collections.abc import Mapping
from math import isfinite

import numpy as np
import talib
from numpy.typing import NDArray

from marketpulse.types import Bars, FloatArray

__all__ = ["LINES", "chart", "columns", "lines", "over"]

LINES: Mapping[str, str] = {
    "sma": "SMA 20",
    "ema": "EMA 20",
    "rsi": "RSI 14",
    "macd": "MACD 12, 26",
    "macd_signal": "MACD signal 9",
    "macd_histogram": "MACD histogram",
    "upper": "Bollinger upper, 20 bars, 2 deviations",
    "middle": "Bollinger middle",
    "lower": "Bollinger lower",
    "atr": "ATR 14",
    "adx": "ADX 14",
    "k": "Stochastic %K 14, 3",
    "d": "Stochastic %D 3",
    "obv": "On-balance volume",
}
"""The lines of the set, in this order, and what a person calls each."""


def chart(bars: Bars) -> dict[str, FloatArray]:
    """Compute the chart's lines for every bar.

    A bar whose high, low or close is not finite and positive has NaN, and later ones do not see it; a volume
    that is not known counts as nothing traded.

    Units
    -----
    Averages, bands, MACD and ATR in the currency of the prices; RSI, ADX, %K and %D 0 to 100; OBV in
    units of volume, from the first bar's.

    References
    ----------
    TA-Lib, functions SMA, EMA, RSI, MACD, BBANDS, ATR, ADX, STOCH and OBV; ATR counts the first bar's
    own range, as Wilder (1978) does.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> up = np.arange(1.0, 41.0)
    >>> found = chart(Bars("X", Interval.DAY, np.arange(40), up, up, up, up, np.ones(40), "tape"))
    >>> [found[line][-1].round(4).item() for line in ("sma", "rsi", "atr", "k", "obv")]
    [30.5, 100.0, 0.9896, 100.0, 40.0]
    """
    prices, volume = columns(bars)
    found = lines(prices, volume)
    if len(volume) == len(bars):
        return dict(zip(LINES, found, strict=True))
    return dict(zip(LINES, (over(bars, line) for line in found), strict=True))


def over(bars: Bars, line: FloatArray) -> FloatArray:
    """Spread a line of the sound bars over all bars, NaN at the others.

    Units
    -----
    That of ``line``, which has one number for each sound bar.

    References
    ----------
    Sound as in ``columns``.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> price = np.array([1.0, np.nan, 3.0])
    >>> bars = Bars("X", Interval.DAY, np.arange(3), price, price, price, price, np.ones(3), "tape")
    >>> over(bars, np.array([7.0, 8.0])).tolist()
    [7.0, nan, 8.0]
    """
    wide = np.full(len(bars), np.nan)
    wide[_sound(bars)] = line
    return wide


def columns(bars: Bars) -> tuple[FloatArray, FloatArray]:
    """The sound bars as rows of high, low and close, and their volume.

    Before them stands one more bar that lies at the first low: the true range of what was the first is
    then its own range, as in ``indicators.inside_first``.

    Units
    -----
    As the bars: prices of (3, bars + 1), and volume.

    References
    ----------
    Sound: high, low and close finite and positive; a volume that is not known is zero.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> price = np.array([1.0, np.nan, 3.0])
    >>> bars = Bars("X", Interval.DAY, np.arange(3), price, price, price, price, np.full(3, np.nan), "tape")
    >>> prices, volume = columns(bars)
    >>> prices[2].tolist(), volume.tolist()
    ([1.0, 1.0, 3.0], [0.0, 0.0])
    """
    prices, volume = np.empty((3, len(bars) + 1)), bars.volume
    prices[0, 1:], prices[1, 1:], prices[2, 1:] = bars.high, bars.low, bars.close
    prices[:, 0] = bars.low[0] if len(bars) else np.nan
    # What is whole is told by its extremes, in a fraction of the time; NaN fails here too.
    if not (prices.min() > 0.0 and prices.max() < np.inf):
        keep = _sound(bars)
        volume = volume[keep]
        prices = prices[:, np.concatenate(([True], keep))]
        prices[:, 0] = prices[1, 1] if len(volume) else np.nan
    if not isfinite(volume.sum()):
        volume = np.where(np.isfinite(volume), volume, 0.0)
    return prices, np.ascontiguousarray(volume, dtype=np.float64)


def lines(prices: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
    """The fourteen lines from what ``columns`` gives, in the order of ``LINES``.

    Units
    -----
    As ``chart``.

    References
    ----------
    As ``chart``.

    Examples
    --------
    >>> found = lines(np.tile(np.arange(1.0, 42.0), (3, 1)), np.ones(40))
    >>> len(found), found[0][-1].item()
    (14, 31.5)
    """
    if not len(volume):
        return tuple(np.full(0, np.nan) for _ in LINES)
    high, low, close = prices[:, 1:]
    bands = talib.BBANDS(close, 20, 2.0, 2.0)
    return (
        bands[1],  # SMA 20, to the last bit
        talib.EMA(close, 20),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        *bands,
        talib.ATR(prices[0], prices[1], prices[2], 14)[1:],
        talib.ADX(high, low, close, 14),
        *talib.STOCH(high, low, close, fastk_period=14, slowk_period=3, slowd_period=3),
        talib.OBV(close, volume),
    )


def _sound(bars: Bars) -> NDArray[np.bool_]:
    prices = np.stack([bars.high, bars.low, bars.close])
    return np.asarray(np.all(np.isfinite(prices) & (prices > 0.0), axis=0))
