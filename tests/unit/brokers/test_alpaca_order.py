"""Each kind of order in Alpaca's words, and read back."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from unit.brokers.share_venues import AlpacaWire
from unit.sources.canned_web import AAPL, key

from marketpulse.brokers.alpaca import AlpacaBroker
from marketpulse.clock import SimClock
from marketpulse.errors import Rejected
from marketpulse.ports import OrderRef, Terms
from marketpulse.types import OrderRequest, OrderType, Side, TimeInForce

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
CLIENT = "MPAAAAAAAAAAAAAAAAAA"
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


def order(kind, *, limit=None, stop=None, force=TimeInForce.GTC, quantity="10", **more):
    price, trigger = (None if p is None else Decimal(p) for p in (limit, stop))
    return OrderRequest("AAPL", Side.SELL, OrderType(kind), Decimal(quantity), price, trigger, force, **more)


KINDS = [
    (order("market", force=TimeInForce.FOK), {"type": "market", "time_in_force": "fok"}),
    (order("limit", limit="90", force=TimeInForce.IOC), {"limit_price": "90", "time_in_force": "ioc"}),
    (order("limit", limit="90", force=TimeInForce.GTD, good_till=NOW), {"limit_price": "90"}),
    (order("stop_limit", limit="89.5", stop="90"), {"limit_price": "89.5", "stop_price": "90"}),
    (order("trailing_stop", trail_amount=Decimal("2.50")), {"trail_price": "2.50"}),
    (order("trailing_stop", trail_percent=Decimal("1.5")), {"trail_percent": "1.5"}),
    (
        order("stop", stop="90", quantity="0.5", force=TimeInForce.DAY),
        {"qty": "0.5", "stop_price": "90", "time_in_force": "day"},
    ),
]


@pytest.mark.parametrize(("request_", "more"), KINDS)
def test_each_kind_has_the_venues_fields_and_no_other(broker, wire, request_, more):
    broker.place(CLIENT, AAPL, request_)
    body = {
        "symbol": "AAPL",
        "qty": "10",
        "side": "sell",
        "type": request_.type.value,
        "time_in_force": "gtc",
    }
    assert json.loads(wire.canned.asked[0].body) == body | {"client_order_id": CLIENT} | more
    view = broker.find(REF)
    shown = (view.side, view.type, view.limit_price, view.stop_price)
    assert shown == (Side.SELL, request_.type, request_.limit_price, request_.stop_price)


def test_what_it_offers_is_exactly_this(broker):
    declared = broker.capabilities
    assert declared.types == frozenset(OrderType) - {OrderType.TAKE_PROFIT}
    assert declared.forces == frozenset(TimeInForce)
    assert (declared.post_only, declared.amends) == (False, False)


def test_nothing_is_changed_in_place(broker, wire):
    broker.place(CLIENT, AAPL, order("limit", limit="90"))
    with pytest.raises(Rejected) as refusal:
        broker.replace(REF, Terms(limit_price=Decimal(91)))
    assert refusal.value.code == "NOT_OFFERED"
    assert wire.asked("PATCH") == []


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order("take_profit", stop="110"), "TYPE_NOT_OFFERED"),
        (order("limit", limit="90", post_only=True), "POST_ONLY"),
        (order("trailing_stop", trail_amount=Decimal(1), activation_price=Decimal(9)), "TRAIL"),
        (order("limit", limit="90", quantity="0.5"), "INVALID_QUANTITY"),
        (
            order("trailing_stop", trail_amount=Decimal(1), quantity="0.5", force=TimeInForce.DAY),
            "INVALID_QUANTITY",
        ),
    ],
)
def test_what_the_venue_cannot_do_is_not_sent(broker, wire, request_, code):
    with pytest.raises(Rejected) as refusal:
        broker.place(CLIENT, AAPL, request_)
    assert refusal.value.code == code
    assert refusal.value.sentence.endswith(".")
    assert wire.canned.asked == []


def test_an_order_of_another_hand_is_shown_by_what_it_is(broker, wire):
    broker.place("theirs", AAPL, order("stop_limit", limit="89.5", stop="90"))
    wire.orders.append(
        {**wire.orders[0], "id": "2", "side": "?", "type": "a word of next year", "limit_price": None}
    )
    first, second = broker.open_orders([AAPL])
    shown = (first.side, first.type, first.limit_price, first.stop_price)
    assert shown == (Side.SELL, OrderType.STOP_LIMIT, Decimal("89.5"), 90)
    assert (second.side, second.type, second.limit_price) == (None, None, None)


@pytest.mark.parametrize(("force", "code"), [(TimeInForce.IOC, "NOT_AT_ONCE"), (TimeInForce.DAY, "")])
def test_an_order_that_was_given_up_says_why(broker, wire, force, code):
    broker.place(CLIENT, AAPL, order("limit", limit="90", force=force))
    for word in ("canceled", "expired"):
        wire.orders[0]["status"] = word
        assert broker.find(REF).code == code
