"""Each kind of order in Kite's words, read back, and changed in place."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
import requests
from unit.brokers.share_venues import KiteWire, error, told
from unit.sources.canned_web import TATA, key

from marketpulse.brokers.kite import KiteBroker
from marketpulse.brokers.kite_login import KiteSession
from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired, Rejected, Throttled, Uncertain
from marketpulse.ports import OrderRef, Terms
from marketpulse.types import OrderRequest, OrderType, Side, TimeInForce

NOW = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
CLIENT = "MPAAAAAAAAAAAAAAAAAA"
REF = OrderRef(CLIENT, None, TATA)


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
    return KiteBroker(clock, KiteSession(key(3), key(4), "AB1234", NOW), prepare=wire.mount)


def order(kind, *, limit=None, stop=None, force=TimeInForce.DAY, **more):
    price, trigger = (None if p is None else Decimal(p) for p in (limit, stop))
    return OrderRequest("TCS.NS", Side.SELL, OrderType(kind), Decimal(10), price, trigger, force, **more)


KINDS = [
    (
        order("market", force=TimeInForce.IOC),
        {"order_type": "MARKET", "validity": "IOC", "market_protection": "-1"},
    ),
    (
        order("limit", limit="3500.10", force=TimeInForce.IOC),
        {"order_type": "LIMIT", "validity": "IOC", "price": "3500.10"},
    ),
    (
        order("stop_limit", limit="3490", stop="3500.05"),
        {"order_type": "SL", "price": "3490", "trigger_price": "3500.05", "validity": "DAY"},
    ),
    (
        order("stop", stop="3500.05"),
        {"order_type": "SL-M", "trigger_price": "3500.05", "validity": "DAY", "market_protection": "-1"},
    ),
]


@pytest.mark.parametrize(("request_", "more"), KINDS)
def test_each_kind_has_the_venues_fields_and_no_other(broker, wire, request_, more):
    broker.place(CLIENT, TATA, request_)
    (request,) = [r for r in wire.canned.asked if r.method == "POST"]
    common = {
        "variety": "regular", "exchange": "NSE", "tradingsymbol": "TCS", "transaction_type": "SELL", "quantity": "10",
        "product": "CNC", "tag": CLIENT,
    }  # fmt: skip
    assert dict(parse_qsl(request.body)) == common | more
    view = broker.find(REF)
    shown = (view.side, view.type, view.limit_price, view.stop_price)
    assert shown == (Side.SELL, request_.type, request_.limit_price, request_.stop_price)


def test_what_it_offers_is_exactly_this(broker):
    declared = broker.capabilities
    assert declared.types == {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}
    assert declared.forces == {TimeInForce.DAY, TimeInForce.IOC}
    assert (declared.post_only, declared.amends) == (False, True)


def changed(wire):
    return [dict(parse_qsl(r.body)) for r in wire.canned.asked if r.method == "PUT"]


def test_a_change_names_what_changes_and_nothing_else(broker, wire):
    number = broker.place(CLIENT, TATA, order("stop_limit", limit="3490", stop="3500.05")).venue_id
    ack = broker.replace(REF, Terms(stop_price=Decimal("3505.00")))
    assert (ack.client_id, ack.venue_id) == (CLIENT, number)
    broker.replace(REF, Terms(quantity=Decimal("5.0"), limit_price=Decimal(3495)))
    common = {"variety": "regular", "order_id": number}
    assert changed(wire) == [
        common | {"trigger_price": "3505.00"},
        common | {"quantity": "5", "price": "3495"},
    ]
    view = broker.find(REF)
    assert (view.quantity, view.limit_price, view.stop_price) == (5, 3495, 3505)
    broker.replace(REF, Terms(quantity=Decimal(5)))
    assert len(changed(wire)) == 2


@pytest.mark.parametrize(
    "effect",
    [
        error(504, "NetworkException", "x"), error(500, "OrderException", "x"), requests.ReadTimeout("x"), b"", b"<html>",
        told({"order_id": "999"}), told({"order_id": None}), told(None),
        error(400, "OrderException", "Request timed out. Please check the order book."),
    ],
    ids=repr,
)  # fmt: skip
def test_a_change_whose_answer_was_lost_is_sent_once_and_shown_by_its_terms(broker, wire, effect):
    number = broker.place(CLIENT, TATA, order("limit", limit="3500")).venue_id
    wire.plant("PUT", number, effect)
    for _ in range(2):
        with pytest.raises(Uncertain):
            broker.replace(REF, Terms(limit_price=Decimal(3510)))
    assert broker.find(REF).limit_price == 3500
    wire.orders[0]["price"] = 3510.0  # it arrived late
    assert broker.replace(REF, Terms(limit_price=Decimal(3510))).venue_id == number
    assert len(changed(wire)) == 1


def test_a_yes_to_a_change_that_the_exchange_did_not_make_is_in_doubt(broker, wire):
    number = broker.place(CLIENT, TATA, order("limit", limit="3500")).venue_id
    wire.plant("PUT", number, told({"order_id": number}))
    with pytest.raises(Uncertain):
        broker.replace(REF, Terms(limit_price=Decimal(3510)))


@pytest.mark.parametrize(
    ("effect", "kind", "code"),
    [
        (error(400, "InputException", "Order cannot be modified as it is being processed. Try later."), Rejected, "BUSY"),
        (error(400, "OrderException", "Couldn't find that `order_id`."), Rejected, "NOT_OPEN"),
        (error(400, "OrderException", "Maximum allowed order modifications exceeded."), Rejected, "NOT_OFFERED"),
        (error(400, "InputException", "Kindly enter price in the multiple of tick size"), Rejected, "INVALID_PRICE"),
        (error(403, "TokenException", "x"), AuthExpired, None),
        (error(429, "NetworkException", "x"), Throttled, None),
    ],
)  # fmt: skip
def test_a_change_that_was_turned_away_leaves_the_order_as_it_was(broker, wire, effect, kind, code):
    number = broker.place(CLIENT, TATA, order("limit", limit="3500")).venue_id
    wire.plant("PUT", number, effect)
    with pytest.raises(kind) as refusal:
        broker.replace(REF, Terms(limit_price=Decimal(3510)))
    assert getattr(refusal.value, "code", None) == code
    assert "refused the order" not in str(refusal.value)
    broker.replace(REF, Terms(limit_price=Decimal(3510)))
    assert len(changed(wire)) == 2


def test_what_cannot_be_changed_is_not_sent(broker, wire):
    broker.place(CLIENT, TATA, order("limit", limit="3500"))
    wire.orders[0]["filled_quantity"] = 4
    for terms, code in (
        (Terms(quantity=Decimal(8)), "NOT_OFFERED"),
        (Terms(quantity=Decimal("8.5")), "INVALID_QUANTITY"),
        (Terms(stop_price=Decimal(3400)), "NO_SUCH_PRICE"),
    ):
        with pytest.raises(Rejected) as refusal:
            broker.replace(REF, terms)
        assert refusal.value.code == code
    assert changed(wire) == []
    broker.replace(REF, Terms(limit_price=Decimal(3510)))
    assert len(changed(wire)) == 1


def test_an_order_of_another_hand_is_shown_by_what_it_is(broker, wire):
    broker.place(CLIENT, TATA, order("stop", stop="3500.05"))
    row = wire.orders[0]
    # Market protection may leave a price in a stop-market order, or none of its words may be known.
    wire.orders += [
        {**row, "order_id": "1", "tag": None, "price": 3480.0},
        {**row, "order_id": "2", "tag": None, "order_type": "?", "transaction_type": "?", "trigger_price": 0},
    ]
    _, theirs, odd = broker.open_orders([TATA])
    assert (theirs.ref.client_id, theirs.side, theirs.type) == ("kite-1", Side.SELL, OrderType.STOP)
    assert (theirs.limit_price, str(theirs.stop_price)) == (None, "3500.05")
    assert (odd.side, odd.type, odd.stop_price) == (None, None, None)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order("limit", limit="3500", force=TimeInForce.FOK), "TIME_IN_FORCE"),
        (order("limit", limit="3500", force=TimeInForce.GTC), "TIME_IN_FORCE"),
        (order("limit", limit="3500", force=TimeInForce.GTD, good_till=NOW), "TIME_IN_FORCE"),
        (order("take_profit", stop="3700"), "TYPE_NOT_OFFERED"),
        (order("trailing_stop", trail_percent=Decimal(1)), "TYPE_NOT_OFFERED"),
        (order("limit", limit="3500", post_only=True), "POST_ONLY"),
    ],
)
def test_what_the_venue_cannot_do_is_not_sent(broker, wire, request_, code):
    with pytest.raises(Rejected) as refusal:
        broker.place(CLIENT, TATA, request_)
    assert refusal.value.code == code
    assert refusal.value.sentence.endswith(".")
    assert wire.canned.asked == []


@pytest.mark.parametrize(("force", "code"), [(TimeInForce.IOC, "NOT_AT_ONCE"), (TimeInForce.DAY, "")])
def test_an_order_that_was_given_up_says_why(broker, wire, force, code):
    broker.place(CLIENT, TATA, order("limit", limit="3500", force=force))
    wire.orders[0]["status"] = "CANCELLED"
    assert broker.find(REF).code == code
