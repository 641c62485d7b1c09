"""What a crypto venue streams, put together: tickers, trades, books and bars become ours.

Each pair keeps its last price, bid and ask and the running day, so that a trade is handed over as a
whole quote. A tick older than the last one of its pair is dropped, and one that changes nothing too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import BadData
from marketpulse.ports import Put
from marketpulse.sources.ccxt_numbers import instant, ladders, positive, venue_time
from marketpulse.sources.table import bars_of
from marketpulse.types import Book, Interval, Quote

__all__ = ["Tick", "Ticks"]

_DAY = 86_400_000.0  # milliseconds


@dataclass(frozen=True, slots=True)
class Tick:
    """One price as a venue told it.

    Attributes
    ----------
    price : last trade, in the instrument's currency
    time : milliseconds since 1970, at the venue
    bid, ask : best quotes, None where this message has none
    """

    price: float
    time: float
    bid: float | None = None
    ask: float | None = None


@dataclass(slots=True)
class _Pair:
    """What is known of one pair; times in milliseconds since 1970, at the venue."""

    time: float = 0.0
    told: tuple[float | None, ...] = ()
    bid: float | None = None
    ask: float | None = None
    day: Sequence[float] | None = None  # time, open, high, low, close, volume
    sequence: int | None = None
    booked: float = 0.0
    minute: float = 0.0


class Ticks:
    """Takes what was decoded, hands over quotes, books and closed minute bars.

    Parameters
    ----------
    name : of the source
    levels : of a book, on each side
    """

    def __init__(self, name: str, clock: Clock, put: Put, levels: int) -> None:
        self._name = name
        self._clock = clock
        self._put = put
        self._levels = levels
        self._pairs: dict[str, _Pair] = {}

    def tick(self, symbol: str, tick: Tick) -> None:
        """Hand a quote over, unless it is older than the last one or repeats it."""
        pair = self._of(symbol)
        venue_time(self._name, self._clock, tick.time)
        if tick.time < pair.time:
            return
        if tick.bid is not None and tick.ask is not None:
            pair.bid, pair.ask = tick.bid, tick.ask
        day = pair.day if pair.day is not None and 0 <= tick.time - pair.day[0] < _DAY else None
        told = (tick.price, pair.bid, pair.ask, None if day is None else day[5])
        if tick.time == pair.time and told == pair.told:
            return
        pair.time, pair.told = tick.time, told
        self._put(self._quote(symbol, tick, pair, day))

    def _quote(self, symbol: str, tick: Tick, pair: _Pair, day: Sequence[float] | None) -> Quote:
        price = tick.price
        return Quote(
            symbol,
            price=price,
            bid=pair.bid,
            ask=pair.ask,
            volume=None if day is None else day[5],
            time=instant(tick.time),
            received=self._clock.now(),
            source=self._name,
            open=None if day is None else day[1],
            high=None if day is None else max(day[2], price),
            low=None if day is None else min(day[3], price),
        )

    def book(self, symbol: str, bids: Any, asks: Any, time: float, sequence: int | None) -> None:
        """Hand a book over, unless it is the one told before.

        Raises
        ------
        BadData
            It cannot be a book, its number went back, or its time has not come.
        """
        pair = self._of(symbol)
        venue_time(self._name, self._clock, time)
        if sequence is not None and pair.sequence is not None and sequence < pair.sequence:
            raise BadData(f"{self._name}: the order book went back")
        if time < pair.booked or (sequence == pair.sequence and time == pair.booked):
            return
        buy, sell = ladders(self._name, bids[: self._levels], asks[: self._levels], self._levels)
        pair.sequence, pair.booked = sequence, time
        pair.bid, pair.ask = buy[0][0], sell[0][0]
        received = self._clock.now()
        self._put(Book(symbol, buy, sell, instant(time), received, self._name, sequence))

    def day(self, symbol: str, row: Any) -> None:
        """Take the running UTC day: time (ms), open, high, low, close, volume."""
        self._of(symbol).day = self._whole(row)

    def minutes(self, symbol: str, rows: Sequence[Any]) -> None:
        """Hand over each minute that is followed by a later one, once; rows as of ``day``.

        The venue's last word on a minute comes before its first on the next, and each word tells the
        whole minute; so a minute with a successor is closed and complete, whenever we joined it.
        """
        pair = self._of(symbol)
        for row in rows[:-1]:
            if row[0] is not None and row[0] > pair.minute:
                whole = self._whole(row)
                pair.minute = whole[0]
                time = np.array([int(whole[0]) // 1000], dtype=np.int64)
                self._put(bars_of(symbol, Interval.MINUTE, time, np.array([whole[1:]]), self._name))

    def _of(self, symbol: str) -> _Pair:
        return self._pairs.setdefault(symbol, _Pair())

    def _whole(self, row: Any) -> tuple[float, ...]:
        """Check one bar: positive finite prices, the high highest, the low lowest, a volume."""
        names = ("time", "open", "high", "low", "close")
        told = dict(zip((*names, "volume"), row, strict=True))
        time, first, high, low, last = (positive(self._name, told, name) for name in names)
        volume = told["volume"]
        if volume is None or not isfinite(volume) or volume < 0:
            raise BadData(f"{self._name}: a bar has no volume")
        if high < max(first, last, low) or low > min(first, last):
            raise BadData(f"{self._name}: a bar's high or low is not its highest or lowest")
        return time, first, high, low, last, float(volume)
