from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
import requests
from unit.brokers.share_venues import INDIA, KiteWire, error, later, said, told
from unit.sources.canned_web import AAPL, TATA, failures, key, leaks

from marketpulse.brokers.kite import KiteBroker
from marketpulse.brokers.kite_login import KiteSession
from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired, Rejected, Throttled, Uncertain
from marketpulse.ports import OrderRef, Terms
from marketpulse.types import AssetClass, OrderRequest, OrderState, OrderType, Side, TimeInForce

NOW = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
CLIENT, OTHER = "MPAAAAAAAAAAAAAAAAAA", "MPBBBBBBBBBBBBBBBBBB"
BUY = OrderRequest("TCS.NS", Side.BUY, OrderType.MARKET, Decimal(10))
REF = OrderRef(CLIENT, None, TATA)
SESSION = KiteSession(key(3), key(4), "AB1234", datetime(2026, 3, 10, 0, 30, tzinfo=UTC))


@pytest.fixture
def clock():
    return SimClock(NOW)


@pytest.fixture
def wire(clock):
    wire = KiteWire(clock)
    wire.tokens = {f"token {key(3)}:{key(4)}"}
    return wire


@pytest.fixture
def broker(clock, wire):
    return KiteBroker(clock, SESSION, prepare=wire.mount)


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (BUY, {"order_type": "MARKET", "market_protection": "-1"}),
        (
            OrderRequest("TCS.NS", Side.SELL, OrderType.LIMIT, Decimal(10), Decimal("3500.10")),
            {"order_type": "LIMIT", "transaction_type": "SELL", "price": "3500.10"},
        ),
        (
            OrderRequest("TCS.NS", Side.SELL, OrderType.STOP, Decimal("1E+1"), None, Decimal("3500.05")),
            {
                "order_type": "SL-M",
                "transaction_type": "SELL",
                "trigger_price": "3500.05",
                "market_protection": "-1",
            },
        ),
    ],
)
def test_what_is_sent_is_for_delivery_and_carries_our_tag(broker, wire, request_, more):
    broker.place(CLIENT, TATA, request_)
    (request,) = [r for r in wire.canned.asked if r.method == "POST"]
    common = {
        "variety": "regular", "exchange": "NSE", "tradingsymbol": "TCS", "transaction_type": "BUY", "quantity": "10",
        "product": "CNC", "validity": "DAY", "tag": CLIENT,
    }  # fmt: skip
    assert dict(parse_qsl(request.body)) == common | more
    assert request.url == "https://api.kite.trade/orders/regular"


def test_it_always_moves_real_money(broker):
    assert broker.capabilities.live


LOST = [
    error(504, "NetworkException", "Gateway timed out"), error(500, "GeneralException", "Something went wrong"),
    error(500, "OrderException", "x"), error(502, "DataException", "x"), error(503, "NetworkException", "x"),
    error(400, "OrderException", "Order request timed out. Please check the order book."), (504, b"<html>"),
    b"", b"{", b"NaN", {}, [], None, 7, told(None), told({}), told({"order_id": None}), told({"order_id": 7}),
    told({"order_id": "../x"}), requests.ReadTimeout("x"), requests.ConnectionError("x"), OSError("x"),
]  # fmt: skip


@pytest.mark.parametrize("effect", LOST, ids=repr)
def test_an_order_is_sent_once_and_is_found_by_its_tag_after_its_answer_was_lost(broker, wire, effect):
    wire.plant("POST", "/regular", effect, accept=True, always=True)
    with pytest.raises(Uncertain):
        broker.place(CLIENT, TATA, BUY)
    view = broker.find(REF)
    assert (view.state, view.ref.venue_id) == (OrderState.ACCEPTED, wire.orders[0]["order_id"])
    assert broker.place(CLIENT, TATA, BUY).venue_id == view.ref.venue_id
    assert wire.asked("POST") == ["/orders/regular"]


@pytest.mark.parametrize(
    "effect", [error(504, "NetworkException", "x"), requests.ReadTimeout("x"), b""], ids=repr
)
def test_an_order_in_doubt_that_is_not_shown_is_not_sent_again(broker, wire, effect):
    wire.plant("POST", "/regular", effect)
    for _ in range(3):
        with pytest.raises(Uncertain):
            broker.place(CLIENT, TATA, BUY)
    assert broker.find(REF) is None
    wire.plant("GET", "/orders", error(429, "NetworkException", "Too many requests"))
    with pytest.raises(Uncertain):
        broker.place(CLIENT, TATA, BUY)
    assert wire.asked("POST") == ["/orders/regular"]


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (error(429, "NetworkException", "Too many requests"), Throttled),
        (error(403, "TokenException", "Incorrect `api_key` or `access_token`."), AuthExpired),
        (error(400, "OrderException", "Insufficient funds."), Rejected),
        (error(403, "PermissionException", "IP address is not registered"), Rejected),
    ],
)
def test_an_order_that_was_turned_away_was_sent_once_and_may_be_sent_later(broker, wire, effect, kind):
    wire.plant("POST", "/regular", effect)
    with pytest.raises(kind):
        broker.place(CLIENT, TATA, BUY)
    assert wire.asked("POST") == ["/orders/regular"]
    assert broker.find(REF) is None
    broker.place(CLIENT, TATA, BUY)
    assert len(wire.orders) == 1


def test_no_order_leaves_while_the_order_book_cannot_be_read(broker, wire):
    for effect, kind in (
        (b"<html>", Throttled), (error(503, "NetworkException", "x"), Throttled), (requests.ReadTimeout("x"), Throttled),
        (told([7]), Throttled), (error(429, "NetworkException", "x"), Throttled), (error(403, "TokenException", "x"), AuthExpired),
    ):  # fmt: skip
        wire.plant("GET", "/orders", effect)
        with pytest.raises(kind):
            broker.place(CLIENT, TATA, BUY)
    assert wire.asked("POST") == []


def test_an_order_that_another_start_of_the_desk_sent_is_not_sent_again(broker, wire, clock):
    first = broker.place(CLIENT, TATA, BUY)
    anew = KiteBroker(clock, SESSION, prepare=wire.mount)
    assert anew.place(CLIENT, TATA, BUY).venue_id == first.venue_id
    assert len(wire.orders) == 1


def test_an_order_that_the_exchange_rejects_after_kite_took_it_is_rejected_with_its_reason(broker, wire):
    wire.verdict = "RMS:Rule: Check circuit limit"
    with pytest.raises(Rejected) as refusal:
        broker.place(CLIENT, TATA, BUY)
    assert refusal.value.code == "PRICE_BAND"
    view = broker.find(REF)
    assert (view.state, view.code, view.sentence) == (
        OrderState.REJECTED,
        "PRICE_BAND",
        refusal.value.sentence,
    )


@pytest.mark.parametrize(
    "effect", [b"", error(429, "NetworkException", "x"), error(403, "TokenException", "x"), told([])]
)
def test_an_order_that_kite_has_is_acknowledged_even_if_the_look_after_it_fails(broker, wire, effect):
    act, looks = wire.act, iter([told([]), effect])
    wire.act = lambda request: next(looks) if request.method == "GET" else act(request)
    assert broker.place(CLIENT, TATA, BUY).venue_id == wire.orders[0]["order_id"]


NOT_FOR_KITE = [
    (CLIENT, AAPL, replace(BUY, symbol="AAPL"), "NOT_TRADABLE"),
    (CLIENT, replace(TATA, symbol="TCS"), BUY, "NOT_TRADABLE"),
    (CLIENT, replace(TATA, asset_class=AssetClass.INDEX), BUY, "NOT_TRADABLE"),
    (CLIENT, replace(TATA, currency="USD"), BUY, "NOT_TRADABLE"),
    (CLIENT, TATA, replace(BUY, type="iceberg"), "TYPE_NOT_OFFERED"),
    (CLIENT, TATA, replace(BUY, time_in_force=TimeInForce.GTC), "TIME_IN_FORCE"),
    (CLIENT, TATA, replace(BUY, quantity=Decimal("0.5")), "INVALID_QUANTITY"),
    ("a-name-of-another-form", TATA, BUY, "CLIENT_ID"),
]


@pytest.mark.parametrize("wish", NOT_FOR_KITE, ids=lambda wish: wish[-1])
def test_what_it_does_not_trade_is_not_sent(broker, wire, wish):
    with pytest.raises(Rejected) as refusal:
        broker.place(*wish[:3])
    assert refusal.value.code == wish[3]
    assert wire.canned.asked == []


STATES = {
    "COMPLETE": OrderState.FILLED, "CANCELLED": OrderState.CANCELED, "CANCELLED AMO": OrderState.CANCELED,
    "LAPSED": OrderState.EXPIRED, "REJECTED": OrderState.REJECTED,
    **dict.fromkeys(
        ["OPEN", "TRIGGER PENDING", "PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "MODIFY PENDING",
         "CANCEL PENDING", "AMO REQ RECEIVED", "a word of next year"], OrderState.ACCEPTED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("status", "state"), STATES.items())
def test_each_of_the_venues_states_is_one_of_ours(broker, wire, status, state):
    broker.place(CLIENT, TATA, BUY)
    wire.orders[0]["status"] = status
    view = broker.find(REF)
    assert view.state is state
    assert bool(view.code) is (status == "REJECTED")
    wire.orders[0]["filled_quantity"] = 4
    resting = state is OrderState.ACCEPTED
    assert broker.find(REF).state is (OrderState.PARTIALLY_FILLED if resting else state)


def test_two_orders_of_one_tag_are_never_taken_for_one(broker, wire):
    broker.place(CLIENT, TATA, BUY)
    wire.orders.append({**wire.orders[0], "order_id": "2"})
    with pytest.raises(Uncertain):
        broker.find(REF)
    assert broker.find(replace(REF, venue_id="2")).ref.venue_id == "2"


def test_a_row_of_another_share_or_another_tag_proves_nothing(broker, wire):
    broker.place(CLIENT, TATA, BUY)
    wire.orders[0]["tradingsymbol"] = "INFY"
    with pytest.raises(Uncertain):
        broker.find(REF)
    wire.orders[0] |= {"tradingsymbol": "TCS", "tag": OTHER}
    with pytest.raises(Uncertain):
        broker.find(replace(REF, venue_id=wire.orders[0]["order_id"]))
    assert broker.find(REF) is None


def test_an_order_of_an_earlier_day_is_never_absent(broker, wire, clock):
    ack = broker.place(CLIENT, TATA, BUY)
    later(clock, datetime(2026, 3, 10, 4, 0, tzinfo=UTC))
    wire.orders.clear()
    with pytest.raises(Uncertain, match="older"):
        broker.find(REF)
    assert broker.find(OrderRef(OTHER, None, TATA)) is None
    anew = KiteBroker(clock, SESSION, prepare=wire.mount)
    with pytest.raises(Uncertain, match="older"):
        anew.find(replace(REF, venue_id=ack.venue_id))


def test_open_orders_are_all_that_rest_each_under_a_name_of_its_own(broker, wire):
    broker.place(CLIENT, TATA, BUY)
    row = wire.orders[0]
    for n, more in enumerate(
        (
            {"tag": "algo"},
            {"tag": "algo"},
            {"tag": None},
            {"exchange": "BSE"},
            {"tradingsymbol": "INFY"},
            {"status": "COMPLETE"},
        )
    ):
        wire.orders.append({**row, "order_id": f"9{n}", **more})
    shown = broker.open_orders([TATA, AAPL])
    assert [v.ref.client_id for v in shown] == [CLIENT, "kite-90", "kite-91", "kite-92"]
    assert broker.open_orders([AAPL]) == []


def test_executions_of_one_number_are_told_apart_by_day_and_order(broker, wire):
    broker.place(CLIENT, TATA, BUY)
    broker.place(OTHER, TATA, replace(BUY, side=Side.SELL))
    wire.trade()
    fills = broker.fills(NOW, [TATA])
    assert [(f.client_order_id, f.side) for f in fills] == [(CLIENT, Side.BUY), (OTHER, Side.SELL)]
    assert len({f.trade_id for f in fills}) == 2
    assert fills[0].trade_id == f"20260309-{wire.orders[0]['order_id']}-10000000"
    assert (str(fills[0].price), fills[0].quantity, fills[0].fee) == ("3550.05", 10, 0)
    assert fills[0].time == NOW


def test_the_times_of_india_are_told_in_utc(broker, wire, clock):
    later(clock, datetime(2026, 3, 9, 20, 0, 0, tzinfo=UTC))
    broker.place(CLIENT, TATA, BUY)
    wire.trade()
    (fill,) = broker.fills(NOW, [TATA])
    assert wire.trades[0]["exchange_timestamp"] == "2026-03-10 01:30:00"
    assert (fill.time, fill.trade_id[:8]) == (clock.now(), "20260310")
    assert fill.time.astimezone(INDIA).hour == 1


def test_an_execution_of_the_second_that_had_begun_is_not_left_out(broker, wire):
    broker.place(CLIENT, TATA, BUY)
    wire.trade()
    assert len(broker.fills(NOW + timedelta(seconds=0.9), [TATA])) == 1
    assert broker.fills(NOW + timedelta(seconds=1), [TATA]) == []


def test_executions_of_others_and_elsewhere(broker, wire, clock):
    broker.place(CLIENT, TATA, BUY)
    wire.trade()
    row = wire.trades[0]
    wire.orders.append({**wire.orders[0], "order_id": "77", "tag": "algo"})
    wire.trades += [{**row, "order_id": "77"}, {**row, "order_id": "88"}, {**row, "exchange": "BSE"}]
    anew = KiteBroker(clock, SESSION, prepare=wire.mount)
    later(clock, NOW + timedelta(seconds=broker.capabilities.grace))
    assert [f.client_order_id for f in anew.fills(NOW, [TATA])] == [CLIENT, "kite-77", "kite-88"]


def test_an_execution_is_given_to_nobody_while_its_order_is_not_shown_yet(broker, wire, clock):
    broker.place(CLIENT, TATA, BUY)
    wire.trade()
    anew, hidden = KiteBroker(clock, SESSION, prepare=wire.mount), wire.orders.pop()
    with pytest.raises(Uncertain):
        anew.fills(NOW, [TATA])
    wire.orders.append(hidden)
    assert [f.client_order_id for f in anew.fills(NOW, [TATA])] == [CLIENT]


def test_an_order_that_is_shown_late_gives_its_execution_a_name_after_all(broker, wire, clock):
    broker.place(CLIENT, TATA, BUY)
    wire.trade()
    anew, hidden = KiteBroker(clock, SESSION, prepare=wire.mount), wire.orders.pop()
    later(clock, NOW + timedelta(seconds=broker.capabilities.grace))
    assert [f.client_order_id for f in anew.fills(NOW, [TATA])] == [f"kite-{hidden['order_id']}"]
    wire.orders.append(hidden)
    assert [f.client_order_id for f in anew.fills(NOW, [TATA])] == [CLIENT]


FIELDS = [
    "trade_id",
    "order_id",
    "exchange",
    "tradingsymbol",
    "transaction_type",
    "quantity",
    "average_price",
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, "", []])
def test_an_execution_that_cannot_be_read_is_never_guessed(broker, wire, field, value):
    broker.place(CLIENT, TATA, BUY)
    wire.trade()
    wire.trades[0][field] = value
    with pytest.raises(Uncertain):
        broker.fills(NOW, [TATA])


@pytest.mark.parametrize("value", [None, "", "soon", 7, "2026-03-09T11:30:00Z", "aaaaaaaaaaaaaaaaaaa"])
def test_a_time_that_cannot_be_read_is_never_guessed(broker, wire, value):
    broker.place(CLIENT, TATA, BUY)
    wire.trade()
    wire.trades[0] |= {"exchange_timestamp": value, "fill_timestamp": None}
    with pytest.raises(Uncertain):
        broker.fills(NOW, [TATA])


def test_a_cancel_without_the_venues_number_looks_for_it(broker, wire):
    broker.place(CLIENT, TATA, BUY)
    broker.cancel(REF)
    assert wire.orders[0]["status"] == "CANCELLED"
    broker.cancel(REF)
    broker.cancel(replace(REF, venue_id="999"))
    with pytest.raises(Uncertain):
        broker.cancel(replace(REF, venue_id="../x"))


def test_the_account_adds_todays_trades_to_the_holdings(broker):
    account = broker.account()
    assert account.account_id == "AB1234"
    assert {c: str(v) for c, v in account.cash.items()} == {"INR": "99245.05"}
    assert account.positions == {"TCS.NS": Decimal(10), "ITC.NS": Decimal(5)}


def test_a_new_login_goes_on_with_what_is_known(broker, wire):
    wire.plant("POST", "/regular", requests.ReadTimeout("x"))
    with pytest.raises(Uncertain):
        broker.place(CLIENT, TATA, BUY)
    wire.tokens = {f"token {key(3)}:{key(5)}"}
    with pytest.raises(AuthExpired, match="log in to Kite again"):
        broker.find(REF)
    with pytest.raises(AuthExpired, match="another account"):
        broker.renew(replace(SESSION, access_token=key(5), user_id="ZZ9999"))
    broker.renew(replace(SESSION, access_token=key(5)))
    assert broker.find(REF) is None
    with pytest.raises(Uncertain):
        broker.place(CLIENT, TATA, BUY)
    assert wire.asked("POST") == ["/orders/regular"]


CALLS = [
    lambda broker: broker.place(CLIENT, TATA, BUY),
    lambda broker: broker.find(REF),
    lambda broker: broker.cancel(OrderRef(CLIENT, "1", TATA)),
    lambda broker: broker.replace(REF, Terms(limit_price=Decimal(3510))),
    lambda broker: broker.open_orders([TATA]),
    lambda broker: broker.fills(NOW, [TATA]),
    lambda broker: broker.account(),
]


@pytest.mark.parametrize("call", CALLS)
def test_no_failure_shows_a_key_or_token_and_none_is_anything_but_ours(broker, wire, caplog, call):
    for secret in (key(3), key(4)):
        kinds = (
            "OrderException",
            "InputException",
            "TokenException",
            "PermissionException",
            "Exception",
            secret,
        )
        more = [error(status, kind, secret) for status in (400, 403, 500) for kind in kinds]
        for effect in failures("https://api.kite.trade/orders?x=1", secret) + more:
            for method in ("GET", "POST", "DELETE", "PUT"):
                wire.plant(method, "", effect, always=True)
            assert not leaks(said(lambda: call(broker), caplog), secret), effect
            wire.planted.clear()
            wire.plant("POST", "/regular", effect)  # past the look before it
            wire.plant("PUT", "", effect)
            assert not leaks(said(lambda: call(broker), caplog), secret), effect
            wire.planted.clear()
    shown = f"{broker!r}{SESSION!r}{SESSION}{broker.capabilities!r}"
    assert not leaks(shown, key(3)) + leaks(shown, key(4))
