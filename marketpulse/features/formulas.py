"""The formulas of the features: causal, free of scale, NaN where not yet defined.

``sigma`` is always the volatility a bar of ``indicators.ewma_sigma``. The arrays of one call have
one length; row ``t`` of the result rests on rows up to ``t`` only.
"""

from math import sqrt

import numpy as np
import talib

from marketpulse.features.indicators import adx, atr, wilder
from marketpulse.features.windows import blank, by_column, total, z_score
from marketpulse.types import FloatArray

__all__ = [
    "adx_share",
    "atr_share",
    "bollinger_z",
    "high_gap",
    "highest",
    "log_week_z",
    "log_z",
    "lowest",
    "macd_strength",
    "momentum",
    "rsi_centred",
    "trend_gap",
    "volume_z",
    "z_among",
]

_YEAR = 252
_FLAT_LOG = 1e-10  # variance of one part in 100,000


def momentum(close: FloatArray, sigma: FloatArray, bars: int) -> FloatArray:
    """Log return over ``bars`` bars in units of its own expected size.

    Units
    -----
    Standard deviations: ``log(close / close[-bars]) / (sigma * sqrt(bars))``.

    References
    ----------
    Moskowitz, Ooi, Pedersen (2012), Time series momentum: returns scaled by ex-ante volatility.

    Examples
    --------
    >>> momentum(np.exp([0.0, 0.01, 0.02, 0.03]), np.full(4, 0.01), 1).round(6).tolist()
    [nan, 1.0, 1.0, 1.0]
    """
    moved = blank(close.shape)
    moved[bars:] = np.log(close[bars:] / close[:-bars])
    scaled: FloatArray = moved / (sigma * sqrt(bars))
    return scaled


def rsi_centred(close: FloatArray, period: int = 14) -> FloatArray:
    """RSI moved to -1 (only losses) to +1 (only gains); 0 where nothing has moved.

    Not TA-Lib's, which says 0, only losses, where nothing has moved.

    Units
    -----
    Without dimension: ``(RSI - 50) / 50``; ``period`` in bars.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> rsi_centred(np.arange(1.0, 17.0)).tolist()[-1]
    1.0
    """
    found = blank(close.shape)
    change = close[1:] - close[:-1]
    gains, losses = wilder(np.maximum(change, 0.0), period), wilder(np.maximum(-change, 0.0), period)
    both = gains + losses
    still = both <= 1e-12 * close[1:]
    found[1:] = np.where(still, 0.0, (gains - losses) / np.where(still, 1.0, both))
    return found


def macd_strength(close: FloatArray, sigma: FloatArray) -> FloatArray:
    """MACD(12, 26, 9) histogram in units of one day's expected move.

    Units
    -----
    Standard deviations a bar: ``histogram / (close * sigma)``.

    References
    ----------
    Appel (2005), Technical Analysis: Power Tools for Active Investors; TA-Lib, function MACD.

    Examples
    --------
    A price that rises by the same amount each day has a histogram of zero in the end:

    >>> close = np.arange(100.0, 500.0)
    >>> bool(abs(macd_strength(close, np.full(400, 0.01))[-1]) < 1e-6)
    True
    """
    histogram = by_column(
        lambda one: talib.MACD(_plain(one), fastperiod=12, slowperiod=26, signalperiod=9)[2], close
    )
    return histogram / (close * sigma)


def adx_share(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """ADX(14), the strength of a trend whatever its direction.

    Units
    -----
    0 (none) to 1: ``ADX / 100``.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.

    Examples
    --------
    Every day above the day before:

    >>> up = np.arange(100.0, 140.0)
    >>> round(float(adx_share(up + 1, up - 1, up)[-1]), 6)
    1.0
    """
    return adx(high, low, close, 14) / 100.0


def bollinger_z(close: FloatArray) -> FloatArray:
    """Distance from the 20-bar mean; the usual bands lie at -2 and +2.

    Units
    -----
    Population standard deviations of the window: ``(close - mean20) / sd20``. NaN where the window is flat.

    References
    ----------
    Bollinger (2001), Bollinger on Bollinger Bands. Two passes per window (TA-Lib's running sums lose
    digits, so that the result would depend on the price's scale).

    Examples
    --------
    >>> round(float(bollinger_z(np.arange(1.0, 21.0))[-1]), 6)
    1.647509
    """
    return z_score(close, 20)


def atr_share(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """ATR(14) as a share of the price: how wide the days are.

    Units
    -----
    A fraction of the price.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.

    Examples
    --------
    >>> flat = np.full(16, 100.0)
    >>> round(float(atr_share(flat + 1, flat - 1, flat)[-1]), 6)
    0.02
    """
    return atr(high, low, close, 14) / close


def trend_gap(close: FloatArray, sigma: FloatArray, bars: int = 50) -> FloatArray:
    """Distance from the simple mean of the last bars in units of one day's expected move.

    Units
    -----
    Standard deviations a bar: ``(close / SMA - 1) / sigma``.

    References
    ----------
    Brock, Lakonishok, LeBaron (1992), Simple technical trading rules: price against its moving average.

    Examples
    --------
    >>> close = np.append(np.full(49, 100.0), 150.0)
    >>> round(float(trend_gap(close, np.full(50, 0.01))[-1]), 4)
    48.5149
    """
    mean = by_column(lambda one: talib.SMA(_plain(one), timeperiod=bars), close)
    return (close / mean - 1.0) / sigma


def volume_z(volume: FloatArray) -> FloatArray:
    """How unusual the day's volume is against the last 63 bars, on a log scale.

    Units
    -----
    Population standard deviations of log volume. NaN while the window holds a day without volume.

    References
    ----------
    Gervais, Kaniel, Mingelgrin (2001), The high-volume return premium: volume ranked in a trailing window.

    Examples
    --------
    One day in 63 that traded ten times the rest lies sqrt(62) out:

    >>> round(float(volume_z(np.append(np.full(62, 1e6), 1e7))[-1]) ** 2, 6)
    62.0
    """
    seen = np.log(np.where((volume > 0.0) & np.isfinite(volume), volume, np.nan))
    return log_z(seen, 63)


def log_z(logs: FloatArray, bars: int) -> FloatArray:
    """The last of ``bars`` logarithms against their own mean and population deviation.

    Units
    -----
    Population standard deviations; NaN where the deviation is below 1e-5, which is one part in 100,000.

    References
    ----------
    As ``volume_z``; by sums of squares, exact to about 1e-10 for logarithms.

    Examples
    --------
    >>> log_z(np.array([1.0, 1.0, 4.0]), 3).round(6).tolist()
    [nan, nan, 1.414214]
    """
    return log_week_z(logs, 1, bars)


def log_week_z(logs: FloatArray, week: int, bars: int) -> FloatArray:
    """The mean of the last ``week`` logarithms against the mean and population deviation of ``bars``.

    Units
    -----
    Population standard deviations of single bars; NaN as ``log_z``.

    References
    ----------
    As ``log_z``; high volume over a week as in Gervais, Kaniel, Mingelgrin (2001), The high-volume
    return premium.

    Examples
    --------
    >>> log_week_z(np.array([1.0, 1.0, 3.0, 3.0]), 2, 4).tolist()
    [nan, nan, nan, 1.0]
    """
    near = logs if week == 1 else total(logs, week) / week
    return z_among(near, total(logs, bars), total(np.square(logs), bars), bars)


def z_among(near: FloatArray, sums: FloatArray, squares: FloatArray, bars: int) -> FloatArray:
    """A logarithm against the mean and population deviation of the last ``bars``, from their sums.

    Units
    -----
    As ``log_week_z``; ``sums`` of the logarithms, ``squares`` of their squares.

    References
    ----------
    As ``log_week_z``.

    Examples
    --------
    >>> z_among(np.array([3.0]), np.array([8.0]), np.array([20.0]), 4).tolist()
    [1.0]
    """
    mean = sums / bars
    variance = squares / bars - np.square(mean)
    deviation = np.sqrt(np.where(variance > _FLAT_LOG, variance, np.nan))
    z: FloatArray = (near - mean) / deviation
    return z


def high_gap(close: FloatArray, sigma: FloatArray) -> FloatArray:
    """Distance below the highest close of 252 bars in units of a year's expected move; never positive.

    Units
    -----
    Standard deviations a year: ``log(close / max252) / (sigma * sqrt(252))``.

    References
    ----------
    George, Hwang (2004), The 52-week high and momentum investing.

    Examples
    --------
    >>> close = np.append(np.full(251, np.e), 1.0)
    >>> round(float(high_gap(close, np.full(252, 1 / np.sqrt(252)))[-1]), 6)
    -1.0
    """
    top = highest(close, _YEAR)
    below: FloatArray = np.log(close / top) / (sigma * sqrt(_YEAR))
    return below


def highest(values: FloatArray, bars: int) -> FloatArray:
    """The highest of the last ``bars`` values.

    Units
    -----
    That of ``values``.

    References
    ----------
    TA-Lib, function MAX.

    Examples
    --------
    >>> highest(np.array([1.0, 3.0, 2.0]), 2).tolist()
    [nan, 3.0, 3.0]
    """
    return by_column(lambda one: talib.MAX(_plain(one), timeperiod=bars), values)


def lowest(values: FloatArray, bars: int) -> FloatArray:
    """The lowest of the last ``bars`` values.

    Units
    -----
    That of ``values``.

    References
    ----------
    TA-Lib, function MIN.

    Examples
    --------
    >>> lowest(np.array([1.0, 3.0, 2.0]), 2).tolist()
    [nan, 1.0, 2.0]
    """
    return by_column(lambda one: talib.MIN(_plain(one), timeperiod=bars), values)


def _plain(values: FloatArray) -> FloatArray:
    """TA-Lib reads float64 in one piece only."""
    return np.ascontiguousarray(values, dtype=np.float64)
