"""What several features of one instrument share, each computed once and only when it is asked for."""

from functools import cached_property

import numpy as np

from marketpulse.features import measures
from marketpulse.features.around import SECONDS, Around, Depth, closes_at
from marketpulse.features.indicators import adx_of, ewma_sigma, movements, wilder
from marketpulse.features.windows import mean_and_deviation
from marketpulse.types import Bars, FloatArray

__all__ = ["Work"]


class Work:
    """What several features of one instrument share, each computed once."""

    def __init__(
        self, bars: Bars, beside: Around, depth: Depth | None, sigma: FloatArray | None = None
    ) -> None:
        self.bars, self.close, self.high, self.low = bars, bars.close, bars.high, bars.low
        self.beside, self.depth = beside, depth
        self.volume = np.where((bars.volume >= 0.0) & np.isfinite(bars.volume), bars.volume, np.nan)
        self.traded = np.where(self.volume > 0.0, self.volume, np.nan)
        self.sigma = ewma_sigma(bars.close) if sigma is None else sigma
        self.returns, self.logs = measures.log_returns(bars.close), np.log(bars.close)

    def last(self, rows: int) -> "Work":
        """The same for the last rows only, with the volatility that all rows gave."""
        return Work(self.bars[-rows:], self.beside, self.depth, self.sigma[-rows:])

    @cached_property
    def moments(self) -> dict[int, tuple[FloatArray, FloatArray]]:
        """Mean and sample deviation of returns by window."""
        return {n: mean_and_deviation(self.returns, n) for n in (5, 21, 63)}

    def sd(self, bars: int) -> FloatArray:
        """Sample deviation of the last returns."""
        return self.moments[bars][1]

    @cached_property
    def market(self) -> tuple[FloatArray, FloatArray]:
        """Log level and scaled 5-bar return of the market as known at each close."""
        return self.beside.known(closes_at(self.bars))

    @cached_property
    def book(self) -> tuple[FloatArray, FloatArray]:
        """Spread and imbalance at each close."""
        if self.depth is None:
            empty = np.full(len(self.bars), np.nan)
            return empty, empty
        closed = closes_at(self.bars)
        return self.depth.newest(closed - SECONDS[self.bars.interval], closed)

    @cached_property
    def ways(self) -> tuple[FloatArray, FloatArray]:
        """Wilder's averages of the movements up and down."""
        up, down = movements(self.high, self.low, self.close)
        return wilder(up, 14), wilder(down, 14)

    def adx(self) -> FloatArray:
        """ADX 14 as a share."""
        found = np.full(len(self.close), np.nan)
        found[1:] = adx_of(*self.ways) / 100.0
        return found

    def momentum(self, bars: int, skipped: int = 0) -> FloatArray:
        """Log return over ``bars`` bars that ended ``skipped`` bars ago, in units of its expected size."""
        moved = np.full(len(self.close), np.nan)
        logs = self.logs
        end = len(logs) - skipped
        moved[bars + skipped :] = logs[bars:end] - logs[: max(0, end - bars)]
        scaled: FloatArray = moved / (self.sigma * np.sqrt(bars))
        return scaled

    def from_extreme(self, extreme: FloatArray, bars: int) -> FloatArray:
        """Log distance of the close from a level, in units of the move expected in ``bars`` bars."""
        apart: FloatArray = np.log(self.close / extreme) / (self.sigma * np.sqrt(bars))
        return apart
