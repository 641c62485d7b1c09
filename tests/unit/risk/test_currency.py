"""Rates into the base currency: what has none is not a number."""

from dataclasses import replace
from decimal import Decimal
from math import inf, isnan, nan

import pytest
from tickets import portfolio

from marketpulse.risk.currency import ASSUMED, factor, worths
from marketpulse.types import Rate

RATES = {"INR": Rate("INR", 0.0125, "yahoo"), "EUR": Rate("EUR", None, "yahoo")}


@pytest.mark.parametrize(
    ("currency", "rate"), [("USD", 1.0), ("USDT", 1.0), ("INR", 0.0125), ("EUR", nan), ("JPY", nan)]
)
def test_a_rate_is_a_number_or_not_known(currency, rate):
    assert factor(currency, "USD", {**ASSUMED, **RATES}) == pytest.approx(rate, nan_ok=True)


@pytest.mark.parametrize("bad", [nan, inf, -inf, 0.0, -1.0])
def test_a_rate_that_is_no_price_is_not_known(bad):
    assert isnan(factor("INR", "USD", {"INR": Rate("INR", bad, "x")}))


def test_what_is_held_is_worth_its_price_in_the_base_currency():
    held = dict(portfolio(AAPL="10", IBM="0", INFY="100").positions)
    held["INFY"] = replace(held["INFY"], currency="INR")
    prices = {"AAPL": 100.0, "INFY": 1_600.0}
    assert worths(held, prices, "USD", RATES) == {"AAPL": 1_000.0, "INFY": pytest.approx(2_000.0)}
    assert isnan(worths(held, prices, "USD", {})["INFY"])
    assert isnan(worths(held, {"INFY": 1.0}, "USD", RATES)["AAPL"])
    assert worths({}, {}, "USD", {}) == {}
    assert isinstance(held["AAPL"].quantity, Decimal)
