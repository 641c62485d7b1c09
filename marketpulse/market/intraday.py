"""Minute and hour bars: what streams closed, what the store kept, and what a provider adds when asked.

A reader never waits: it gets what is held, and when that is old, a fetch is begun in the background.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from marketpulse.errors import NoData, ProviderError
from marketpulse.market.cleaning import clean, union
from marketpulse.market.history import empty_bars
from marketpulse.market.kit import Kit
from marketpulse.market.quality import Reference, units
from marketpulse.ports import Capability
from marketpulse.types import Bars, Instrument, Interval

__all__ = ["Intraday"]

_SPAN = {Interval.MINUTE: timedelta(days=5), Interval.HOUR: timedelta(days=30)}
_SECONDS = {Interval.MINUTE: 60.0, Interval.HOUR: 3_600.0}
_ROWS = 5_000  # kept in memory of one instrument and interval
_AGAIN = 60.0  # seconds between two fetches of the same bars

Later = Callable[[Callable[[], float]], None]
"""Runs a job soon in a thread of the schedule."""


class Intraday:
    """Hold and fetch bars shorter than a day; safe from every thread.

    Parameters
    ----------
    later : hands a job to the schedule
    """

    def __init__(self, kit: Kit, later: Later) -> None:
        self._routes = kit.routes
        self._clock = kit.state.clock
        self._board = kit.state.board
        self._keep = kit.keep
        self._isolation = kit.isolation
        self._thrift = kit.thrift
        self._meter = kit.meter
        self._later = later
        self._held: dict[tuple[str, Interval], Bars] = {}
        self._asked: dict[tuple[str, Interval], float] = {}
        self._lock = Lock()

    def serves(self, instrument: Instrument) -> bool:
        """Tell whether anybody offers bars shorter than a day."""
        return self._routes.serves(instrument, Capability.INTRADAY)

    def bars(self, instrument: Instrument, interval: Interval) -> Bars:
        """Return the raw bars held, oldest first, and begin a fetch when they are old."""
        key = (instrument.symbol, interval)
        held = self._held.get(key)
        if held is None:
            restored = self._restored(instrument, interval)
            with self._lock:  # the store is read once, also where it holds nothing
                held = self._held.setdefault(key, restored)
        if not self._current(held) and self._due(key):
            self._later(lambda: self._fetch(instrument, interval))
        return held

    def put(self, bars: Bars) -> None:
        """Take closed bars that a stream handed over, and record them."""
        good, bad, reasons = clean(bars, self._clock.now())
        self._isolation.bars(bad, reasons, None)
        if len(good) and not self._mistaken(good):
            self._add(good)
            self._keep(lambda store: store.save_intraday(good))

    def _mistaken(self, good: Bars) -> bool:
        """Tell whether the newest close is a hundred times off the last good price, and isolate it then."""
        entry = self._board.entry(good.symbol)
        known = None if entry is None else entry.quote.price
        reason = units(float(good.close[-1]), Reference(known))
        if reason:
            self._isolation.bars(good[-1:], (reason,), known)
        return bool(reason)

    def _restored(self, instrument: Instrument, interval: Interval) -> Bars:
        started, now = self._clock.monotonic(), self._clock.now()
        stored = self._keep.store.load_intraday(instrument.symbol, interval, now - _SPAN[interval], now)
        if stored is not None and len(stored):
            self._add(stored)
            if self._current(stored):
                self._thrift.stored(self._clock.monotonic() - started)
        return self._held.get((instrument.symbol, interval)) or empty_bars(
            instrument.symbol, interval=interval
        )

    def _current(self, bars: Bars) -> bool:
        """Tell whether the newest closed bar is among them."""
        if not len(bars):
            return False
        length = _SECONDS[bars.interval]
        return float(bars.time[-1]) + 2.0 * length > self._clock.now().timestamp()

    def _due(self, key: tuple[str, Interval]) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            if now - self._asked.get(key, -_AGAIN) < _AGAIN:
                return False
            self._asked[key] = now
            return True

    def _fetch(self, instrument: Instrument, interval: Interval) -> float:
        """Ask a provider once; the schedule does not repeat it."""
        now, started = self._clock.now(), self._clock.monotonic()
        held = self._held.get((instrument.symbol, interval))
        start = now - _SPAN[interval]
        if held is not None and len(held):
            start = max(start, datetime.fromtimestamp(int(held.time[-1]), UTC))
        try:
            fetched = self._routes.bars(instrument, (start, now), interval)
        except NoData:
            return float("inf")  # nothing has closed since
        except ProviderError as error:
            self._meter.fault("market.bars", f"{instrument.symbol} {interval}: {error}")
            return float("inf")
        self._thrift.fetched(self._clock.monotonic() - started)
        self.put(fetched)
        return float("inf")

    def _add(self, bars: Bars) -> None:
        key = (bars.symbol, bars.interval)
        with self._lock:
            held = self._held.get(key)
            both = bars if held is None else union(held, bars)
            self._held[key] = both[max(0, len(both) - _ROWS) :]
