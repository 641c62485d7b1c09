"""A desk with live accounts on a bench: two venues that keep cash and units, and count what reaches them."""

from collections import deque
from decimal import Decimal

from unit.execution.bench import GRACE, INSTRUMENTS, OPEN, T0, SimVenue

from marketpulse.clock import SimClock
from marketpulse.execution import Execution, Live, unknown_account
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.ports import AccountState, BrokerCapabilities
from marketpulse.storage import Ledger
from marketpulse.types import AssetClass, OrderType, Preview, Side


class LiveVenue(SimVenue):
    """A venue that knows what its account holds; executions move it."""

    def __init__(self, name, account_id, cash, units=None):
        super().__init__()
        self.name = name
        self.account_id = account_id
        self.cash = {currency: Decimal(amount) for currency, amount in cash.items()}
        self.units = {symbol: Decimal(amount) for symbol, amount in (units or {}).items()}
        self.trouble["account"] = deque()
        self.asked = []  # the instruments of each sweep
        kinds = {i.asset_class for i in INSTRUMENTS.values()}
        self.capabilities = BrokerCapabilities(frozenset(OrderType), frozenset(kinds), GRACE, live=True)

    def execute(self, client_id, quantity, price="100", *, trade=None, fee="0", time=T0, currency="USD"):
        super().execute(client_id, quantity, price, trade=trade, fee=fee, time=time)
        fill = self.executed[-1]
        sign = fill.side.sign
        self.units[fill.symbol] = self.units.get(fill.symbol, Decimal(0)) + sign * fill.quantity
        self.cash[currency] -= sign * fill.quantity * fill.price + fill.fee

    def fills(self, since, instruments):
        known = {i.symbol for i in instruments}
        self.asked.append(known)
        return [fill for fill in super().fills(since, ()) if fill.symbol in known]

    def account(self):
        self._called("account")
        return AccountState(
            self.account_id, dict(self.cash), {symbol: n for symbol, n in self.units.items() if n}
        )

    @property
    def sent(self):
        """How many orders were handed over."""
        return sum(call == "place" for call, _ in self.calls)


def shares(instrument):
    return instrument.asset_class is AssetClass.EQUITY


def pairs(instrument):
    return instrument.asset_class is AssetClass.CRYPTO


class LiveBench:
    """One desk with live accounts; ``restart`` ends it as a kill would."""

    def __init__(self, folder, *, allowed=True, cash="1000", units=None):
        self.folder = folder
        self.clock = SimClock(T0)
        self.alpaca = LiveVenue("alpaca", "A1", {"USD": cash}, units)
        self.binance = LiveVenue("binance", "B1", {"USDT": "500"})
        self.allowed = allowed
        self.remembered = {}
        self.ledger = None
        self.start()

    def lives(self):
        """The accounts as build makes them; tests change the list."""
        rows = (("alpaca", self.alpaca, "equity", shares), ("binance", self.binance, "crypto", pairs))
        return [
            Live(
                name, venue, (what,), trades, allowed=self.allowed, account_id=self.remembered.get(name),
                remember=lambda account, name=name: self.remembered.update({name: account}),
            )
            for name, venue, what, trades in rows
        ]  # fmt: skip

    def start(self):
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        lives = self.lives()
        names = [
            f"{live.broker}:{live.account_id}" if live.account_id else unknown_account(live.broker)
            for live in lives
        ]
        self.books = Books.of(names or ["paper:desk"], self.ledger.read())
        self.meter = Meter(self.clock.monotonic)
        self.execution = Execution(
            self.ledger, self.books, brokers={}, route=lambda _: "", live=lives, instruments=INSTRUMENTS,
            clock=self.clock, gate=self.gate, meter=self.meter, probe=self.pass_by,
        )  # fmt: skip

    def probe(self, point):
        """Replaced by tests."""

    def pass_by(self, point):
        """What the desk calls; ``probe`` may be replaced while it runs."""
        self.probe(point)

    def restart(self):
        self.ledger.close()
        self.start()
        return self

    def gate(self, request, *_):
        price = float(request.trigger or 100)
        return Preview(request, (), notional=price * float(request.quantity), fees=0.0, slippage=0.0)

    def turn(self, seconds=0.0):
        self.clock.advance(seconds)
        self.execution.turn({}, OPEN)
        return self

    def view(self, broker="alpaca"):
        return next(view for view in self.execution.accounts if view.broker == broker)

    def adopted(self, broker="alpaca"):
        """Look twice, believe the venue, look again, and trade again."""
        self.turn().turn(5)
        view = self.view(broker)
        self.execution.adopt(broker, view.account_id, view.phrase)
        self.execution.resume("RESUME")
        return self.turn(1)

    def ready(self):
        """Both accounts adopted and armed."""
        self.turn().turn(5)
        for view in self.execution.accounts:
            self.execution.adopt(view.broker, view.account_id, view.phrase)
            self.execution.arm(view.broker, view.account_id)
        self.execution.resume("RESUME")
        return self.turn(1)

    def place(self, request, key="k1"):
        return self.execution.place(request, key).order

    def state(self, order):
        return self.books.order(order.id).state.value

    def alerts(self):
        return [e.payload["code"] for e in self.ledger.read() if e.kind.value == "alert"]

    def same(self, venue, account):
        """The books hold what the venue holds."""
        assert self.books.units(account) == {s: n for s, n in venue.units.items() if n}
        for currency, amount in venue.cash.items():
            assert self.books.balance(currency, account) == amount


__all__ = ["LiveBench", "LiveVenue", "Side", "pairs", "shares"]
