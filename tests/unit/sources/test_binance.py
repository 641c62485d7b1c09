from datetime import UTC, datetime, timedelta
from pathlib import Path

import ccxt
import pytest
from unit.sources.crypto import CannedBinance, depth, klines, pair, ticker

from marketpulse.clock import SimClock
from marketpulse.errors import BadData, NoData, ProviderError, RateLimited, Unavailable, UnknownSymbol
from marketpulse.sources.binance import BinanceSource, _reader, _spot, _tick, _watching
from marketpulse.types import AssetClass, Interval

BTC = pair("BTC/USDT")
NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0)


def kline(day: datetime, *numbers: str) -> list:
    start = int(day.timestamp() * 1000)
    return [start, *numbers, start + 86_399_999, "0", 1, "0", "0", "0"]


TODAY = [kline(MIDNIGHT, "49500.0", "50500.0", "49400.0", "50000.1", "321.5")]


def source_of(**answers) -> BinanceSource:
    canned = {"24hr": ticker(NOW), "klines": TODAY, "depth": depth(), **answers}
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


@pytest.mark.parametrize("body", [None, "", "<html>", {}, [[1, 2]], [["x", 1, 1, 1, 1, 1]]])
def test_bars_of_another_shape_are_refused(body):
    with pytest.raises(BadData):
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
    with pytest.raises(UnknownSymbol):
        source_of().quote(pair("ZZZ/USDT"))


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


def test_the_client_asks_for_spot_only_and_never_sleeps():
    client = _spot()
    assert client.options["fetchMarkets"]["types"] == ["spot"]
    assert client.options["adjustForTimeDifference"] is True
    assert client.enableRateLimit is False
    assert client.timeout == 6000


def test_the_streaming_client_asks_for_bid_and_ask():
    client = _watching()
    assert client.options["fetchMarkets"]["types"] == ["spot"]
    assert client.options["watchTickers"]["name"] == "ticker"
    assert client.streaming["keepAlive"] == 15_000
    assert client.enableRateLimit is False


@pytest.mark.parametrize("body", ["<html>", None, {}, {"symbols": []}])
def test_an_empty_list_of_pairs_is_an_outage_and_not_an_unknown_pair(body):
    source = source_of(exchangeInfo=body)
    with pytest.raises(ProviderError) as caught:
        source.quote(BTC)
    assert not isinstance(caught.value, UnknownSymbol)


def test_yesterdays_range_is_not_todays():
    quote = source_of(klines=[kline(MIDNIGHT - timedelta(days=1), "1", "2", "0.5", "1", "7")]).quote(BTC)
    assert (quote.open, quote.high, quote.low, quote.volume) == (None, None, None, None)


@pytest.mark.parametrize("interval", list(Interval))
def test_the_newest_thousand_bars_of_each_length(interval):
    bars = source_of(klines=klines(NOW)).bars(BTC, interval, NOW - timedelta(days=60), NOW)
    length = {Interval.DAY: 86_400, Interval.HOUR: 3600, Interval.MINUTE: 60}[interval]
    assert bars.interval is interval
    assert len(bars) == {Interval.DAY: 59, Interval.HOUR: 999, Interval.MINUTE: 999}[interval]
    assert bars.time[-1] + length <= NOW.timestamp() < bars.time[-1] + 2 * length


def test_a_book_is_sorted_and_numbered():
    levels = [["49999.8", "3"], ["50000", "1.5"], ["49999.9", "0"]]
    book = source_of(depth=depth(bids=levels)).book(BTC, 2)
    assert book.bids == ((50000.0, 1.5), (49999.8, 3.0))
    assert book.asks == ((50000.20, 0.5), (50000.30, 1.0))
    assert (book.sequence, book.time, book.received) == (77, NOW, NOW)


@pytest.mark.parametrize(
    "body",
    [None, "<html>", {}, [], depth(lastUpdateId=None), depth(bids=5), depth(asks=[["1"]]), depth(asks=[5])],
)
def test_a_book_of_another_shape_is_refused(body):
    with pytest.raises(ProviderError, match=r"^binance: "):
        source_of(depth=body).book(BTC, 5)


def test_the_venues_wait_is_handed_on():
    client = CannedBinance({"24hr": ccxt.DDoSProtection("binance 429")})
    client.last_response_headers = {"Retry-After": "33"}
    source = BinanceSource(SimClock(NOW), Path(), make=lambda: client)
    with pytest.raises(RateLimited) as caught:
        source.quote(BTC)
    assert caught.value.retry_after == 33.0


def test_a_streamed_ticker_is_read_from_the_venues_fields():
    tick = _tick({"last": 1, "info": {"c": "10.5", "b": "10", "a": "11", "E": 5}})
    assert (tick.price, tick.bid, tick.ask, tick.time) == (10.5, 10.0, 11.0, 5.0)
    assert _tick({"info": {"c": "10.5", "b": "0.000", "a": "11", "E": 5}}).bid is None


@pytest.mark.parametrize("field", ["c", "E", "b"])
@pytest.mark.parametrize("value", ["-1", "NaN", "x"])
def test_a_streamed_ticker_with_a_wrong_number_is_refused(field, value):
    with pytest.raises(BadData, match=r"^binance: "):
        _tick({"info": {"c": "10.5", "b": "10", "a": "11", "E": 5, field: value}})


def test_late_messages_of_one_kind_and_pair_are_dropped():
    passed = []
    read = _reader(SimClock(NOW))
    for event, symbol, time in (
        ("aggTrade", "A", 5),
        ("aggTrade", "B", 4),
        ("aggTrade", "A", 4),
        ("x", "A", 1),
    ):
        read(None, passed.append, {"e": event, "s": symbol, "E": time})
    assert [(m["e"], m["s"], m["E"]) for m in passed] == [
        ("aggTrade", "A", 5),
        ("aggTrade", "B", 4),
        ("x", "A", 1),
    ]


def test_only_pairs_are_offered():
    assert {asset for _, asset in source_of().capabilities} == {AssetClass.CRYPTO}


def test_an_answer_about_another_pair_is_bad_data():
    with pytest.raises(BadData, match="another pair"):
        source_of(**{"24hr": ticker(NOW, symbol="ETHUSDT")}).quote(BTC)
