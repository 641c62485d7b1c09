"""Indicators a chart draws, and the volatility that makes features free of scale.

Every function looks back only, returns one number per bar, and NaN where it is not yet defined.
"""

import numpy as np
import pandas as pd
import talib

from marketpulse.types import FloatArray

__all__ = ["DECAY", "WARM_UP", "adx", "atr", "ema", "ewma_sigma", "ewma_variance", "rsi"]

DECAY = 0.94
"""RiskMetrics' decay factor for daily returns."""

_TIE = 1e-9

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
    """Average true range with Wilder's smoothing; the first bar, which has no close before it, is left out.

    Units
    -----
    The currency of the prices; ``period`` in bars. NaN for the first ``period`` bars.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems; TA-Lib, function ATR.

    Examples
    --------
    >>> high, low = np.array([2.0, 3.0, 6.0]), np.array([1.0, 2.0, 4.0])
    >>> atr(high, low, np.array([1.5, 2.5, 5.0]), 2).tolist()
    [nan, nan, 2.5]
    """
    found = talib.ATR(_plain(high), _plain(low), _plain(close), timeperiod=period)
    return np.asarray(found, dtype=np.float64)


def adx(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Average directional index with Wilder's smoothing: how one-sided the days' new ground is.

    Not TA-Lib's: that one compares the two directional movements bit by bit, and real prices, which
    come in ticks, often make them equal, so that rounding would decide and the result depend on the
    price's scale. Here movements closer than 1e-9 of the close are equal and count for neither side.

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
    found = np.full(len(close), np.nan)
    up, down = np.diff(high), -np.diff(low)
    equal = np.abs(up - down) <= _TIE * close[1:]
    plus = _wilder(np.where((up > down) & (up > 0.0) & ~equal, up, 0.0), period)
    minus = _wilder(np.where((down > up) & (down > 0.0) & ~equal, down, 0.0), period)
    both = plus + minus
    share = np.abs(plus - minus) / np.where(both > 0.0, both, np.nan)
    found[2 * period - 1 :] = 100.0 * _wilder(share, period)[2 * period - 2 :]
    return found


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
    return _smooth(np.square(returns), 1.0 - decay)


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
    sigma = np.full(len(close), np.nan)
    if len(close) > 1:
        sigma[1:] = np.sqrt(ewma_variance(np.diff(np.log(close))))
    sigma[:WARM_UP] = np.nan
    sigma[sigma == 0.0] = np.nan
    return sigma


def _smooth(values: FloatArray, share: float) -> FloatArray:
    """``s = s + share * (value - s)``, from the first value."""
    return pd.Series(values).ewm(alpha=share, adjust=False).mean().to_numpy(dtype=np.float64)


def _wilder(values: FloatArray, period: int) -> FloatArray:
    return _smooth(values, 1.0 / period)


def _plain(values: FloatArray) -> FloatArray:
    """TA-Lib reads float64 in one piece only."""
    return np.ascontiguousarray(values, dtype=np.float64)
