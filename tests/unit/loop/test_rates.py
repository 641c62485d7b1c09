"""Rates from prices the desk has: direct, inverted, over several, and unknown when one of them is too old."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from marketpulse.loop.rates import exchange_rates, rate_instruments
from marketpulse.types import Agreement, AssetClass, Instrument, MarketDatum, Quote, SessionState

T0 = datetime(2026, 11, 27, 15, tzinfo=UTC)


def mark(symbol, price, *, source="yahoo", age=3.0, stale=False):
    quote = Quote(symbol, price, None, None, None, T0, T0, source)
    return MarketDatum(quote, age, stale, SessionState.OPEN)


def market(*marks):
    return {datum.quote.symbol: datum for datum in marks}


def test_a_quoted_rate_is_turned_round_where_it_must_be():
    rate = exchange_rates("USD", ["INR"], market(mark("USDINR=X", 80.0)))["INR"]
    assert (rate.currency, rate.value, rate.source, rate.age) == (
        "INR", 0.0125, "USDINR=X from yahoo", 3.0,
    )  # fmt: skip
    assert exchange_rates("USD", ["EUR"], market(mark("EURUSD=X", 1.1)))["EUR"].value == 1.1


def test_a_coin_goes_over_its_pair_and_says_what_was_assumed():
    data = market(mark("BNB/USDT", 600.0, source="binance", age=1.0), mark("USDINR=X", 80.0, age=9.0))
    found = exchange_rates("INR", ["BNB", "USDT", "INR"], data)
    assert sorted(found) == ["BNB", "USDT"]
    assert found["BNB"].value == pytest.approx(48_000.0)
    assert found["BNB"].source == "BNB/USDT from binance, assumed 1:1, USDINR=X from yahoo"
    assert found["BNB"].age == 9.0
    assert (found["USDT"].source, found["USDT"].age) == ("assumed 1:1, USDINR=X from yahoo", 9.0)


def test_a_tether_is_assumed_to_be_a_dollar_and_says_so():
    rate = exchange_rates("USD", ["USDT"], {})["USDT"]
    assert (rate.value, rate.source, rate.age) == (1.0, "assumed 1:1", None)


@pytest.mark.parametrize(
    "bad",
    [
        mark("USDINR=X", 80.0, stale=True, age=7200.0),
        replace(mark("USDINR=X", 80.0, age=7200.0), agreement=Agreement.DISPUTED),
    ],
)
def test_a_rate_that_is_too_old_or_disputed_is_unknown_and_says_which(bad):
    rate = exchange_rates("USD", ["INR"], market(bad))["INR"]
    assert (rate.value, rate.age) == (None, 7200.0)
    assert rate.source == "USDINR=X from yahoo is stale or disputed"


def test_a_fresh_price_is_taken_before_a_stale_one_of_the_same_two():
    data = market(mark("USDINR=X", 99.0, stale=True), mark("USD/INR", 80.0, source="bank"))
    assert exchange_rates("INR", ["USD"], data)["USD"].value == 80.0


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none_makes_no_rate(price):
    rate = exchange_rates("USD", ["INR"], market(mark("USDINR=X", price)))["INR"]
    assert (rate.value, rate.source, rate.age) == (None, "no price that leads there", None)


def test_a_share_is_no_rate():
    assert exchange_rates("USD", ["INR"], market(mark("AAPL", 80.0)))["INR"].value is None


def test_a_live_feed_follows_the_rates_of_what_is_known():
    def one(symbol, currency, kind=AssetClass.EQUITY):
        return Instrument(symbol, symbol, kind, currency, "XBOM", Decimal("0.05"), Decimal(1))

    known = {
        i.symbol: i
        for i in (
            one("INFY.NS", "INR"), one("AAPL", "USD"), one("BTC/USDT", "USDT", AssetClass.CRYPTO),
            one("^FTSE", "GBP", AssetClass.INDEX),
        )
    }  # fmt: skip
    found = rate_instruments(known, "USD")
    assert list(found) == ["USDINR=X"]
    rate = found["USDINR=X"]
    assert (rate.currency, rate.asset_class, rate.tradable) == ("INR", AssetClass.INDEX, False)
    assert list(rate_instruments(known, "EUR")) == ["EURINR=X", "EURUSD=X"]
    assert rate_instruments({**known, **found}, "USD") == {}
