from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.market.agreement import apart, tolerance, witness
from marketpulse.types import Quote

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


def quote(price: float, source: str = "binance", ago: float = 0.0) -> Quote:
    time = NOW - timedelta(seconds=ago)
    return Quote("BTC/USDT", price, None, None, None, time, NOW, source)


def test_a_witness_says_how_far_it_lies_and_what_is_allowed():
    found = witness(quote(100.0), quote(101.0, "bybit", ago=900.0), sigma=0.03)
    assert (found.source, found.price, found.time) == ("bybit", 101.0, NOW - timedelta(minutes=15))
    assert found.difference == pytest.approx(0.01)
    assert found.tolerance == pytest.approx(5 * 0.03 * (900 / 86_400) ** 0.5)


def test_half_a_per_cent_is_agreement_even_at_one_instant():
    assert not apart(quote(100.0), quote(100.49, "bybit"), 0.0)
    assert apart(quote(100.0), quote(100.6, "bybit"), 0.0)


def test_an_older_word_may_lie_further_away():
    assert apart(quote(100.0), quote(101.2, "yahoo", ago=10.0), 0.03)
    assert not apart(quote(100.0), quote(101.2, "yahoo", ago=900.0), 0.03)


@given(sigma=st.floats(0, 1e3, allow_nan=False), seconds=st.floats(0, 1e9), more=st.floats(0, 1e9))
def test_the_tolerance_has_bounds_and_grows_with_time(sigma, seconds, more):
    found = tolerance(sigma, seconds)
    assert 0.005 <= found <= 0.03
    assert tolerance(sigma, seconds + more) >= found


@given(one=st.floats(1e-6, 1e9), ratio=st.floats(0.5, 2.0), ago=st.floats(0, 3600))
def test_it_does_not_matter_who_is_held_against_whom(one, ratio, ago):
    first, second = quote(one), quote(one * ratio, "bybit", ago=ago)
    assert apart(first, second, 0.02) == apart(second, first, 0.02)
