"""What several features of one instrument share, each computed once and only when it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketpulse.features import measures, turnover
from marketpulse.features.around import SECONDS, Around, Depth, closes_at
from marketpulse.features.indicators import adx_of, ewma_sigma, movements, wilder
from marketpulse.features.windows import Sums, blank, moments, total
from marketpulse.types import Bars, FloatArray, Interval

__all__ = ["Prices", "Work"]

_FEW = 512
"""Bars up to which sums of all series at once are quicker than of each for itself."""


class Prices(NamedTuple):
    """Four prices of each bar."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


@dataclass(eq=False)
class Work:
    """What several features share: of one instrument, or of several at once with a column for each.

    Attributes
    ----------
    symbols, depths : of each instrument
    bars : prices, all sound, oldest first
    closed : seconds since 1970, when each bar closed
    volume, traded : NaN where it cannot be; and where there was none
    logs, returns : of the close
    sigma : volatility a bar
    """

    symbols: tuple[str, ...]
    depths: tuple[Depth | None, ...]
    interval: Interval
    beside: Around
    bars: Prices
    closed: NDArray[np.int64]
    volume: FloatArray
    traded: FloatArray
    logs: FloatArray
    returns: FloatArray
    sigma: FloatArray

    @classmethod
    def of(cls, bars: Bars, beside: Around, depth: Depth | None) -> "Work":
        """Begin with the bars of one instrument."""
        prices = Prices(bars.open, bars.high, bars.low, bars.close)
        volume = np.where((bars.volume >= 0.0) & np.isfinite(bars.volume), bars.volume, np.nan)
        traded = np.where(volume > 0.0, volume, np.nan)
        logs, returns, sigma = np.log(bars.close), measures.log_returns(bars.close), ewma_sigma(bars.close)
        shared = (bars.symbol,), (depth,), bars.interval, beside
        return cls(*shared, prices, closes_at(bars), volume, traded, logs, returns, sigma)

    def last(self, rows: int) -> "Work":
        """The last rows only of what all rows gave."""
        if len(self.logs) <= rows:
            return self
        prices = Prices(*(price[-rows:] for price in self.bars))
        parts = (self.volume[-rows:], self.traded[-rows:], self.logs[-rows:], self.returns[-rows:])
        shared = self.symbols, self.depths, self.interval, self.beside
        return Work(*shared, prices, self.closed[-rows:], *parts, self.sigma[-rows:])

    @classmethod
    def abreast(cls, works: "Sequence[Work]") -> "Work":
        """Several instruments of one interval with equally many rows; a function costs hardly more than of one."""
        first = works[0]
        if len(works) == 1:
            return first
        return cls(
            tuple(w.symbols[0] for w in works),
            tuple(w.depths[0] for w in works),
            first.interval,
            first.beside,
            Prices(*(np.stack(price, axis=1) for price in zip(*(w.bars for w in works), strict=True))),
            np.stack([w.closed for w in works], axis=1),
            np.stack([w.volume for w in works], axis=1),
            np.stack([w.traded for w in works], axis=1),
            np.stack([w.logs for w in works], axis=1),
            np.stack([w.returns for w in works], axis=1),
            np.stack([w.sigma for w in works], axis=1),
        )

    @cached_property
    def moments(self) -> dict[int, tuple[FloatArray, FloatArray]]:
        """Mean and sample deviation of returns by window."""
        return {n: moments(self.sum("return", n), self.sum("square", n), n) for n in (5, 21, 63)}

    def sd(self, bars: int) -> FloatArray:
        """Sample deviation of the last returns."""
        return self.moments[bars][1]

    def sum(self, series: str, bars: int) -> FloatArray:
        """Sum of the last ``bars`` values of one of ``series``."""
        if self.logs.size > _FEW:
            return total(self.series[series], bars)
        every = self._summed.get(bars)
        if every is None:
            shape = (len(self.logs), len(self.series), *self.logs.shape[1:])
            every = self._summed[bars] = self._together.over(bars).reshape(shape)
        return every[:, self._places[series]]

    @cached_property
    def series(self) -> dict[str, FloatArray]:
        """What windows are summed of, by name."""
        moved, market, bars = self.returns, self.market_returns, self.bars
        squares, before = np.square(moved), blank(moved.shape)
        before[1:] = moved[:-1]
        flow, risen = turnover.flows(bars.high, bars.low, bars.close, self.volume)
        return {
            "return": moved,
            "square": squares,
            "cube": squares * moved,
            "product": moved * before,
            "loss_square": np.square(np.minimum(moved, 0.0)),
            "range_square": np.square(np.log(bars.high / bars.low)),
            "market": market,
            "market_square": np.square(market),
            "market_product": moved * market,
            "illiquidity": self.illiquidity,
            "illiquidity_square": np.square(self.illiquidity),
            "log_volume": self.log_volume,
            "log_volume_square": np.square(self.log_volume),
            "volume": self.volume,
            "flow": flow,
            "risen_flow": risen,
        }

    @cached_property
    def _summed(self) -> dict[int, FloatArray]:
        return {}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.series)}

    @cached_property
    def _together(self) -> Sums:
        return Sums(_beside(*self.series.values()))

    @cached_property
    def log_volume(self) -> FloatArray:
        """Logarithm of what was traded."""
        found: FloatArray = np.log(self.traded)
        return found

    def log_volumes(self, bars: int) -> tuple[FloatArray, FloatArray]:
        """Sums of ``log_volume`` and of its squares, where nothing else is summed over so many bars."""
        found = self._log_volumes.over(bars).reshape(len(self.logs), 2, *self.logs.shape[1:])
        return found[:, 0], found[:, 1]

    @cached_property
    def _log_volumes(self) -> Sums:
        return Sums(_beside(self.log_volume, np.square(self.log_volume)))

    @cached_property
    def illiquidity(self) -> FloatArray:
        """Log of how far a unit of turnover moves the price."""
        return turnover.illiquidity(self.returns, self.bars.close, self.traded)

    @cached_property
    def market(self) -> tuple[FloatArray, FloatArray]:
        """Log level and scaled 5-bar return of the market as known at each close."""
        return self.beside.known(self.closed)

    @cached_property
    def market_returns(self) -> FloatArray:
        """Log returns of the market over the spans of our bars."""
        level, found = self.market[0], blank(self.logs.shape)
        np.subtract(level[1:], level[:-1], out=found[1:])
        return found

    @cached_property
    def rank(self) -> FloatArray:
        """The rank of each instrument among the others at each close."""
        found = [
            self.beside.rank(symbol, closed)
            for symbol, closed in zip(self.symbols, self._closed, strict=True)
        ]
        return np.stack(found, axis=1).reshape(self.logs.shape)

    @cached_property
    def book(self) -> tuple[FloatArray, FloatArray]:
        """Spread and imbalance at each close."""
        spreads, sides = blank(self.logs.shape), blank(self.logs.shape)
        columns = spreads.reshape(len(spreads), -1).T, sides.reshape(len(sides), -1).T
        for spread, side, depth, closed in zip(*columns, self.depths, self._closed, strict=True):
            if depth is not None:
                spread[:], side[:] = depth.newest(closed - SECONDS[self.interval], closed)
        return spreads, sides

    @property
    def _closed(self) -> NDArray[np.int64]:
        return self.closed.reshape(len(self.closed), -1).T

    @cached_property
    def ways(self) -> tuple[FloatArray, FloatArray]:
        """Wilder's averages of the movements up and down."""
        up, down = movements(self.bars.high, self.bars.low, self.bars.close)
        return wilder(up, 14), wilder(down, 14)

    def adx(self) -> FloatArray:
        """ADX 14 as a share."""
        found = blank(self.logs.shape)
        found[1:] = adx_of(*self.ways) / 100.0
        return found

    def momentum(self, bars: int, skipped: int = 0) -> FloatArray:
        """Log return over ``bars`` bars that ended ``skipped`` bars ago, in units of its expected size."""
        moved, logs = blank(self.logs.shape), self.logs
        end = len(logs) - skipped
        if end > bars:
            np.subtract(logs[bars:end], logs[: end - bars], out=moved[bars + skipped :])
        scaled: FloatArray = moved / (self.sigma * sqrt(bars))
        return scaled

    def from_extreme(self, extreme: FloatArray, bars: int) -> FloatArray:
        """Log distance of the close from a level, in units of the move expected in ``bars`` bars."""
        apart: FloatArray = np.log(self.bars.close / extreme) / (self.sigma * sqrt(bars))
        return apart


def _beside(*series: FloatArray) -> FloatArray:
    """One column for each series, or as many as it has."""
    if series[0].ndim > 1:
        return np.concatenate(series, axis=1)
    return np.ascontiguousarray(np.concatenate(series).reshape(len(series), -1).T)
