"""Changing an order of Bybit's in place."""

from decimal import Decimal

import pytest
from unit.brokers.pairs import BTC, CLIENT, NOON, ONE, OTHER, REF, BybitDesk, order_of
from unit.sources.crypto import pair

from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired, Rejected, Throttled, Uncertain
from marketpulse.ports import OrderRef, Terms

CREATE = ("POST", "/order/create")


@pytest.fixture
def clock():
    return SimClock(NOON)


@pytest.fixture
def desk(clock):
    return BybitDesk(clock)


@pytest.fixture
def broker(desk, clock):
    return desk.broker(clock)


AMEND = ("POST", "/order/amend")


def test_a_change_names_what_changes_and_nothing_else(broker, desk):
    broker.place(CLIENT, BTC, order_of("limit", limit="110"))
    ack = broker.replace(REF, Terms(limit_price=Decimal("111.50")))
    assert (ack.client_id, ack.venue_id) == (CLIENT, "7000")
    broker.replace(REF, Terms(quantity=Decimal("0.50"), limit_price=Decimal("111.50")))
    same = {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": CLIENT}
    assert desk.wire.sent(*AMEND) == [same | {"price": "111.5"}, same | {"qty": "0.5", "price": "111.5"}]
    view = broker.find(REF)
    assert (view.quantity, view.limit_price) == (Decimal("0.5"), Decimal("111.5"))
    broker.replace(REF, Terms(quantity=Decimal("0.50")))
    assert len(desk.wire.sent(*AMEND)) == 2


def test_a_trigger_is_changed_on_its_side_of_the_market_only(broker, desk):
    broker.place(CLIENT, BTC, order_of("stop", stop="90"))
    for passed in ("100", "110"):
        with pytest.raises(Rejected) as caught:
            broker.replace(REF, Terms(stop_price=Decimal(passed)))
        assert caught.value.code == "WOULD_TRIGGER"
    broker.replace(REF, Terms(stop_price=Decimal(95)))
    broker.place(OTHER, BTC, order_of("take_profit", stop="110"))
    with pytest.raises(Rejected):
        broker.replace(OrderRef(OTHER, None, BTC), Terms(stop_price=Decimal(99)))
    assert [fields["triggerPrice"] for fields in desk.wire.sent(*AMEND)] == ["95"]


LOST = [
    (200, {}, b"<html>"), (200, {}, b""), (503, {}, b""), TimeoutError("x"), ConnectionError("x"),
    (200, {}, {"retCode": 10016, "retMsg": "x", "result": {}}), (200, {}, {"retCode": 0, "result": {}}),
    (200, {}, {"retCode": 0, "result": {"orderLinkId": "MPZ"}}), (200, {}, {"retCode": 170146, "result": {}}),
]  # fmt: skip


@pytest.mark.parametrize("answer", LOST, ids=repr)
def test_a_change_whose_answer_was_lost_is_sent_once_and_shown_by_its_terms(broker, desk, answer):
    broker.place(CLIENT, BTC, order_of("limit", limit="110"))
    desk.faults[AMEND] = [answer]
    with pytest.raises(Uncertain):
        broker.replace(REF, Terms(limit_price=Decimal(111)))
    assert broker.find(REF).limit_price == 110
    with pytest.raises(Uncertain):
        broker.replace(REF, Terms(limit_price=Decimal(111)))
    desk.orders[0]["sent"] = desk.orders[0]["sent"] | {"price": "111"}  # it arrived late
    assert broker.replace(REF, Terms(limit_price=Decimal(111))).venue_id == "7000"
    assert broker.find(REF).limit_price == 111
    assert len(desk.wire.sent(*AMEND)) == 1


@pytest.mark.parametrize(
    ("number", "kind"), [(170213, Rejected), (170136, Rejected), (10006, Throttled), (10003, AuthExpired)]
)
def test_a_change_that_was_turned_away_leaves_the_order_as_it_was(broker, desk, number, kind):
    broker.place(CLIENT, BTC, order_of("limit", limit="110"))
    desk.faults[AMEND] = [desk.said({}, number)]
    with pytest.raises(kind):
        broker.replace(REF, Terms(limit_price=Decimal(111)))
    assert broker.find(REF).limit_price == 110
    broker.replace(REF, Terms(limit_price=Decimal(111)))
    assert len(desk.wire.sent(*AMEND)) == 2


def test_a_change_off_the_venues_steps_is_not_sent(broker, desk):
    broker.place(CLIENT, BTC, order_of("limit", limit="110"))
    for terms, code in (
        (Terms(limit_price=Decimal("110.001")), "OFF_TICK"),
        (Terms(quantity=Decimal("1.0000001")), "OFF_LOT"),
    ):
        with pytest.raises(Rejected) as caught:
            broker.replace(REF, terms)
        assert caught.value.code == code
    with pytest.raises(Rejected) as caught:
        broker.replace(OrderRef(CLIENT, None, pair("ZZZ/USDT")), Terms(quantity=ONE))
    assert caught.value.code == "NOT_OPEN"
    assert desk.wire.sent(*AMEND) == []
