"""Drive the adapters of Alpaca and Kite through their venues' faults, and compare with the venue's own ledger.

It needs a simulator of the venues' wire formats that answers under their names, whose control address stands in
``VENUES_CONTROL`` (``GET /fault?provider=&kind=``, ``/clear``, ``/reset``, ``/clock``, ``/ledger``, ``/log``). It must list Alpaca's
executions (``/v2/account/activities/FILL``), and at Kite show what was bought today as a position only. Its clock is set to an hour in which the exchanges are taken as open. Not part of the suite.
``python tests/drive/brokers_shares.py [alpaca|kite]`` prints one table row a run; a run in which the ledger does not
hold what is expected, or in which find, fills and account do not agree with it, ends it with status 1.
"""

import base64
import hashlib
import json
import os
import sys
import time
import urllib.request
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

sys.path[:0] = [str(Path(__file__).parents[2])]

from marketpulse.brokers.alpaca import AlpacaBroker
from marketpulse.brokers.kite import KiteBroker
from marketpulse.brokers.kite_login import KiteLogin
from marketpulse.clock import WallClock
from marketpulse.errors import BrokerError, Rejected
from marketpulse.ports import OrderRef
from marketpulse.types import AssetClass, Instrument, OrderRequest, OrderState, OrderType, Side

IN_SESSION = "2026-11-30T15:30:00Z"  # a Monday, an hour after the open in New York
KEY, SECRET, TOKEN = "sim-key", "sim-secret", "sim-request-token"
TICK = {"alpaca": Decimal("0.01"), "kite": Decimal("0.05")}
CENT = Decimal("0.01")
PLACE = {"alpaca": r"/v2/orders$", "kite": r"/orders/regular"}  # the address an order is sent to
FEE = {"alpaca": Decimal(0), "kite": Decimal("0.0003")}  # the simulator's, as a fraction of the value
UNITS = Decimal(10)


class Later(WallClock):
    """The machine's clock moved to the simulator's."""

    ahead = timedelta()

    def now(self):
        return super().now() + self.ahead


def control(verb, **fields):
    address = f"{os.environ['VENUES_CONTROL']}/{verb}?{urlencode(fields)}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.loads(answer.read())


def rows(venue, kind):
    return control("ledger", kind=kind, venue=venue, n=100_000)["rows"]


def sent(venue):
    """Number of orders that were put on the wire."""
    log = control("log", provider=venue, n=100_000)
    log = log["rows"] if isinstance(log, dict) else log
    path = PLACE[venue].rstrip("$")
    return sum(1 for r in log if r.get("method") == "POST" and r.get("path", "").startswith(path))


def name_of(text):
    return "MP" + base64.b32encode(hashlib.sha256(f"{text}{time.time()}".encode()).digest()).decode()[:18]


def brokers(clock):
    session = KiteLogin(clock, KEY).exchange(TOKEN, SECRET)
    return {
        "alpaca": AlpacaBroker(clock, KEY, SECRET, live=False),
        "kite": KiteBroker(clock, session),
    }


SHARE = {
    "alpaca": Instrument("AAPL", "", AssetClass.EQUITY, "USD", "XNYS", TICK["alpaca"], Decimal(1)),
    "kite": Instrument("SBIN.NS", "", AssetClass.EQUITY, "INR", "XBOM", TICK["kite"], Decimal(1)),
}
STRANGER = {
    "alpaca": Instrument("ZZZZZ", "", AssetClass.EQUITY, "USD", "XNYS", TICK["alpaca"], Decimal(1)),
    "kite": Instrument("ZZZZZ.NS", "", AssetClass.EQUITY, "INR", "XBOM", TICK["kite"], Decimal(1)),
}


def once(kind, **more):
    return {"kind": kind, "count": 1, **more}


# fault, what place must say, orders in the ledger, state that find must tell in the end, units filled
RUNS = [
    ("none", None, "Ack", 1, "filled", 10),
    ("order_timeout_after_accept", once("order_timeout_after_accept", s=30), "Uncertain", 1, "filled", 10),
    ("order_reset_after_accept", once("order_reset_after_accept"), "Uncertain", 1, "filled", 10),
    ("order_5xx_after_accept", once("order_5xx_after_accept"), "Uncertain", 1, "filled", 10),
    ("lost_reply", once("lost_reply", match="PLACE"), "Uncertain", 1, "filled", 10),
    ("truncated after accept", once("truncated", match="PLACE"), "Uncertain", 1, "filled", 10),
    ("malformed, not accepted", once("malformed", match="PLACE"), "Uncertain", 0, "None", 0),
    ("empty_body, not accepted", once("empty_body", match="PLACE"), "Uncertain", 0, "None", 0),
    ("html, not accepted", once("html", match="PLACE"), "Uncertain", 0, "None", 0),
    ("504, not accepted", once("status", match="PLACE", status=504), "Uncertain", 0, "None", 0),
    ("429", once("429", match="PLACE", retry_after=3), "Throttled", 0, "None", 0),
    ("order_reject", once("order_reject"), "Rejected INSUFFICIENT_FUNDS", 0, "None", 0),
    ("order_slow_accept 5 s", once("order_slow_accept", s=5), "Ack", 1, "filled", 10),
    ("partial_fill", once("partial_fill", frac=0.4), "Ack", 1, "partially_filled", 4),
]
ONLY = {
    "alpaca": [("wrong key", "key", "AuthExpired", 0, "None", 0)],
    "kite": [
        ("order_reject, after accept", once("order_reject", sync=""), "Rejected PRICE_BAND", 1, "rejected", 0),
        ("token_expired", once("token_expired"), "AuthExpired", 0, "None", 0),
        ("token_expired at the order", once("token_expired", after=1), "AuthExpired", 0, "None", 0),
        ("order book unreadable before", once("5xx", match="/orders$"), "Throttled", 0, "None", 0),
    ],
}  # fmt: skip


def say(call):
    try:
        call()
    except Rejected as error:
        return f"Rejected {error.code}"
    except BrokerError as error:
        return type(error).__name__
    return "Ack"


def found(broker, ref):
    """What find says, asked until it answers."""
    for _ in range(20):
        try:
            return broker.find(ref)
        except BrokerError:
            time.sleep(0.5)
    raise SystemExit(f"{broker.name} never answered about {ref.client_id}")


def market(share, units=UNITS):
    return OrderRequest(share.symbol, Side.BUY, OrderType.MARKET, units)


def books(broker, began):
    """Differences between what the adapter tells and the venue's ledger: fills, units, cash."""
    venue, share = broker.name, SHARE[broker.name]
    booked = rows(venue, "fill")
    told = broker.fills(began, [share])
    wrong = []
    ours = sorted((f.quantity, f.price) for f in told)
    theirs = sorted((Decimal(str(r["qty"])), Decimal(str(r["price"]))) for r in booked)
    if ours != theirs or len({f.trade_id for f in told}) != len(told):
        wrong.append("FILLS")
    units = sum(Decimal(str(r["qty"])) for r in booked)
    account = broker.account()
    if account.positions.get(share.symbol, 0) != units:
        wrong.append("UNITS")
    value = sum(Decimal(str(r["qty"])) * Decimal(str(r["price"])) for r in booked)
    start = {"alpaca": Decimal(100_000), "kite": Decimal(500_000)}[venue]
    (cash,) = account.cash.values()
    if abs(start - value * (1 + FEE[venue]) - cash) > CENT:
        wrong.append("CASH")
    return wrong


def one(broker, clock, began, run):
    label, fault, expected, orders, state, filled = run
    venue, share = broker.name, SHARE[broker.name]
    client_id, asked = name_of(label), broker
    before, posts = len(rows(venue, "order")), sent(venue)
    if fault == "key":
        asked = AlpacaBroker(clock, KEY, SECRET + "x", live=False)
    elif fault:
        fault = dict(fault)
        if fault.get("match") == "PLACE":
            fault["match"] = PLACE[venue]
        if "sync" in fault:
            # The simulator would fill the order before it rejects it.
            control("fault", provider=venue, **once("order_no_fill"))
        control("fault", provider=venue, **fault)
    start = time.monotonic()
    answer = say(lambda: asked.place(client_id, share, market(share)))
    took = time.monotonic() - start
    control("clear")
    ref = OrderRef(client_id, None, share)
    view = found(broker, ref)
    wire, booked = sent(venue) - posts, len(rows(venue, "order")) - before
    wrong = [] if view is None or view.filled_quantity == filled else ["FILLED"]
    wrong += [] if (view.state.value if view else "None") == state else ["STATE"]
    wrong += ([] if answer == expected else ["ANSWER"]) + ([] if booked == orders else ["ORDERS"])
    wrong += [] if wire <= 1 else ["SENT TWICE"]
    wrong += books(broker, began)
    again = say(lambda: broker.place(client_id, share, market(share))) if booked else "-"
    wrong += [] if len(rows(venue, "order")) - before == orders else ["ORDERED AGAIN"]
    if state == "partially_filled":
        broker.cancel(view.ref)
        wrong += [] if found(broker, ref).state is OrderState.CANCELED else ["NOT CANCELED"]
    told = f"{view.state.value} {view.filled_quantity}" if view else "None"
    print(
        f"| {venue} | {label} | {answer} | {took:.1f} s | {wire} | {booked} | {told} | {again} "
        f"| {' '.join(wrong) or 'agree'} |",
        flush=True,
    )
    return bool(wrong)


def resting(broker, began, kind):
    """An order that does not fill, is listed, and is canceled; limit, stop, and one the venue holds."""
    venue, share = broker.name, SHARE[broker.name]
    request, client_id = market(share), name_of(kind)
    before, posts = len(rows(venue, "order")), sent(venue)
    if kind == "limit":
        request = OrderRequest(share.symbol, Side.BUY, OrderType.LIMIT, UNITS, Decimal("1.00"))
    elif kind == "stop":
        request = OrderRequest(share.symbol, Side.BUY, OrderType.STOP, UNITS, None, Decimal("99000.00"))
    else:
        control("fault", provider=venue, **once("order_no_fill"))
    answer = say(lambda: broker.place(client_id, share, request))
    control("clear")
    ref = OrderRef(client_id, None, share)
    rests = [v.ref.client_id for v in broker.open_orders([share])]
    wrong = [] if rests == [client_id] else ["NOT LISTED"]
    broker.cancel(ref)
    broker.cancel(ref)
    view = found(broker, ref)
    wrong += [] if view.state is OrderState.CANCELED else ["NOT CANCELED"]
    wrong += ["STILL LISTED"] if broker.open_orders([share]) else []
    booked = len(rows(venue, "order")) - before
    wire = sent(venue) - posts
    wrong += ([] if booked == 1 == wire else ["ORDERS"]) + books(broker, began)
    print(
        f"| {venue} | {kind}, then cancel | {answer} | | {wire} | {booked} | {view.state.value} {view.filled_quantity} | - "
        f"| {' '.join(wrong) or 'agree'} |"
    )
    return bool(wrong)


def strangers(broker):
    """An order nobody placed, and a share nobody knows."""
    venue, share, odd = broker.name, SHARE[broker.name], STRANGER[broker.name]
    before = len(rows(venue, "order"))
    ref = OrderRef(name_of("never"), None, share)
    view, answer = broker.find(ref), say(lambda: broker.cancel(ref))
    number = {"alpaca": "00000000-0000-4000-8000-000000000000", "kite": "261130999999999"}[venue]
    gone = say(lambda: broker.cancel(OrderRef(ref.client_id, number, share)))
    refused = say(lambda: broker.place(name_of("odd"), odd, market(odd)))
    wrong = [] if (view, answer, gone) == (None, "Ack", "Ack") else ["UNKNOWN"]
    wrong += [] if refused == "Rejected UNKNOWN_SYMBOL" else ["SYMBOL"]
    wrong += [] if len(rows(venue, "order")) == before else ["ORDERS"]
    print(
        f"| {venue} | unknown order; unknown share | find {view}, cancel nothing; {refused} | | | 0 | {view} | - | {' '.join(wrong) or 'agree'} |"
    )
    return bool(wrong)


def main(names):
    control("reset")
    control("clear")
    control("clock", at=IN_SESSION)
    clock = Later()
    wire = datetime.fromisoformat(control("clock")["wire"])
    Later.ahead = wire - WallClock().now()
    began = clock.now() - timedelta(minutes=1)
    false = 0
    print("| venue | fault | place says | after | sent | in the ledger | find says | placed again | books |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, broker in brokers(clock).items():
        if names and name not in names:
            continue
        for run in RUNS + ONLY[name]:
            false += one(broker, clock, began, run)
        for kind in ("order_no_fill", "limit", "stop"):
            false += resting(broker, began, kind)
        false += strangers(broker)
    return int(false > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
