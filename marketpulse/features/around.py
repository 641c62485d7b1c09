"""What stands beside an instrument: the market, the other instruments of the day, its order book."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketpulse.features import formulas
from marketpulse.features.indicators import ewma_sigma
from marketpulse.types import Bars, Book, FloatArray, Interval

__all__ = [
    "ALONE",
    "SECONDS",
    "Around",
    "Depth",
    "around",
    "closes_at",
    "depth",
    "ranks",
    "sound",
    "sound_rows",
]

_DAY = 86_400
SECONDS = {Interval.DAY: _DAY, Interval.HOUR: 3_600, Interval.MINUTE: 60}
"""How long a bar lasts."""
_OLDEST_MARKET = 4 * _DAY
"""A market's bar older than a long weekend says nothing about today."""
_RANKED = 21
_FEWEST_RANKED = 3
_NONE = np.empty(0, dtype=np.int64)
_NOTHING = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The market and the cross-section, computed once for all instruments.

    Attributes
    ----------
    market : int64 seconds since 1970, when each bar of the benchmark closed, oldest first
    level : log close of the benchmark at each
    moved : its 5-bar return in units of its own expected size
    ranked : by symbol, when its bars closed and the rank of its 21-bar return on that date
    """

    market: NDArray[np.int64]
    level: FloatArray
    moved: FloatArray
    ranked: Mapping[str, tuple[NDArray[np.int64], FloatArray]]

    def known(self, closed: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """``level`` and ``moved`` as known at each moment; NaN where the newest is over 4 days old."""
        if not len(self.market):
            return np.full(closed.shape, np.nan), np.full(closed.shape, np.nan)
        row = np.searchsorted(self.market, closed, side="right") - 1
        newest = np.maximum(row, 0)
        fresh = (row >= 0) & (closed - self.market[newest] <= _OLDEST_MARKET)
        return np.where(fresh, self.level[newest], np.nan), np.where(fresh, self.moved[newest], np.nan)

    def rank(self, symbol: str, closed: NDArray[np.int64]) -> FloatArray:
        """The rank of ``symbol`` at each moment, NaN where it was not ranked."""
        at, values = self.ranked.get(symbol, (_NONE, _NOTHING))
        if not len(at):
            return np.full(len(closed), np.nan)
        row = np.minimum(np.searchsorted(at, closed), len(at) - 1)
        return np.where(at[row] == closed, values[row], np.nan)


ALONE = Around(_NONE, _NOTHING, _NOTHING, MappingProxyType({}))
"""No benchmark and nobody to be compared with."""


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """What recorded order books of one instrument said, oldest first.

    Attributes
    ----------
    time : int64 seconds since 1970, when each was received
    spread : best ask less best bid, a fraction of the mid
    imbalance : (bid units - ask units) / (their sum) over ten levels, -1 to 1
    """

    time: NDArray[np.int64]
    spread: FloatArray
    imbalance: FloatArray

    def newest(self, opened: NDArray[np.int64], closed: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Spread and imbalance of the last book received within each bar; NaN where there was none."""
        if not len(self.time):
            return np.full(len(closed), np.nan), np.full(len(closed), np.nan)
        row = np.searchsorted(self.time, closed, side="left") - 1
        last = np.maximum(row, 0)
        within = (row >= 0) & (self.time[last] >= opened)
        return np.where(within, self.spread[last], np.nan), np.where(within, self.imbalance[last], np.nan)


def depth(books: Iterable[Book]) -> Depth:
    """Read recorded order books of one instrument, in whatever order they come."""
    rows = sorted((int(b.received.timestamp()), b.spread / b.mid, b.imbalance()) for b in books)
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    return Depth(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])


def around(benchmark: Bars | None, panel: Mapping[str, Bars]) -> Around:
    """Look at the market and the panel once, for every instrument's table.

    Parameters
    ----------
    benchmark : adjusted bars of the market, or None
    panel : adjusted bars by symbol of those that are ranked against each other; one kind of asset,
        since bars are compared by the moment they closed
    """
    if benchmark is None:
        market, level, moved = _NONE, _NOTHING, _NOTHING
    else:
        clean = sound(benchmark)
        market, level = closes_at(clean), np.log(clean.close)
        moved = formulas.momentum(clean.close, ewma_sigma(clean.close), 5)
    return Around(market, level, moved, MappingProxyType(ranks(panel)))


def ranks(panel: Mapping[str, Bars]) -> dict[str, tuple[NDArray[np.int64], FloatArray]]:
    """Rank each instrument's 21-bar return among those with a bar that closed at the same moment.

    Units
    -----
    Between -0.5 (the least) and 0.5 (the most): ``(rank - 0.5) / n - 0.5``, equals share their mean
    rank; NaN where fewer than three are ranked. Moments in seconds since 1970.

    References
    ----------
    Jegadeesh, Titman (1993), Returns to buying winners and selling losers: ranked past returns.

    Examples
    --------
    >>> ranks({})
    {}
    """
    seen = {}
    for symbol, bars in panel.items():
        clean = sound(bars)
        moved = np.full(len(clean), np.nan)
        moved[_RANKED:] = np.log(clean.close[_RANKED:] / clean.close[:-_RANKED])
        seen[symbol] = (closes_at(clean), np.where(np.abs(moved) < 1e-12, 0.0, moved))  # noqa: PLR2004 - rounding
    if not seen:
        return {}
    moments = np.unique(np.concatenate([at for at, _ in seen.values()]))
    wide = np.full((len(moments), len(seen)), np.nan)
    for column, (at, moved) in enumerate(seen.values()):
        wide[np.searchsorted(moments, at), column] = moved
    count = np.isfinite(wide).sum(axis=1, keepdims=True)
    place = pd.DataFrame(wide).rank(axis=1).to_numpy(dtype=np.float64)
    shares = np.where(count >= _FEWEST_RANKED, (place - 0.5) / np.maximum(count, 1) - 0.5, np.nan)
    return {
        symbol: (at, shares[np.searchsorted(moments, at), column])
        for column, (symbol, (at, _)) in enumerate(seen.items())
    }


def closes_at(bars: Bars) -> NDArray[np.int64]:
    """When each bar closed, seconds since 1970: a daily bar when its date is over, whatever hour it names."""
    if bars.interval is Interval.DAY:
        return bars.time // _DAY * _DAY + _DAY
    return bars.time + SECONDS[bars.interval]


def sound_rows(bars: Bars) -> NDArray[np.bool_]:
    """Which bars have finite and positive prices."""
    # The least and the greatest of a bar's prices; NaN stays NaN, which is neither.
    least = np.minimum(np.minimum(bars.open, bars.high), np.minimum(bars.low, bars.close))
    most = np.maximum(np.maximum(bars.open, bars.high), np.maximum(bars.low, bars.close))
    return np.asarray((least > 0.0) & (most < np.inf))


def sound(bars: Bars) -> Bars:
    """Only the bars whose prices are finite and positive."""
    keep = sound_rows(bars)
    if keep.all():
        return bars
    return replace(
        bars,
        time=bars.time[keep],
        open=bars.open[keep],
        high=bars.high[keep],
        low=bars.low[keep],
        close=bars.close[keep],
        volume=bars.volume[keep],
    )
