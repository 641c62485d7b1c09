"""A desk on a bench: the real ledger, books and order path, and a venue that does what it is told."""

from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from marketpulse.clock import SimClock
from marketpulse.errors import Rejected
from marketpulse.execution import Execution
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, VenueOrder
from marketpulse.storage import Ledger
from marketpulse.types import (
    AssetClass,
    Check,
    Fill,
    Instrument,
    OrderRequest,
    OrderState,
    OrderType,
    Preview,
    SessionInfo,
    SessionState,
    Side,
    TimeInForce,
)

ACCOUNT = "sim:1"
T0 = datetime(2012, 6, 1, 14, 0, tzinfo=UTC)
CLOSE = datetime(2012, 6, 1, 20, 0, tzinfo=UTC)
GRACE = 5.0
INSTRUMENTS = {
    "AAPL": Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1)),
    "MSFT": Instrument("MSFT", "Microsoft", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1)),
    "BTC/USDT": Instrument(
        "BTC/USDT", "Bitcoin", AssetClass.CRYPTO, "USDT", "24/7", Decimal("0.01"), Decimal("0.00001")
    ),
}
OPEN = {
    "XNYS": SessionInfo("XNYS", SessionState.OPEN, CLOSE),
    "24/7": SessionInfo("24/7", SessionState.OPEN, None),
}
SHUT = {"XNYS": SessionInfo("XNYS", SessionState.CLOSED, CLOSE + timedelta(hours=17, minutes=30))}


def buy(quantity=10, symbol="AAPL", limit=None, force=TimeInForce.GTC, side=Side.BUY):
    kind = OrderType.LIMIT if limit else OrderType.MARKET
    price = Decimal(limit) if limit else None
    return OrderRequest(symbol, side, kind, Decimal(quantity), price, None, force)


def sell(quantity=10, symbol="AAPL", limit=None, force=TimeInForce.GTC):
    return buy(quantity, symbol, limit, force, Side.SELL)


class SimVenue:
    """Keeps orders; each call first raises what stands at the front of ``trouble[call]``, if anything does.

    ``arrives`` tells whether an order whose answer is lost has arrived all the same.
    """

    name = "sim"
    capabilities = BrokerCapabilities(frozenset(OrderType), frozenset({AssetClass.EQUITY}), GRACE, live=False)

    def __init__(self):
        self.orders = {}
        self.executed = []
        self.calls = []
        self.arrives = True
        self.trouble = {call: deque() for call in ("place", "cancel", "find", "open_orders", "fills")}

    def _called(self, call, client_id=""):
        self.calls.append((call, client_id))
        if self.trouble[call]:
            error = self.trouble[call].popleft()
            if error is not None:
                raise error

    def placed(self, client_id):
        return sum(call == ("place", client_id) for call in self.calls)

    def accept(self, client_id, instrument, request, state=OrderState.ACCEPTED):
        self.orders[client_id] = [instrument, request, Decimal(0), state]

    def place(self, client_id, instrument, request):
        trouble = self.trouble["place"]
        if trouble and self.arrives and not isinstance(trouble[0], Rejected):
            self.accept(client_id, instrument, request)
        self._called("place", client_id)
        self.accept(client_id, instrument, request)
        return Ack(client_id, f"V-{client_id}", T0)

    def replace(self, ref, terms):
        del ref, terms
        raise Rejected("NOT_OFFERED", "it does not change an order in place")

    def cancel(self, ref):
        self._called("cancel", ref.client_id)
        order = self.orders.get(ref.client_id)
        if order is None or order[3] not in {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}:
            raise Rejected("NOTHING", "There is nothing to cancel.")
        order[3] = OrderState.CANCELED

    def execute(self, client_id, quantity, price="100", *, trade=None, fee="0", time=T0):
        """Fill a part of an order."""
        order = self.orders[client_id]
        order[2] += Decimal(quantity)
        done = order[2] >= order[1].quantity
        if order[3] in {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}:
            order[3] = OrderState.FILLED if done else OrderState.PARTIALLY_FILLED
        trade = trade or f"T{len(self.executed) + 1}"
        self.executed.append(
            Fill(
                self.name, trade, client_id, order[1].symbol, order[1].side, Decimal(quantity), Decimal(price),
                Decimal(fee), time,
            )
        )  # fmt: skip

    def _view(self, client_id):
        instrument, request, filled, state = self.orders[client_id]
        ref = OrderRef(client_id, f"V-{client_id}", instrument)
        return VenueOrder(ref, state, request.quantity, filled)

    def find(self, ref):
        self._called("find", ref.client_id)
        return self._view(ref.client_id) if ref.client_id in self.orders else None

    def open_orders(self, instruments):
        del instruments
        self._called("open_orders")
        resting = {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
        return [self._view(c) for c, order in self.orders.items() if order[3] in resting]

    def fills(self, since, instruments):
        del instruments
        self._called("fills")
        return [fill for fill in self.executed if fill.time >= since]

    def account(self):
        return AccountState("1", {}, {})


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class Bench:
    """One desk; ``restart`` ends it as a kill would and starts another on the same ledger and venue."""

    def __init__(self, folder, cash="100000"):
        self.folder = folder
        self.clock = SimClock(T0)
        self.venue = SimVenue()
        self.failing = ()
        self.sessions = OPEN
        self.ledger = None
        self.start()
        self.execution.deposit(Decimal(cash), "start", "start")
        self.execution.recover()
        self.turn()

    def start(self):
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        self.books = Books.of(ACCOUNT, self.ledger.read())
        self.meter = Meter(self.clock.monotonic)
        self.execution = Execution(
            self.ledger, self.books, brokers={ACCOUNT: self.venue}, route=lambda _: ACCOUNT,
            instruments=INSTRUMENTS, clock=self.clock, gate=self.gate, meter=self.meter, probe=self.pass_by,
        )  # fmt: skip

    def restart(self):
        self.ledger.close()
        self.start()
        return self

    def probe(self, point):
        """Replaced by tests."""

    def pass_by(self, point):
        """What the desk calls; ``probe`` may be replaced while it runs."""
        self.probe(point)

    def die_at(self, point):
        """Let the next passing of ``point`` be the last thing this process does."""

        def die(here):
            if here == point:
                self.probe = lambda _: None
                raise Killed

        self.probe = die

    def gate(self, request):
        checks = [Check(code, code, passed=False, sentence=f"{code} says no.") for code in self.failing]
        price = float(request.trigger or 100)
        return Preview(
            request, tuple(checks), notional=price * float(request.quantity), fees=1.0, slippage=0.0
        )

    def turn(self, seconds=0.0, market=None):
        self.clock.advance(seconds)
        self.execution.turn(market or {}, self.sessions)
        return self

    def place(self, request, key="k1"):
        return self.execution.place(request, key).order

    def resting(self, request, key="k1"):
        """Place and send; return the accepted order."""
        order = self.place(request, key)
        self.turn()
        return self.order(order)

    def order(self, order):
        return self.books.order(order.id)

    def state(self, order):
        return self.books.order(order.id).state.value

    def kinds(self):
        return [event.kind.value for event in self.ledger.read()]

    def alerts(self):
        return [e.payload["code"] for e in self.ledger.read() if e.kind.value == "alert"]

    def path(self, order):
        """The states an order went through, as the ledger tells it."""
        return [
            e.payload.get("to", "new")
            for e in self.ledger.read()
            if e.ref == order.id and e.kind.value in {"order", "state", "fill"}
        ]

    def same_books(self):
        """Books folded again from the ledger equal the live ones."""
        again = Books.of(ACCOUNT, self.ledger.read())
        assert again.portfolio == self.books.portfolio
        assert dict(again.orders) == dict(self.books.orders)
        assert again.fills == self.books.fills
        assert again.open_orders == self.books.open_orders
        assert again.halt == self.books.halt
        assert again.reserved_cash == self.books.reserved_cash
