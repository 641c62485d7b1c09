from datetime import UTC, datetime, timedelta
from pathlib import Path

import ccxt
import pytest
from unit.sources.crypto import (
    CannedBybit,
    bybit_depth,
    bybit_klines,
    bybit_ticker,
    instruments_info,
    pair,
    reply,
)

from marketpulse.clock import SimClock
from marketpulse.errors import BadData, NoData, ProviderError, RateLimited, Unavailable, UnknownSymbol
from marketpulse.sources.bybit import BybitSource, _spot, _tick, _watching
from marketpulse.types import AssetClass, Interval

BTC = pair("BTC/USDT")
NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
EMPTY = reply({"symbol": "BTCUSDT", "list": []}, NOW)


def source_of(**answers) -> BybitSource:
    return BybitSource(SimClock(NOW), Path(), make=lambda: client_of(**answers))


def client_of(**answers) -> CannedBybit:
    canned = {"tickers": bybit_ticker(NOW), "kline": bybit_klines(NOW), "orderbook": bybit_depth(NOW)}
    return CannedBybit({**canned, **answers})


def test_a_quote_has_book_venue_time_and_the_utc_days_range():
    quote = source_of(tickers=bybit_ticker(NOW - timedelta(seconds=2))).quote(BTC)
    assert (quote.price, quote.bid, quote.ask) == (50000.10, 50000.00, 50000.20)
    assert (quote.time, quote.received) == (NOW - timedelta(seconds=2), NOW)
    assert (quote.open, quote.high, quote.low, quote.volume) == (50000.0, 51000.0, 49000.0, 1000.0)
    assert quote.source == "bybit"


@pytest.mark.parametrize("field", ["lastPrice", "bid1Price", "ask1Price"])
@pytest.mark.parametrize("value", [None, "0", "-1", "NaN", "inf", "", "x"])
def test_each_field_is_checked(field, value):
    with pytest.raises(BadData, match=r"^bybit: "):
        source_of(tickers=bybit_ticker(NOW, **{field: value})).quote(BTC)


@pytest.mark.parametrize("time", [None, 0, -5, "x", float("nan")])
def test_the_venues_time_is_needed(time):
    with pytest.raises(BadData, match=r"^bybit: time "):
        source_of(tickers={**bybit_ticker(NOW), "time": time}).quote(BTC)


def test_an_answer_about_another_pair_is_refused():
    with pytest.raises(BadData, match="another pair"):
        source_of(tickers=bybit_ticker(NOW, symbol="ETHUSDT")).quote(BTC)
    with pytest.raises(BadData, match="another pair"):
        source_of(orderbook=bybit_depth(NOW, s="ETHUSDT")).book(BTC, 5)


@pytest.mark.parametrize("body", [None, "", "<html>", [], {}, {"result": None}, {"result": {"list": [5]}}])
def test_an_answer_of_another_shape_is_refused(body):
    source = source_of(tickers=body, kline=body, orderbook=body)
    for ask in (
        lambda: source.quote(BTC),
        lambda: source.book(BTC, 5),
        lambda: source.bars(BTC, Interval.DAY, NOW - timedelta(days=9), NOW),
    ):
        with pytest.raises(BadData, match=r"^bybit: "):
            ask()


@pytest.mark.parametrize("interval", list(Interval))
def test_bars_are_closed_and_in_order(interval):
    bars = source_of().bars(BTC, interval, NOW - timedelta(days=60), NOW)
    length = {Interval.DAY: 86_400, Interval.HOUR: 3600, Interval.MINUTE: 60}[interval]
    assert (bars.time[1:] - bars.time[:-1] == length).all()
    assert bars.time[-1] + length <= NOW.timestamp() < bars.time[-1] + 2 * length


def test_no_bars_is_no_data():
    with pytest.raises(NoData):
        source_of(kline=EMPTY).bars(BTC, Interval.DAY, NOW - timedelta(days=9), NOW)


def test_a_book_has_the_venues_time_and_number():
    book = source_of(orderbook=bybit_depth(NOW - timedelta(seconds=1))).book(BTC, 2)
    assert book.bids == ((50000.0, 1.5), (49999.9, 2.0))
    assert book.asks == ((50000.2, 0.5), (50000.3, 1.0))
    assert (book.sequence, book.time, book.received) == (77, NOW - timedelta(seconds=1), NOW)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"b": []}, "the book has an empty side"),
        ({"a": [["49000", "1"]]}, "the book is crossed"),
        ({"a": [["50000.00", "1"]]}, "the book is crossed"),
        ({"b": [["NaN", "1"]]}, "the book holds a number that cannot be"),
        ({"b": [["50000", "-1"]]}, "the book holds a number that cannot be"),
        ({"b": [["50000", "1"], ["50000.0", "2"]]}, "the book names a price twice"),
        ({"ts": None}, "ts is missing"),
        ({"u": 0}, "u is zero"),
    ],
)
def test_a_book_that_cannot_be_is_refused(fields, says):
    with pytest.raises(BadData) as caught:
        source_of(orderbook=bybit_depth(NOW, **fields)).book(BTC, 5)
    assert str(caught.value) == f"bybit: {says}"


def test_an_unknown_pair_is_told():
    source = source_of()
    for ask in (lambda: source.quote(pair("ZZZ/USDT")), lambda: source.book(pair("ZZZ/USDT"), 5)):
        with pytest.raises(UnknownSymbol):
            ask()


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (ccxt.RequestTimeout("GET"), Unavailable),
        (ccxt.ExchangeNotAvailable("<html>"), Unavailable),
        (ccxt.RestrictedLocation("x"), ProviderError),
    ],
)
def test_errors_are_told_apart_and_say_nothing_of_the_vendors_text(error, ours):
    with pytest.raises(ours, match=r"^bybit: ") as caught:
        source_of(tickers=error).quote(BTC)
    assert "GET" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "headers", "wait"),
    [
        ('bybit {"retCode":10006}', {}, 10.0),
        ('bybit {"ret_code":10018}', {}, 60.0),
        ("bybit GET https://host/ 403 Forbidden <html>", {}, 60.0),
        ('bybit {"ret_code":10018}', {"Retry-After": "600"}, 600.0),
        (
            'bybit {"retCode":10006}',
            {"x-bapi-limit-reset-timestamp": str(NOW.timestamp() * 1000 + 2500)},
            2.5,
        ),
        ('bybit {"retCode":10006}', {"X-Bapi-Limit-Reset-Timestamp": str(NOW.timestamp() * 1000 - 9)}, 10.0),
    ],
)
def test_a_refusal_says_how_long_to_wait(text, headers, wait):
    client = client_of(tickers=ccxt.RateLimitExceeded(text))
    client.last_response_headers = headers
    with pytest.raises(RateLimited) as caught:
        BybitSource(SimClock(NOW), Path(), make=lambda: client).quote(BTC)
    assert caught.value.retry_after == pytest.approx(wait)


def test_the_list_of_pairs_takes_one_request():
    client = client_of()
    BybitSource(SimClock(NOW), Path(), make=lambda: client).book(BTC, 5)
    assert [url.split("/v5/")[1].split("?")[0] for url in client.asked] == [
        "market/instruments-info",
        "market/orderbook",
    ]


@pytest.mark.parametrize("body", ["<html>", None, {**instruments_info(), "result": {"list": []}}])
def test_an_empty_list_of_pairs_is_an_outage_and_not_an_unknown_pair(body):
    with pytest.raises(ProviderError) as caught:
        source_of(**{"instruments-info": body}).quote(BTC)
    assert not isinstance(caught.value, UnknownSymbol)


@pytest.mark.parametrize("make", [_spot, _watching])
def test_the_clients_ask_for_spot_only_and_never_sleep(make):
    client = make()
    assert client.options["fetchMarkets"]["types"] == ["spot"]
    assert client.enableRateLimit is False
    assert client.timeout == 6000


def test_a_streamed_ticker_is_read_from_the_venues_fields():
    tick = _tick({"timestamp": 5, "last": 1, "info": {"lastPrice": "10.5"}})
    assert (tick.price, tick.bid, tick.ask, tick.time) == (10.5, None, None, 5.0)


def test_only_pairs_are_offered():
    assert {asset for _, asset in source_of().capabilities} == {AssetClass.CRYPTO}
