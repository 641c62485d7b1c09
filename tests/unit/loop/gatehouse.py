"""A gate with everything real around it but the market: ledger, books, order path, equity log."""

from datetime import timedelta
from decimal import Decimal

from tickets import INSTRUMENTS, NOW, datum

from marketpulse.brokers.paper import PaperBroker
from marketpulse.clock import SimClock
from marketpulse.execution import Execution
from marketpulse.loop.daystop import DayStop
from marketpulse.loop.equity import EquityLog, market_day
from marketpulse.loop.gate import Gate
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.storage import Ledger, MarketStore
from marketpulse.types import SessionInfo, SessionState

ACCOUNT = "paper:desk"
CASH = Decimal(100_000)
OPEN = {name: SessionInfo(name, SessionState.OPEN, NOW + timedelta(days=30)) for name in ("XNYS", "24/7")}


class Prices:
    """A market whose prices are what the test says."""

    def __init__(self):
        self.quotes = {}

    def data(self):
        return self.quotes


class House:
    """One desk on a folder; ``restart`` is another process on the same files."""

    def __init__(self, folder, per_minute=30, broker=PaperBroker, base="USD"):
        self.folder, self.per_minute, self.broker, self.base = folder, per_minute, broker, base
        self.clock = SimClock(NOW)
        self.market = Prices()
        self.price(100.0)
        self.open()

    def open(self):
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        self.store = MarketStore.open(self.folder / "market.db")
        self.books = Books.of(ACCOUNT, self.ledger.read(), self.base)
        self.gate = Gate(INSTRUMENTS, self.market, self.books, self.clock, per_minute=self.per_minute)
        broker = self.broker(self.books, INSTRUMENTS, self.clock)
        self.execution = Execution(
            self.ledger,
            self.books,
            brokers={ACCOUNT: broker},
            route=lambda _: ACCOUNT,
            instruments=INSTRUMENTS,
            clock=self.clock,
            gate=self.gate,
            meter=Meter(),
        )
        self.gate.venue = self.execution.venue
        self.execution.deposit(CASH, "starting cash", "start")
        self.log = EquityLog(self.store, ACCOUNT, float(CASH))
        self.day_stop = DayStop(self.gate, self.books, self.ledger, self.clock)
        self.execution.recover()
        self.execution.turn(self.market.data(), OPEN)
        self.gate.recovered = self.execution.recovered
        self.turn()

    def close(self):
        self.ledger.close()
        self.store.close()

    def restart(self):
        self.close()
        self.open()

    def price(self, price, **changes):
        self.market.quotes = {"AAPL": datum(price=price, bid=price - 0.01, ask=price + 0.01, **changes)}

    def turn(self):
        """What the loop does with the day in each turn."""
        self.day_stop.turn(self.market.data())
        now, worth = self.clock.now(), self.gate.equity(self.market.data())
        if worth is not None:
            self.log.add(now, worth)
        self.gate.began(market_day(now), self.log.day_start(now), worth)
