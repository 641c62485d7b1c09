"""A desk that plays its signals: the real ledger, order path, gate and player, and an analyst that says what it is told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
from tickets import INSTRUMENTS, datum
from unit.execution.bench import Killed, SimVenue

from marketpulse.clock import SimClock
from marketpulse.execution import Execution
from marketpulse.loop.equity import market_day
from marketpulse.loop.gate import Gate
from marketpulse.loop.playing import Player
from marketpulse.meter import Meter
from marketpulse.pipeline import Playbook
from marketpulse.portfolio import Books
from marketpulse.storage import Ledger
from marketpulse.types import (
    Bars,
    Call,
    Conduct,
    Edge,
    EventKind,
    Interval,
    OrderType,
    SessionInfo,
    SessionState,
    Side,
    Signal,
    Vote,
)

ACCOUNT = "paper:desk"
OPENS = datetime(2012, 6, 1, 14, 0, tzinfo=UTC)
BAR = "2012-05-31"
_UNIVERSE = ("AAPL", "IBM")


class Eager(SimVenue):
    """Fills market orders at once, at 100."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def place(self, client_id, instrument, request):
        ack = super().place(client_id, instrument, request)
        if request.type is OrderType.MARKET:
            self.execute(client_id, request.quantity, "100", time=self.clock.now())
        return ack


class Market:
    """Prices and closed days as the test says."""

    def __init__(self):
        self.quotes = {s: datum(s) for s in _UNIVERSE}
        self.last = date.fromisoformat(BAR)

    def data(self):
        return self.quotes

    def bars(self, symbol):
        """Sessions up to the last one, about 100 and never far from it."""
        days = np.arange(np.datetime64("2010-06-01"), np.datetime64(self.last) + 1)
        days = days[np.is_busday(days)]
        rng = np.random.default_rng(len(symbol))
        close = 100.0 + rng.uniform(-1.0, 1.0, len(days))
        time = days.astype("datetime64[s]").astype(np.int64)
        volume = np.full(len(days), 1e6)
        return Bars(symbol, Interval.DAY, time, close, close + 1.0, close - 1.0, close, volume, "x", True)

    def actions(self, symbol):
        del symbol
        return ()


def signal(symbol="AAPL", call=Call.UP, *, bar=BAR, edge=Edge.WEAK, p=0.6, horizon=5, version="v1", votes=()):
    time = datetime.fromisoformat(bar).replace(tzinfo=UTC) + timedelta(days=1)
    return Signal(
        symbol, bar, time, horizon, p, 0.54, edge, "What it says.", "ensemble", version, "ff", votes,
        call=call, why=f"It says {call.value}.",
    )  # fmt: skip


class Playhouse:
    """One desk on a folder; ``restart`` is another process on the same files and venue."""

    def __init__(self, folder, mode=Conduct.AUTO, *, practice=False, paper=True):
        self.folder, self.mode, self.practice, self.paper = folder, mode, practice, paper
        self.clock, self.market = SimClock(OPENS), Market()
        self.venue = Eager(self.clock)
        self.signals, self.open_now = {}, True
        self.die_at = ""
        self.start()
        self.execution.deposit(Decimal(100_000), "start", "start")
        self.settle()

    def start(self):
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        self.books = Books.of(ACCOUNT, self.ledger.read())
        self.gate = Gate(INSTRUMENTS, self.market, self.books, self.clock)
        self.execution = Execution(
            self.ledger, self.books, brokers={ACCOUNT: self.venue}, route=lambda _: ACCOUNT,
            instruments=INSTRUMENTS, clock=self.clock, gate=self.gate, meter=Meter(), probe=self.pass_by,
        )  # fmt: skip
        self.gate.venue = self.execution.venue
        self.rooms = SimpleNamespace(
            broker=self.venue if self.paper else None,
            playbook=Playbook(_UNIVERSE, 5, self.mode, practice=self.practice),
            ledger=self.ledger, books=self.books, clock=self.clock, instruments=INSTRUMENTS,
            execution=self.execution, market=self.market, sealed="",
        )  # fmt: skip
        self.player = Player(self.rooms, self.gate, self.pass_by)
        self.execution.recover()
        self.gate.learn({s: self.market.bars(s) for s in _UNIVERSE})

    def restart(self, **changes):
        self.ledger.close()
        vars(self).update(changes)
        self.start()
        return self

    def close(self):
        self.ledger.close()

    def pass_by(self, point):
        if point == self.die_at:
            self.die_at = ""
            raise Killed

    @property
    def sessions(self):
        state = SessionState.OPEN if self.open_now else SessionState.CLOSED
        return {"XNYS": SessionInfo("XNYS", state, datetime(2030, 1, 1, tzinfo=UTC))}

    def settle(self, turns=4):
        """Some turns of the loop, a second each."""
        for _ in range(turns):
            self.clock.advance(1)
            data = self.market.data()
            self.execution.turn(data, self.sessions)
            self.gate.recovered = self.execution.recovered
            self.gate.began(market_day(self.clock.now()), self.gate.equity(data), self.gate.equity(data))
            self.player.turn(self.signals, data)
        return self

    def say(self, *signals):
        self.signals = {**self.signals, **{one.symbol: one for one in signals}}
        return self.settle()

    def shut(self, *, closed=True):
        self.open_now = not closed
        state = SessionState.CLOSED if closed else SessionState.OPEN
        self.market.quotes = {s: datum(s, session=state) for s in _UNIVERSE}
        return self

    def tomorrow(self, days=1):
        """So many sessions later, when the bars in between have closed."""
        for _ in range(days):
            day = np.busday_offset(np.datetime64(self.market.last), 1)
            self.market.last = day.astype(date)
            later = np.busday_offset(day, 1).astype(date)
            opens = datetime(later.year, later.month, later.day, 14, 0, tzinfo=UTC)
            self.clock.advance((opens - self.clock.now()).total_seconds())
        return self

    def answer(self, proposal, *, approve=True):
        return self.player.answer(proposal.id, self.market.data(), approve=approve)

    @property
    def newest(self):
        return self.player.shown[0]

    @property
    def last_bar(self):
        return str(self.market.last)

    def orders(self, side=None, role=""):
        """The desk's own orders, oldest first."""
        found = (o for o in self.books.orders.values() if o.role == role)
        return [o for o in found if side is None or o.request.side is side]

    def bought(self):
        return self.orders(Side.BUY)

    def sold(self):
        return self.orders(Side.SELL)

    def written(self):
        return [e for e in self.ledger.read() if e.kind is EventKind.PROPOSAL]


def doubtful(*raw):
    """Votes of members that have shown nothing."""
    return tuple(Vote(f"m{i}", 0.54, 0.54, raw=p) for i, p in enumerate(raw))
