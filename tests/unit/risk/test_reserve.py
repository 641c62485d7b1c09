from decimal import Decimal
from math import nan

import pytest
from tickets import INSTRUMENTS, ask, limit, order, sell, stop

from marketpulse.risk.costs import Liquidity
from marketpulse.risk.reserve import remaining, reserve, reserved_cash
from marketpulse.types import OPEN_STATES, OrderState, OrderType, Side

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


def kind(type_, **fields):
    return ask(type=type_, **{name: Decimal(value) for name, value in fields.items()})


def test_a_stop_limit_reserves_its_limit():
    request = kind(OrderType.STOP_LIMIT, stop_price="105", limit_price="106")
    assert reserve(AAPL, request, Decimal(10), 100.0) == Decimal("1061.00")
    assert reserved_cash([order(request)], INSTRUMENTS, {}) == Decimal("1061.00")


@pytest.mark.parametrize(("price", "start"), [(100.0, "90.91"), (80.0, "80.81")])
def test_a_target_to_buy_reserves_from_its_price_or_the_market_whichever_is_cheaper(price, start):
    request = kind(OrderType.TAKE_PROFIT, stop_price="90")
    assert reserve(AAPL, request, Decimal(10), price) == Decimal(start) * 10 + 1


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        ({"trail_amount": "5"}, "106.07"),  # (100 + 5) x 1.0101, up to the cent
        ({"trail_percent": "5"}, "106.07"),
        ({"trail_percent": "10", "activation_price": "90"}, "100.00"),
        ({"trail_amount": "5", "activation_price": "110"}, "106.07"),  # it is past it already
    ],
)
def test_a_trailing_buy_reserves_from_its_distance_above_where_it_begins(fields, most):
    request = kind(OrderType.TRAILING_STOP, **fields)
    assert reserve(AAPL, request, Decimal(10), 100.0) == Decimal(most) * 10 + 1
    assert reserved_cash([order(request)], INSTRUMENTS, {}) is None


def test_only_orders_that_draw_on_the_same_cash_count():
    orders = [order(limit("100")), order(limit("199", symbol="IBM"))]
    assert reserved_cash(orders, INSTRUMENTS, PRICES, lambda o, _: o.request.symbol == "IBM") == Decimal(
        "1991.00"
    )
    unpriced = order(ask(symbol="IBM"))
    assert reserved_cash([unpriced], INSTRUMENTS, {}, lambda *_: False) == 0
