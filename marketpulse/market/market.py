"""The market as the desk sees it: last good prices, their age, sessions and bars."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from marketpulse.clock import Clock
from marketpulse.errors import ProviderError, Refused
from marketpulse.guard import Chain, FailoverLog, Pool
from marketpulse.market.board import Entry
from marketpulse.market.events import upcoming
from marketpulse.market.freshness import ago, is_stale, patience, tape_age
from marketpulse.market.history import empty_bars, newest, with_hours
from marketpulse.market.live import LiveFeed
from marketpulse.market.pace import Pace
from marketpulse.market.replay import ReplayFeed
from marketpulse.market.reports import Reports
from marketpulse.market.routes import Routes
from marketpulse.market.state import State
from marketpulse.market.store import Store
from marketpulse.meter import Meter
from marketpulse.ports import Capability, Source
from marketpulse.types import (
    Bars,
    Book,
    CorporateAction,
    Feed,
    FeedsView,
    Headline,
    Instrument,
    Interval,
    MarketDatum,
    ProviderHealth,
    Quote,
    SessionInfo,
)
from marketpulse.types.earnings import Upcoming

__all__ = ["Market"]

_SIMULATED = "simulated"
_RUNNING = 125  # minutes that hold the running hour, the one before it, and what a provider is late with
_LENGTH = {Interval.HOUR: timedelta(hours=1), Interval.MINUTE: timedelta(minutes=1)}


class Market:
    """Prices for the loop; every method returns at once.

    Parameters
    ----------
    instruments : by symbol, in the order they are shown
    chains : whom to ask what
    pool : the providers behind the chains
    store : keeps bars, quotes, books and what the guards know over a restart
    feed : on replay everything is computed in the caller's thread; live, a few threads fetch
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        chains: Sequence[Chain[Source]],
        pool: Pool,
        *,
        store: Store,
        clock: Clock,
        feed: Feed,
        meter: Meter,
        log: FailoverLog | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._instruments = dict(instruments)
        self._clock = clock
        self._store = store
        self._pool = pool
        self._state = State(clock)
        self._routes = Routes(chains)
        self._intervals = MappingProxyType({s: self._offered(i) for s, i in self._instruments.items()})
        self._changed: Callable[[], None] = _nothing
        pace = pace or Pace()
        self._replay = self._replaying(pace) if feed is Feed.REPLAY else None
        self._live = self._listening(pace, meter) if feed is Feed.LIVE else None
        self._reports = Reports(pool, log, clock, self._live)

    def _replaying(self, pace: Pace) -> ReplayFeed:
        every = tuple(self._instruments.values())
        return ReplayFeed(every, self._routes, self._state, pace)

    def _listening(self, pace: Pace, meter: Meter) -> LiveFeed:
        return LiveFeed(
            self._instruments,
            self._routes,
            pool=self._pool,
            state=self._state,
            store=self._store,
            meter=meter,
            pace=pace,
            notify=lambda: self._changed(),  # noqa: PLW0108 (who listens is known later)
        )

    def _offered(self, instrument: Instrument) -> tuple[Interval, ...]:
        shorter = self._routes.serves(instrument, Capability.INTRADAY)
        return (Interval.DAY, *_LENGTH) if shorter else (Interval.DAY,)

    def on_change(self, call: Callable[[], None]) -> None:
        """Call ``call`` from whichever thread takes a new price in; it must return at once."""
        self._changed = call

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

    def changed(self) -> Mapping[str, MarketDatum]:
        """Return what is known of the instruments whose line changed since the last call."""
        entries = ((s, self._state.board.entry(s)) for s in self._state.board.changed())
        return {s: self._datum(self._instruments[s], e) for s, e in entries if e is not None}

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
        """Return each provider as its guards see it."""
        return self._pool.health()

    def ask_again(self, provider: str) -> None:
        """Ask a provider again at once, whatever its guards had decided.

        Raises
        ------
        Refused
            UNKNOWN_PROVIDER.
        """
        known = [p.name for p in self._pool.health() if p.state != "not_set"]
        if provider not in known:
            near = difflib.get_close_matches(provider.lower(), known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" There are {', '.join(known)}."
            raise Refused("UNKNOWN_PROVIDER", f"This desk asks no provider of that name.{hint}")
        self._pool.mend(provider)

    def books(self) -> Mapping[str, tuple[Book, ...]]:
        """Return the order books that hold now, the preferred source's first."""
        if self._replay is not None:
            return self._replay.books
        if self._live is None:
            return {}
        found = ((i.symbol, self._live.depth.books(i)) for i in self._instruments.values())
        return MappingProxyType({symbol: books for symbol, books in found if books})

    def headlines(self) -> Mapping[str, tuple[Headline, ...]]:
        """Return the news held, newest first."""
        return self._live.news.headlines if self._live is not None else {}

    def upcoming(self, instrument: Instrument) -> Upcoming:
        """Return what is known of an instrument's next results."""
        now = self._clock.now()
        if self._live is None:
            why = "On a replay no provider tells when results are due: their days would be today's, not the tape's."
            return Upcoming(now=now, why=why)
        heard = self._live.events.heard.get(instrument.symbol)
        return upcoming(instrument, heard, self._state.sessions, now)

    def feeds(self) -> FeedsView:
        """Return failovers, quarantine, budgets and the store for the market page."""
        return self._reports.view()

    def intervals(self) -> Mapping[str, tuple[Interval, ...]]:
        """Return which bars can be had of each instrument, the longest first; it never changes."""
        return self._intervals

    def history(self, symbol: str, interval: Interval, n: int) -> Bars:
        """Return up to ``n`` adjusted bars, the forming one last.

        Raises
        ------
        Refused
            UNKNOWN_SYMBOL, or BAD_REQUEST for an interval nobody offers or ``n`` below 1.
        """
        instrument = self._instrument(symbol)
        if n < 1:
            raise Refused("BAD_REQUEST", "Ask for at least one bar.")
        if interval is Interval.DAY:
            return self._state.history.with_forming(instrument, n)
        if interval not in self._intervals[instrument.symbol]:
            raise Refused("BAD_REQUEST", f"No source offers bars of {interval} for {symbol} on this feed.")
        if interval is Interval.HOUR:
            # two, since the newest closed hour says where the running one began
            bars = with_hours(
                self._closed(instrument, interval, max(n, 2)), self._minutes(instrument, _RUNNING)
            )
        else:
            bars = self._minutes(instrument, n)
        return newest(bars, n).adjust(self._state.history.actions(instrument.symbol))

    def _minutes(self, instrument: Instrument, n: int) -> Bars:
        return self._state.history.with_minutes(self._closed(instrument, Interval.MINUTE, n))

    def _closed(self, instrument: Instrument, interval: Interval, n: int) -> Bars:
        if self._live is not None:
            return newest(self._live.intraday.bars(instrument, interval), n)
        return self._replayed(instrument, interval, n)

    def _replayed(self, instrument: Instrument, interval: Interval, n: int) -> Bars:
        """Ask the tape or the simulator, which answer at once."""
        now = self._clock.market(instrument.calendar)
        period = (now - n * _LENGTH[interval], now)
        try:
            return self._routes.bars(instrument, period, interval)
        except ProviderError:
            return empty_bars(instrument.symbol, interval=interval)

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
        quote, calendar = entry.quote, instrument.calendar
        now, speed = self._clock.market(calendar), self._clock.tape_speed(calendar)
        sessions = self._state.sessions
        session = sessions.info(calendar, now)
        closed = sessions.last_close(calendar, now)
        if speed is not None:
            age = tape_age(quote, now, closed, sessions.opened(calendar, now))
        else:
            age = max(0.0, (now - quote.time).total_seconds())
        limit = patience(instrument.asset_class, speed)
        stale = is_stale(quote, age, session, closed, limit)
        trouble = entry.trouble or (f"{quote.source}: no newer price" if stale else "")
        past = self._state.history.past(instrument.symbol, sessions.day(calendar, quote.time))
        return MarketDatum(
            quote,
            age=age,
            stale=stale,
            session=session.state,
            why=f"{trouble}; last good price {ago(age)} ago" if trouble else "",
            change=quote.price / past.close - 1.0 if past.close else None,
            simulated=quote.source == _SIMULATED,
            spark=(*past.spark, quote.price),
            agreement=entry.agreement,
            witnesses=entry.witnesses,
        )


def _nothing() -> None:
    """Nobody listens yet."""
