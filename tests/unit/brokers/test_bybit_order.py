"""Each kind of order in Bybit's words, and read back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from unit.brokers.pairs import BTC, CLIENT, NOON, ONE, REF, BybitDesk, order_of

from marketpulse.clock import SimClock
from marketpulse.errors import Rejected
from marketpulse.types import OrderState, OrderType, Side, TimeInForce

CREATE, REALTIME = ("POST", "/order/create"), ("GET", "/order/realtime")


@pytest.fixture
def clock():
    return SimClock(NOON)


@pytest.fixture
def desk(clock):
    return BybitDesk(clock)


@pytest.fixture
def broker(desk, clock):
    return desk.broker(clock)


TILL = datetime(2026, 3, 12, tzinfo=UTC)
MARKETLY = {"orderType": "Market", "marketUnit": "baseCoin"}
WAITS = {"orderFilter": "StopOrder"}


def limited(price, force):
    return {"orderType": "Limit", "price": price, "timeInForce": force}


KINDS = [
    (order_of("market", force=TimeInForce.IOC), MARKETLY),
    (order_of("limit", limit="110", force=TimeInForce.IOC), limited("110", "IOC")),
    (order_of("limit", limit="110", force=TimeInForce.FOK), limited("110", "FOK")),
    (order_of("limit", limit="110", force=TimeInForce.DAY), limited("110", "GTC")),
    (order_of("limit", limit="110", force=TimeInForce.GTD, good_till=TILL), limited("110", "GTC")),
    (order_of("limit", limit="110", post_only=True), limited("110", "PostOnly")),
    (
        order_of("stop_limit", limit="89.5", stop="90"),
        {**limited("89.5", "GTC"), **WAITS, "triggerPrice": "90"},
    ),
    (order_of("take_profit", stop="110"), {**MARKETLY, **WAITS, "triggerPrice": "110"}),
    (
        order_of("take_profit", Side.BUY, stop="90"),
        {**MARKETLY, **WAITS, "triggerPrice": "90", "side": "Buy"},
    ),
    (order_of("stop", Side.BUY, stop="110"), {**MARKETLY, **WAITS, "triggerPrice": "110", "side": "Buy"}),
]


@pytest.mark.parametrize(("request_", "more"), KINDS)
def test_each_kind_has_the_venues_fields_and_no_other(broker, desk, request_, more):
    broker.place(CLIENT, BTC, request_)
    same = {"category": "spot", "symbol": "BTCUSDT", "side": "Sell", "qty": "1", "orderLinkId": CLIENT}
    assert desk.wire.sent(*CREATE) == [same | more]
    view = broker.find(REF)
    shown = (view.side, view.type, view.limit_price, view.stop_price)
    assert shown == (request_.side, request_.type, request_.limit_price, request_.stop_price)


def test_what_it_offers_is_exactly_this(broker):
    declared = broker.capabilities
    assert declared.types == frozenset(OrderType) - {OrderType.TRAILING_STOP}
    assert declared.forces == frozenset(TimeInForce)
    assert (declared.post_only, declared.amends) == (True, True)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order_of("market", force=TimeInForce.FOK), "TIME_IN_FORCE"),
        (order_of("trailing_stop", trail_percent=ONE), "TYPE_NOT_OFFERED"),
        (order_of("take_profit", stop="100"), "WOULD_TRIGGER"),
        (order_of("take_profit", Side.BUY, stop="100"), "WOULD_TRIGGER"),
        (order_of("stop_limit", limit="100", stop="100"), "WOULD_TRIGGER"),
        (order_of("stop_limit", limit="89.501", stop="90"), "OFF_TICK"),
    ],
)
def test_what_the_venue_cannot_do_is_not_sent(broker, desk, request_, code):
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, BTC, request_)
    assert caught.value.code == code
    assert [wire.sent(*CREATE) for wire in desk.wires] in ([], [[]])


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("EC_PostOnlyWillTakeLiquidity", "WOULD_TAKE"),
        ("EC_NoImmediateQtyToFill", "NOT_AT_ONCE"),
        ("EC_NoError", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_an_order_that_was_given_up_says_why(broker, desk, why, code):
    broker.place(CLIENT, BTC, order_of("limit", limit="110", post_only=True))
    desk.orders[0] |= {"state": "canceled", "why": why}
    view = broker.find(REF)
    assert (view.state, view.code) == (OrderState.CANCELED, code)
    assert bool(view.sentence) is bool(code)


def test_an_order_of_another_hand_is_shown_by_what_it_is(broker, desk):
    broker.place("x", BTC, order_of("stop_limit", limit="89.5", stop="90"))
    row = desk.row(desk.orders[0]) | {"orderLinkId": ""}
    more = [
        {"triggerDirection": 0},  # it does not say which way
        {"triggerDirection": 1},  # a take-profit with a limit, a kind this desk does not have
        {"orderType": "Market", "marketUnit": "quoteCoin", "qty": "500", "cumExecQty": "0.2"},
        {"side": ""},
    ]
    rows = [row | {"orderId": str(n), **fields} for n, fields in enumerate([{}, *more])]
    desk.faults[REALTIME] = [desk.said({"list": rows})]
    views = broker.open_orders([BTC])
    assert [v.ref.client_id for v in views] == [f"bybit:{n}" for n in range(5)]
    assert [v.type for v in views] == [OrderType.STOP_LIMIT, None, None, OrderType.STOP, None]
    assert (views[0].side, views[0].limit_price, views[0].stop_price) == (Side.SELL, Decimal("89.5"), 90)
    assert views[3].quantity == views[3].filled_quantity == Decimal("0.2")
    assert views[4].side is None
