"""Drive each kind of order of each live adapter through its venue's faults, and compare with the venue's own ledger.

It needs a simulator of the venues' wire formats that answers under their names, whose control address stands in
``VENUES_CONTROL`` (as ``brokers_shares.py`` says), and which triggers stops, take-profits and trailing stops, knows
Bybit's ``order/amend`` and Kite's PUT, logs an order's tag, and takes fees in other coins (``fee_base``, ``fee_bnb``).
Not part of the suite. ``python tests/drive/brokers_kinds.py [venue ...]`` prints one row a run; it ends with status 1
if a venue's ledger does not hold exactly one order for each that was accepted, or a number differs.
"""

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from brokers_shares import IN_SESSION, SHARE, Later, control
from kinds_amended import changes, fees
from kinds_of import (
    AMEND,
    KINDS,
    KNOWN,
    NEAR,
    PART,
    PLACE,
    UNITS,
    WHAT,
    Fault,
    Kind,
    found,
    last_price,
    ledger,
    name_of,
    plant,
    said,
    shock,
)

from marketpulse.brokers.alpaca import AlpacaBroker
from marketpulse.brokers.binance import BinanceBroker
from marketpulse.brokers.bybit import BybitBroker
from marketpulse.brokers.kite import KiteBroker
from marketpulse.brokers.kite_login import KiteLogin
from marketpulse.clock import WallClock
from marketpulse.ports import OrderRef
from marketpulse.types import OrderState, OrderType, TimeInForce

AT_ONCE = {TimeInForce.IOC, TimeInForce.FOK}
BEGUN = timedelta(minutes=30)


FAULTS = (
    Fault("none", "", "accepted", 1),
    Fault("reply lost after accept", "lost_reply", "Uncertain", 1, wire=True),
    Fault("timeout after accept", "order_timeout_after_accept", "Uncertain", 1),
    Fault("reset after accept", "order_reset_after_accept", "Uncertain", 1),
    Fault("5xx after accept", "order_5xx_after_accept", "Uncertain", 1),
    Fault("malformed reply, not accepted", "malformed", "Uncertain", 0, wire=True),
    Fault("reject", "order_reject", "Rejected INSUFFICIENT_FUNDS", 0),
    Fault("partial fill, then cancel", "partial_fill", "accepted", 1),
    Fault("no fill, then cancel", "order_no_fill", "accepted", 1),
    Fault("unknown order", "nobody", "accepted", 1),
    Fault("clock skew, then again", "skew", "Throttled", 1),
    Fault("expired token, then again", "key", "AuthExpired", 1),
)


def make(venue: str, clock: WallClock, key: str = "sim-key") -> object:
    """Build the adapter; another key is one that the venue does not know."""
    if venue == "binance":
        return BinanceBroker(clock, KNOWN, key, "sim-secret", sandbox=False)
    if venue == "bybit":
        return BybitBroker(clock, KNOWN, key, "sim-secret", sandbox=False)
    if venue == "alpaca":
        return AlpacaBroker(clock, key, "sim-secret", live=False)
    return KiteBroker(clock, KiteLogin(clock, "sim-key").exchange("sim-request-token", "sim-secret"))


@dataclass
class Run:
    """One order of one kind under one fault."""

    broker: object
    clock: WallClock
    kind: Kind
    fault: Fault

    def __post_init__(self) -> None:
        self.venue, self.what = self.broker.name, WHAT[self.broker.name]
        self.client_id = name_of()
        self.ref = OrderRef(self.client_id, None, self.what)
        self.request = self.kind.request(self.what, UNITS[self.venue], last_price(self.venue))
        self.wrong: list[str] = []

    def go(self) -> bool:
        """Place, follow, compare; returns whether something was wrong, after printing the row."""
        control("clear")
        words = self._place()
        view = found(self.broker, self.ref)
        self._shown(view)
        if view is not None and self.fault.kind == "nobody":
            self._nobody()
        if view is not None:
            self._handed_over_again()
            self._end()
        view = found(self.broker, self.ref)
        orders = len(ledger("order", self.venue, self.client_id))
        self._expect(orders == self.fault.orders, "ORDERS")
        self._expect(words == self.fault.said, f"expected {self.fault.said}")
        self._books(view)
        state = f"{view.state.value} {view.filled_quantity.normalize():f}" if view else "not there"
        row = (
            self.venue,
            self.kind.name,
            self.fault.name,
            words,
            state,
            orders,
            " ".join(self.wrong) or "yes",
        )
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)
        return bool(self.wrong)

    def _expect(self, holds: bool, word: str) -> None:
        if not holds:
            self.wrong.append(word)

    def _place(self) -> str:
        waits = self.kind.path and self.fault.kind in {"partial_fill", "order_no_fill"}
        if not waits:  # else it is planted for the moment in which the order is triggered
            plant(self.venue, self.fault, PLACE[self.venue])
        asked = self.broker
        if self.fault.kind == "key" and self.venue != "kite":
            asked = make(self.venue, self.clock, "no-such-key")
        words = said(lambda: asked.place(self.client_id, self.what, self.request))
        control("clear")
        if self.fault.kind == "skew" and self.venue == "bybit":
            control("clock", offset=0)
            said(lambda: self.broker.find(self.ref))  # its time is measured anew
        if self.fault.kind in {"skew", "key"} and words in {"Throttled", "AuthExpired"}:
            self._expect(not ledger("order", self.venue, self.client_id), "SENT")
            self._expect(said(self._again) == "accepted", "NOT ACCEPTED LATER")
        return words

    def _again(self) -> object:
        return self.broker.place(self.client_id, self.what, self.request)

    def _handed_over_again(self) -> None:
        """What is there is never placed a second time, nor by another run of the desk that does not remember it."""
        other = (
            self.broker
            if self.request.time_in_force in AT_ONCE or not self.kind.path
            else make(self.venue, self.clock)
        )
        words = said(lambda: other.place(self.client_id, self.what, self.request))
        self._expect(words == "accepted", f"AGAIN {words}")

    def _shown(self, view) -> None:
        if view is None:
            return
        request = self.request
        self._expect((view.side, view.type) == (request.side, request.type), "SIDE OR KIND")
        self._expect(view.limit_price == request.limit_price, "LIMIT")
        follows = request.type is OrderType.TRAILING_STOP
        self._expect(follows or view.stop_price == request.stop_price, "STOP")

    def _nobody(self) -> None:
        ref = OrderRef(name_of(), None, self.what)
        self._expect(self.broker.find(ref) is None, "NOBODY FOUND")
        self._expect(
            said(lambda: self.broker.cancel(ref)) in {"accepted", "Rejected NOT_OPEN"}, "NOBODY CANCELED"
        )

    def _end(self) -> None:
        """Lead the market to where the order trades, and cancel what is left."""
        if self.kind.path:
            rests = [v.ref.client_id for v in self.broker.open_orders([self.what])]
            self._expect(self.client_id in rests, "NOT LISTED")
        if self.kind.path and self.fault.kind != "order_no_fill":
            for step, move in enumerate(self.kind.path, 1):
                if step == len(self.kind.path) and self.fault.kind == "partial_fill":
                    plant(self.venue, self.fault, "")
                shock(self.venue, move)
                traded = found(self.broker, self.ref).filled_quantity > 0
                self._expect(traded is (step == len(self.kind.path)), f"TRADED AT {step}")
            control("clear")
        if self.fault.kind in {"partial_fill", "order_no_fill"} or self.kind.rests:
            said(lambda: self.broker.cancel(found(self.broker, self.ref).ref))
        for move in reversed(self.kind.path if self.fault.kind != "order_no_fill" else ()):
            shock(self.venue, (1 / (1 + move / 100) - 1) * 100)

    def _books(self, view) -> None:
        """Compare fills with the ledger, and the end with what was to be."""
        fills = self.broker.fills(self.clock.now() - BEGUN, [self.what])
        ours = [f for f in fills if f.client_order_id == self.client_id]
        word = view.ref.venue_id if view and self.venue == "kite" else self.client_id
        theirs = ledger("fill", self.venue, f'"{word}"' if view else self.client_id)
        for key, of in (("qty", lambda f: f.quantity), ("price", lambda f: f.price)):
            pairs = zip(sorted(map(of, ours)), sorted(Decimal(str(r[key])) for r in theirs), strict=False)
            self._expect(all(abs(a - b) < NEAR for a, b in pairs) and len(ours) == len(theirs), "FILLS")
        if view is None:
            return
        self._expect(view.filled_quantity == sum((f.quantity for f in ours), Decimal(0)), "FILLED")
        ended = {OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED}
        self._expect(view.state in ended, "NOT ENDED")
        part = self.request.quantity * PART if self.request.time_in_force is not TimeInForce.FOK else 0
        wanted = {"order_no_fill": Decimal(0), "partial_fill": Decimal(0) if self.kind.rests else part}
        whole = Decimal(0) if self.kind.rests else self.request.quantity
        self._expect(view.filled_quantity == wanted.get(self.fault.kind, whole), "UNITS")


def kinds(venue: str, broker, clock: WallClock) -> int:
    """All kinds under all faults that the venue can have."""
    wrong = 0
    for kind in KINDS[venue]:
        for fault in FAULTS:
            if fault.kind == "skew" and venue in {"alpaca", "kite"}:
                continue  # no time stands in their requests
            wrong += Run(broker, clock, kind, fault).go()
    return wrong


def main(names: list[str]) -> int:
    """Each venue on its own clock."""
    wrong = 0
    print("| venue | kind | fault | place said | in the end | orders in the ledger | agrees |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for venue in names or list(WHAT):
        control("reset")
        control("clear")
        shares = venue in SHARE
        control("clock", **({"at": IN_SESSION} if shares else {"offset": 0}))
        clock = Later() if shares else WallClock()
        if shares:
            Later.ahead = datetime.fromisoformat(control("clock")["wire"]) - WallClock().now()
        broker = make(venue, clock)
        wrong += kinds(venue, broker, clock)
        if venue in AMEND:
            wrong += changes(venue, broker)
        if not shares:
            wrong += fees(venue, broker, clock)
    control("clear")
    control("clock", offset=0)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
