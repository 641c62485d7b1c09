"""Live: streams and a few threads bring quotes, bars, books and news; what passes the gate is shown."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from marketpulse.errors import ProviderError, UnknownSymbol
from marketpulse.guard import Cell, Pool
from marketpulse.market.bookkeeper import BookKeeper
from marketpulse.market.coverage import Holdings
from marketpulse.market.dailies import Dailies
from marketpulse.market.depth import Depth
from marketpulse.market.events import Events
from marketpulse.market.intake import PATIENCE, Intake
from marketpulse.market.intraday import Intraday
from marketpulse.market.isolation import Isolation
from marketpulse.market.keeping import Keeping
from marketpulse.market.kit import Kit
from marketpulse.market.news import News
from marketpulse.market.pace import Pace
from marketpulse.market.routes import Routes
from marketpulse.market.schedule import Schedule
from marketpulse.market.state import State
from marketpulse.market.store import Store
from marketpulse.market.thrift import Thrift
from marketpulse.market.wire import Wire
from marketpulse.meter import Meter
from marketpulse.ports import Capability, Source
from marketpulse.types import AssetClass, Bars, Book, Instrument, Quarantined, Quote, SessionState

__all__ = ["LiveFeed"]

_THREADS = 4  # per schedule, so that one hanging provider never starves another
_CLOSED = 60.0  # seconds between questions while the exchange is closed
_UNKNOWN = 300.0  # seconds before a symbol the provider never knew is asked for again
_FORGOTTEN = 60.0  # the same, for a symbol it did know: an outage may look like this
_SHARE = 0.7  # of a provider's budget that the round of quotes may use
_MISSED = 2.5  # cadences after which a source that is silent gives its place away
_SECOND = 3.0  # a second opinion is asked for this many times less often than the first
_STREAMED = 2.0  # cadences without a word from a stream before the provider is asked instead
_SAVE_STATE = 15.0  # seconds between two notes of breakers and quotas
_PRUNE = 3_600.0
_SILENT = {AssetClass.CRYPTO: 15.0, AssetClass.EQUITY: 120.0, AssetClass.INDEX: 120.0}


class _Listening:
    """A stream's cell that also forgets the stream's order books when it fails."""

    def __init__(self, cell: Cell, lost: Callable[[], None]) -> None:
        self.allow = cell.allow
        self.heard = cell.heard
        self.worked = cell.worked
        self._failed = cell.failed
        self._lost = lost

    def failed(self, error: ProviderError) -> None:
        """Take note of how an attempt ended."""
        self._lost()
        self._failed(error)


class LiveFeed:
    """Refresh board, history and books in the background; nothing here is called by the loop.

    Parameters
    ----------
    notify : called when a quote has come in; returns at once
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        routes: Routes,
        *,
        pool: Pool,
        state: State,
        store: Store,
        meter: Meter,
        pace: Pace,
        notify: Callable[[], None],
    ) -> None:
        self._instruments = instruments
        self._routes = routes
        self._pool = pool
        self._state = state
        self._clock = state.clock
        self._pace = pace
        self._notify = notify
        self._saved: dict[str, Quote] = {}
        self._keep = keep = Keeping(store, meter)
        self.thrift = Thrift()
        self.isolation = Isolation(state.clock, self._quarantine)
        kit = Kit(routes, state, keep, self.isolation, self.thrift, meter)
        order = {a: routes.order(a, Capability.QUOTE) for a in AssetClass}
        self._cadence = {a: self._paced(a) for a in AssetClass}
        patience = {a: max(PATIENCE, _MISSED * seconds) for a, seconds in self._cadence.items()}
        self.intake = Intake(instruments, order, state, self.isolation, meter, patience=patience)
        self.dailies = Dailies(kit)
        keeper = BookKeeper(routes.order(AssetClass.CRYPTO, Capability.BOOK), pace.books)
        self.depth = Depth(keeper, kit)
        self.news = News(kit)
        self.events = Events(kit)
        self.holdings = Holdings(kit, instruments)
        names = ("shares", "pairs", "bars", "books", "news", "desk")
        self._plans = {name: Schedule(name, state.clock, meter) for name in names}
        self.intraday = Intraday(kit, later=self._plans["bars"].add)
        self._wire = Wire(state.clock, meter)

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """Return what runs the jobs."""
        return tuple(self._plans.values())

    def start(self, threads: int = _THREADS, *, streams: bool = True) -> None:
        """Restore what the last run knew, and begin to ask and to listen."""
        self._restore()
        for instrument in self._instruments.values():
            self._plan(instrument)
        self._plans["desk"].add(self._record, self._pace.quotes)
        self._plans["desk"].add(self._save_state, _SAVE_STATE)
        self._plans["desk"].add(self._prune, 60.0)
        self._plans["news"].add(self.holdings.ask, 15.0)
        for name, schedule in self._plans.items():
            schedule.start(min(threads, 2) if name in ("news", "desk") else threads)
        if streams:
            self._listen()

    def close(self) -> None:
        """Stop asking, and keep the last good quotes and what the guards know."""
        self._wire.close()
        for schedule in self._plans.values():
            schedule.close()
        self._record()
        self._save_state()
        self._keep.close()

    # beginning

    def _restore(self) -> None:
        store = self._keep.store
        states = store.provider_states().items()
        self._pool.restore({name: state for name, state in states if ":" not in name})  # others are of models
        self.isolation.restore(store.quarantined())
        for symbol, quote in store.last_quotes().items():
            if symbol in self._instruments:
                self._state.board.restore(quote)

    def _plan(self, instrument: Instrument) -> None:
        """Give one instrument its jobs."""
        serves = partial(self._routes.serves, instrument)
        quotes = self._plans["pairs" if instrument.asset_class is AssetClass.CRYPTO else "shares"]
        if serves(Capability.QUOTE):
            quotes.add(partial(self._ask_quote, instrument))
            if len(self._routes.order(instrument.asset_class, Capability.QUOTE)) > 1:
                quotes.add(partial(self._ask_second, instrument), 1.0)
        if serves(Capability.BARS):
            wait = self.dailies.restore(instrument)
            self._plans["bars"].add(partial(self.dailies.ask, instrument), wait)
        if serves(Capability.BOOK):
            self._plans["books"].add(partial(self.depth.ask, instrument, self._pace.books), 2.0)
        if serves(Capability.NEWS):
            self._plans["news"].add(partial(self.news.ask, instrument), 10.0)
        if serves(Capability.EVENTS):
            self._plans["news"].add(partial(self.events.ask, instrument), 12.0)

    def _listen(self) -> None:
        """Open each source's stream of what it offers."""
        streaming: dict[str, Source] = {}
        for chain in self._routes.chains:
            for member in chain.members:
                if any(c is Capability.STREAM for c, _ in member.capabilities):
                    streaming[member.name] = member
        for name, source in streaming.items():
            followed = [
                i
                for i in self._instruments.values()
                if (Capability.STREAM, i.asset_class) in source.capabilities
            ]
            if followed:
                cell = self._pool.cell(name, Capability.STREAM)
                silence = partial(self._silence, tuple(followed))
                listening = _Listening(cell, partial(self.depth.lost, name))
                self._wire.watch(source, followed, self.put, listening, silence=silence)

    def _silence(self, followed: Sequence[Instrument]) -> float:
        """Return the seconds a stream may be silent: for ever, while all its exchanges are closed."""
        now = self._clock.now()
        limits = [
            _SILENT[i.asset_class]
            for i in followed
            if self._state.sessions.info(i.calendar, now).state is SessionState.OPEN
        ]
        return min(limits, default=float("inf"))

    # what comes in

    def put(self, item: Quote | Book | Bars) -> None:
        """Take what a stream decoded; on the wire thread."""
        if isinstance(item, Quote):
            self.intake.take(item)
            self._notify()
        elif isinstance(item, Book):
            self.depth.take(item)
        else:
            self.intraday.put(item)

    def _ask_quote(self, instrument: Instrument) -> float:
        """Ask for one price unless a stream tells it; return the seconds until the next question."""
        cadence = self.cadence(instrument)
        preferred = self._routes.order(instrument.asset_class, Capability.QUOTE)[0]
        streamed = self.intake.heard(instrument.symbol, preferred)
        if preferred in self._streaming(instrument) and streamed < _STREAMED * cadence:
            return max(1.0, _STREAMED * cadence - streamed)
        try:
            self.intake.take(self._routes.quote(instrument))
            self._notify()
        except ProviderError as error:
            self.intake.trouble(instrument.symbol, str(error), self._streaming(instrument))
            if isinstance(error, UnknownSymbol):
                return _FORGOTTEN if self._state.board.entry(instrument.symbol) else _UNKNOWN
        return self._rest(instrument, cadence)

    def _ask_second(self, instrument: Instrument) -> float:
        """Ask somebody else for the same price, so that there is something to compare it with."""
        cadence = _SECOND * self.cadence(instrument)
        entry = self._state.board.entry(instrument.symbol)
        order = self._routes.order(instrument.asset_class, Capability.QUOTE)
        heard = [name for name in order if self.intake.heard(instrument.symbol, name) < cadence]
        if entry is None or len(heard) > 1:
            return cadence
        try:
            self.intake.take(self._routes.quote(instrument, skip=heard or order[:1]))
        except ProviderError:
            return self._rest(instrument, cadence)  # its cell says why; the first opinion stands alone
        return self._rest(instrument, cadence)

    def _streaming(self, instrument: Instrument) -> tuple[str, ...]:
        return self._routes.order(instrument.asset_class, Capability.STREAM)

    def cadence(self, instrument: Instrument) -> float:
        """Return the seconds between two questions: the setting, or what the provider's budget bears."""
        return self._cadence[instrument.asset_class]

    def _paced(self, asset_class: AssetClass) -> float:
        wanted = (Capability.QUOTE, asset_class)
        members = (m for c in self._routes.chains if c.capability == Capability.QUOTE for m in c.members)
        first = next((m for m in members if wanted in m.capabilities), None)
        if first is None:
            return self._pace.quotes
        alike = sum(i.asset_class is asset_class for i in self._instruments.values())
        return max(self._pace.quotes, alike * 60.0 / (_SHARE * first.limits.per_minute))

    def _rest(self, instrument: Instrument, cadence: float) -> float:
        now = self._clock.now()
        session = self._state.sessions.info(instrument.calendar, now)
        if session.state is SessionState.OPEN or session.changes is None:
            return cadence
        return min(max(_CLOSED, cadence), (session.changes - now).total_seconds() + 1.0)

    # what is kept

    def _quarantine(self, line: Quarantined) -> None:
        self._keep(lambda store: store.quarantine(line))

    def _record(self) -> float:
        """Record each price that is new: these are the person's own days, which can be played again."""
        fresh = [q for q in self._state.board.quotes() if self._saved.get(q.symbol) is not q]
        if self._keep(lambda store: store.save_quotes(fresh)):
            self._saved |= {q.symbol: q for q in fresh}
        return self._pace.quotes

    def _save_state(self) -> float:
        self._keep(lambda store: store.save_provider_states(self._pool.state()))
        return _SAVE_STATE

    def _prune(self) -> float:
        self._keep(lambda store: store.prune(self._clock.wall() - self._pace.keep))
        return _PRUNE
