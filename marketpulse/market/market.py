"""The market as the desk sees it: last good prices, their age, sessions and daily bars."""

import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from marketpulse.clock import Clock
from marketpulse.errors import NoData, ProviderError, Refused
from marketpulse.guard import Chain
from marketpulse.market.board import Board, Entry
from marketpulse.market.freshness import ago, is_stale, patience
from marketpulse.market.history import History
from marketpulse.market.sessions import ALWAYS, Sessions
from marketpulse.market.store import Store
from marketpulse.meter import Meter
from marketpulse.ports import Capability, Source
from marketpulse.types import (
    AssetClass,
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

_START = datetime(1990, 1, 1, tzinfo=UTC)
_PAIR_DAYS = timedelta(days=520)  # enough for 500 daily returns
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
        self._chains = tuple(chains)
        self._store = store
        self._clock = clock
        self._feed = feed
        self._meter = meter
        self._speed = speed
        self._sessions = Sessions()
        self._board = Board()
        self._history = History()
        self._caught_up: dict[str, object] = {}

    def start(self) -> None:
        """Restore the last run's quotes and bars, and begin to ask."""
        for calendar in sorted({i.calendar for i in self._instruments.values()}):
            self._sessions.info(calendar, self._clock.now())
        if self._feed is Feed.REPLAY:
            self._compute()

    def close(self) -> None:
        """Stop asking and keep the last good quotes."""
        self._store.save_quotes(self._board.quotes())

    def poll(self) -> tuple[Quote, ...]:
        """Return the good quotes that are new since the last call, one per instrument."""
        if self._feed is Feed.REPLAY:
            self._compute()
        return self._board.drain()

    def data(self) -> Mapping[str, MarketDatum]:
        """Return what is known of every instrument that ever had a good price."""
        entries = ((i, self._board.entry(i.symbol)) for i in self._instruments.values())
        return MappingProxyType({i.symbol: self._datum(i, e) for i, e in entries if e is not None})

    def sessions(self) -> Mapping[str, SessionInfo]:
        """Return each calendar's session now."""
        calendars = {i.calendar for i in self._instruments.values()}
        return MappingProxyType({c: self._sessions.info(c, self._clock.now()) for c in sorted(calendars)})

    def providers(self) -> tuple[ProviderHealth, ...]:
        """Return each provider as its chain sees it."""
        return tuple(health for chain in self._chains for health in chain.health())

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
        return self._history.with_forming(instrument, n)

    def bars(self, symbol: str) -> Bars:
        """Return the closed raw daily bars, oldest first; empty when none are known."""
        return self._history.raw(self._instrument(symbol).symbol)

    def actions(self, symbol: str) -> tuple[CorporateAction, ...]:
        """Return the known splits and dividends, oldest first."""
        return self._history.actions(self._instrument(symbol).symbol)

    def _instrument(self, symbol: str) -> Instrument:
        known = self._instruments.get(symbol)
        if known is None:
            near = difflib.get_close_matches(symbol.upper(), self._instruments, n=2, cutoff=0.4)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise Refused("UNKNOWN_SYMBOL", f"There is no instrument {symbol[:20]!r}.{hint}")
        return known

    def _now(self, instrument: Instrument) -> datetime:
        """The time an instrument lives by: simulated pairs keep to the wall clock on a replay."""
        return self._clock.wall() if instrument.calendar == ALWAYS else self._clock.now()

    def _datum(self, instrument: Instrument, entry: Entry) -> MarketDatum:
        now, quote, calendar = self._now(instrument), entry.quote, instrument.calendar
        session = self._sessions.info(calendar, now)
        age = max(0.0, (now - quote.time).total_seconds())
        on_tape = self._feed is Feed.REPLAY and calendar != ALWAYS
        limit = patience(instrument.asset_class, self._speed if on_tape else None)
        stale = is_stale(quote, now, session, self._sessions.last_close(calendar, now), limit)
        trouble = entry.trouble or (f"{quote.source}: no newer price" if stale else "")
        day = self._sessions.day(calendar, quote.time)
        before = self._history.previous_close(instrument.symbol, day)
        return MarketDatum(
            quote,
            age=age,
            stale=stale,
            session=session.state,
            why=f"{trouble}; last good price {ago(age)} ago" if trouble else "",
            change=quote.price / before - 1.0 if before else None,
            simulated=quote.source == _SIMULATED,
            spark=(*self._history.spark(instrument.symbol, day), quote.price),
        )

    def _chain(self, instrument: Instrument, capability: Capability) -> Chain[Source]:
        wanted = (capability, instrument.asset_class)
        for chain in self._chains:
            if any(wanted in member.capabilities for member in chain.members):
                return chain
        msg = f"no provider has {capability} of {instrument.symbol}"
        raise NoData(msg)

    def _compute(self) -> None:
        """Replay: bring bars and quotes up to the clock's now."""
        for instrument in self._instruments.values():
            with suppress(NoData):  # a share that is listed today has no closed bar yet
                self._catch_up(instrument)
            try:
                self._accept(instrument, self._ask(instrument))
            except NoData:
                continue  # not listed yet on the tape's day
            except ProviderError as error:
                self._board.trouble(instrument.symbol, str(error))

    def _ask(self, instrument: Instrument) -> Quote:
        return self._chain(instrument, Capability.QUOTE).call(lambda source: source.quote(instrument))

    def _catch_up(self, instrument: Instrument) -> None:
        """Replay: take the bars and actions that a newly closed session added."""
        now = self._now(instrument)
        state = (
            self._sessions.last_closed(instrument.calendar, now),
            self._sessions.day(instrument.calendar, now),
        )
        if self._caught_up.get(instrument.symbol) == state:
            return
        self._caught_up[instrument.symbol] = state
        pair = instrument.asset_class is AssetClass.CRYPTO
        start = now - _PAIR_DAYS if pair else _START
        chain = self._chain(instrument, Capability.BARS)
        bars = chain.call(lambda source: source.bars(instrument, Interval.DAY, start, now))
        actions = () if pair else chain.call(lambda source: source.actions(instrument, start, now))
        self._history.put(bars, actions)

    def _accept(self, instrument: Instrument, quote: Quote) -> None:
        """Put a quote on the board and into its session's bar."""
        if self._board.put(quote):
            self._history.saw(quote, self._sessions.day(instrument.calendar, quote.time))
