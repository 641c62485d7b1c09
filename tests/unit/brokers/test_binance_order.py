"""Each kind of order in Binance's words, and read back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from unit.brokers.pairs import BTC, CLIENT, NOON, ONE, REF, BinanceDesk, binance_sent, order_of

from marketpulse.clock import SimClock
from marketpulse.errors import Rejected
from marketpulse.ports import Terms
from marketpulse.types import OrderRequest, OrderType, Side, TimeInForce

LIMIT = OrderRequest("BTC/USDT", Side.SELL, OrderType.LIMIT, ONE, Decimal("64000.10"), None, TimeInForce.GTC)
POST = ("POST", "/order")


@pytest.fixture
def clock():
    return SimClock(NOON)


@pytest.fixture
def desk(clock):
    return BinanceDesk(clock)


@pytest.fixture
def broker(desk, clock):
    return desk.broker(clock)


TILL = datetime(2026, 3, 12, tzinfo=UTC)
PERCENT = Decimal("1.5")
KINDS = [
    (order_of("market", force=TimeInForce.IOC), {"type": "MARKET"}),
    (
        order_of("limit", limit="90", force=TimeInForce.IOC),
        {"type": "LIMIT", "price": "90", "timeInForce": "IOC"},
    ),
    (
        order_of("limit", limit="90", force=TimeInForce.FOK),
        {"type": "LIMIT", "price": "90", "timeInForce": "FOK"},
    ),
    (
        order_of("limit", limit="90", force=TimeInForce.DAY),
        {"type": "LIMIT", "price": "90", "timeInForce": "GTC"},
    ),
    (
        order_of("limit", limit="90", force=TimeInForce.GTD, good_till=TILL),
        {"type": "LIMIT", "price": "90", "timeInForce": "GTC"},
    ),
    (order_of("limit", limit="90", post_only=True), {"type": "LIMIT_MAKER", "price": "90"}),
    (
        order_of("stop_limit", limit="89.5", stop="90"),
        {"type": "STOP_LOSS_LIMIT", "price": "89.5", "timeInForce": "GTC", "stopPrice": "90"},
    ),
    (order_of("take_profit", stop="110"), {"type": "TAKE_PROFIT", "stopPrice": "110"}),
    (order_of("trailing_stop", trail_percent=PERCENT), {"type": "STOP_LOSS", "trailingDelta": "150"}),
    (
        order_of("trailing_stop", trail_percent=PERCENT, activation_price=Decimal("110.50")),
        {"type": "TAKE_PROFIT", "trailingDelta": "150", "stopPrice": "110.5"},
    ),
    (
        order_of("trailing_stop", Side.BUY, trail_percent=Decimal("1E+1"), activation_price=Decimal(90)),
        {"type": "TAKE_PROFIT", "trailingDelta": "1000", "stopPrice": "90", "side": "BUY"},
    ),
]


@pytest.mark.parametrize(
    ("request_", "more"), KINDS, ids=lambda v: v.get("type") if isinstance(v, dict) else ""
)
def test_each_kind_has_the_venues_fields_and_no_other(broker, desk, request_, more):
    broker.place(CLIENT, BTC, request_)
    same = {
        "symbol": "BTCUSDT",
        "newOrderRespType": "ACK",
        "side": "SELL",
        "quantity": "1",
        "newClientOrderId": CLIENT,
    }
    assert binance_sent(desk) == [same | more]
    view = broker.find(REF)
    assert (view.side, view.type, view.limit_price) == (request_.side, request_.type, request_.limit_price)
    assert view.stop_price == (request_.stop_price or request_.activation_price)


def test_what_it_offers_is_all_there_is(broker):
    declared = broker.capabilities
    assert declared.types == frozenset(OrderType)
    assert declared.forces == frozenset(TimeInForce)
    assert (declared.post_only, declared.amends) == (True, False)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order_of("market", force=TimeInForce.FOK), "TIME_IN_FORCE"),
        (order_of("trailing_stop", trail_amount=ONE), "TRAIL"),
        (order_of("trailing_stop", trail_percent=Decimal("1.005")), "TRAIL"),
        (order_of("trailing_stop", trail_percent=PERCENT, activation_price=Decimal("90.001")), "OFF_TICK"),
        (order_of("stop_limit", limit="89.5", stop="90.001"), "OFF_TICK"),
        (order_of("stop_limit", limit="89.501", stop="90"), "OFF_TICK"),
    ],
)
def test_what_the_venue_cannot_be_told_is_not_sent(broker, desk, request_, code):
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, BTC, request_)
    assert caught.value.code == code
    assert binance_sent(desk) == []


def test_nothing_is_changed_in_place(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    with pytest.raises(Rejected) as caught:
        broker.replace(REF, Terms(limit_price=Decimal(91)))
    assert caught.value.code == "NOT_OFFERED"
    assert len(binance_sent(desk)) == 1


def test_an_order_of_another_hand_is_shown_by_what_it_is(broker, desk):
    broker.place("web_1", BTC, order_of("stop_limit", limit="89.5", stop="90"))
    row = desk.row(desk.orders[0])
    desk.faults[("GET", "/openOrders")] = [(200, {}, [row, row | {"type": "TAKE_PROFIT_LIMIT", "side": "?"}])]
    first, second = broker.open_orders([BTC])
    shown = (first.ref.client_id, first.side, first.type, first.limit_price, first.stop_price)
    assert shown == ("web_1", Side.SELL, OrderType.STOP_LIMIT, Decimal("89.5"), 90)
    assert (second.side, second.type) == (None, None)


@pytest.mark.parametrize(
    ("force", "word", "code"),
    [
        (TimeInForce.IOC, "EXPIRED", "NOT_AT_ONCE"),
        (TimeInForce.FOK, "EXPIRED", "NOT_AT_ONCE"),
        (TimeInForce.GTC, "EXPIRED", ""),
        (TimeInForce.GTC, "EXPIRED_IN_MATCH", "SELF_TRADE"),
        (TimeInForce.IOC, "FILLED", ""),
    ],
)
def test_an_order_that_was_given_up_says_why(broker, desk, force, word, code):
    broker.place(CLIENT, BTC, order_of("limit", limit="90", force=force))
    desk.orders[0]["state"] = word
    view = broker.find(REF)
    assert view.code == code
    assert bool(view.sentence) is bool(code)
