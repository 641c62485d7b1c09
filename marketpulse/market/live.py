"""Live: a few threads ask the chains again and again; what passes the gate goes on the board."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from marketpulse.errors import NoData, ProviderError, StorageError, UnknownSymbol
from marketpulse.market.cleaning import clean, union
from marketpulse.market.freshness import CADENCE
from marketpulse.market.quality import Gate, Reference
from marketpulse.market.routes import Routes
from marketpulse.market.schedule import Schedule
from marketpulse.market.sessions import ALWAYS
from marketpulse.market.state import State
from marketpulse.market.store import Store
from marketpulse.meter import Meter
from marketpulse.ports import Capability
from marketpulse.types import Bars, Instrument, Interval, Quote, SessionState

__all__ = ["LiveFeed"]

_THREADS = 4  # per chain, so that one hanging provider never starves another
_CLOSED = 60.0  # seconds between questions while the exchange is closed
_UNKNOWN = 300.0  # seconds before a symbol the provider never knew is asked for again
_FORGOTTEN = 60.0  # the same, for a symbol it did know: an outage may look like this
_RETRY = 60.0  # seconds after a failed request for bars
_SAVE = 15.0  # seconds between two saves of the last quotes
_SETTLE = {True: 60.0, False: 1200.0}  # seconds from the close to final bars: pairs, shares
_SPAN = {True: timedelta(days=1000), False: timedelta(days=3600)}
_ONE_REASON = 60.0  # seconds between two quarantined quotes of one instrument
_ROWS = 20  # bad bars quarantined per fetch


class LiveFeed:
    """Refresh board and history in the background; nothing here is called by the loop."""

    def __init__(
        self, instruments: Iterable[Instrument], routes: Routes, state: State, store: Store, meter: Meter
    ) -> None:
        self._instruments = {i.symbol: i for i in instruments}
        self._routes = routes
        self._clock = state.clock
        self._sessions = state.sessions
        self._board = state.board
        self._history = state.history
        self._store = store
        self._meter = meter
        self._gates = {symbol: Gate() for symbol in self._instruments}
        self._quarantined: dict[str, float] = {}
        self._saved: dict[str, Quote] = {}
        self._closed = False
        self.schedules = tuple(Schedule(chain.name, state.clock, meter) for chain in routes.chains)

    def start(self, threads: int = _THREADS) -> None:
        """Restore what the last run knew, and begin to ask."""
        self._restore()
        for schedule, chain in zip(self.schedules, self._routes.chains, strict=True):
            for instrument in self._instruments.values():
                if self._serves(chain, instrument, Capability.QUOTE):
                    schedule.add(partial(self._ask_quote, instrument))
                if self._serves(chain, instrument, Capability.BARS):
                    schedule.add(partial(self._ask_bars, instrument), 0.5)
            schedule.start(threads)
        if self.schedules:
            self.schedules[0].add(self._save, _SAVE)

    def close(self) -> None:
        """Stop asking and keep the last good quotes."""
        for schedule in self.schedules:
            schedule.close()
        self._save()
        self._closed = True  # a vendor's late answer finds the store closed

    def _serves(self, chain: object, instrument: Instrument, capability: Capability) -> bool:
        try:
            return self._routes.chain(instrument, capability) is chain
        except NoData:
            return False

    def _restore(self) -> None:
        for symbol, quote in self._store.last_quotes().items():
            if symbol in self._instruments:
                self._board.restore(quote)
        for symbol in self._instruments:
            bars = self._store.load_bars(symbol, Interval.DAY)
            if bars is not None:
                self._history.put(bars, self._store.load_actions(symbol))

    def _save(self) -> float:
        fresh = [q for q in self._board.quotes() if self._saved.get(q.symbol) is not q]
        if self._keep(lambda: self._store.save_quotes(fresh)):
            self._saved |= {q.symbol: q for q in fresh}
        return _SAVE

    def _keep(self, write: Callable[[], None]) -> bool:
        """Write to the store; a full disk stops no prices."""
        if self._closed:
            return False
        try:
            write()
        except StorageError as error:
            self._meter.fault("market.store", str(error))
            return False
        return True

    def _ask_quote(self, instrument: Instrument) -> float:
        """Ask for one price and judge it; return the seconds until the next question."""
        try:
            quote = self._routes.quote(instrument)
        except ProviderError as error:
            self._board.trouble(instrument.symbol, str(error))
            if isinstance(error, UnknownSymbol):
                return _FORGOTTEN if self._board.entry(instrument.symbol) else _UNKNOWN
            return CADENCE[instrument.asset_class]
        self._take(instrument, quote)
        now = self._clock.now()
        session = self._sessions.info(instrument.calendar, now)
        if session.state is SessionState.OPEN or session.changes is None:
            return CADENCE[instrument.asset_class]
        return min(_CLOSED, (session.changes - now).total_seconds() + 1.0)

    def _take(self, instrument: Instrument, quote: Quote) -> None:
        if quote.bid is not None and quote.bid == quote.ask:
            quote = replace(quote, bid=None, ask=None)  # a locked book says nothing of the spread
        day = self._sessions.day(instrument.calendar, quote.time)
        verdict = self._gates[quote.symbol].judge(
            quote, self._clock.now(), self._reference(instrument, quote)
        )
        if not verdict.believed:
            sentence = f"{quote.source}: the price {verdict.reason}"
            self._board.trouble(quote.symbol, sentence)
            self._meter.fault(f"quality.{quote.source}", f"{quote.symbol}: {sentence}")
            self._quarantine(quote, verdict.reason)
        elif self._board.put(quote):
            self._history.saw(quote, day)

    def _reference(self, instrument: Instrument, quote: Quote) -> Reference:
        """Return what the price is measured against; yesterday's close is worked through today's splits."""
        day = self._sessions.day(instrument.calendar, quote.time)
        entry = self._board.entry(quote.symbol)
        before = self._history.previous_close(quote.symbol, day)
        price = before
        if entry is not None and (
            before is None or self._sessions.day(instrument.calendar, entry.quote.time) == day
        ):
            price = entry.quote.price
        closes = (before,) if before is not None else ()
        return Reference(price, closes, self._history.sigma(quote.symbol, day))

    def _quarantine(self, quote: Quote, reason: str) -> None:
        """Keep one disbelieved quote of each instrument a minute."""
        now = self._clock.monotonic()
        if now - self._quarantined.get(quote.symbol, -_ONE_REASON) >= _ONE_REASON:
            self._quarantined[quote.symbol] = now
            self._keep(lambda: self._store.quarantine(quote, reason))

    def _ask_bars(self, instrument: Instrument) -> float:
        """Fetch closed daily bars and actions; return the seconds until the next close has settled."""
        now, pair = self._clock.now(), instrument.calendar == ALWAYS
        period = (now - _SPAN[pair], now)
        try:
            fetched = self._routes.bars(instrument, period)
            actions = self._routes.actions(instrument, period)
        except ProviderError as error:
            self._meter.fault("market.bars", f"{instrument.symbol}: {error}")
            return _UNKNOWN if isinstance(error, UnknownSymbol) else _RETRY
        good, dropped = clean(fetched)
        for time, reason in dropped[-_ROWS:]:
            self._keep(partial(self._store.quarantine, _as_quote(fetched, time, now), f"daily bar: {reason}"))
        if not len(good):
            return _RETRY
        bars = union(self._history.raw(instrument.symbol), good)
        self._history.put(bars, actions)
        self._keep(lambda: self._store.save_bars(bars))
        self._keep(lambda: self._store.save_actions(instrument.symbol, actions))
        return self._until_settled(instrument, now, bars)

    def _until_settled(self, instrument: Instrument, now: datetime, bars: Bars) -> float:
        """Return the seconds until the next session's bar should be final."""
        last = bars.last_day()
        if last is None or last < self._sessions.last_closed(instrument.calendar, now):
            return 10 * _RETRY  # the newest closed session is not there yet
        ends = self._sessions.next_close(instrument.calendar, now)
        return (ends - now).total_seconds() + _SETTLE[instrument.calendar == ALWAYS]


def _as_quote(bars: Bars, time: int, now: datetime) -> Quote:
    """Return a bad bar in the quarantine's form."""
    row = int(max(i for i, t in enumerate(bars.time) if int(t) == time))
    moment = datetime.fromtimestamp(time, now.tzinfo)
    return Quote(
        bars.symbol,
        price=float(bars.close[row]),
        bid=None,
        ask=None,
        volume=float(bars.volume[row]),
        time=moment,
        received=now,
        source=bars.source,
        open=float(bars.open[row]),
        high=float(bars.high[row]),
        low=float(bars.low[row]),
    )
