"""A small venue that outlives the desk, and the broker that talks to it.

It does what real ones do: loses requests, loses answers, accepts an order after its connection has
died, turns requests away, refuses some, fills in parts and later, lists fills twice and in any order.
A client id is unique among open orders only, as at Binance: once filled, the same id is taken again, so
an order sent twice is two orders. How a request travels and how time passes is not its business.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marketpulse.errors import Rejected, Throttled, Uncertain
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.types import (
    AssetClass,
    Fill,
    Instrument,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)

__all__ = ["ACCOUNT", "CASH", "INSTRUMENTS", "SYMBOLS", "Luck", "Said", "Venue", "WireBroker"]

ACCOUNT = "sim:1"
CASH = Decimal(1_000_000)
"""What each desk of the proofs begins with."""

SYMBOLS = ("AAPL", "MSFT", "IBM")
INSTRUMENTS = {
    s: Instrument(s, s, AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1)) for s in SYMBOLS
}

_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})

Said = dict[str, Any]
"""A request or an answer, as it travels: a JSON object."""


@dataclass(frozen=True, slots=True)
class Luck:
    """Cumulative chances of a request: lost, accepted late, answer lost, turned away; and of a trade.

    Attributes
    ----------
    late : longest delay of a late accept, seconds
    trade : chance that a part of a resting order trades when the venue is asked something
    unlucky : quantities divisible by it are refused, 0 for none
    """

    lost: float = 0.04
    lately: float = 0.10
    unanswered: float = 0.14
    throttled: float = 0.16
    late: float = 0.1
    trade: float = 0.2
    unlucky: int = 13


class Venue:
    """Keeps orders and executions; prices are whole cents, quantities whole units.

    Parameters
    ----------
    later : lets a function run after some seconds
    now : the venue's clock

    Attributes
    ----------
    orders : every order ever accepted; two may share a client id
    fills : every execution
    faults : whether anything goes wrong
    """

    def __init__(
        self,
        dice: random.Random,
        luck: Luck,
        later: Callable[[float, Callable[[], None]], object],
        now: Callable[[], datetime] = lambda: datetime.fromtimestamp(0, UTC),
    ) -> None:
        self.luck = luck
        self.orders: list[Said] = []
        self.fills: list[Said] = []
        self.faults = True
        self.accepted_late = 0
        self.happened: dict[str, int] = {}
        self._dice = dice
        self._later = later
        self._now = now

    def answer(self, asked: Said) -> Said | None:
        """Answer one request; None when the connection dies instead."""
        self._trade()
        luck, op = self.luck, asked["op"]
        drawn = self._dice.random() if self.faults else 1.0
        if op not in {"place", "cancel", "replace"}:
            drawn *= 3.0  # a question that fails only costs time
        if drawn < luck.lost:
            self._note("request lost")
            return None
        if op == "place" and drawn < luck.lately:
            self._later(self._dice.uniform(0, luck.late), lambda: self._take_late(asked))
            self._note("late accept")
            return None
        done: Callable[[Said], Said] = getattr(self, f"do_{op}")
        if luck.lately <= drawn < luck.unanswered:
            done(asked)
            self._note("answer lost")
            return None
        if drawn < luck.throttled:
            self._note("turned away")
            return {"throttled": 0.01}
        return done(asked)

    def _note(self, what: str) -> None:
        self.happened[what] = self.happened.get(what, 0) + 1

    def _take_late(self, asked: Said) -> None:
        self.accepted_late += 1
        self.do_place(asked)

    def _trade(self) -> None:
        """Now and then a part of a resting order trades, whoever is listening."""
        for order in self.orders:
            if order["open"] and self._dice.random() < self.luck.trade:
                self._fill(order, self._dice.randint(1, order["left"]))

    def _fill(self, order: Said, quantity: int) -> None:
        order["left"] -= quantity
        order["open"] = order["left"] > 0
        if order["open"]:
            self._note("partial fill")
        self.fills.append(
            {
                "id": f"T{len(self.fills) + 1}",
                "cid": order["cid"],
                "symbol": order["symbol"],
                "side": order["side"],
                "quantity": quantity,
                "price": order["price"] + self._dice.randint(-3, 3),
                "fee": quantity * 7,
                "time": self._now().isoformat(),
            }
        )

    def _of(self, cid: str) -> Said | None:
        return next((o for o in reversed(self.orders) if o["cid"] == cid), None)

    def _view(self, order: Said) -> Said:
        done = order["quantity"] - order["left"]
        state = "canceled" if order["canceled"] else "filled" if not order["left"] else "accepted"
        return {**order, "filled": done, "state": "partially_filled" if done and order["open"] else state}

    def do_place(self, asked: Said) -> Said:
        """Take an order, or refuse it."""
        order = self._of(asked["cid"])
        if order is None or not order["open"]:
            if self.luck.unlucky and asked["quantity"] % self.luck.unlucky == 0:
                return {"rejected": "UNLUCKY"}
            order = {**asked, "left": asked["quantity"], "open": True, "canceled": False}
            self.orders.append(order)
            while asked["market"] and order["left"]:
                self._fill(order, self._dice.randint(1, order["left"]))
            if asked.get("force"):
                self._at_once(order)
        return {"venue_id": f"V-{order['cid']}"}

    def _at_once(self, order: Said) -> None:
        """Ioc trades a part now and then, fok all or nothing; the rest is given up."""
        if self._dice.random() < 0.6:
            whole = order["force"] == TimeInForce.FOK
            self._fill(order, order["left"] if whole else self._dice.randint(1, order["left"]))
        if order["open"]:
            self._note("remainder given up")
            order["open"], order["canceled"] = False, True

    def do_replace(self, asked: Said) -> Said:
        """Give what rests another price or quantity."""
        order = self._of(asked["cid"])
        if order is None or not order["open"]:
            return {"rejected": "NOTHING_TO_CHANGE"}
        done = order["quantity"] - order["left"]
        quantity = asked["quantity"] or order["quantity"]
        if quantity <= done or (self.luck.unlucky and quantity % self.luck.unlucky == 0):
            return {"rejected": "UNLUCKY"}
        order["quantity"], order["left"] = quantity, quantity - done
        order["price"] = asked["price"] or order["price"]
        self._note("changed in place")
        return {"venue_id": f"V-{order['cid']}"}

    def do_cancel(self, asked: Said) -> Said:
        """End what rests."""
        order = self._of(asked["cid"])
        if order is None or not order["open"]:
            return {"rejected": "NOTHING_TO_CANCEL"}
        order["open"], order["canceled"] = False, True
        return {}

    def do_find(self, asked: Said) -> Said:
        """Show one order."""
        order = self._of(asked["cid"])
        return {"order": self._view(order) if order else None}

    def do_open(self, asked: Said) -> Said:
        """Show all that rests."""
        del asked
        return {"orders": [self._view(o) for o in self.orders if o["open"]]}

    def do_fills(self, asked: Said) -> Said:
        """List all executions, some of them twice, in any order."""
        del asked
        shown = self.fills + self._dice.choices(self.fills, k=5) if self.fills else []
        self._dice.shuffle(shown)
        return {"fills": shown}


class WireBroker:
    """The adapter: no answer is Uncertain, whatever was under way.

    Parameters
    ----------
    wire : carries one request and returns the answer; None or Uncertain when there is none
    amends : it changes orders in place
    """

    name = "sim"

    def __init__(self, wire: Callable[[Said], Said | None], grace: float, *, amends: bool = False) -> None:
        self._wire = wire
        self.capabilities = BrokerCapabilities(
            frozenset(OrderType),
            frozenset({AssetClass.EQUITY}),
            grace,
            live=False,
            forces=frozenset(TimeInForce),
            amends=amends,
        )

    def _call(self, op: str, **asked: Any) -> Said:
        answer = self._wire({"op": op, **asked})
        if answer is None:
            raise Uncertain("connection closed")
        if "throttled" in answer:
            raise Throttled("slow down", answer["throttled"])
        if "rejected" in answer:
            raise Rejected(answer["rejected"], "The venue does not like it.")
        return answer

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once."""
        answer = self._call(
            "place",
            cid=client_id,
            symbol=instrument.symbol,
            side=request.side.sign,
            quantity=int(request.quantity),
            price=int((request.trigger or Decimal(100)) * 100),
            market=request.type is OrderType.MARKET,
            stop=request.stop_price is not None,
            force=request.time_in_force.value if request.time_in_force in _AT_ONCE else "",
        )
        return Ack(client_id, answer["venue_id"], datetime.fromtimestamp(0, UTC))

    def cancel(self, ref: OrderRef) -> None:
        """Ask for a cancel."""
        self._call("cancel", cid=ref.client_id)

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Ask for other terms."""
        price = terms.limit_price or terms.stop_price
        answer = self._call(
            "replace",
            cid=ref.client_id,
            quantity=None if terms.quantity is None else int(terms.quantity),
            price=None if price is None else int(price * 100),
        )
        return Ack(ref.client_id, answer["venue_id"], datetime.fromtimestamp(0, UTC))

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Return the venue's view."""
        order = self._call("find", cid=ref.client_id)["order"]
        return None if order is None else _view(order)

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All resting orders."""
        del instruments
        return [_view(order) for order in self._call("open")["orders"]]

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """All executions, whatever was asked for: repeats are welcome."""
        del since, instruments
        return [_fill(self.name, told) for told in self._call("fills")["fills"]]

    def account(self) -> AccountState:
        """Nothing: what is held is compared fill by fill."""
        return AccountState("1", {}, {})


def _fill(venue: str, told: Said) -> Fill:
    return Fill(
        venue,
        told["id"],
        told["cid"],
        told["symbol"],
        Side.BUY if told["side"] > 0 else Side.SELL,
        Decimal(told["quantity"]),
        Decimal(told["price"]) / 100,
        Decimal(told["fee"]) / 100,
        datetime.fromisoformat(told["time"]),
    )


def _view(order: Said) -> VenueOrder:
    ref = OrderRef(order["cid"], f"V-{order['cid']}", INSTRUMENTS[order["symbol"]])
    state, quantity, filled = OrderState(order["state"]), order["quantity"], order["filled"]
    price = Decimal(order["price"]) / 100
    return VenueOrder(
        ref,
        state,
        Decimal(quantity),
        Decimal(filled),
        limit_price=None if order["stop"] or order["market"] else price,
        stop_price=price if order["stop"] else None,
    )
