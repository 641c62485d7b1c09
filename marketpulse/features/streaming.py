"""The chart's set of indicators carried forward bar by bar, and shown for the bar that is still forming."""

from math import inf, isfinite, nan

import numpy as np
from talib import stream

from marketpulse.features.chart import LINES, columns, lines
from marketpulse.types import Bars, FloatArray

__all__ = ["Forming"]

_ENOUGH = 64
"""Bars from which on every indicator of the set has a value to carry forward (MACD needs 34)."""
_Handles = tuple[
    stream.EMA,
    stream.RSI,
    stream.MACD,
    stream.BBANDS,
    stream.ATR,
    stream.ADX,
    stream.STOCH,
    stream.OBV,
]
_UNKNOWN = (nan,) * len(LINES)


class Forming:
    """The lines of ``chart.LINES`` for one instrument, at the cost of one bar for each bar.

    A closed bar is taken in by ``update``; ``peek`` says what the lines would be if the forming bar
    closed now, and keeps nothing. The numbers are those of ``chart.chart`` to the last bit. The state
    cannot be stored: after a restart it is opened anew on the history.

    Parameters
    ----------
    bars : closed bars, oldest first; what is not sound is left out
    """

    def __init__(self, bars: Bars) -> None:
        self._history = columns(bars)
        self._handles: _Handles | None = None
        found = lines(*self._history)
        self.values: tuple[float, ...] = (
            tuple(float(line[-1]) for line in found) if len(found[0]) else _UNKNOWN
        )
        self._open()

    def update(self, high: float, low: float, close: float, volume: float) -> tuple[float, ...]:
        """Take one closed bar in and give the lines at it; NaN, and nothing taken in, for one that is not sound."""
        if not (0.0 < high < inf and 0.0 < low < inf and 0.0 < close < inf):
            return _UNKNOWN
        if not isfinite(volume):
            volume = 0.0
        if self._handles is None:
            self._history = self._longer(high, low, close, volume)
            self.values = _last(self._history)
            self._open()
            return self.values
        ema, rsi, macd, bands, atr, adx, stochastic, obv = self._handles
        upper, middle, lower = bands.update(close)
        self.values = (
            middle,
            ema.update(close),
            rsi.update(close),
            *macd.update(close),
            upper,
            middle,
            lower,
            atr.update(high, low, close),
            adx.update(high, low, close),
            *stochastic.update(high, low, close),
            obv.update(close, volume),
        )
        return self.values

    def peek(self, high: float, low: float, close: float, volume: float) -> tuple[float, ...]:
        """Give the lines as they would be if the forming bar closed like this."""
        if not (0.0 < high < inf and 0.0 < low < inf and 0.0 < close < inf):
            return _UNKNOWN
        if not isfinite(volume):
            volume = 0.0
        if self._handles is None:
            return _last(self._longer(high, low, close, volume))
        ema, rsi, macd, bands, atr, adx, stochastic, obv = self._handles
        upper, middle, lower = bands.peek(close)
        return (
            middle,
            ema.peek(close),
            rsi.peek(close),
            *macd.peek(close),
            upper,
            middle,
            lower,
            atr.peek(high, low, close),
            adx.peek(high, low, close),
            *stochastic.peek(high, low, close),
            obv.peek(close, volume),
        )

    def _longer(self, high: float, low: float, close: float, volume: float) -> tuple[FloatArray, FloatArray]:
        """A short history with one more bar: it is computed whole until there is enough to carry forward."""
        prices, volumes = self._history
        bar = np.array([[high], [low], [close]])
        if not len(volumes):
            prices = np.full((3, 1), low)
        return np.append(prices, bar, axis=1), np.append(volumes, volume)

    def _open(self) -> None:
        prices, volume = self._history
        if len(volume) < _ENOUGH:
            return
        high, low, close = prices[:, 1:]
        self._handles = (
            stream.EMA(close, 20),
            stream.RSI(close, 14),
            stream.MACD(close, 12, 26, 9),
            stream.BBANDS(close, 20, 2.0, 2.0),
            stream.ATR(prices[0], prices[1], prices[2], 14),
            stream.ADX(high, low, close, 14),
            stream.STOCH(high, low, close, fastk_period=14, slowk_period=3, slowd_period=3),
            stream.OBV(close, volume),
        )
        self._history = (prices[:, :0], volume[:0])


def _last(history: tuple[FloatArray, FloatArray]) -> tuple[float, ...]:
    return tuple(float(line[-1]) for line in lines(*history))
