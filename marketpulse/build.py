"""The composition root: the only place that joins rooms."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path

from marketpulse.brokers import BROKERS, PaperBroker
from marketpulse.brokers.remembered import Remembered
from marketpulse.clock import Clock, ReplayClock, WallClock
from marketpulse.errors import ConfigError, StorageError
from marketpulse.execution import Execution, Live, Login, unknown_account
from marketpulse.execution import Pace as Sweeps
from marketpulse.guard import FailoverLog, Pool
from marketpulse.loop import EquityLog, Gate, Loop, Rooms, tapetime
from marketpulse.loop.rates import rate_instruments
from marketpulse.market import (
    Market,
    Pace,
    calendar_reaches,
    choose_feed,
    indian_shares,
    instruments,
    read_watchlist,
    stranger,
)
from marketpulse.meter import Meter, configure
from marketpulse.models import Trainer
from marketpulse.pipeline import Playbook
from marketpulse.portfolio import Books
from marketpulse.ports import Broker
from marketpulse.settings import FeedChoice, Loaded, Settings, TapeChoice
from marketpulse.sources import SOURCES, routing
from marketpulse.sources.making import make_chains, make_sources
from marketpulse.sources.recorded import recorded_spans
from marketpulse.sources.recording import load_recording
from marketpulse.storage import Files, Ledger, MarketStore
from marketpulse.types import AssetClass, Feed, Instrument, Quote

__all__ = ["assemble"]

_SESSION_SECONDS = 6.5 * 3600  # a regular NYSE session; "one trading day a minute" means this
_ACCOUNT = "paper:desk"
_SANDBOX = "sandbox"  # the folder of test networks: they count their trades anew, so they share no ledger
_NSE = "nse"

_TRADES: Mapping[str, Callable[[Instrument], bool]] = {
    "equity": lambda i: i.asset_class is AssetClass.EQUITY and (i.calendar, i.currency) == ("XNYS", "USD"),
    "crypto": lambda i: i.asset_class is AssetClass.CRYPTO,
    _NSE: lambda i: i.asset_class is AssetClass.EQUITY and (i.calendar, i.currency) == ("XBOM", "INR"),
}
"""What each asset class of MARKETPULSE_ROUTES means."""

_SWEEPS = {"binance": Sweeps(0.5, 0.5), "bybit": Sweeps(0.5, 0.25)}
"""Fills by pair: at most 2400 of Binance's 6000 weights a minute, and 4 of Bybit's requests a second."""

_PLAYED = "The packaged tape is played instead."


@dataclass(frozen=True, slots=True)
class _Tape:
    """What a replay plays; without sessions the feed is live."""

    sessions: tuple[tuple[datetime, datetime], ...]
    recorded: bool = False
    problems: tuple[str, ...] = ()

    @property
    def feed(self) -> Feed:
        """Where prices come from."""
        return Feed.REPLAY if self.sessions else Feed.LIVE


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the rooms stand on: settings, files, clock and prices."""

    settings: Settings
    tape: _Tape
    files: Files
    meter: Meter
    clock: Clock
    cutoff: datetime | None
    known: Mapping[str, Instrument]
    market: Market
    problems: tuple[str, ...]


def assemble(loaded: Loaded, folder: Path, fault: str = "") -> Loop:
    """Join the rooms of one desk on ``folder``; nothing runs yet but the providers' threads.

    Parameters
    ----------
    fault : why nothing can be written into ``folder``; empty where it can

    Raises
    ------
    ConfigError
        The tape's packages are missing.
    StorageError
        Not even a folder for temporary files can be written.
    """
    settings = loaded.settings
    configure(folder / "logs", settings.secrets())
    meter = Meter()
    tape = _tape(settings, folder)
    home = folder / _home(settings, tape)
    with ExitStack() as undo:
        files = Files.open(home, fault)
        undo.callback(files.close)
        clock, cutoff = _clock(settings, tape, home, files.ledger)
        known, unread = _instruments(settings, tape)
        known = {**known, **_traded_before(known, files)}
        kept = files.folder / "cache" if files.aside else folder / "cache"
        market = _market(settings, known, tape, clock=clock, store=files.store, meter=meter, cache=kept)
        undo.callback(market.close)
        said = (_moved(settings, tape, cutoff), _unrouted(settings, tape))
        problems = (*loaded.problems, *tape.problems, *unread, *chain(*said))
        ground = _Ground(settings, tape, files, meter, clock, cutoff, known, market, problems)
        rooms, gate = _rooms(ground)
        loop = _loop(rooms, gate)
        undo.pop_all()
    return loop


def _rooms(ground: _Ground) -> tuple[Rooms, Gate]:
    """Put books, order path and models on the ground."""
    settings, known, clock, market = ground.settings, ground.known, ground.clock, ground.market
    live = _accounts(settings, ground.tape, clock=clock, known=known, home=ground.files.folder)
    books = Books.of(_names(live), ground.files.ledger.read(), settings.base_currency)
    gate = Gate.of(settings, known, market, books, clock)
    broker = None if live else PaperBroker(books, known, clock, history=market.history)
    execution = _execution(ground, books, gate, broker, live)
    gate.venue = execution.venue
    universe = tuple(symbol for symbol, instrument in known.items() if instrument.tradable)
    rooms = Rooms(
        settings=settings,
        feed=ground.tape.feed,
        folder=ground.files.folder,
        clock=clock,
        tape=clock if isinstance(clock, ReplayClock) else None,
        recorded=ground.tape.recorded,
        cutoff=ground.cutoff,
        meter=ground.meter,
        ledger=ground.files.ledger,
        store=ground.files.store,
        instruments=known,
        market=market,
        books=books,
        broker=broker,
        execution=execution,
        trainer=Trainer(ground.files.folder / "training", ground.meter),
        playbook=Playbook(
            universe, 5, settings.mode, settings.demand_stops, practice=settings.auto_without_edge
        ),
        problems=ground.problems,
        sealed=ground.files.sealed,
        aside=ground.files.aside,
    )
    return rooms, gate


def _execution(
    ground: _Ground, books: Books, gate: Gate, broker: PaperBroker | None, live: Sequence[Live]
) -> Execution:
    """Make the order path of the one paper account, or of the live ones."""
    return Execution(
        ground.files.ledger,
        books,
        brokers={_ACCOUNT: broker} if broker else {},
        route=lambda _: _ACCOUNT,
        live=live,
        instruments=ground.known,
        clock=ground.clock,
        gate=gate,
        verdict=gate.verdict,
        meter=ground.meter,
    )


def _market(
    settings: Settings,
    known: Mapping[str, Instrument],
    tape: _Tape,
    *,
    clock: Clock,
    store: MarketStore,
    meter: Meter,
    cache: Path,
) -> Market:
    store.save_instruments(known.values())
    table = routing.RECORDED if tape.recorded else routing.REPLAY if tape.sessions else routing.LIVE
    pool, log = Pool(clock, meter), FailoverLog(clock)
    names = dict.fromkeys(name for *_, members in table for name in members)
    factories = {name: SOURCES[name] for name in names}
    sources = make_sources(factories, settings.keys(), clock, cache, pool)
    market = Market(
        known,
        make_chains(table, sources, pool, log),
        pool,
        store=store,
        clock=clock,
        feed=tape.feed,
        meter=meter,
        log=log,
        pace=Pace(settings.quote_seconds, settings.book_seconds, timedelta(days=settings.keep_days)),
    )
    market.start()
    return market


def _instruments(settings: Settings, tape: _Tape) -> tuple[Mapping[str, Instrument], tuple[str, ...]]:
    """Return the desk's instruments and the person's own, and what is wrong with the list of those."""
    known = instruments(Feed.LIVE if tape.recorded else tape.feed)
    reach = calendar_reaches(WallClock().now())
    rupees = tape.feed is Feed.LIVE and _NSE in settings.venues
    if rupees and not reach("XBOM"):
        return known, (
            "The sessions of the exchange in India are not known for this year: update the packages.",
        )
    if rupees:
        known = {**known, **indian_shares()}
    if settings.watchlist is None:
        return _with_rates(settings, tape, known), ()
    if tape.feed is Feed.REPLAY and not tape.recorded:
        return known, ("The watchlist is followed on a live feed only: the tape does not know its symbols.",)
    own, problems = read_watchlist(settings.watchlist, known, reach, ("INR",) if rupees else ())
    return _with_rates(settings, tape, {**known, **{i.symbol: i for i in own}}), problems


def _traded_before(known: Mapping[str, Instrument], files: Files) -> Mapping[str, Instrument]:
    """Keep what the ledger knows and no list names any more: it may be held, or an order of it may rest.

    What not even the store remembers is shown and asked about, never ordered anew.
    """
    gone = sorted(files.ledger.symbols() - known.keys())
    kept = files.store.instruments() if gone else {}
    return {symbol: kept.get(symbol) or stranger(symbol) for symbol in gone}


def _with_rates(settings: Settings, tape: _Tape, known: Mapping[str, Instrument]) -> Mapping[str, Instrument]:
    """Follow the exchange rates too that a live feed needs to tell all in the base currency."""
    more = rate_instruments(known, settings.base_currency) if tape.feed is Feed.LIVE else {}
    return {**known, **more} if more else known


def _home(settings: Settings, tape: _Tape) -> str:
    """Name the folder of the ledger."""
    if tape.recorded:
        return "recorded"
    return _SANDBOX if tape.feed is Feed.LIVE and settings.venues and settings.sandbox else tape.feed.value


def _accounts(
    settings: Settings, tape: _Tape, *, clock: Clock, known: Mapping[str, Instrument], home: Path
) -> list[Live]:
    """Make the live accounts that are routed; none on a replay, and none at all when all is on paper."""
    routed: dict[str, list[str]] = {}
    for what, name in settings.venues.items() if tape.feed is Feed.LIVE else ():
        routed.setdefault(name, []).append(what)
    made = []
    for name, classes in routed.items():
        adapter, problem = _adapter(name, settings, clock, known)
        remembered, key = Remembered(home), settings.keys().get(f"{name.upper()}_API_KEY", "")
        made.append(
            Live(
                name,
                adapter,
                tuple(classes),
                trades=partial(_trades, tuple(classes)),
                allowed=settings.live,
                sandbox=settings.sandbox,
                problem=problem,
                account_id=remembered.recall(name, key),
                remember=partial(remembered.keep, name, key),
                login=adapter if isinstance(adapter, Login) else None,
                pace=_SWEEPS.get(name, Sweeps(1.0)),
            )
        )
    return made


def _adapter(
    name: str, settings: Settings, clock: Clock, known: Mapping[str, Instrument]
) -> tuple[Broker | None, str]:
    """Make a venue's adapter, or say why it cannot be made; nothing is sent by it yet."""
    try:
        return BROKERS[name](clock, known, settings.keys(), settings.sandbox), ""
    except ConfigError as error:
        return None, str(error)


def _trades(classes: Sequence[str], instrument: Instrument) -> bool:
    return any(_TRADES[what](instrument) for what in classes)


def _names(live: Sequence[Live]) -> tuple[str, ...]:
    """Name the accounts of the set: the one on paper, or the live ones as far as they are known."""
    known = (f"{a.broker}:{a.account_id}" if a.account_id else unknown_account(a.broker) for a in live)
    return tuple(known) or (_ACCOUNT,)


def _unrouted(settings: Settings, tape: _Tape) -> tuple[str, ...]:
    """Say that routes mean nothing on a replay."""
    if settings.venues and tape.feed is Feed.REPLAY:
        return ("MARKETPULSE_ROUTES holds on a live feed only: this replay trades on paper.",)
    return ()


def _loop(rooms: Rooms, gate: Gate) -> Loop:
    """Put cash into a fresh paper account, and the loop on top."""
    if rooms.broker is not None and not rooms.sealed:
        rooms.execution.deposit(rooms.settings.starting_cash, "starting cash", f"start:{_ACCOUNT}")
        rooms.broker.on_mark = rooms.execution.mark  # what its waiting orders have seen survives a restart
    deposits = float(rooms.books.portfolio.deposits)
    return Loop(rooms, gate, EquityLog(rooms.store, "+".join(rooms.books.accounts), deposits))


def _feed(settings: Settings, folder: Path) -> Feed:
    """Decide once where prices come from; it never changes while the desk runs."""
    live = folder / Feed.LIVE.value / "ledger.db"

    def lived() -> bool:
        if not live.exists():
            return False
        try:
            ledger = Ledger.open(live, WallClock())
        except StorageError:
            return True  # it is no empty one
        try:
            return ledger.last() is not None
        finally:
            ledger.close()

    def probe(name: str, symbol: str) -> Quote:
        return SOURCES[name](WallClock(), folder / "cache", {}).quote(instruments(Feed.LIVE)[symbol])

    if settings.feed is not FeedChoice.AUTO:
        return Feed(settings.feed.value)
    return choose_feed(
        partial(probe, "binance", "BTC/USDT"),
        partial(probe, "yahoo", "AAPL"),
        ledger_has_events=lived(),
        broker_keys=settings.has_broker_key,
    )


def _tape(settings: Settings, folder: Path) -> _Tape:
    """Return what a replay plays; without a recording of our own, the packaged one, and a sentence."""
    if _feed(settings, folder) is Feed.LIVE:
        return _Tape(())
    problems: tuple[str, ...] = ()
    if settings.tape is TapeChoice.RECORDED:
        try:
            if spans := recorded_spans(folder / Feed.LIVE.value / "market.db"):
                return _Tape(tuple(spans), recorded=True)
        except ConfigError as error:
            problems = (f"{error}. {_PLAYED}",)
        problems = problems or (f"Nothing has been recorded on a live feed yet. {_PLAYED}",)
    return _Tape(load_recording().sessions, problems=problems)


def _clock(settings: Settings, tape: _Tape, home: Path, ledger: Ledger) -> tuple[Clock, datetime | None]:
    """Return the desk's clock and, on replay, where the tape began."""
    wall = WallClock()
    if not tape.sessions:
        return wall, None
    saved = tapetime.load(home)
    first = datetime.combine(settings.replay_start, datetime.min.time(), UTC)
    if tape.recorded:
        first = max(first, tape.sessions[0][0])
    start = saved.start if saved else first
    begin = saved.time if saved else first
    last = ledger.last()
    if last is not None:
        begin = max(begin, last.time)
    speed = settings.replay_speed * _SESSION_SECONDS / 60.0
    return ReplayClock(tape.sessions, begin, speed, wall, whole=tape.recorded), start


def _moved(settings: Settings, tape: _Tape, began: datetime | None) -> tuple[str, ...]:
    """Say that a start day set later does not move a replay that has begun."""
    if began is None or tape.recorded or began.date() == settings.replay_start:
        return ()
    sentence = (
        f"This replay began on {began.date()} and goes on; MARKETPULSE_REPLAY_START is for a fresh one. "
        "To start again: stop the desk, then python -m marketpulse start --again"
    )
    return (sentence,)
