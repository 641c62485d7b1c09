"""A desk on a bench: the real ledger, books and order path, and a venue that does what it is told."""

from collections import deque
from dataclasses import replace
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
    OPEN_STATES,
    AssetClass,
    Check,
    Fill,
    Instrument,
    MarketDatum,
    OrderRequest,
    OrderState,
    OrderType,
    Preview,
    Quote,
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


def stop(quantity=10, price="90", symbol="AAPL", target=None):
    """A protective stop; with a target it is one side of an OCO."""
    target = Decimal(target) if target else None
    return OrderRequest(
        symbol, Side.SELL, OrderType.STOP, Decimal(quantity), stop_price=Decimal(price),
        time_in_force=TimeInForce.GTC, take_profit_price=target,
    )  # fmt: skip


def bracket(quantity=10, target="110", loss="90", limit=None, *, symbol="AAPL", force=TimeInForce.GTC):
    """A buy with its exits."""
    return OrderRequest(
        symbol, Side.BUY, OrderType.LIMIT if limit else OrderType.MARKET, Decimal(quantity),
        Decimal(limit) if limit else None, time_in_force=force,
        take_profit_price=Decimal(target) if target else None, stop_loss_price=Decimal(loss) if loss else None,
    )  # fmt: skip


RESTING = {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}


class SimVenue:
    """Keeps orders; each call first raises what stands at the front of ``trouble[call]``, if anything does.

    ``arrives`` tells whether an order whose answer is lost has arrived all the same, ``tells`` whether
    orders are shown with their prices.
    """

    name = "sim"
    capabilities = BrokerCapabilities(frozenset(OrderType), frozenset({AssetClass.EQUITY}), GRACE, live=False)

    def __init__(self):
        self.orders = {}
        self.executed = []
        self.calls = []
        self.arrives = self.tells = True
        calls = ("place", "cancel", "replace", "find", "open_orders", "fills")
        self.trouble = {call: deque() for call in calls}

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
        """Change a resting order, where ``capabilities.amends``; a lost answer has arrived if ``arrives``."""
        trouble = self.trouble["replace"]
        if trouble and self.arrives and not isinstance(trouble[0], Rejected):
            self._amend(ref.client_id, terms)
        self._called("replace", ref.client_id)
        self._amend(ref.client_id, terms)
        return Ack(ref.client_id, f"V-{ref.client_id}", T0)

    def _amend(self, client_id, terms):
        order = self.orders[client_id]
        if order[3] not in RESTING:
            raise Rejected("NOTHING", "There is nothing to change.")
        said = {
            f: v for f in ("quantity", "limit_price", "stop_price") if (v := getattr(terms, f)) is not None
        }
        order[1] = replace(order[1], **said)
        if order[2] >= order[1].quantity:
            order[3] = OrderState.FILLED

    def cancel(self, ref):
        self._called("cancel", ref.client_id)
        order = self.orders.get(ref.client_id)
        if order is None or order[3] not in RESTING:
            raise Rejected("NOTHING", "There is nothing to cancel.")
        order[3] = OrderState.CANCELED

    def execute(self, client_id, quantity, price="100", *, trade=None, fee="0", time=T0):
        """Fill a part of an order."""
        order = self.orders[client_id]
        order[2] += Decimal(quantity)
        done = order[2] >= order[1].quantity
        if order[3] in RESTING:
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
        prices = {"limit_price": request.limit_price, "stop_price": request.stop_price} if self.tells else {}
        return VenueOrder(
            ref, state, request.quantity, filled, side=request.side, type=request.type, **prices
        )

    def find(self, ref):
        self._called("find", ref.client_id)
        return self._view(ref.client_id) if ref.client_id in self.orders else None

    def open_orders(self, instruments):
        del instruments
        self._called("open_orders")
        return [self._view(c) for c, order in self.orders.items() if order[3] in RESTING]

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
        self.asked = []
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

    def gate(self, request, instead=""):
        self.asked.append((request, instead))
        checks = [Check(code, code, passed=False, sentence=f"{code} says no.") for code in self.failing]
        price = float(request.trigger or 100)
        return Preview(
            request, tuple(checks), notional=price * float(request.quantity), fees=1.0, slippage=0.0
        )

    def turn(self, seconds=0.0, market=None):
        self.clock.advance(seconds)
        self.execution.turn(market or {}, self.sessions)
        return self

    def at(self, price, seconds=1.0, *, symbol="AAPL", stale=False, session=SessionState.OPEN):
        """One turn in which the last trade was at ``price``."""
        now = self.clock.now()
        quote = Quote(symbol, float(price), None, None, None, now, now, "tape")
        return self.turn(seconds, {symbol: MarketDatum(quote, 0.0, stale, session)})

    def legs(self, parent):
        """The exits of an order, oldest first."""
        exits = {"stop", "target"}
        return [o for o in self.books.orders.values() if o.parent == parent.id and o.role in exits]

    def working(self, parent):
        """The exit that may trade."""
        found = [leg for leg in self.legs(parent) if leg.state in OPEN_STATES]
        assert len(found) <= 1
        return found[0] if found else None

    def resting_sells(self, symbol="AAPL"):
        """Units that orders at the venue would still sell, as the venue knows them."""
        return sum(
            (o[1].quantity - o[2] for o in self.venue.orders.values()
             if o[3] in RESTING and o[1].side is Side.SELL and o[1].symbol == symbol),
            Decimal(0),
        )  # fmt: skip

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
