"""The market as the desk sees it: last good prices, their age, sessions and daily bars."""

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from marketpulse.clock import Clock
from marketpulse.errors import Refused
from marketpulse.guard import Chain
from marketpulse.market.board import Entry
from marketpulse.market.freshness import ago, is_stale, patience, tape_age
from marketpulse.market.live import LiveFeed
from marketpulse.market.replay import ReplayFeed, desk_time
from marketpulse.market.routes import Routes
from marketpulse.market.sessions import ALWAYS
from marketpulse.market.state import State
from marketpulse.market.store import Store
from marketpulse.meter import Meter
from marketpulse.ports import Source
from marketpulse.types import (
    Bars,
    CorporateAction,
    Feed,
    Instrument,
    Interval,
    MarketDatum,
    ProviderHealth,
    Quote,
    SessionInfo,
)

__all__ = ["Market"]

_SIMULATED = "simulated"


class Market:
    """Prices for the loop; every method returns at once.

    Parameters
    ----------
    instruments : by symbol, in the order they are shown
    chains : whom to ask; an instrument is served by the first chain with a member for its class
    store : keeps bars and last quotes over a restart
    feed : on replay everything is computed in the caller's thread; live, a few threads fetch
    speed : tape seconds per real second on replay
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        chains: Sequence[Chain[Source]],
        *,
        store: Store,
        clock: Clock,
        feed: Feed,
        meter: Meter,
        speed: float = 1.0,
    ) -> None:
        self._instruments = dict(instruments)
        self._clock = clock
        self._speed = speed
        self._store = store
        self._state = State(clock)
        self._routes = Routes(chains)
        all_of_them = tuple(self._instruments.values())
        self._replay = ReplayFeed(all_of_them, self._routes, self._state) if feed is Feed.REPLAY else None
        self._live = (
            LiveFeed(all_of_them, self._routes, self._state, store, meter) if feed is Feed.LIVE else None
        )

    def start(self) -> None:
        """Restore the last run's quotes and bars, and begin to ask."""
        for calendar in sorted({i.calendar for i in self._instruments.values()}):
            self._state.sessions.info(calendar, self._clock.now())
        if self._replay is not None:
            self._replay.refresh()
        if self._live is not None:
            self._live.start()

    def close(self) -> None:
        """Stop asking and keep the last good quotes."""
        if self._live is not None:
            self._live.close()
        else:
            self._store.save_quotes(self._state.board.quotes())

    def poll(self) -> tuple[Quote, ...]:
        """Return the good quotes that are new since the last call, one per instrument."""
        if self._replay is not None:
            self._replay.refresh()
        return self._state.board.drain()

    def data(self) -> Mapping[str, MarketDatum]:
        """Return what is known of every instrument that ever had a good price."""
        entries = ((i, self._state.board.entry(i.symbol)) for i in self._instruments.values())
        return MappingProxyType({i.symbol: self._datum(i, e) for i, e in entries if e is not None})

    def sessions(self) -> Mapping[str, SessionInfo]:
        """Return each calendar's session now."""
        calendars = {i.calendar for i in self._instruments.values()}
        return MappingProxyType(
            {c: self._state.sessions.info(c, self._clock.now()) for c in sorted(calendars)}
        )

    def providers(self) -> tuple[ProviderHealth, ...]:
        """Return each provider as its chain sees it."""
        return tuple(health for chain in self._routes.chains for health in chain.health())

    def history(self, symbol: str, interval: Interval, n: int) -> Bars:
        """Return up to ``n`` adjusted daily bars, the running session's forming bar last.

        Raises
        ------
        Refused
            UNKNOWN_SYMBOL, or BAD_REQUEST for an interval that is not daily or ``n`` below 1.
        """
        instrument = self._instrument(symbol)
        if interval is not Interval.DAY or n < 1:
            raise Refused(
                "BAD_REQUEST", "This desk keeps daily bars: ask for interval 1d and at least one bar."
            )
        return self._state.history.with_forming(instrument, n)

    def bars(self, symbol: str) -> Bars:
        """Return the closed raw daily bars, oldest first; empty when none are known."""
        return self._state.history.raw(self._instrument(symbol).symbol)

    def actions(self, symbol: str) -> tuple[CorporateAction, ...]:
        """Return the known splits and dividends, oldest first."""
        return self._state.history.actions(self._instrument(symbol).symbol)

    def _instrument(self, symbol: str) -> Instrument:
        known = self._instruments.get(symbol)
        if known is None:
            near = difflib.get_close_matches(symbol.upper(), self._instruments, n=2, cutoff=0.4)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise Refused("UNKNOWN_SYMBOL", f"There is no instrument {symbol[:20]!r}.{hint}")
        return known

    def _datum(self, instrument: Instrument, entry: Entry) -> MarketDatum:
        now, quote, calendar = desk_time(self._clock, instrument), entry.quote, instrument.calendar
        session = self._state.sessions.info(calendar, now)
        on_tape = self._replay is not None and calendar != ALWAYS
        closed = self._state.sessions.last_close(calendar, now)
        if on_tape:
            age = tape_age(quote, now, closed, self._state.sessions.opened(calendar, now))
        else:
            age = max(0.0, (now - quote.time).total_seconds())
        limit = patience(instrument.asset_class, self._speed if on_tape else None)
        stale = is_stale(quote, age, session, closed, limit)
        trouble = entry.trouble or (f"{quote.source}: no newer price" if stale else "")
        day = self._state.sessions.day(calendar, quote.time)
        before = self._state.history.previous_close(instrument.symbol, day)
        return MarketDatum(
            quote,
            age=age,
            stale=stale,
            session=session.state,
            why=f"{trouble}; last good price {ago(age)} ago" if trouble else "",
            change=quote.price / before - 1.0 if before else None,
            simulated=quote.source == _SIMULATED,
            spark=(*self._state.history.spark(instrument.symbol, day), quote.price),
        )
