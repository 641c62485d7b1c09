"""The chart's set of indicators over a whole history: nine of them, fourteen lines, by TA-Lib.

``streaming.Forming`` carries the same numbers forward bar by bar, so both must call TA-Lib alike. The
features do not use this ADX: its last digits depend on the scale of prices (see ``indicators.adx``).
"""

from collections.abc import Mapping

import numpy as np
import talib

from marketpulse.features.around import sound_rows
from marketpulse.features.indicators import inside_first
from marketpulse.types import Bars, FloatArray

__all__ = ["LINES", "chart", "columns", "lines"]

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

    A bar whose prices are not finite and positive has NaN, and later ones do not see it; a volume
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
    if not len(bars):
        return {line: np.full(0, np.nan) for line in LINES}
    found = lines(*columns(bars))
    if len(found[0]) == len(bars):
        return dict(zip(LINES, found, strict=True))
    keep, wide = sound_rows(bars), np.full((len(LINES), len(bars)), np.nan)
    if keep.any():
        wide[:, keep] = found
    return dict(zip(LINES, wide, strict=True))


def columns(bars: Bars) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """High, low, close and volume of the sound bars, in one piece each.

    Units
    -----
    As the bars.

    References
    ----------
    Sound: prices finite and positive; a volume that is not known is zero.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> price = np.array([1.0, np.nan, 3.0])
    >>> bars = Bars("X", Interval.DAY, np.arange(3), price, price, price, price, np.full(3, np.nan), "tape")
    >>> [column.tolist() for column in columns(bars)][2:]
    [[1.0, 3.0], [0.0, 0.0]]
    """
    high, low, close, volume = bars.high, bars.low, bars.close, bars.volume
    # What is whole is told by its extremes, in a quarter of the time; NaN and infinity fail here too.
    whole = all(c.min() > 0.0 and c.max() < np.inf for c in (bars.open, high, low, close))
    if not whole:
        keep = sound_rows(bars)
        high, low, close, volume = high[keep], low[keep], close[keep], volume[keep]
    if not np.isfinite(volume).all():
        volume = np.where(np.isfinite(volume), volume, 0.0)
    return _plain(high), _plain(low), _plain(close), _plain(volume)


def lines(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
    """The fourteen lines from finite float64 columns in one piece, in the order of ``LINES``.

    Units
    -----
    As ``chart``.

    References
    ----------
    As ``chart``.

    Examples
    --------
    >>> price = np.arange(1.0, 41.0)
    >>> len(lines(price, price, price, price)), lines(price, price, price, price)[0][-1].item()
    (14, 30.5)
    """
    if not len(close):
        return tuple(np.full(0, np.nan) for _ in LINES)
    return (
        talib.SMA(close, 20),
        talib.EMA(close, 20),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        *talib.BBANDS(close, 20, 2.0, 2.0),
        talib.ATR(*inside_first(high, low, close), 14)[1:],
        talib.ADX(high, low, close, 14),
        *talib.STOCH(high, low, close, fastk_period=14, slowk_period=3, slowd_period=3),
        talib.OBV(close, volume),
    )


def _plain(values: FloatArray) -> FloatArray:
    """TA-Lib reads float64 in one piece only."""
    return np.ascontiguousarray(values, dtype=np.float64)
