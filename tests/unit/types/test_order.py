from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from marketpulse.types import (
    OPEN_STATES,
    WORKING_STATES,
    Check,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Portfolio,
    Position,
    Preview,
    Side,
)

NOW = datetime(2012, 6, 1, tzinfo=UTC)


def request(**changes):
    fields = {"symbol": "AAPL", "side": Side.BUY, "type": OrderType.MARKET, "quantity": Decimal(10)}
    return OrderRequest(**(fields | changes))


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (OrderType.MARKET, "limit_price", "A market order has no limit_price: leave it out."),
        (OrderType.MARKET, "stop_price", "A market order has no stop_price: leave it out."),
        (OrderType.LIMIT, "stop_price", "A limit order needs a limit_price."),
        (OrderType.STOP, "limit_price", "A stop order has no limit_price: leave it out."),
    ],
)
def test_a_field_that_the_kind_would_ignore_is_refused_in_one_sentence(kind, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        request(type=kind, **{given: Decimal(1)})


@pytest.mark.parametrize("kind", [OrderType.LIMIT, OrderType.STOP])
def test_a_field_that_the_kind_needs_is_asked_for(kind):
    with pytest.raises(ValueError, match=f"A {kind} order needs a {kind}_price."):
        request(type=kind)


@pytest.mark.parametrize(
    ("changes", "trigger"),
    [
        ({}, None),
        ({"type": OrderType.LIMIT, "limit_price": Decimal(5)}, Decimal(5)),
        ({"type": OrderType.STOP, "stop_price": Decimal(6)}, Decimal(6)),
    ],
)
def test_the_trigger_is_the_price_of_the_kind(changes, trigger):
    assert request(**changes).trigger == trigger


def test_a_request_never_changes():
    with pytest.raises(FrozenInstanceError):
        request().quantity = Decimal(1)


def test_open_orders_are_the_working_ones_and_those_on_their_way():
    assert WORKING_STATES < OPEN_STATES
    assert {OrderState.NEW, OrderState.SUBMITTING, OrderState.UNKNOWN} == OPEN_STATES - WORKING_STATES
    assert set(OrderState) - OPEN_STATES == {
        OrderState.DENIED, OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED
    }  # fmt: skip


def test_what_remains_is_what_is_not_filled():
    order = Order("1", "MP1", "paper:1", request(), OrderState.PARTIALLY_FILLED, NOW, NOW, Decimal(4))
    assert order.remaining == 6


def test_a_preview_fails_by_its_checks_but_not_by_an_advisory_one():
    good = Check("A", "a", passed=True, sentence="Fine.")
    warns = Check("B", "b", passed=False, sentence="Careful.", advisory=True)
    bad = Check("C", "c", passed=False, sentence="No.")
    preview = Preview(request(), (good, warns))
    assert preview.ok
    refused = replace(preview, checks=(good, warns, bad))
    assert not refused.ok
    assert refused.failed == (bad,)


def test_what_is_not_held_is_zero():
    books = Portfolio("paper:1", positions={"AAPL": Position("AAPL", Decimal(3), Decimal(1))})
    assert (books.held("AAPL"), books.held("IBM")) == (3, 0)
