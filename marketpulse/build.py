"""The composition root: the only place that joins rooms."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from marketpulse.brokers.paper import PaperBroker
from marketpulse.clock import Clock, ReplayClock, WallClock
from marketpulse.errors import ConfigError
from marketpulse.execution import Execution
from marketpulse.guard import Chain, FailoverLog, Pool
from marketpulse.loop import EquityLog, Gate, Loop, Rooms, tapetime
from marketpulse.market import Market, Pace, calendar_reaches, choose_feed, instruments, read_watchlist
from marketpulse.meter import Meter, configure
from marketpulse.models import Trainer
from marketpulse.pipeline import Playbook
from marketpulse.portfolio import Books
from marketpulse.ports import Capability, Source
from marketpulse.settings import FeedChoice, Loaded, Settings, TapeChoice
from marketpulse.sources import SOURCES
from marketpulse.sources.recorded import recorded_spans
from marketpulse.sources.recording import load_recording
from marketpulse.storage import Ledger, MarketStore
from marketpulse.types import Feed, Instrument, Quote

__all__ = ["assemble"]

_SESSION_SECONDS = 6.5 * 3600  # a regular NYSE session; "one trading day a minute" means this
_ACCOUNT = "paper:desk"

Routing = Sequence[tuple[Capability, str, tuple[str, ...]]]
"""What is asked, of which instruments, and whom in which order."""

_SHARES = ("alpaca", "finnhub", "yahoo")
_PAIRS = ("binance", "bybit")
_LIVE: Routing = (
    (Capability.QUOTE, "shares", _SHARES),
    (Capability.QUOTE, "pairs", _PAIRS),
    (Capability.BARS, "shares", ("yahoo", "alpaca", "alphavantage")),
    (Capability.BARS, "pairs", _PAIRS),
    (Capability.ACTIONS, "shares", ("yahoo", "alpaca")),
    (Capability.INTRADAY, "shares", ("yahoo", "alpaca")),
    (Capability.INTRADAY, "pairs", _PAIRS),
    (Capability.BOOK, "pairs", _PAIRS),
    (Capability.NEWS, "shares", ("finnhub", "alpaca", "yahoo")),
    (Capability.STREAM, "shares", _SHARES),
    (Capability.STREAM, "pairs", _PAIRS),
)
_REPLAY: Routing = tuple(
    (capability, what, (source,))
    for what, source in (("shares", "tape"), ("pairs", "simulated"))
    for capability in (
        Capability.QUOTE,
        Capability.BARS,
        Capability.ACTIONS,
        Capability.INTRADAY,
        Capability.BOOK,
    )
)
_RECORDED: Routing = tuple(
    (capability, "recorded", ("recorded",))
    for capability in (
        Capability.QUOTE,
        Capability.BARS,
        Capability.ACTIONS,
        Capability.BOOK,
        Capability.INTRADAY,
    )
)
_PLAYED = "The packaged tape is played instead."
_VENDOR = {"alphavantage": "alpha_vantage"}
"""Sources whose key's name begins otherwise than their own."""


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


def assemble(loaded: Loaded, folder: Path) -> Loop:
    """Join the rooms of one desk on ``folder``; nothing runs yet but the providers' threads.

    Raises
    ------
    ConfigError
        The tape's packages are missing.
    StorageError
        The ledger cannot be opened or fails its checks.
    """
    settings = loaded.settings
    configure(folder / "logs", settings.secrets())
    meter = Meter()
    tape = _tape(settings, folder)
    home = folder / ("recorded" if tape.recorded else tape.feed.value)
    with ExitStack() as undo:
        ledger = Ledger.open(home / "ledger.db", WallClock())
        undo.callback(ledger.close)
        store = MarketStore.open(home / "market.db")
        undo.callback(store.close)
        clock, cutoff = _clock(settings, tape, home, ledger)
        known, unread = _instruments(settings, tape)
        market = _market(settings, known, tape, clock=clock, store=store, meter=meter, folder=folder)
        undo.callback(market.close)
        books = Books.of(_ACCOUNT, ledger.read())
        gate, broker = Gate(known, market, books), PaperBroker(books, known, clock, history=market.history)
        rooms = Rooms(
            settings=settings,
            feed=tape.feed,
            folder=home,
            clock=clock,
            tape=clock if isinstance(clock, ReplayClock) else None,
            recorded=tape.recorded,
            cutoff=cutoff,
            meter=meter,
            ledger=ledger,
            store=store,
            instruments=known,
            market=market,
            books=books,
            broker=broker,
            execution=_execution(ledger, books, broker, clock=clock, gate=gate, meter=meter, known=known),
            trainer=Trainer(home / "training", meter),
            playbook=Playbook(universe=tuple(s for s, i in known.items() if i.tradable)),
            problems=(*loaded.problems, *tape.problems, *unread, *_moved(settings, tape, cutoff)),
        )
        loop = _loop(rooms, gate)
        undo.pop_all()
    return loop


def _market(
    settings: Settings,
    known: Mapping[str, Instrument],
    tape: _Tape,
    *,
    clock: Clock,
    store: MarketStore,
    meter: Meter,
    folder: Path,
) -> Market:
    store.save_instruments(known.values())
    table = _RECORDED if tape.recorded else _REPLAY if tape.sessions else _LIVE
    pool, log = Pool(clock, meter), FailoverLog(clock)
    names = dict.fromkeys(name for *_, members in table for name in members)
    sources = _sources(tuple(names), settings, clock, folder, pool)
    market = Market(
        known,
        _chains(table, sources, pool, log),
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
    if settings.watchlist is None:
        return known, ()
    if tape.feed is Feed.REPLAY and not tape.recorded:
        return known, ("The watchlist is followed on a live feed only: the tape does not know its symbols.",)
    reach = calendar_reaches(WallClock().now())
    own, problems = read_watchlist(settings.watchlist, known, reach)
    return {**known, **{i.symbol: i for i in own}}, problems


def _execution(
    ledger: Ledger,
    books: Books,
    broker: PaperBroker,
    *,
    clock: Clock,
    gate: Gate,
    meter: Meter,
    known: Mapping[str, Instrument],
) -> Execution:
    """Every instrument goes to the one paper account of this release."""
    return Execution(
        ledger,
        books,
        brokers={_ACCOUNT: broker},
        route=lambda _: _ACCOUNT,
        instruments=known,
        clock=clock,
        gate=gate,
        meter=meter,
    )


def _loop(rooms: Rooms, gate: Gate) -> Loop:
    """Put cash into a fresh account, and the loop on top."""
    rooms.execution.deposit(rooms.settings.starting_cash, "starting cash", f"start:{_ACCOUNT}")
    deposits = float(rooms.books.portfolio.deposits)
    return Loop(rooms, gate, EquityLog(rooms.store, _ACCOUNT, deposits))


def _feed(settings: Settings, folder: Path) -> Feed:
    """Decide once where prices come from; it never changes while the desk runs."""
    live = folder / Feed.LIVE.value / "ledger.db"

    def lived() -> bool:
        if not live.exists():
            return False
        ledger = Ledger.open(live, WallClock())
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


def _sources(
    names: Sequence[str], settings: Settings, clock: Clock, folder: Path, pool: Pool
) -> list[Source]:
    """Make each provider once; one whose key is missing is left out, and the pool says so."""
    made, keys = [], settings.keys()
    for name in names:
        try:
            source = SOURCES[name](clock, folder / "cache", keys)
        except ConfigError as error:
            pool.note_missing(name, str(error))
            continue
        secret = "\n".join(
            keys[k] for k in sorted(keys) if k.startswith(f"{_VENDOR.get(name, name)}_".upper())
        )
        pool.add(source, credential=secret)
        made.append(source)
    return made


def _chains(table: Routing, sources: Sequence[Source], pool: Pool, log: FailoverLog) -> list[Chain[Source]]:
    """Give each question its members in the order of preference, as far as they are there and offer it."""
    by_name = {source.name: source for source in sources}
    chains = []
    for capability, what, names in table:
        members = [
            by_name[name]
            for name in names
            if name in by_name and any(c is capability for c, _ in by_name[name].capabilities)
        ]
        if members:
            chains.append(Chain(f"{capability} {what}", capability, members, pool, log=log))
    return chains
