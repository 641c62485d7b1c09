"""Indicators a chart draws, and the volatility that makes features free of scale.

Every function looks back only, returns one number per bar, and NaN where it is not yet defined.
"""

import numpy as np
import pandas as pd
import talib

from marketpulse.types import FloatArray

__all__ = ["DECAY", "WARM_UP", "atr", "ema", "ewma_sigma", "ewma_variance", "rsi"]

DECAY = 0.94
"""RiskMetrics' decay factor for daily returns."""

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
    smooth = pd.Series(np.square(returns)).ewm(alpha=1.0 - decay, adjust=False).mean()
    return smooth.to_numpy(dtype=np.float64)


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


def _plain(values: FloatArray) -> FloatArray:
    """TA-Lib reads float64 in one piece only."""
    return np.ascontiguousarray(values, dtype=np.float64)
