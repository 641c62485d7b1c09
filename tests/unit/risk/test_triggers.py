"""Where an order of each kind trades: by hand, for both sides."""

from decimal import Decimal
from math import inf, nan

import pytest
from tickets import ask, limit, sell, stop

from marketpulse.risk.triggers import distance, expected, mark, own_price, resting_level, worst
from marketpulse.types import OrderType, Side

BUY, SELL = Side.BUY, Side.SELL
BID, ASK, LAST = 99.0, 101.0, 100.0


def stop_limit(at, cap, side=BUY):
    return ask(side=side, type=OrderType.STOP_LIMIT, stop_price=Decimal(at), limit_price=Decimal(cap))


def target(at, side=SELL):
    return ask(side=side, type=OrderType.TAKE_PROFIT, stop_price=Decimal(at))


def trail(side=SELL, amount=None, percent=None, start=None):
    return ask(
        side=side,
        type=OrderType.TRAILING_STOP,
        trail_amount=None if amount is None else Decimal(amount),
        trail_percent=None if percent is None else Decimal(percent),
        activation_price=None if start is None else Decimal(start),
    )


@pytest.mark.parametrize(
    ("request_", "own", "fill"),
    [
        (ask(), None, 101.0),
        (sell(), None, 99.0),
        (limit("98"), 98.0, 98.0),
        (limit("105"), 105.0, 101.0),
        (stop("110", side=BUY), 110.0, 110.0),
        (stop("100", side=BUY), 100.0, 101.0),
        (stop("95"), 95.0, 95.0),
        (stop("100"), 100.0, 99.0),
        (stop_limit("110", "111"), 110.0, 110.0),
        (stop_limit("90", "95"), 90.0, 95.0),  # set off already, and the limit is below the market
        (stop_limit("90", "105"), 90.0, 101.0),
        (stop_limit("95", "94", SELL), 95.0, 95.0),
        (stop_limit("105", "103", SELL), 105.0, 103.0),
        (target("110"), 110.0, 110.0),
        (target("95"), 95.0, 99.0),
        (target("90", BUY), 90.0, 90.0),
        (target("105", BUY), 105.0, 101.0),
        (trail(amount="4"), 96.0, 96.0),
        (trail(percent="5"), 95.0, 95.0),
        (trail(BUY, percent="5"), 105.0, 105.0),
        (trail(amount="4", start="110"), 106.0, 106.0),
        (trail(amount="4", start="90"), 96.0, 96.0),  # it is past its activation price already
        (trail(BUY, percent="10", start="90"), 99.0, 99.0),
    ],
)
def test_what_sets_an_order_off_and_where_it_is_expected_to_fill(request_, own, fill):
    assert own_price(request_, LAST) == (None if own is None else pytest.approx(own))
    assert expected(request_, BID, ASK, LAST) == pytest.approx(fill)


@pytest.mark.parametrize(
    ("request_", "price", "worth"),
    [
        (ask(), 101.0, 100.0),
        (stop("110", side=BUY), 110.0, 110.0),
        (stop("90", side=BUY), 101.0, 100.0),
        (target("90", BUY), 90.0, 100.0),
        (target("110", BUY), 101.0, 100.0),
        (trail(BUY, amount="5"), 106.0, 105.0),
        (trail(BUY, percent="10", start="90"), 99.0, 100.0),
        (trail(BUY, percent="10", start="120"), 111.1, 110.0),
    ],
)
def test_the_worst_price_of_a_buy_and_what_a_unit_is_worth_then(request_, price, worth):
    assert worst(request_, ASK) == pytest.approx(price)
    assert mark(request_, LAST) == pytest.approx(worth)


def test_a_stop_limit_is_worth_its_limit_at_most():
    assert mark(stop_limit("110", "112"), LAST) == 112.0


def test_only_a_trailing_stop_has_a_distance():
    assert distance(stop("95"), 100.0) == 0.0
    assert distance(trail(amount="4"), 100.0) == 4.0


def test_a_resting_stop_sells_at_its_price_and_a_trailing_one_below_the_last():
    assert resting_level(stop("95"), None) == 95
    assert resting_level(stop_limit("95", "94", SELL), nan) == 95
    assert resting_level(trail(percent="5"), 200.0) == 190
    assert resting_level(trail(amount="4", start="110"), 109.0) is None
    assert resting_level(trail(amount="4", start="110"), 110.0) == 106


@pytest.mark.parametrize("last", [None, nan, inf, 0.0, -1.0, 3.0])
def test_a_trailing_stop_without_a_price_guards_at_no_level(last):
    assert resting_level(trail(amount="4"), last) is None
