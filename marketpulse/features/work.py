"""What several features of one instrument share, each computed once and only when it is asked for."""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from marketpulse.features import measures, turnover
from marketpulse.features.around import SECONDS, Around, Depth, closes_at
from marketpulse.features.indicators import adx_of, ewma_sigma, movements, wilder
from marketpulse.features.windows import Sums, blank, moments, total
from marketpulse.types import Bars, FloatArray

__all__ = ["Work"]

_FEW = 512
"""Rows up to which sums of all series at once are quicker than of each for itself."""


@dataclass(eq=False)
class Work:
    """What several features of one instrument share.

    Attributes
    ----------
    bars : all sound, oldest first
    volume, traded : NaN where it cannot be; and where there was none
    logs, returns : of the close
    sigma : volatility a bar
    """

    bars: Bars
    beside: Around
    depth: Depth | None
    volume: FloatArray
    traded: FloatArray
    logs: FloatArray
    returns: FloatArray
    sigma: FloatArray

    @classmethod
    def of(cls, bars: Bars, beside: Around, depth: Depth | None) -> "Work":
        """Begin with some bars."""
        volume = np.where((bars.volume >= 0.0) & np.isfinite(bars.volume), bars.volume, np.nan)
        traded = np.where(volume > 0.0, volume, np.nan)
        returns, sigma = measures.log_returns(bars.close), ewma_sigma(bars.close)
        return cls(bars, beside, depth, volume, traded, np.log(bars.close), returns, sigma)

    def last(self, rows: int) -> "Work":
        """The last rows only of what all rows gave."""
        parts = (self.volume, self.traded, self.logs, self.returns, self.sigma)
        return Work(self.bars[-rows:], self.beside, self.depth, *(part[-rows:] for part in parts))

    @cached_property
    def moments(self) -> dict[int, tuple[FloatArray, FloatArray]]:
        """Mean and sample deviation of returns by window."""
        return {n: moments(self.sum("return", n), self.sum("square", n), n) for n in (5, 21, 63)}

    def sd(self, bars: int) -> FloatArray:
        """Sample deviation of the last returns."""
        return self.moments[bars][1]

    def sum(self, series: str, bars: int) -> FloatArray:
        """Sum of the last ``bars`` values of one of ``series``."""
        if len(self.bars) > _FEW:
            return total(self.series[series], bars)
        found = self._summed.get(bars)
        if found is None:
            found = dict(zip(self.series, self._together.over(bars).T, strict=True))
            self._summed[bars] = found
        return found[series]

    @cached_property
    def series(self) -> dict[str, FloatArray]:
        """What windows are summed of, by name."""
        moved, market, bars = self.returns, self.market_returns, self.bars
        squares, before = np.square(moved), blank(len(moved))
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
            "volume": self.volume,
            "flow": flow,
            "risen_flow": risen,
        }

    @cached_property
    def _summed(self) -> dict[int, dict[str, FloatArray]]:
        return {}

    @cached_property
    def _together(self) -> Sums:
        return Sums(_beside(*self.series.values()))

    @cached_property
    def log_volume(self) -> FloatArray:
        """Logarithm of what was traded."""
        found: FloatArray = np.log(self.traded)
        return found

    @cached_property
    def log_volumes(self) -> Sums:
        """Of ``log_volume``, and of its squares."""
        logs = self.log_volume
        return Sums(_beside(logs, np.square(logs)))

    @cached_property
    def illiquidity(self) -> FloatArray:
        """Log of how far a unit of turnover moves the price."""
        return turnover.illiquidity(self.returns, self.bars.close, self.traded)

    @cached_property
    def closed(self) -> NDArray[np.int64]:
        """When each bar closed."""
        return closes_at(self.bars)

    @cached_property
    def market(self) -> tuple[FloatArray, FloatArray]:
        """Log level and scaled 5-bar return of the market as known at each close."""
        return self.beside.known(self.closed)

    @cached_property
    def market_returns(self) -> FloatArray:
        """Log returns of the market over the spans of our bars."""
        level, found = self.market[0], blank(len(self.bars))
        np.subtract(level[1:], level[:-1], out=found[1:])
        return found

    @cached_property
    def book(self) -> tuple[FloatArray, FloatArray]:
        """Spread and imbalance at each close."""
        if self.depth is None:
            empty = blank(len(self.bars))
            return empty, empty
        return self.depth.newest(self.closed - SECONDS[self.bars.interval], self.closed)

    @cached_property
    def ways(self) -> tuple[FloatArray, FloatArray]:
        """Wilder's averages of the movements up and down."""
        up, down = movements(self.bars.high, self.bars.low, self.bars.close)
        return wilder(up, 14), wilder(down, 14)

    def adx(self) -> FloatArray:
        """ADX 14 as a share."""
        found = blank(len(self.bars))
        found[1:] = adx_of(*self.ways) / 100.0
        return found

    def momentum(self, bars: int, skipped: int = 0) -> FloatArray:
        """Log return over ``bars`` bars that ended ``skipped`` bars ago, in units of its expected size."""
        moved, logs = blank(len(self.logs)), self.logs
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
    """One column for each series."""
    return np.ascontiguousarray(np.concatenate(series).reshape(len(series), -1).T)
