from decimal import Decimal
from math import nan

import pytest
from tickets import INSTRUMENTS, ask, limit, order, sell, stop

from marketpulse.risk.costs import Liquidity
from marketpulse.risk.reserve import remaining, reserve, reserved_cash
from marketpulse.types import OPEN_STATES, OrderState, Side

AAPL = INSTRUMENTS["AAPL"]
PRICES = {"AAPL": 100.0}


def test_a_limit_order_reserves_its_limit_and_the_fee():
    assert reserve(AAPL, limit("99.50"), Decimal(10), 100.0) == Decimal("996.00")


def test_a_market_order_reserves_more_than_the_ask():
    # 100 x (1 + 0.0001 half spread + 0.01 margin) = 101.01, ten of them and 1.00 fee
    assert reserve(AAPL, ask(), Decimal(10), 100.0) == Decimal("1011.10")


def test_a_large_market_order_reserves_its_own_impact():
    market = Liquidity(adv=1000.0, sigma=0.02)
    assert reserve(AAPL, ask(), Decimal(10), 100.0, market) > reserve(AAPL, ask(), Decimal(10), 100.0)


@pytest.mark.parametrize(("price", "start"), [(100.0, 110), (120.0, 120)])
def test_a_stop_order_reserves_from_its_stop_or_the_price_whichever_is_dearer(price, start):
    found = reserve(AAPL, stop("110", side=Side.BUY), Decimal(1), price)
    assert Decimal(start) * Decimal("1.01") < found < Decimal(start) * Decimal("1.04")


@pytest.mark.parametrize("state", list(OrderState))
def test_only_orders_that_may_still_trade_reserve(state):
    orders = [order(limit("100"), state)]
    assert (reserved_cash(orders, INSTRUMENTS, PRICES) > 0) is (state in OPEN_STATES)
    assert (remaining(orders, "AAPL", Side.BUY) > 0) is (state in OPEN_STATES)


def test_what_is_filled_is_not_reserved_again():
    half = order(limit("100"), OrderState.PARTIALLY_FILLED, filled=Decimal(5))
    assert reserved_cash([half], INSTRUMENTS, PRICES) == Decimal("501.00")
    assert remaining([half], "AAPL", Side.BUY) == 5


def test_sales_reserve_units_and_no_cash():
    orders = [order(sell(4)), order(stop("90", quantity=3)), order(limit("100"))]
    assert reserved_cash(orders[:2], INSTRUMENTS, PRICES) == 0
    assert remaining(orders, "AAPL", Side.SELL) == 7
    assert remaining(orders, "IBM", Side.SELL) == 0


@pytest.mark.parametrize("prices", [{}, {"AAPL": nan}, {"AAPL": 0.0}, {"AAPL": float("inf")}])
def test_a_market_order_without_a_price_reserves_nobody_knows_what(prices):
    assert reserved_cash([order(ask())], INSTRUMENTS, prices) is None
    assert reserved_cash([order(limit("100"))], INSTRUMENTS, prices) == Decimal("1001.00")
