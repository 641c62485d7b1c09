"""The real market room behind a real adapter: what a payload changes in it, and what must not change."""

import asyncio
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf, isfinite
from pathlib import Path

import numpy as np
from garbage.bases import COIN, COIN_BEFORE, NOW, SHARE, SHARE_BEFORE
from garbage.trees import Question, written
from garbage.venues import KEY, MAKERS, SECRET, Answers
from unit.market.doubles import chains_of
from unit.sources.canned_web import leaks

from marketpulse.clock import SimClock
from marketpulse.errors import ProviderError, Unavailable
from marketpulse.guard import Pool
from marketpulse.market import instruments
from marketpulse.market.live import LiveFeed
from marketpulse.market.pace import Pace
from marketpulse.market.routes import Routes
from marketpulse.market.sessions import Sessions
from marketpulse.market.state import State
from marketpulse.meter import Meter
from marketpulse.ports import Limits
from marketpulse.storage import MarketStore
from marketpulse.types import Bars, Book, Feed, Instrument, Quote

BEFORE = 30  # seconds between the last good datum and the payload
PATIENCE = 5.0  # seconds for a stream to end; none takes a tenth of that
TABLES = ("bar_block", "corporate_action", "live_market_data", "order_book_data")
LONGEST = 40  # characters of a payload that an error may repeat
CALENDARS = Sessions()


class Notes(Meter):
    """A meter that also keeps the sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []

    def fault(self, kind: str, sentence: str) -> None:
        self.sentences.append(sentence)
        super().fault(kind, sentence)


class Tap:
    """A source in front of another one: it notes what leaves it, and is asked in the caller's thread."""

    limits = Limits(inf, inf)

    def __init__(self, source: object) -> None:
        self.name, self.capabilities = source.name, source.capabilities
        self.errors: list[BaseException] = []
        for verb in ("quote", "bars", "actions", "book", "news"):
            setattr(self, verb, self._tapped(getattr(source, verb)))
        self._source = source

    def _tapped(self, ask: Callable) -> Callable:
        def asked(*question: object) -> object:
            with self._noted():
                return ask(*question)

        return asked

    async def stream(self, followed: object, put: Callable) -> None:
        with self._noted():
            await asyncio.wait_for(self._source.stream(followed, put), PATIENCE)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except ProviderError as error:
            self.errors.append(error)
            raise
        except Exception as error:  # noqa: BLE001  what must not leave an adapter is what is looked for
            self.errors.append(error)
            raise Unavailable(f"{self.name}: it broke") from None


@dataclass
class Seen:
    """What one payload led to."""

    price: float
    errors: list[BaseException] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    added: dict[str, list[tuple]] = field(default_factory=dict)
    lost: dict[str, list[tuple]] = field(default_factory=dict)
    levels: set[tuple[float, float]] = field(default_factory=set)
    numbers: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)


class Room:
    """One provider, one instrument, one store; every payload meets the same state.

    Parameters
    ----------
    wrap : takes the adapter and gives what is asked in its place, which the teeth of the harness need
    """

    def __init__(
        self, name: str, folder: Path, questions: tuple[Question, ...], wrap: Callable = Tap
    ) -> None:
        self.name = name
        self.folder = folder
        self.instrument: Instrument = instruments(Feed.LIVE)["BTC/USDT" if name in COINS else "AAPL"]
        self.good, self.believable = (COIN_BEFORE, COIN) if name in COINS else (SHARE_BEFORE, SHARE)
        self._wrap = wrap
        self._bodies = {q.name: written(q.answer) for q in questions}
        self.store = MarketStore.open(folder / "market.db")
        self._file = sqlite3.connect(folder / "market.db", isolation_level=None)
        self._seed()

    def close(self) -> None:
        self._file.close()
        self.store.close()

    def _feed(self, answers: Answers, *, seeding: bool = False) -> tuple[LiveFeed, Tap, Notes]:
        clock, meter = SimClock(NOW - timedelta(seconds=BEFORE)), Notes()
        tap = self._wrap(MAKERS[self.name](clock, self.folder / self.name, answers))
        pool = Pool(clock, meter)
        feed = LiveFeed(
            {self.instrument.symbol: self.instrument},
            Routes(chains_of(pool, None, ("all", [tap]))),
            pool=pool,
            state=State(clock, CALENDARS),
            store=self.store,
            meter=meter,
            pace=Pace(),
            notify=lambda: None,
        )
        self._begin(feed, clock, seeding=seeding)
        return feed, tap, meter

    def _begin(self, feed: LiveFeed, clock: SimClock, *, seeding: bool) -> None:
        """Half a minute ago all was well: a price, closed bars, a book."""
        then = clock.now()
        feed.dailies.restore(self.instrument)
        feed.intake.take(Quote(self.instrument.symbol, self.good, None, None, None, then, then, self.name))
        if self.name in COINS:
            bids, asks = ((self.good - 0.1, 1.0),), ((self.good + 0.1, 1.0),)
            feed.depth.take(Book(self.instrument.symbol, bids, asks, then, then, self.name, 50))
        if seeding:
            feed._record()
            if self.name in COINS:
                feed.depth.ask(self.instrument, 10.0)
        feed._saved = {quote.symbol: quote for quote in feed._state.board.quotes()}
        clock.advance(BEFORE)

    def _seed(self) -> None:
        """Let the store hold what good answers bring."""
        answers = Answers()
        answers.bodies = dict(self._bodies)
        if "bars" in self._bodies:
            feed, _, _ = self._feed(answers)
            feed.dailies.ask(self.instrument)
            assert len(feed._state.history.raw(self.instrument.symbol)) > 30
        self._feed(answers, seeding=True)
        self._held = self._rows()

    def _rows(self) -> dict[str, list[tuple]]:
        return {table: self._file.execute("SELECT * FROM " + table).fetchall() for table in TABLES}  # noqa: S608  our own names

    def _restore(self) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        for table, rows in self._held.items():
            self._file.execute("DELETE FROM " + table)  # noqa: S608  our own names
            if rows:
                marks = ",".join("?" * len(rows[0]))
                self._file.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  as above
        self._file.execute("COMMIT")

    def meet(self, question: Question, payload: bytes) -> Seen:
        """Let the room meet one payload."""
        answers = Answers()
        answers.bodies = {**self._bodies, question.name: payload}
        answers.topic = question.topic
        after = [] if question.after is None else [written(question.after)]
        answers.frames = [payload, *after] if question.ask == "stream" else []
        feed, tap, meter = self._feed(answers)
        noise = []
        with listening(noise):
            try:
                self._deliver(feed, tap, question)
                feed._record()
            except Exception as error:  # noqa: BLE001  a crash of the room is a finding, not the end
                noise.append(f"the room: {type(error).__name__}: {error}")
        return self._looked(feed, tap, meter, noise)

    def _deliver(self, feed: LiveFeed, tap: Tap, question: Question) -> None:
        if question.ask == "quote":
            feed._ask_quote(self.instrument)
        elif question.ask == "bars":
            feed.dailies.ask(self.instrument)
        elif question.ask == "book":
            feed.depth.ask(self.instrument, 10.0)
        else:
            streamed(tap, self.instrument, feed)
            if feed.depth.books(self.instrument):
                feed.depth.ask(self.instrument, 10.0)

    def _looked(self, feed: LiveFeed, tap: Tap, meter: Notes, noise: list[str]) -> Seen:
        symbol = self.instrument.symbol
        entry = feed._state.board.entry(symbol)
        seen = Seen(entry.quote.price, tap.errors, noise=noise)
        rows = self._rows()
        for table, held in self._held.items():
            if rows[table] != held:
                seen.added[table] = [row for row in rows[table] if row not in held]
                seen.lost[table] = [row for row in held if row not in rows[table]]
        lines = [f"{line.said} {line.reason}" for line in feed.isolation.newest()]
        seen.texts = [*map(str, tap.errors), *meter.sentences, *lines, entry.trouble]
        books = feed.depth.books(self.instrument)
        seen.levels = {level for book in books for level in (*book.bids, *book.asks)}
        seen.numbers = list(self._odd(feed, entry.quote))
        if seen.added or seen.lost:
            self._restore()
        return seen

    def _odd(self, feed: LiveFeed, quote: Quote) -> Iterator[str]:
        """Every number anywhere that cannot be one."""
        symbol, history = self.instrument.symbol, feed._state.history
        for name in ("price", "bid", "ask", "open", "high", "low", "volume"):
            value = getattr(quote, name)
            if value is not None and not (0 <= value < inf if name == "volume" else 0 < value < inf):
                yield f"the board's {name} is {value}"
        forming = history.forming(symbol)
        for name in ("open", "high", "low", "close"):
            value = self.good if forming is None else getattr(forming, name)
            if not (isfinite(value) and self.good / 80 < value < self.good * 80):
                yield f"the forming bar's {name} is {value}"
        if forming is not None and not 0 <= forming.volume < inf:
            yield f"the forming bar's volume is {forming.volume}"
        held = [
            history.raw(symbol),
            history.with_forming(self.instrument, 300),
            *feed.intraday._held.values(),
        ]
        for bars in held:
            yield from self._odd_bars(bars)
        for book in feed.depth.books(self.instrument):
            if not all(0 < x < inf for level in (*book.bids, *book.asks) for x in level):
                yield "a book holds a number that cannot be"

    def _odd_bars(self, bars: Bars) -> Iterator[str]:
        for name in ("open", "high", "low", "close"):
            column = getattr(bars, name)
            if not ((column > self.good / 80) & (column < self.good * 80)).all():
                yield f"a {bars.interval} bar's {name} is not believable"
        if not (np.isfinite(bars.volume) & (bars.volume >= 0)).all():
            yield f"a {bars.interval} bar's volume is none"


COINS = frozenset({"binance", "bybit"})


def streamed(tap: Tap, instrument: Instrument, feed: LiveFeed) -> None:
    """Run a stream until it ends; what its loop leaves unsaid is noise."""

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(_stray)
        await tap.stream([instrument], feed.put)

    try:
        asyncio.run(run())
    except ProviderError:
        return


def _stray(_: object, context: dict) -> None:
    warnings.warn(f"a task was left: {context.get('message')} {context.get('exception')!r}", stacklevel=1)


@contextmanager
def listening(noise: list[str]) -> Iterator[None]:
    """Write down warnings, and what ends threads."""
    before = threading.excepthook
    threading.excepthook = lambda told: noise.append(f"a thread: {told.exc_type.__name__}: {told.exc_value}")
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.resetwarnings()
            warnings.simplefilter("always")
            for words in THIRD_PARTIES:
                warnings.filterwarnings("ignore", **words)
            yield
        noise += [f"{w.category.__name__}: {w.message}" for w in warned]
    finally:
        threading.excepthook = before


THIRD_PARTIES = (  # as in pyproject.toml
    {"message": "Series.values returning an ndarray that drops timezone", "category": DeprecationWarning},
    {"module": "yfinance", "category": DeprecationWarning},
    {"message": "websockets.legacy is deprecated", "category": DeprecationWarning},
)


def faults(room: Room, seen: Seen, payload: bytes, good: Seen, *, harmless: bool) -> list[str]:
    """What must not have happened; ``good`` is what the good answer led to."""
    found = [f"left the adapter: {type(e).__name__}" for e in seen.errors if not isinstance(e, ProviderError)]
    if seen.price != room.good and not (harmless and seen.price == good.price):
        found.append(f"the price became {seen.price}")
    for table in {*seen.added, *seen.lost}:
        if not harmless or table not in good.added or seen.lost[table]:
            found.append(f"{table} changed")
        elif table == "bar_block" and seen.added[table] != good.added[table]:
            found.append("bars were written that are not the good ones")
    if harmless and not seen.levels <= good.levels:
        found.append("a book holds levels that are not the good ones")
    return [*found, *seen.numbers, *seen.noise, *told(seen.texts, payload)]


def told(texts: list[str], payload: bytes) -> Iterator[str]:
    """Keys, and long stretches of the payload, in what is shown."""
    body = payload.decode("utf-8", "replace")
    for text in texts:
        if leaks(text, KEY) or leaks(text, SECRET):
            yield "a text holds a part of the key"
        if any(text[n : n + LONGEST + 1] in body for n in range(len(text) - LONGEST)):
            yield f"a text repeats the vendor: {text[:80]!r}"
