"""Drive the adapters of Binance and Bybit through a venue's faults and compare them with the venue's own ledger.

It needs a simulator of the venues' wire formats that answers under their names, whose control address
stands in ``VENUES_CONTROL`` (``GET /fault?provider=&kind=``, ``/clear``, ``/clock``, ``/ledger``, ``/shock``, ``/reset``).
Not part of the suite: it takes about two minutes. ``python tests/drive/brokers_pairs.py [venue ...]`` prints
one table row a run, and ends with status 1 if an order was doubled or lost, or a number differs.
"""

import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

sys.path[:0] = [str(Path(__file__).parents[2])]

from marketpulse.brokers.binance import BinanceBroker
from marketpulse.brokers.bybit import BybitBroker
from marketpulse.clock import WallClock
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Throttled
from marketpulse.market import instruments
from marketpulse.ports import OrderRef
from marketpulse.types import Feed, OrderRequest, OrderState, OrderType, Side, TimeInForce

KNOWN = instruments(Feed.LIVE)
PAIR = KNOWN["ETH/USDT"]
NEAR = Decimal("0.000001")  # the simulator reckons in floats and rounds to eight places
BUY = OrderRequest(PAIR.symbol, Side.BUY, OrderType.MARKET, Decimal("0.25"))
PLACE = {"binance": r"/api/v3/order$", "bybit": r"/v5/order/create$"}
FIND = {"binance": r"/api/v3/order\?", "bybit": r"/v5/order/(realtime|history)"}


def control(verb, **fields):
    address = f"{os.environ['VENUES_CONTROL']}/{verb}?{urlencode(fields)}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.loads(answer.read())


@dataclass(frozen=True)
class Run:
    """One fault; ``orders`` is how many the venue must have in the end, ``then`` what is done beside."""

    name: str
    fault: dict
    said: str
    state: OrderState | None
    orders: int = 1
    then: str = ""
    only: str = ""


def at_place(kind, **more):
    return {"kind": kind, "count": 1, "at": "place", **more}


U, F = "Uncertain", OrderState.FILLED
RUNS = (
    Run("none", {}, "accepted", F),
    Run("order_timeout_after_accept", {"kind": "order_timeout_after_accept", "count": 1, "s": 9}, U, F),
    Run("order_reset_after_accept", {"kind": "order_reset_after_accept", "count": 1}, U, F),
    Run("order_5xx_after_accept", {"kind": "order_5xx_after_accept", "count": 1}, U, F),
    Run("order_slow_accept, 3 s", {"kind": "order_slow_accept", "count": 1, "s": 3}, "accepted", F),
    Run("order_slow_accept, 9 s", {"kind": "order_slow_accept", "count": 1, "s": 9}, U, F),
    Run("lost_reply", at_place("lost_reply"), U, F),
    Run("truncated", at_place("truncated"), U, F),
    Run("malformed, not read", at_place("malformed"), U, None, 0),
    Run("html, not read", at_place("html"), U, None, 0),
    Run("5xx, not read", at_place("5xx", status=503), U, None, 0),
    Run("reset, not read", at_place("reset"), U, None, 0),
    Run("order_reject", {"kind": "order_reject", "count": 1}, "Rejected INSUFFICIENT_FUNDS", None, 0),
    Run("order_reject, unknown code", {"kind": "order_reject", "count": 1, "code": -9999, "msg": "?"}, U, None, 0),
    Run("partial_fill, then canceled", {"kind": "partial_fill", "count": 1, "frac": 0.4}, "accepted", OrderState.CANCELED, then="cancel"),
    Run("order_no_fill, then canceled", {"kind": "order_no_fill", "count": 1}, "accepted", OrderState.CANCELED, then="cancel"),
    Run("cancel after the fill", {}, "accepted", F, then="cancel"),
    Run("lost_reply, handed over again", at_place("lost_reply"), U, F, then="again"),
    Run("order_no_fill and lost_reply, handed over by another", {"kind": "order_no_fill", "count": 1}, U, OrderState.ACCEPTED, then="lost again"),
    Run("unknown_order once", {"kind": "unknown_order", "count": 1}, "accepted", F, only="binance"),
    Run("lost_reply, then find fails with 5xx", at_place("lost_reply"), U, F, then="find 5xx"),
    Run("429, handed over again", at_place("429"), "Throttled 7 s", F, then="again"),
    Run("rate_10006, handed over again", {"kind": "rate_10006", "count": 1, "match": "order/create"}, "Throttled 1 s", F, then="again", only="bybit"),
    Run("418, handed over again", at_place("418"), "Throttled 120 s", F, then="again", only="binance"),
    Run("clock_skew, handed over again", {"kind": "clock_skew", "count": 1}, "Throttled 1 s", F, then="again", only="binance"),
    Run("venue's clock a minute ahead", {"clock": 60}, "Throttled 1 s", F, then="again"),
    Run("venue's clock back again", {"clock": 0}, "Throttled 1 s", F, then="again"),
    Run("stop below, rests, is triggered", {}, "accepted", F, then="stop", only="binance"),
    Run("stop that the market has passed", {}, "Rejected WOULD_TRIGGER", None, 0, then="passed", only="bybit"),
    Run("wrong key", {"key": 1}, "AuthExpired", None, 0),
)  # fmt: skip


def said(ask):
    """What a call answered, in two words."""
    try:
        ask()
    except Rejected as error:
        return f"Rejected {error.code}"
    except Throttled as error:
        return f"Throttled {error.retry_after:.0f} s"
    except AuthExpired:
        return "AuthExpired"
    except BrokerError:
        return "Uncertain"
    return "accepted"


def plant(venue, fault):
    if "clock" in fault:
        control("clock", offset=fault["clock"])
    elif "kind" in fault:
        fields = {key: value for key, value in fault.items() if key != "at"}
        if "at" in fault:
            fields["match"] = PLACE[venue]
        control("fault", provider=venue, **fields)


def request_of(run):
    last = Decimal(str(control("price", symbol=PAIR.symbol)["price"]))
    if run.then == "stop":
        stop = PAIR.price(last * Decimal("0.99"), Side.BUY)
        return OrderRequest(PAIR.symbol, Side.SELL, OrderType.STOP, Decimal("0.25"), None, stop)
    if run.then == "passed":
        stop = PAIR.price(last * Decimal("1.01"), Side.BUY)
        return OrderRequest(PAIR.symbol, Side.SELL, OrderType.STOP, Decimal("0.25"), None, stop)
    if run.then == "lost again":
        limit = PAIR.price(last * Decimal("1.01"), Side.BUY)
        return OrderRequest(
            PAIR.symbol, Side.BUY, OrderType.LIMIT, Decimal("0.25"), limit, None, TimeInForce.GTC
        )
    return BUY


def follow(venue, broker, run, client_id, request):
    """Place, and do what the run asks for beside; return what ``place`` said."""
    ref = OrderRef(client_id, None, PAIR)
    plant(venue, run.fault)
    if run.then == "lost again":
        control("fault", provider=venue, kind="lost_reply", count=1, match=PLACE[venue])
    words = said(lambda: broker.place(client_id, PAIR, request))
    if run.then in {"again", "lost again"}:
        control("clear")
        # Another object does not know that it has been handed over: the venue must say so.
        other = type(broker)(WallClock(), KNOWN, "sim-key", "sim-secret", sandbox=False)
        second = other if run.then == "lost again" else broker
        if said(lambda: second.place(client_id, PAIR, request)) != "accepted":
            words += " (again: not accepted)"
    if run.then == "cancel":
        said(lambda: broker.cancel(ref))
    if run.then == "find 5xx":
        control("fault", provider=venue, kind="5xx", count=1, match=FIND[venue])
        if said(lambda: broker.find(ref)) != "Uncertain":
            words += " (find: not uncertain)"
    if run.then == "stop":
        resting = broker.open_orders([PAIR])
        if [view.ref.client_id for view in resting] != [client_id]:
            words += " (does not rest)"
        control("shock", symbol=PAIR.symbol, pct=-2)
    return words


def found(broker, client_id):
    """Ask until the order is found, as the desk does within its grace (here three times)."""
    for _ in range(3):
        view = broker.find(OrderRef(client_id, None, PAIR))
        if view is not None:
            return view
        time.sleep(0.2)
    return None


def differences(broker, venue, client_id, request, before):
    """Compare fills and account with the venue's ledger."""
    fills = [
        f
        for f in broker.fills(datetime.now(UTC) - timedelta(minutes=5), KNOWN.values())
        if f.client_order_id == client_id
    ]
    booked = control("ledger", kind="fill", venue=venue, match=client_id)["rows"]
    units = sum((f.quantity for f in fills), Decimal(0))
    value = sum((f.quantity * f.price for f in fills), Decimal(0))
    fees = sum((f.fee for f in fills), Decimal(0))
    after = broker.account()
    pairs = {
        "units": (units, sum(Decimal(str(row["qty"])) for row in booked)),
        "value": (value, sum(Decimal(str(row["qty"])) * Decimal(str(row["price"])) for row in booked)),
        "position": (after.positions[PAIR.symbol] - before.positions[PAIR.symbol], request.side.sign * units),
        "cash": (after.cash["USDT"] - before.cash["USDT"], -request.side.sign * value - fees),
    }
    return fills, [name for name, (ours, theirs) in pairs.items() if abs(ours - theirs) > NEAR]


def drive(venue, kind, run, number):
    """One run; returns its table row and whether something was wrong."""
    control("clear")
    client_id = f"MP{venue.upper():A<10}{number:08d}".replace("0", "A").replace("1", "B")[:20]
    broker = kind(WallClock(), KNOWN, "sim-key", "sim-secret", sandbox=False)
    before = broker.account()
    request = request_of(run)
    if "key" in run.fault:
        stranger = kind(WallClock(), KNOWN, "no-such-key", "sim-secret", sandbox=False)
        words = said(lambda: stranger.place(client_id, PAIR, request))
    else:
        words = follow(venue, broker, run, client_id, request)
    if run.fault.get("kind") != "unknown_order":
        control("clear")
    view = found(broker, client_id)
    fills, wrong = differences(broker, venue, client_id, request, before)
    orders = control("ledger", kind="order", venue=venue, match=client_id)["count"]
    state = view.state if view else None
    if orders != run.orders:
        wrong.append("orders")
    if (state, words) != (run.state, run.said):
        wrong.append(f"expected {run.said} and {run.state}")
    if view and view.filled_quantity != sum(f.quantity for f in fills):
        wrong.append("filled")
    if view and view.state is OrderState.ACCEPTED:
        broker.cancel(view.ref)
    shown = f"{view.filled_quantity.normalize():f}" if view else "-"
    row = f"| {venue} | {run.name} | {words} | {state or 'not there'} | {shown} | {orders} | {', '.join(wrong) or 'yes'} |"
    return row, bool(wrong)


def main(names):
    control("reset")
    control("clock", offset=0)
    print("| venue | fault | place said | found as | filled | orders booked | agrees with its ledger |")
    print("|---|---|---|---|---|---|---|")
    bad = 0
    for venue, kind in (("binance", BinanceBroker), ("bybit", BybitBroker)):
        if names and venue not in names:
            continue
        for number, run in enumerate(RUNS):
            if run.only in {"", venue}:
                row, wrong = drive(venue, kind, run, number)
                bad += wrong
                print(row, flush=True)
    control("clear")
    control("clock", offset=0)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
