from decimal import Decimal
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tickets import INSTRUMENTS, limit, order, portfolio, sell, stop

from marketpulse.risk.limits import exposure, open_risk, open_risk_check, position_check, quantity_for, stops
from marketpulse.types import OrderState, OrderType, Position, Rate

AAPL, BTC = INSTRUMENTS["AAPL"], INSTRUMENTS["BTC/USDT"]
BOOK = portfolio(AAPL="100", IBM="10").positions
PRICES = {"AAPL": 100.0, "IBM": 200.0}


@pytest.mark.parametrize(
    ("value", "passed"), [(0.0, True), (14_999.99, True), (15_000.0, True), (15_000.01, False)]
)
def test_a_position_may_be_15_percent_of_equity(value, passed):
    check = position_check("AAPL", value, 100_000.0)
    assert (check.code, check.passed, check.advisory) == ("POSITION_LIMIT", passed, False)
    assert check.use == pytest.approx(value / 15_000)
    assert "15%" in check.sentence


@pytest.mark.parametrize("equity", [None, nan, 0.0, -1.0, float("inf")])
def test_without_equity_nothing_more_is_bought(equity):
    check = position_check("AAPL", 1.0, equity)
    assert not check.passed
    assert check.use is None


@pytest.mark.parametrize("equity", [None, nan, 0.0, 100.0])
def test_a_sale_that_reduces_never_fails_the_position_limit(equity):
    assert position_check("AAPL", 1e6, equity, reduces=True).passed


def test_a_value_that_is_not_finite_never_passes():
    assert not position_check("AAPL", nan, 100_000.0).passed
    assert not open_risk_check(nan, 100_000.0).passed


def test_what_has_no_stop_counts_whole():
    assert open_risk(BOOK, PRICES, {}) == 12_000.0


def test_a_stop_limits_the_loss_to_the_way_there():
    assert open_risk(BOOK, PRICES, {"AAPL": [(Decimal(60), Decimal(95))]}) == 60 * 5 + 40 * 100 + 2_000


def test_a_stop_above_the_price_loses_nothing_and_covers_no_more_than_is_held():
    assert open_risk(BOOK, PRICES, {"AAPL": [(Decimal(500), Decimal(120))]}) == 2_000.0


@pytest.mark.parametrize("at", [{}, {"AAPL": [(Decimal(100), Decimal(95))]}])
def test_a_missing_price_is_not_hidden_by_a_stop(at):
    assert isnan(open_risk(BOOK, {"IBM": 200.0}, at))


def test_open_risk_warns_and_refuses_nothing():
    check = open_risk_check(30_000.0, 100_000.0)
    assert (check.passed, check.advisory, check.value, check.limit) == (False, True, "30.0%", "25%")
    assert open_risk_check(25_000.0, 100_000.0).passed
    assert not open_risk_check(1.0, None).passed


@pytest.mark.parametrize("state", list(OrderState))
def test_only_a_stop_that_rests_at_the_venue_protects(state):
    found = stops([order(stop("90"), state), order(limit("90"))])
    resting = state in {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
    assert found == ({"AAPL": [(Decimal(10), Decimal(90))]} if resting else {})


def test_exposure_by_asset_class_largest_first():
    values = {"AAPL": 1_000.0, "IBM": 3_000.0, "BTC/USDT": 5_000.0}
    assert exposure(values, INSTRUMENTS, 10_000.0) == (("crypto", 0.5), ("equity", 0.4))


@pytest.mark.parametrize(
    ("fraction", "price", "units"), [(0.15, 100.0, 150), (0.15, 580.13, 25), (1.0, 3.0, 33_333)]
)
def test_a_share_of_equity_in_whole_lots(fraction, price, units):
    assert quantity_for(fraction, 100_000.0, price, AAPL) == units


@pytest.mark.parametrize("bad", [nan, float("inf"), 0.0, -1.0])
def test_a_share_of_nothing_is_nothing(bad):
    assert quantity_for(bad, 1.0, 1.0, BTC) == quantity_for(0.5, bad, 1.0, BTC) == 0
    assert quantity_for(0.5, 1.0, bad, BTC) == quantity_for(1.5, 1.0, 1.0, BTC) == 0


@settings(deadline=None)
@given(st.floats(0.0001, 1.0), st.floats(1.0, 1e9), st.floats(0.0001, 1e6), st.sampled_from([AAPL, BTC]))
def test_rounding_never_buys_more_than_was_asked_for(fraction, equity, price, instrument):
    units = quantity_for(fraction, equity, price, instrument)
    assert units % instrument.lot == 0
    assert float(units) * price <= fraction * equity * (1 + 1e-12)


def trailing(state=OrderState.ACCEPTED, **fields):
    return order(sell(type=OrderType.TRAILING_STOP, trail_amount=Decimal(5), **fields), state)


@pytest.mark.parametrize("state", list(OrderState))
def test_a_trailing_stop_counts_at_its_distance_below_the_price_once_it_rests(state):
    resting = state in {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
    assert stops([trailing(state)], PRICES) == ({"AAPL": [(Decimal(10), Decimal(95))]} if resting else {})


def test_a_trailing_stop_without_a_price_or_before_its_start_is_left_out():
    assert stops([trailing()]) == {}
    assert stops([trailing(activation_price=Decimal(101))], PRICES) == {}
    assert stops([trailing(activation_price=Decimal(100))], PRICES) == {"AAPL": [(10, 95)]}


def test_a_target_is_no_stop_and_a_stop_limit_is_one():
    target = order(sell(type=OrderType.TAKE_PROFIT, stop_price=Decimal(110)))
    cap = order(sell(type=OrderType.STOP_LIMIT, stop_price=Decimal(95), limit_price=Decimal(94)))
    assert stops([target, cap], PRICES) == {"AAPL": [(10, 95)]}


def test_open_risk_is_told_in_the_base_currency_or_not_at_all():
    book = {"INFY": Position("INFY", Decimal(10), Decimal(1_000), currency="INR")}
    at = {"INFY": [(Decimal(4), Decimal(1_500))]}
    rates = {"INR": Rate("INR", 0.0125, "x")}
    assert open_risk(book, {"INFY": 1_600.0}, at, "USD", rates) == pytest.approx(
        (4 * 100 + 6 * 1_600) * 0.0125
    )
    assert open_risk(book, {"INFY": 1_600.0}, at, "INR", {}) == 4 * 100 + 6 * 1_600
    assert isnan(open_risk(book, {"INFY": 1_600.0}, at))
