import inspect
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest
from ccxt.base import errors as vendor
from unit.sources.canned import CannedBinance, ticker

from marketpulse.clock import SimClock
from marketpulse.errors import BadData, NoData, ProviderError, RateLimited, Unavailable, UnknownSymbol
from marketpulse.market import instruments
from marketpulse.sources.binance import BinanceSource, _spot, _vendor_errors
from marketpulse.types import AssetClass, Feed, Instrument, Interval

BTC = instruments(Feed.LIVE)["BTC/USDT"]
NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0)


def kline(day: datetime, *numbers: str) -> list:
    start = int(day.timestamp() * 1000)
    return [start, *numbers, start + 86_399_999, "0", 1, "0", "0", "0"]


TODAY = [kline(MIDNIGHT, "49500.0", "50500.0", "49400.0", "50000.1", "321.5")]


def source_of(**answers) -> BinanceSource:
    canned = {"24hr": ticker(NOW), "klines": TODAY, **answers}
    return BinanceSource(SimClock(NOW), Path(), make=lambda: CannedBinance(canned))


def test_a_quote_has_book_venue_time_and_the_utc_days_range():
    quote = source_of().quote(BTC)
    assert (quote.price, quote.bid, quote.ask) == (50000.10, 50000.00, 50000.20)
    assert quote.time == NOW
    assert (quote.open, quote.high, quote.low, quote.volume) == (49500.0, 50500.0, 49400.0, 321.5)
    assert quote.source == "binance"


@pytest.mark.parametrize("field", ["lastPrice", "bidPrice", "askPrice", "closeTime"])
@pytest.mark.parametrize("value", [None, "0", "0.0", "-1", "NaN", "inf", "", "x"])
def test_each_field_is_checked(field, value):
    with pytest.raises(BadData, match=r"^binance: "):
        source_of(**{"24hr": ticker(NOW, **{field: value})}).quote(BTC)


@pytest.mark.parametrize("body", [None, "", "<html>", [], {}, {"symbol": "BTCUSDT"}, [1, 2, 3]])
def test_an_answer_of_another_shape_is_refused(body):
    with pytest.raises(ProviderError, match=r"^binance: "):
        source_of(**{"24hr": body}).quote(BTC)


@pytest.mark.parametrize("body", [None, "<html>", {}, [[1, 2]], [["x", 1, 1, 1, 1, 1]]])
def test_bars_of_another_shape_are_refused(body):
    with pytest.raises(ProviderError):
        source_of(klines=body).bars(BTC, Interval.DAY, NOW - timedelta(days=9), NOW)


def test_bars_are_closed_ones():
    days = [kline(MIDNIGHT - timedelta(days=n), "1", "2", "0.5", str(10 - n), "7") for n in (3, 2, 1, 0)]
    bars = source_of(klines=days).bars(BTC, Interval.DAY, NOW - timedelta(days=9), NOW)
    assert bars.close.tolist() == [7.0, 8.0, 9.0]
    assert bars.last_day() == (NOW - timedelta(days=1)).date()


def test_no_bars_is_no_data():
    with pytest.raises(NoData):
        source_of(klines=[]).bars(BTC, Interval.DAY, NOW - timedelta(days=9), NOW)


def test_an_unknown_pair_is_told():
    stranger = Instrument("ZZZ/USDT", "", AssetClass.CRYPTO, "USDT", "24/7", Decimal("0.01"), Decimal(1))
    with pytest.raises(UnknownSymbol):
        source_of().quote(stranger)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (ccxt.DDoSProtection("429"), RateLimited),
        (ccxt.RateLimitExceeded("429"), RateLimited),
        (ccxt.RequestTimeout("GET"), Unavailable),
        (ccxt.NetworkError("GET"), Unavailable),
        (ccxt.OperationFailed("-1001"), Unavailable),
        (ccxt.BadResponse("x"), BadData),
        (ValueError("invalid literal for int() with base 10: 'NaN'"), BadData),
    ],
)
def test_specific_errors_are_not_hidden_by_their_parents(error, ours):
    with pytest.raises(ours, match=r"^binance: "):
        source_of(**{"24hr": error}).quote(BTC)


def test_no_text_of_the_vendors_error_gets_out():
    with pytest.raises(ProviderError) as caught:
        source_of(**{"24hr": ccxt.NetworkError("GET https://host/?apiKey=abc")}).quote(BTC)
    assert "http" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "kind",
    [k for _, k in inspect.getmembers(vendor, inspect.isclass) if issubclass(k, Exception)],
    ids=lambda k: k.__name__,
)
def test_every_exception_of_the_vendor_is_mapped(kind):
    with pytest.raises(ProviderError), _vendor_errors():
        raise kind("x")


def test_the_client_asks_for_spot_only_and_never_sleeps():
    client = _spot()
    assert client.options["fetchMarkets"]["types"] == ["spot"]
    assert client.options["adjustForTimeDifference"] is True
    assert client.enableRateLimit is False
    assert client.timeout == 6000


def test_calls_side_by_side_share_the_list_of_pairs():
    made = []

    def make() -> CannedBinance:
        made.append(CannedBinance({"24hr": ticker(NOW), "klines": TODAY}))
        return made[-1]

    source = BinanceSource(SimClock(NOW), Path(), make=make)
    with source._venue() as one, source._venue() as two:
        assert one is not two
        assert one.markets is two.markets
    source.quote(BTC)
    source.quote(BTC)
    assert len(made) == 2


@pytest.mark.parametrize("body", ["<html>", None, {}, {"symbols": []}])
def test_an_empty_list_of_pairs_is_an_outage_and_not_an_unknown_pair(body):
    source = source_of(exchangeInfo=body)
    with pytest.raises(ProviderError) as caught:
        source.quote(BTC)
    assert not isinstance(caught.value, UnknownSymbol)
