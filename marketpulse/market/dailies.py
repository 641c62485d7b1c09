"""Daily bars of a live feed: from the store when it is up to date, else from whoever answers.

Held are raw prices of one provider per instrument. Another provider's bars are taken over only when
they agree with what is held on the days both have; a shorter answer adds its newer days and never
shortens the history, and the source of such bars names both (``yahoo+alpaca``).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from marketpulse.clock import ALWAYS
from marketpulse.errors import ProviderError, UnknownSymbol
from marketpulse.market.cleaning import clean, disagreement, unexplained_splits, union, unmoved
from marketpulse.market.kit import Kit
from marketpulse.types import Bars, CorporateAction, Instrument, Interval, SessionState

__all__ = ["Dailies"]

_UNKNOWN = 300.0  # seconds before a symbol that nobody knew is asked for again
_RETRY = 60.0  # seconds after a failed request
_LAG = 600.0  # seconds while the newest closed session is still missing
_SETTLE = {True: 60.0, False: 1200.0}  # seconds from the close to final bars: pairs, shares
_OPENED = 120.0  # seconds from the open until today's split or dividend is asked for
_SPAN = {True: timedelta(days=1000), False: timedelta(days=3600)}
_MOVED = 0.2  # of a close that was held: raw prices of the past do not change
_MANY = 0.1  # of an answer's days; when more of them moved, the whole answer is in another unit
_AGREE = 0.005  # median difference of closes up to which two providers tell the same bars


class Dailies:
    """Keep the closed daily bars of all instruments current; called from the schedule's threads."""

    def __init__(self, kit: Kit) -> None:
        self._routes = kit.routes
        self._clock = kit.state.clock
        self._sessions = kit.state.sessions
        self._history = kit.state.history
        self._keep = kit.keep
        self._isolation = kit.isolation
        self._thrift = kit.thrift
        self._meter = kit.meter
        self._suspect: dict[str, str] = {}

    def restore(self, instrument: Instrument) -> float:
        """Take what the store holds; return the seconds until a provider should be asked."""
        started = self._clock.monotonic()
        bars = self._keep.store.load_bars(instrument.symbol, Interval.DAY)
        if bars is None:
            return 0.5
        self._history.put(bars, self._keep.store.load_actions(instrument.symbol))
        now = self._clock.now()
        if not self._current(instrument, bars, now):
            return 0.5
        self._thrift.stored(self._clock.monotonic() - started)
        session = self._sessions.info(instrument.calendar, now)
        if session.state is SessionState.OPEN and instrument.calendar != ALWAYS:
            return _OPENED  # a split of today is known to a provider only
        return self._next(instrument, now)

    def ask(self, instrument: Instrument) -> float:
        """Fetch closed bars and actions; return the seconds until the next question."""
        now, started = self._clock.now(), self._clock.monotonic()
        period = (now - _SPAN[instrument.calendar == ALWAYS], now)
        doubted = self._suspect.get(instrument.symbol, "")
        try:
            fetched = self._routes.bars(instrument, period, skip=(doubted,) if doubted else ())
            actions = self._routes.actions(instrument, period)
        except ProviderError as error:
            self._suspect.pop(instrument.symbol, None)
            self._meter.fault("market.bars", f"{instrument.symbol}: {error}")
            return _UNKNOWN if isinstance(error, UnknownSymbol) else _RETRY
        self._thrift.fetched(self._clock.monotonic() - started)
        good, bad, reasons = clean(fetched, now)
        self._isolation.bars(bad, reasons, self._held_close(instrument))
        if not len(good) or not self._believed(instrument, good, actions, doubted):
            return _RETRY
        bars = self._merge(self._history.raw(instrument.symbol), good)
        if bars is None:
            return _RETRY
        self._history.put(bars, actions)
        self._keep(lambda store: store.save_bars(bars))
        self._keep(lambda store: store.save_actions(instrument.symbol, actions))
        return self._next(instrument, now) if self._current(instrument, bars, now) else _LAG

    def _believed(
        self, instrument: Instrument, good: Bars, actions: Sequence[CorporateAction], doubted: str
    ) -> bool:
        """Doubt bars that look unadjusted for a split, until a second provider shows the same."""
        rows = unexplained_splits(good, actions)
        if not rows or doubted:
            self._suspect.pop(instrument.symbol, None)
            return True
        if not self._routes.second(instrument, good.source):
            return True  # nobody else can be asked: a fall by half does happen
        self._suspect[instrument.symbol] = good.source
        odd = good[rows[-1] : rows[-1] + 1]
        reason = "looks like a split that no action explains; held until a second source agrees"
        self._isolation.bars(odd, (reason,), self._held_close(instrument))
        return False

    def _merge(self, held: Bars, good: Bars) -> Bars | None:
        """Join what is held and what came; None when two providers tell different prices."""
        if not len(held) or good.source == held.source.partition("+")[0]:
            still, far = unmoved(held, good, _MOVED)
            if len(far):
                reason = f"{len(far)} closes are more than {_MOVED:.0%} off those held before, which stay"
                self._isolation.bars(far[-1:], (reason,), float(held.close[-1]))
            if len(far) > _MANY * len(good):
                return None
            both = union(held, still)
            return replace(both, source=held.source) if len(held) and held.time[-1] > good.time[-1] else both
        apart = disagreement(held, good)
        if apart is not None and apart > _AGREE:
            reason = f"closes {apart:.1%} off those held from {held.source}; they are not mixed"
            self._isolation.bars(good[-1:], (reason,), float(held.close[-1]))
            return None
        if good.time[0] <= held.time[0]:
            return good
        newer = good[int(np.searchsorted(good.time, held.time[-1], side="right")) :]
        if apart is None or not len(newer):
            return held
        return replace(union(held, newer), source=f"{held.source.partition('+')[0]}+{good.source}")

    def _held_close(self, instrument: Instrument) -> float | None:
        held = self._history.raw(instrument.symbol)
        return float(held.close[-1]) if len(held) else None

    def _current(self, instrument: Instrument, bars: Bars, now: datetime) -> bool:
        last = bars.last_day()
        return last is not None and last >= self._sessions.last_closed(instrument.calendar, now)

    def _next(self, instrument: Instrument, now: datetime) -> float:
        """Return the seconds until the next bar is final, or until the next open tells new actions."""
        settles = self._sessions.next_close(instrument.calendar, now)
        wait = (settles - now).total_seconds() + _SETTLE[instrument.calendar == ALWAYS]
        session = self._sessions.info(instrument.calendar, now)
        if session.state is SessionState.CLOSED and session.changes is not None:
            return min(wait, (session.changes - now).total_seconds() + _OPENED)
        return wait
