"""Which units have no confirmed stop."""

from decimal import Decimal
from math import nan

import pytest
from tickets import limit, order, portfolio, sell, stop

from marketpulse.risk.unprotected import unprotected
from marketpulse.types import OrderState, OrderType, Side

HELD = portfolio(AAPL="10", IBM="5", FLAT="0").positions
PRICES = {"AAPL": 100.0, "IBM": 200.0}


def test_what_has_no_stop_is_bare_and_what_is_flat_is_not():
    assert unprotected(HELD, [], PRICES) == {"AAPL": 10, "IBM": 5}


def test_stops_of_several_orders_add_up():
    orders = [order(stop("95", quantity=4)), order(stop("90", quantity=5)), order(stop("190", symbol="IBM"))]
    assert unprotected(HELD, orders, PRICES) == {"AAPL": 1}


@pytest.mark.parametrize("state", list(OrderState))
def test_only_what_the_venue_holds_for_certain_counts(state):
    bare = unprotected(HELD, [order(stop("95"), state)], PRICES)
    assert ("AAPL" in bare) is (state not in {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED})


def test_what_a_stop_has_sold_already_covers_nothing():
    half = order(stop("95"), OrderState.PARTIALLY_FILLED, filled=Decimal(4))
    assert unprotected(HELD, [half], PRICES)["AAPL"] == 4


@pytest.mark.parametrize(
    ("request_", "covers"),
    [
        (stop("95"), True),
        (sell(type=OrderType.STOP_LIMIT, stop_price=Decimal(95), limit_price=Decimal(94)), True),
        (sell(type=OrderType.TRAILING_STOP, trail_percent=Decimal(5)), True),
        (sell(type=OrderType.TAKE_PROFIT, stop_price=Decimal(110)), False),
        (limit("110", side=Side.SELL), False),
        (stop("110", side=Side.BUY), False),
        (sell(), False),
    ],
)
def test_which_kinds_guard_a_position(request_, covers):
    assert ("AAPL" not in unprotected(HELD, [order(request_)], PRICES)) is covers


@pytest.mark.parametrize(("price", "covers"), [(103.9, False), (104.0, True), (nan, False), (None, False)])
def test_a_trailing_stop_guards_from_its_activation_price_on(price, covers):
    trail = sell(type=OrderType.TRAILING_STOP, trail_amount=Decimal(5), activation_price=Decimal(104))
    prices = {} if price is None else {"AAPL": price}
    assert ("AAPL" not in unprotected(HELD, [order(trail)], prices)) is covers
