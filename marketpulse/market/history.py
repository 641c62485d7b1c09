"""Bars in memory: closed days as fetched, and the forming day and minutes from what was seen."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from threading import Lock

import numpy as np

from marketpulse.types import Bars, CorporateAction, Instrument, Interval, Quote

__all__ = ["Forming", "History", "Past", "empty_bars", "newest", "with_hours"]

_SPARK = 30
_SIGMA_BARS = 60
_FEWEST = 10
_MINUTE, _HOUR = 60, 3_600  # seconds
_MINUTES = 5  # kept: a provider that is asked once a minute tells a closed bar up to three minutes late


def empty_bars(symbol: str, source: str = "", interval: Interval = Interval.DAY) -> Bars:
    """Return bars without rows."""
    none = np.empty(0)
    return Bars(symbol, interval, np.empty(0, np.int64), none, none, none, none, none, source)


def _stamp(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Forming:
    """The running session's bar so far, raw; ``volume`` in units, 0 where the source gives none."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float

    @classmethod
    def of(cls, quote: Quote, day: date, before: "Forming | None") -> "Forming":
        """Work a good quote into the day's bar, with the source's own day range where it has one."""
        same = before is not None and before.day == day
        lows = [x for x in (quote.price, quote.low, before.low if before and same else None) if x is not None]
        highs = [
            x for x in (quote.price, quote.high, before.high if before and same else None) if x is not None
        ]
        seen = before.open if before is not None and same else quote.price
        volume = before.volume if before is not None and same else 0.0
        return cls(
            day,
            open=quote.open if quote.open is not None else seen,
            high=max(highs),
            low=min(lows),
            close=quote.price,
            volume=quote.volume if quote.volume is not None else volume,
        )


@dataclass(slots=True)
class _Minute:
    """What was seen in one minute, raw; changed in place, since every quote comes by here.

    Attributes
    ----------
    time : seconds since 1970 UTC, the minute's beginning
    """

    time: int
    open: float
    high: float
    low: float
    close: float
    source: str


@dataclass(frozen=True, slots=True)
class Past:
    """What the closed bars before ``day`` say of a price on that day.

    Attributes
    ----------
    close : adjusted close of the session before, None when unknown
    sigma : standard deviation of daily log returns, 0 when unknown
    spark : the last thirty adjusted closes, oldest first
    """

    day: date
    close: float | None
    sigma: float
    spark: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """One instrument's memory; ``base`` is the closed bars adjusted as of ``base_day``."""

    raw: Bars
    actions: tuple[CorporateAction, ...]
    base: Bars | None = None
    base_day: date | None = None
    past: Past | None = None


class History:
    """Closed bars, actions and forming bars of all instruments; safe from every thread."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._forming: dict[str, Forming] = {}
        self._minutes: dict[str, deque[_Minute]] = {}
        self._lock = Lock()

    def put(self, bars: Bars, actions: Sequence[CorporateAction]) -> None:
        """Replace the closed raw bars and the actions of one instrument."""
        with self._lock:
            self._held[bars.symbol] = _Held(bars, tuple(actions))

    def saw(self, quote: Quote, day: date) -> None:
        """Work a good quote into the forming bars of its session and of its minute."""
        with self._lock:
            self._saw_minute(quote)
            before = self._forming.get(quote.symbol)
            if before is None or before.day <= day:
                self._forming[quote.symbol] = Forming.of(quote, day, before)

    def _saw_minute(self, quote: Quote) -> None:
        minutes = self._minutes.get(quote.symbol)
        if minutes is None:
            minutes = self._minutes[quote.symbol] = deque(maxlen=_MINUTES)
        time, price = int(quote.time.timestamp()) // _MINUTE * _MINUTE, quote.price
        last = minutes[-1] if minutes else None
        if last is None or time > last.time:
            minutes.append(_Minute(time, price, price, price, price, quote.source))
        elif time == last.time:
            last.close = price
            if price > last.high:
                last.high = price
            elif price < last.low:
                last.low = price

    def raw(self, symbol: str) -> Bars:
        """Return the closed raw bars, oldest first; empty when none are known."""
        held = self._held.get(symbol)
        return held.raw if held else empty_bars(symbol)

    def actions(self, symbol: str) -> tuple[CorporateAction, ...]:
        """Return the known splits and dividends, oldest first."""
        held = self._held.get(symbol)
        return held.actions if held else ()

    def forming(self, symbol: str) -> Forming | None:
        """Return the bar of the newest session seen, while no closed bar covers it."""
        forming = self._forming.get(symbol)
        last = self.raw(symbol).last_day()
        return forming if forming and (last is None or forming.day > last) else None

    def adjusted(self, symbol: str, day: date) -> Bars:
        """Return the closed bars before ``day``, adjusted for all actions in force on ``day``."""
        held = self._held.get(symbol)
        if held is None:
            return empty_bars(symbol)
        base = held.base if held.base_day == day else None
        if base is None:
            closed = held.raw[: int(np.searchsorted(held.raw.time, _stamp(day)))]
            # A row for the day itself lets its own split or dividend reach the past.
            whole = _append(closed, _stamp(day), (1.0, 1.0, 1.0, 1.0, 0.0)).adjust(held.actions)
            base = whole[:-1]
            with self._lock:
                if self._held.get(symbol) is held:
                    self._held[symbol] = replace(held, base=base, base_day=day)
        return base

    def with_forming(self, instrument: Instrument, n: int) -> Bars:
        """Return up to ``n`` adjusted bars, the forming one last where there is one."""
        symbol = instrument.symbol
        forming = self.forming(symbol)
        if forming is None:
            last = self.raw(symbol).last_day()
            return empty_bars(symbol) if last is None else newest(self._whole(symbol), n)
        past = newest(self.adjusted(symbol, forming.day), n - 1)
        row = (forming.open, forming.high, forming.low, forming.close, forming.volume)
        return _append(past, _stamp(forming.day), row)

    def with_minutes(self, closed: Bars) -> Bars:
        """Return closed raw minutes with those seen after the newest of them, the running one last.

        What was seen has no volume of its own: 0.
        """
        after = int(closed.time[-1]) if len(closed) else -1
        with self._lock:
            seen = [m for m in self._minutes.get(closed.symbol, ()) if m.time > after]
            rows = [(m.open, m.high, m.low, m.close, 0.0) for m in seen]
        bars = replace(closed, source=closed.source or seen[-1].source) if seen else closed
        for minute, row in zip(seen, rows, strict=True):
            bars = _append(bars, minute.time, row)
        return bars

    def _whole(self, symbol: str) -> Bars:
        held = self._held[symbol]
        return held.raw.adjust(held.actions)

    def past(self, symbol: str, day: date) -> Past:
        """Return the session before ``day`` in numbers; kept, since every quote asks for it."""
        held = self._held.get(symbol)
        if held is not None and held.past is not None and held.past.day == day:
            return held.past
        closes = self.adjusted(symbol, day).close
        returns = np.diff(np.log(closes[-_SIGMA_BARS:]))
        past = Past(
            day,
            close=float(closes[-1]) if len(closes) else None,
            sigma=float(np.std(returns)) if len(returns) >= _FEWEST else 0.0,
            spark=tuple(closes[-_SPARK:].tolist()),
        )
        with self._lock:
            if (now := self._held.get(symbol)) is not None and held is not None and now.raw is held.raw:
                self._held[symbol] = replace(now, past=past)
        return past


def newest(bars: Bars, n: int) -> Bars:
    """Return the last ``n`` of ``bars``, or all where there are fewer."""
    return bars[max(0, len(bars) - n) :]


def with_hours(hours: Bars, minutes: Bars) -> Bars:
    """Return closed raw hours with the running one last, and with the one before while it is not told.

    Both are made of ``minutes`` and begin where the closed ones would: some markets' hours begin at half past.
    """
    if not len(hours) or not len(minutes):
        return hours
    last = int(hours.time[-1])
    running = last + (int(minutes.time[-1]) - last) // _HOUR * _HOUR
    bars = hours
    for start in (running - _HOUR, running):
        first, end = np.searchsorted(minutes.time, (start, start + _HOUR))
        if start > last and first < end:
            part = minutes[slice(first, end)]
            high, low, volume = float(part.high.max()), float(part.low.min()), float(part.volume.sum())
            bars = _append(bars, start, (float(part.open[0]), high, low, float(part.close[-1]), volume))
    return bars


def _append(bars: Bars, time: int, row: tuple[float, float, float, float, float]) -> Bars:
    """Return ``bars`` with one more row of open, high, low, close, volume."""
    return replace(
        bars,
        time=np.append(bars.time, np.int64(time)),
        open=np.append(bars.open, row[0]),
        high=np.append(bars.high, row[1]),
        low=np.append(bars.low, row[2]),
        close=np.append(bars.close, row[3]),
        volume=np.append(bars.volume, row[4]),
    )
