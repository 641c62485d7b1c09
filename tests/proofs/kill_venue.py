"""A small venue that outlives the desk, and the broker that talks to it.

It does what real ones do: loses requests, loses answers, accepts an order up to 100 ms after its
connection has died, turns requests away, refuses some, fills in parts and later, lists fills twice and
in any order. A client id is unique among open orders only, as at Binance: once filled, the same id is
taken again, so an order sent twice is two orders.
"""

import json
import random
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from marketpulse.errors import Rejected, Throttled, Uncertain
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, VenueOrder
from marketpulse.types import AssetClass, Fill, Instrument, OrderState, OrderType, Side

GRACE = 0.25
LATE = 0.1
LOST, LATELY, UNANSWERED, THROTTLED = 0.04, 0.10, 0.14, 0.16  # cumulative chances per request
SYMBOLS = ("AAPL", "MSFT", "IBM")
INSTRUMENTS = {
    s: Instrument(s, s, AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1)) for s in SYMBOLS
}


class Venue:
    """The server, in threads of the test's own process."""

    def __init__(self, path, seed, lately=LATELY, late=LATE):
        self.lately, self.longest = lately, late
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.orders = []  # every order ever accepted; two may share a client id
        self.fills = []
        self.faults = True
        self.accepted_late = 0
        self.closing = False
        self.timers = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.closing = True
        self.listener.close()
        for timer in self.timers:
            timer.join(1)

    def _accept(self):
        while not self.closing:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with suppress(OSError, ValueError), connection, connection.makefile("rwb") as stream:
            for line in stream:
                answer = self._answer(json.loads(line))
                if answer is None:
                    return
                stream.write(json.dumps(answer).encode() + b"\n")
                stream.flush()

    def _answer(self, asked):
        with self.lock:
            self._trade()
            luck = self.random.random() if self.faults else 1.0
            if asked["op"] not in {"place", "cancel"}:
                luck *= 3.0  # a question that fails only costs time
            if luck < LOST:
                return None
            if asked["op"] == "place" and luck < self.lately:
                timer = threading.Timer(self.random.uniform(0, self.longest), self._take_late, (asked,))
                self.timers.append(timer)
                timer.start()
                return None
            if LATELY <= luck < UNANSWERED:
                getattr(self, asked["op"])(asked)
                return None
            if luck < THROTTLED:
                return {"throttled": 0.01}
            return getattr(self, asked["op"])(asked)

    def _take_late(self, asked):
        with self.lock:
            self.accepted_late += 1
            self.place(asked)

    def _trade(self):
        """Now and then a part of a resting order trades, whoever is listening."""
        for order in self.orders:
            if order["open"] and self.random.random() < 0.2:
                self._fill(order, self.random.randint(1, order["left"]))

    def _fill(self, order, quantity):
        order["left"] -= quantity
        order["open"] = order["left"] > 0
        number = len(self.fills) + 1
        self.fills.append(
            {
                "id": f"T{number}", "cid": order["cid"], "symbol": order["symbol"], "side": order["side"],
                "quantity": quantity, "price": order["price"] + self.random.randint(-3, 3),
                "fee": quantity * 7, "time": datetime.now(UTC).isoformat(),
            }
        )  # fmt: skip

    def _of(self, cid):
        return next((o for o in reversed(self.orders) if o["cid"] == cid), None)

    def _view(self, order):
        done = order["quantity"] - order["left"]
        state = "canceled" if order["canceled"] else "filled" if not order["left"] else "accepted"
        return {**order, "filled": done, "state": "partially_filled" if done and order["open"] else state}

    def place(self, asked):
        order = self._of(asked["cid"])
        if order is None or not order["open"]:
            if asked["quantity"] % 13 == 0:
                return {"rejected": "UNLUCKY"}
            order = {**asked, "left": asked["quantity"], "open": True, "canceled": False}
            self.orders.append(order)
            while asked["market"] and order["left"]:
                self._fill(order, self.random.randint(1, order["left"]))
        return {"venue_id": f"V-{order['cid']}"}

    def cancel(self, asked):
        order = self._of(asked["cid"])
        if order is None or not order["open"]:
            return {"rejected": "NOTHING_TO_CANCEL"}
        order["open"], order["canceled"] = False, True
        return {}

    def find(self, asked):
        order = self._of(asked["cid"])
        return {"order": self._view(order) if order else None}

    def open(self, asked):
        del asked
        return {"orders": [self._view(o) for o in self.orders if o["open"]]}

    def listed(self, asked):
        del asked
        shown = self.fills + self.random.choices(self.fills, k=5) if self.fills else []
        self.random.shuffle(shown)
        return {"fills": shown}


class SocketBroker:
    """The adapter: a lost connection is Uncertain, whatever was under way."""

    name = "sim"

    def __init__(self, path, grace=GRACE):
        self.path = str(path)
        self.stream = None
        self.capabilities = BrokerCapabilities(
            frozenset(OrderType), frozenset({AssetClass.EQUITY}), grace, live=False
        )

    def _call(self, op, **asked):
        try:
            if self.stream is None:
                connection = socket.socket(socket.AF_UNIX)
                connection.settimeout(2)
                connection.connect(self.path)
                self.stream = connection.makefile("rwb")
                connection.close()  # the stream keeps it open
            self.stream.write(json.dumps({"op": op, **asked}).encode() + b"\n")
            self.stream.flush()
            line = self.stream.readline()
        except OSError as error:
            self.stream = None
            raise Uncertain(f"connection failed: {type(error).__name__}") from None
        if not line:
            self.stream = None
            raise Uncertain("connection closed")
        answer = json.loads(line)
        if "throttled" in answer:
            raise Throttled("slow down", answer["throttled"])
        if "rejected" in answer:
            raise Rejected(answer["rejected"], "The venue does not like it.")
        return answer

    def place(self, client_id, instrument, request):
        answer = self._call(
            "place", cid=client_id, symbol=instrument.symbol, side=request.side.sign,
            quantity=int(request.quantity), price=int((request.limit_price or Decimal(100)) * 100),
            market=request.type is OrderType.MARKET,
        )  # fmt: skip
        return Ack(client_id, answer["venue_id"], datetime.now(UTC))

    def cancel(self, ref):
        self._call("cancel", cid=ref.client_id)

    def find(self, ref):
        order = self._call("find", cid=ref.client_id)["order"]
        return None if order is None else self._view(order)

    def open_orders(self, instruments):
        del instruments
        return [self._view(order) for order in self._call("open")["orders"]]

    def fills(self, since, instruments):
        del since, instruments
        return [
            Fill(
                self.name, f["id"], f["cid"], f["symbol"], Side.BUY if f["side"] > 0 else Side.SELL,
                Decimal(f["quantity"]), Decimal(f["price"]) / 100, Decimal(f["fee"]) / 100,
                datetime.fromisoformat(f["time"]),
            )
            for f in self._call("listed")["fills"]
        ]  # fmt: skip

    def account(self):
        return AccountState("1", {}, {})

    def _view(self, order):
        ref = OrderRef(order["cid"], f"V-{order['cid']}", INSTRUMENTS[order["symbol"]])
        state, quantity, filled = OrderState(order["state"]), order["quantity"], order["filled"]
        return VenueOrder(ref, state, Decimal(quantity), Decimal(filled))
