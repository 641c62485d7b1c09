"""The days this desk recorded itself, as a source: what it had at the replay clock's time, nothing later.

It reads a live ``market.db`` and never writes to it. A quote or a book is told from the moment on at which
the desk had received it; a daily bar once its date is over, a shorter one once it has closed. Every answer
says ``recorded``: who said it then is in the file.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from pathlib import Path

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import ConfigError, NoData, NotEntitled, StorageError, Unavailable, UnknownSymbol
from marketpulse.ports import Capability, Limits
from marketpulse.sources.declining import no_events, no_news, no_stream
from marketpulse.storage import MarketStore
from marketpulse.types import AssetClass, Bars, Book, CorporateAction, Instrument, Interval, Quote

__all__ = ["RecordedSource", "recorded_spans"]

_FILE = "market.db"
_PAUSE = timedelta(minutes=10)  # without any quote; longer than this, the replay's clock jumps
_SHORTEST = timedelta(minutes=1)  # a stretch that is worth playing
_AHEAD = timedelta(hours=1)
_ROWS = 100  # quotes read ahead while the clock goes in small steps
_STEP = timedelta(minutes=1)  # the largest such step; further apart, reading one quote is cheaper
_OFFERS = {
    "quotes": Capability.QUOTE,
    "books": Capability.BOOK,
    "actions": Capability.ACTIONS,
    Interval.DAY.value: Capability.BARS,
    Interval.HOUR.value: Capability.INTRADAY,
    Interval.MINUTE.value: Capability.INTRADAY,
}


@dataclass(frozen=True, slots=True)
class _Window:
    """Quotes of one symbol, oldest first, that answer every question from ``asked`` to before ``until``."""

    asked: datetime
    until: datetime
    times: tuple[datetime, ...]
    quotes: tuple[Quote, ...]

    def at(self, now: datetime) -> Quote | None:
        """Return the newest quote that had been received by ``now``."""
        for row in range(bisect_right(self.times, now) - 1, -1, -1):
            if self.quotes[row].received <= now:
                return self.quotes[row]
        return None


class RecordedSource:
    """Play a live desk's own recording by the clock; never touches the network.

    Parameters
    ----------
    clock : the replay's
    folder : holds the ``market.db`` of the live feed

    Raises
    ------
    ConfigError
        There is no recording that this version can read.
    """

    news = no_news
    events = no_events
    stream = no_stream

    def __init__(self, clock: Clock, folder: Path) -> None:
        self._clock = clock
        self._store = _open(folder / _FILE)
        try:
            self._held = self._store.holdings()
            known = self._store.instruments()
        except StorageError as error:
            self._store.close()
            raise ConfigError(f"the recording cannot be read: {error}") from error
        self._symbols = frozenset().union(*self._held.values())
        self._offers = frozenset(
            (_OFFERS[kind], known[symbol].asset_class)
            for kind, symbols in self._held.items()
            for symbol in symbols
            if symbol in known
        )
        self._windows: dict[str, _Window] = {}
        self._daily: dict[str, Bars] = {}

    def close(self) -> None:
        """Close the file; again is harmless."""
        self._store.close()

    @property
    def name(self) -> str:
        """Return ``recorded``."""
        return "recorded"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """What the recording holds of the instruments that the live desk knew."""
        return self._offers

    @property
    def limits(self) -> Limits:
        """Return no limits: everything is on this machine."""
        return Limits(per_minute=inf, deadline=inf)

    def quote(self, instrument: Instrument) -> Quote:
        """Return the newest quote the desk had by now.

        Raises
        ------
        NoData
            It had none yet.
        """
        self._know(instrument, Capability.QUOTE)
        now = self._clock.now()
        window = self._windows.get(instrument.symbol)
        if window is None or not window.asked <= now < window.until:
            window = self._read(instrument.symbol, now, window)
        quote = window.at(now)
        if quote is None:
            raise NoData(f"the recording has no price of {instrument.symbol} yet")
        return replace(quote, source=self.name, received=max(quote.received, quote.time))

    def _read(self, symbol: str, now: datetime, before: _Window | None) -> _Window:
        near = before is not None and timedelta(0) <= now - before.asked and now - before.until < _STEP
        rows = _ROWS if near else 1
        until = now + _AHEAD
        with self._reading():
            quotes = tuple(self._store.quote_window(symbol, now, until, rows))
        times = tuple(q.time for q in quotes)
        if len(quotes) >= rows:  # more may follow at once
            until = max(now, times[-1])
        window = self._windows[symbol] = _Window(now, until, times, quotes)
        return window

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return raw bars from ``start`` that had closed by ``end`` and by the clock.

        Raises
        ------
        NoData
            No bar of the period had closed.
        """
        self._know(instrument, Capability.BARS if interval is Interval.DAY else Capability.INTRADAY)
        until = min(end, self._clock.now())
        with self._reading():
            if interval is Interval.DAY:
                found = self._days(instrument.symbol)
            else:
                found = self._store.load_intraday(instrument.symbol, interval, start, until)
        if found is not None:
            found = found.until(until)
            found = found[int(np.searchsorted(found.time, start.timestamp())) :]
        if found is None or not len(found):
            raise NoData(f"the recording has no closed bar of {instrument.symbol} in the period")
        return replace(found, source=self.name)

    def _days(self, symbol: str) -> Bars | None:
        if symbol not in self._daily:
            loaded = self._store.load_bars(symbol, Interval.DAY)
            if loaded is None:
                return None
            self._daily[symbol] = loaded
        return self._daily[symbol]

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Return splits and dividends in force in the period and by the clock's date."""
        self._know(instrument)
        last = min(end, self._clock.now()).date()
        with self._reading():
            found = self._store.load_actions(instrument.symbol)
        return tuple(a for a in found if start.date() <= a.day <= last)

    def book(self, instrument: Instrument, depth: int) -> Book:
        """Return the best levels of the newest order book the desk had by now, as many as it kept.

        Raises
        ------
        NoData
            It had none yet.
        """
        self._know(instrument, Capability.BOOK)
        with self._reading():
            book = self._store.book_at(instrument.symbol, self._clock.now())
        if book is None:
            raise NoData(f"the recording has no order book of {instrument.symbol} yet")
        return replace(
            book,
            bids=book.bids[:depth],
            asks=book.asks[:depth],
            received=max(book.received, book.time),
            source=self.name,
        )

    def _know(self, instrument: Instrument, wanted: Capability | None = None) -> None:
        if instrument.symbol not in self._symbols:
            raise UnknownSymbol(f"the recording has no {instrument.symbol}")
        if wanted is not None and (wanted, instrument.asset_class) not in self._offers:
            raise NotEntitled(f"the recording has no {wanted} of any {instrument.asset_class}")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except StorageError as error:
            raise Unavailable(f"{self.name}: {error}") from error


def recorded_spans(path: Path) -> list[tuple[datetime, datetime]]:
    """Return from when to when the live ``market.db`` at ``path`` has prices, oldest first.

    These are a ReplayClock's sessions: a pause of more than ten minutes without any quote ends one, and what
    is shorter than a minute is left out.

    Raises
    ------
    ConfigError
        There is no recording that this version can read.
    """
    store = _open(path)
    try:
        return [(first, last) for first, last in store.listened(_PAUSE) if last - first >= _SHORTEST]
    except StorageError as error:
        raise ConfigError(f"the recording cannot be read: {error}") from error
    finally:
        store.close()


def _open(path: Path) -> MarketStore:
    try:
        return MarketStore.read_only(path)
    except StorageError as error:
        raise ConfigError(
            f"there is no recording to play ({error}); the desk records on a live feed"
        ) from error
