from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.types import AssetClass, Instrument, Side

STEPS = [Decimal("0.00001"), Decimal("0.01"), Decimal("0.05"), Decimal("0.25"), Decimal(1), Decimal(10)]
VALUES = st.floats(0.0, 1e9) | st.decimals(0, 10**9, places=8)


def made(tick="0.01", lot="1", asset_class=AssetClass.EQUITY, symbol="X"):
    return Instrument(symbol, "X", asset_class, "USD", "XNYS", Decimal(tick), Decimal(lot))


@given(st.sampled_from(STEPS), VALUES, st.sampled_from(Side))
def test_i15_rounding_a_price_never_increases_exposure(tick, value, side):
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    try:
        price = made(tick).price(value, side)
    except ValueError:
        assert exact < tick  # below the smallest price there is none
        return
    assert price % tick == 0
    assert abs(price - exact) <= tick
    assert price <= exact if side is Side.BUY else price >= exact


@given(st.sampled_from(STEPS), VALUES)
def test_i15_rounding_a_quantity_never_increases_exposure(lot, value):
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    quantity = made(lot=lot).quantity(value)
    assert quantity % lot == 0
    assert 0 <= exact - quantity <= lot


@given(st.sampled_from(STEPS), VALUES)
def test_rounding_twice_is_rounding_once(step, value):
    instrument = made(step, step)
    once = instrument.quantity(value)
    assert instrument.quantity(once) == once
    if once:
        assert instrument.price(once, Side.BUY) == instrument.price(once, Side.SELL) == once


@pytest.mark.parametrize(
    ("value", "side", "price"),
    [
        (580.139, Side.BUY, "580.13"),
        (580.131, Side.SELL, "580.14"),
        (580.13, Side.BUY, "580.13"),
        (0.1 + 0.2, Side.SELL, "0.31"),  # 0.30000000000000004: a sale never goes below what was meant
        (Decimal("7.000"), Side.BUY, "7.00"),
    ],
)
def test_a_buy_goes_down_and_a_sale_up(value, side, price):
    found = made().price(value, side)
    assert str(found) == price


@pytest.mark.parametrize(
    "bad", [nan, inf, -inf, -1.0, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal(-1)]
)
def test_i14_what_is_no_amount_is_refused(bad):
    with pytest.raises(ValueError, match="not a price"):
        made().price(bad, Side.BUY)
    with pytest.raises(ValueError, match="not a quantity"):
        made().quantity(bad)


@pytest.mark.parametrize("small", [0.0, 0.004])
def test_a_price_below_the_tick_is_refused_for_a_buy(small):
    with pytest.raises(ValueError, match="below the smallest price step"):
        made().price(small, Side.BUY)


def test_a_quantity_below_the_lot_is_none():
    assert made().quantity(0.999) == 0


@pytest.mark.parametrize(
    ("tick", "decimals"), [("0.01", 2), ("0.010", 2), ("1", 0), ("10", 0), ("0.00001", 5)]
)
def test_decimals_come_from_the_tick(tick, decimals):
    assert made(tick).decimals == decimals


def test_a_pair_is_written_with_a_dash_in_addresses():
    assert made(symbol="BTC/USDT").slug == "BTC-USDT"


@pytest.mark.parametrize("asset_class", list(AssetClass))
def test_an_index_is_never_ordered(asset_class):
    assert made(asset_class=asset_class).tradable is (asset_class is not AssetClass.INDEX)


def test_sides_have_signs():
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)


@pytest.mark.parametrize("value", [9.9e25, 1.7e308, 1e-300])
def test_no_finite_number_breaks_the_rounding(value):
    share = Instrument("X", "X", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))
    assert share.quantity(value) == int(Decimal(repr(value)))
    assert share.price(max(value, 0.01), Side.BUY) <= Decimal(repr(max(value, 0.01)))
