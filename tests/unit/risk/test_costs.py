import json
from decimal import Decimal
from math import isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import INSTRUMENTS, bars

from marketpulse.risk.costs import Liquidity, fee, half_spread, impact, liquidity, slippage

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "ib_fixed_fees.json").read_text())
AAPL, BTC = INSTRUMENTS["AAPL"], INSTRUMENTS["BTC/USDT"]


@pytest.mark.parametrize("case", ANSWERS["cases"], ids=lambda c: f"{c['shares']} at {c['price']}")
def test_published_commissions(case):
    assert fee(AAPL, Decimal(case["shares"]), Decimal(case["price"])) == Decimal(case["fee"])


def test_crypto_pays_a_tenth_of_a_percent():
    assert fee(BTC, Decimal("0.1"), Decimal(30_000)) == Decimal("3.00")


def test_a_fee_is_rounded_up_to_the_cent():
    assert fee(BTC, Decimal("0.00001"), Decimal(30_000)) == Decimal("0.01")
    assert fee(AAPL, Decimal(201), Decimal(100)) == Decimal("1.01")


@given(
    st.sampled_from([AAPL, BTC]),
    st.decimals("0.00001", "1000000", places=5),
    st.decimals("0.01", "100000", places=2),
)
def test_a_fee_is_positive_whole_cents_and_never_above_one_percent_and_a_cent(instrument, quantity, price):
    owed = fee(instrument, quantity, price)
    assert owed > 0
    assert owed == owed.quantize(Decimal("0.01"))
    assert owed < quantity * price / 100 + Decimal("0.01")


def test_impact_grows_with_the_square_root_of_size():
    market = Liquidity(adv=1e6, sigma=0.02)
    assert impact(Decimal(40_000), market) == pytest.approx(2 * impact(Decimal(10_000), market))


@pytest.mark.parametrize(
    "market",
    [None, Liquidity(nan, 0.02), Liquidity(1e6, nan), Liquidity(0.0, 0.02), Liquidity(float("inf"), 0.1)],
)
def test_an_unknown_market_has_no_impact(market):
    assert impact(Decimal(100), market) == 0.0


def test_impact_has_a_worst_case_so_that_a_price_stays_positive():
    assert impact(Decimal(10) ** 9, Liquidity(adv=1.0, sigma=0.5)) == 0.2


def test_slippage_is_the_quoted_half_spread_where_there_is_one():
    assert slippage(AAPL, Decimal(1)) == half_spread(AAPL) > 0
    assert slippage(AAPL, Decimal(1), half=0.003) == 0.003


def test_liquidity_is_measured_on_the_last_twenty_returns():
    closes = [100.0] * 10 + [100.0, 101.0] * 11
    found = liquidity(bars("AAPL", closes))
    assert found.adv == 1e6
    # Ten returns of +1 % and ten of -1/101: mean 0.005 %, every one 0.995 % away from it.
    assert found.sigma == pytest.approx(0.00995 * (20 / 19) ** 0.5, abs=1e-5)


def test_too_few_bars_have_no_liquidity():
    found = liquidity(bars("AAPL", [100.0] * 20))
    assert isnan(found.adv)
    assert isnan(found.sigma)
