import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import requests
from unit.brokers.share_venues import AlpacaWire, said
from unit.sources.canned_web import AAPL, BERKSHIRE, TATA, failures, key, leaks

from marketpulse.brokers.alpaca import AlpacaBroker
from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired, Rejected, Throttled, Uncertain
from marketpulse.ports import OrderRef
from marketpulse.types import AssetClass, OrderRequest, OrderState, OrderType, Side, TimeInForce

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
CLIENT = "MPAAAAAAAAAAAAAAAAAA"
BUY = OrderRequest("AAPL", Side.BUY, OrderType.MARKET, Decimal(10))
REF = OrderRef(CLIENT, None, AAPL)


@pytest.fixture
def clock():
    return SimClock(NOW)


@pytest.fixture
def wire(clock):
    return AlpacaWire(clock)


@pytest.fixture
def broker(clock, wire):
    return AlpacaBroker(clock, key(1), key(2), live=False, prepare=wire.mount)


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (BUY, {"type": "market", "side": "buy"}),
        (
            OrderRequest(
                "AAPL", Side.SELL, OrderType.LIMIT, Decimal(10), Decimal("90.10"), None, TimeInForce.GTC
            ),
            {"type": "limit", "side": "sell", "limit_price": "90.10", "time_in_force": "gtc"},
        ),
        (
            OrderRequest("AAPL", Side.SELL, OrderType.STOP, Decimal(10), None, Decimal("1E+2")),
            {"type": "stop", "side": "sell", "stop_price": "100"},
        ),
    ],
)
def test_what_is_sent_is_text_and_carries_our_id(broker, wire, request_, more):
    broker.place(CLIENT, AAPL, request_)
    (request,) = wire.canned.asked
    body = {"symbol": "AAPL", "qty": "10", "time_in_force": "day", "client_order_id": CLIENT}
    assert json.loads(request.body) == body | more


@pytest.mark.parametrize(
    ("live", "host"),
    [(False, "https://paper-api.alpaca.markets/v2/orders"), (True, "https://api.alpaca.markets/v2/orders")],
)
def test_the_address_is_that_of_the_account(clock, wire, live, host):
    broker = AlpacaBroker(clock, key(1), key(2), live=live, prepare=wire.mount)
    broker.place(CLIENT, AAPL, BUY)
    assert [request.url for request in wire.canned.asked] == [host]
    assert broker.capabilities.live is live


def test_whether_money_is_real_has_to_be_said(clock):
    with pytest.raises(TypeError, match="live"):
        AlpacaBroker(clock, key(1), key(2))


LOST = [
    (504, b"<html>"), (500, {"code": 50010000, "message": "internal server error"}), (503, b""), (408, b""), b"", b"{",
    b"NaN", {}, [], None, 7, "x", requests.ReadTimeout("x"), requests.ConnectTimeout("x"), requests.ConnectionError("x"),
    requests.exceptions.ChunkedEncodingError("x"), OSError("x"),
]  # fmt: skip


@pytest.mark.parametrize("effect", LOST, ids=repr)
def test_an_order_is_sent_once_and_is_found_after_its_answer_was_lost(broker, wire, effect):
    wire.plant("POST", "/orders", effect, accept=True, always=True)
    with pytest.raises(Uncertain):
        broker.place(CLIENT, AAPL, BUY)
    assert wire.asked("POST") == ["/v2/orders"]
    assert broker.find(REF).state is OrderState.ACCEPTED


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ((429, {"code": 42910000, "message": "too many requests."}), Throttled),
        ((401, {"code": 40110000, "message": "request is not authorized"}), AuthExpired),
        ((403, {"code": 40310000, "message": "insufficient buying power"}), Rejected),
    ],
)
def test_an_order_that_was_turned_away_was_sent_once(broker, wire, effect, error):
    wire.plant("POST", "/orders", effect, always=True)
    with pytest.raises(error):
        broker.place(CLIENT, AAPL, BUY)
    assert wire.asked("POST") == ["/v2/orders"]
    assert broker.find(REF) is None


def test_a_client_id_that_is_taken_is_that_order(broker, wire):
    wire.plant("POST", "/orders", requests.ReadTimeout("x"), accept=True)
    with pytest.raises(Uncertain):
        broker.place(CLIENT, AAPL, BUY)
    ack = broker.place(CLIENT, AAPL, BUY)
    assert ack.venue_id == wire.orders[0]["id"]
    assert len(wire.orders) == 1


@pytest.mark.parametrize(
    "effect", [(429, b""), (401, b""), (500, b""), (404, {"code": 40410000, "message": "order not found"})]
)
def test_a_taken_id_that_cannot_be_fetched_never_counts_as_not_sent(broker, wire, effect):
    broker.place(CLIENT, AAPL, BUY)
    wire.plant("GET", "by_client_order_id", effect)
    with pytest.raises(Uncertain):
        broker.place(CLIENT, AAPL, BUY)


def test_an_answer_about_another_order_or_share_proves_nothing(broker, wire):
    other = {
        "id": "1",
        "client_order_id": "MPB",
        "symbol": "AAPL",
        "qty": "10",
        "filled_qty": "0",
        "status": "new",
    }
    for fields in (
        other,
        other | {"client_order_id": CLIENT, "symbol": "MSFT"},
        other | {"client_order_id": CLIENT, "id": "a/b"},
    ):
        wire.plant("POST", "/orders", fields)
        with pytest.raises(Uncertain):
            broker.place(CLIENT, AAPL, BUY)
        wire.plant("GET", "by_client_order_id", fields)
        with pytest.raises(Uncertain):
            broker.find(REF)


def test_an_order_refused_in_the_answer_itself_is_rejected(broker, wire):
    told = {
        "id": "1",
        "client_order_id": CLIENT,
        "symbol": "AAPL",
        "qty": "10",
        "filled_qty": "0",
        "status": "rejected",
    }
    wire.plant("POST", "/orders", told)
    with pytest.raises(Rejected) as refusal:
        broker.place(CLIENT, AAPL, BUY)
    assert refusal.value.code == "VENUE_REFUSED"


@pytest.mark.parametrize(
    ("instrument", "request_", "code"),
    [
        (TATA, replace(BUY, symbol="TCS.NS"), "NOT_TRADABLE"),
        (replace(AAPL, asset_class=AssetClass.CRYPTO), BUY, "NOT_TRADABLE"),
        (replace(AAPL, currency="EUR"), BUY, "NOT_TRADABLE"),
        (AAPL, replace(BUY, type="iceberg"), "TYPE_NOT_OFFERED"),
        (AAPL, replace(BUY, time_in_force="opg"), "TIME_IN_FORCE"),
    ],
)
def test_what_it_does_not_trade_is_not_sent(broker, wire, instrument, request_, code):
    with pytest.raises(Rejected) as refusal:
        broker.place(CLIENT, instrument, request_)
    assert refusal.value.code == code
    assert wire.canned.asked == []


STATES = {
    "filled": OrderState.FILLED, "canceled": OrderState.CANCELED, "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED, "replaced": OrderState.CANCELED,
    **dict.fromkeys(
        ["new", "accepted", "pending_new", "accepted_for_bidding", "held", "stopped", "suspended", "calculated",
         "pending_cancel", "pending_replace", "done_for_day", "a word of next year"], OrderState.ACCEPTED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("status", "state"), STATES.items())
def test_each_of_the_venues_states_is_one_of_ours(broker, wire, status, state):
    broker.place(CLIENT, AAPL, BUY)
    wire.orders[0]["status"] = status
    view = broker.find(REF)
    assert view.state is state
    assert bool(view.code) is (status in {"rejected", "replaced"})
    wire.orders[0]["filled_qty"] = "4"
    resting = state is OrderState.ACCEPTED
    assert broker.find(REF).state is (OrderState.PARTIALLY_FILLED if resting else state)


def test_only_the_venue_itself_can_say_that_an_order_is_not_there(broker, wire):
    assert broker.find(REF) is None
    for effect in ((404, b"<html>"), (404, {"message": "endpoint not found"}), (500, b""), (200, b"")):
        wire.plant("GET", "by_client_order_id", effect)
        with pytest.raises(Uncertain):
            broker.find(REF)


def test_a_cancel_without_the_venues_id_looks_for_it(broker, wire):
    broker.place(CLIENT, AAPL, BUY)
    broker.cancel(REF)
    assert wire.orders[0]["status"] == "canceled"
    broker.cancel(REF)
    broker.cancel(OrderRef(CLIENT, "00000000-0000-4000-8000-999999999999", AAPL))
    with pytest.raises(Uncertain):
        broker.cancel(OrderRef(CLIENT, "../account", AAPL))


def test_open_orders_are_all_that_rest_and_no_others(broker, wire):
    broker.place(CLIENT, AAPL, BUY)
    broker.place("theirs", BERKSHIRE, replace(BUY, symbol="BRK-B"))
    wire.orders[1] |= {"qty": None, "filled_qty": "2", "status": "partially_filled"}
    shown = broker.open_orders([AAPL, BERKSHIRE, TATA])
    assert [(v.ref.client_id, v.ref.instrument.symbol, v.quantity) for v in shown] == [
        (CLIENT, "AAPL", 10), ("theirs", "BRK-B", 2),
    ]  # fmt: skip
    assert broker.open_orders([TATA]) == []


def test_a_list_that_may_be_cut_off_is_no_list(broker, wire):
    broker.place(CLIENT, AAPL, BUY)
    wire.plant("GET", "/orders", [dict(wire.orders[0])] * 500)
    with pytest.raises(Uncertain):
        broker.open_orders([AAPL])


def test_executions_come_in_pages_each_once_with_their_orders_client_id(broker, wire, clock):
    broker.place(CLIENT, AAPL, replace(BUY, quantity=Decimal(250)))
    for _ in range(250):
        clock.advance(1.0)
        wire.fill(wire.orders[0], "1", "100.10")
    fills = broker.fills(NOW, [AAPL])
    assert len({f.trade_id for f in fills}) == len(fills) == 250
    assert {f.client_order_id for f in fills} == {CLIENT}
    assert [f.time for f in fills] == sorted(f.time for f in fills)
    assert (str(fills[0].price), fills[0].quantity, fills[0].fee) == ("100.10", 1, 0)
    assert (fills[0].fee_currency, fills[0].maker) == ("", None)
    assert sum("activities" in path for path in wire.asked("GET")) == 3
    late = broker.fills(NOW + timedelta(seconds=249), [AAPL])
    assert [f.time for f in late] == [NOW + timedelta(seconds=n) for n in (249, 250)]
    assert [f.time for f in broker.fills(NOW + timedelta(seconds=249.5), [AAPL])] == [clock.now()]


def test_a_list_without_end_is_no_list(broker, wire):
    row = {"activity_type": "FILL", "id": "1"}
    wire.plant("GET", "/FILL", [row] * 100, always=True)
    with pytest.raises(Uncertain):
        broker.fills(NOW, [AAPL])
    assert len(wire.canned.asked) == 2


def test_an_execution_of_an_unknown_order_is_shown_once_asked_for(broker, wire, clock):
    broker.place("theirs", AAPL, BUY)
    wire.trade()
    gone = {
        **wire.activities[0],
        "id": "x",
        "order_id": "00000000-0000-4000-8000-999999999999",
        "side": "sell_short",
    }
    dividend = {**wire.activities[0], "id": "y", "activity_type": "DIV"}
    wire.activities += [gone, dividend, {**wire.activities[0], "id": "z", "symbol": "MSFT"}]
    anew = AlpacaBroker(clock, key(1), key(2), live=False, prepare=wire.mount)
    with pytest.raises(Uncertain):  # the order may be shown in a moment, and be ours
        anew.fills(NOW, [AAPL])
    clock.advance(anew.capabilities.grace)
    for _ in range(2):
        owners = [(f.client_order_id, f.side) for f in anew.fills(NOW, [AAPL])]
        assert owners == [("theirs", Side.BUY), (f"alpaca-{gone['order_id']}", Side.SELL)]
    assert sum("/v2/orders/" in path for path in wire.asked("GET")) == 3


@pytest.mark.parametrize("field", ["id", "symbol", "side", "qty", "price", "order_id", "transaction_time"])
@pytest.mark.parametrize("value", [None, "", "NaN", 1.5, []])
def test_an_execution_that_cannot_be_read_is_never_guessed(broker, wire, field, value):
    broker.place(CLIENT, AAPL, BUY)
    wire.trade()
    wire.plant("GET", "/FILL", [{**wire.activities[0], field: value}])
    readable = isinstance(value, str) and value and field in {"id", "symbol"}
    if readable or (field in {"qty", "price"} and value == 1.5):
        broker.fills(NOW, [AAPL])
    else:
        with pytest.raises(Uncertain):
            broker.fills(NOW, [AAPL])


def test_the_account_in_exact_numbers(broker):
    account = broker.account()
    assert account.account_id == "PA1"
    assert {c: str(v) for c, v in account.cash.items()} == {"USD": "98999.90"}
    assert account.positions == {"AAPL": Decimal(10), "BRK-B": Decimal(-3)}


CALLS = [
    lambda broker: broker.place(CLIENT, AAPL, BUY),
    lambda broker: broker.find(REF),
    lambda broker: broker.cancel(OrderRef(CLIENT, "1", AAPL)),
    lambda broker: broker.open_orders([AAPL]),
    lambda broker: broker.fills(NOW, [AAPL]),
    lambda broker: broker.account(),
]


@pytest.mark.parametrize("call", CALLS)
def test_no_failure_shows_a_key_and_none_is_anything_but_ours(broker, wire, caplog, call):
    for secret in (key(1), key(2)):
        for effect in failures("https://paper-api.alpaca.markets/v2/orders?x=1", secret):
            for method in ("GET", "POST", "DELETE"):
                wire.plant(method, "", effect, always=True)
            assert not leaks(said(lambda: call(broker), caplog), secret), effect
            wire.planted.clear()
    shown = f"{broker!r}{broker.name}{broker.capabilities!r}{vars(AlpacaBroker)}"
    assert not leaks(shown, key(1)) + leaks(shown, key(2))


@pytest.mark.parametrize("bad", ["", "a\nb"])
def test_a_key_that_cannot_be_sent_was_not_sent(clock, wire, bad):
    broker = AlpacaBroker(clock, bad, key(2), live=False, prepare=wire.mount)
    with pytest.raises(AuthExpired):
        broker.place(CLIENT, AAPL, BUY)
    assert wire.canned.asked == []
