import inspect
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import requests
from alpaca.common import exceptions as vendor
from unit.sources.canned_web import AAPL, BERKSHIRE, NOW, TATA, Canned, failures, key, leaks, told

from marketpulse.clock import SimClock
from marketpulse.errors import (
    AuthFailed,
    BadData,
    ConfigError,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from marketpulse.ports import Capability
from marketpulse.sources import SOURCES
from marketpulse.sources.alpaca import AlpacaSource, _vendor_errors
from marketpulse.types import AssetClass, Interval

KEY, SECRET = key(3), key(4)
LONG_AGO = NOW - timedelta(days=60)
TRADE = {"t": "2026-03-09T14:59:58.123456789Z", "x": "V", "p": 181.5, "s": 100}
PAIR = {"t": "2026-03-09T14:59:59Z", "bp": 181.4, "ap": 181.6, "bs": 1, "as": 2}
TODAY = {"t": "2026-03-09T04:00:00Z", "o": 180.0, "h": 182.0, "l": 179.5, "c": 181.5, "v": 12345}


def snapshot(**more) -> dict:
    return {"AAPL": {"latestTrade": TRADE, "latestQuote": PAIR, "dailyBar": TODAY, **more}}


def bar(time: str, price=100.0, volume=10, **more) -> dict:
    return {"t": time, "o": price, "h": price + 2, "l": price - 2, "c": price + 1, "v": volume, **more}


def bars(*rows, symbol="AAPL") -> dict:
    return {"bars": {symbol: list(rows)}, "next_page_token": None}


def days(*numbers: int) -> dict:
    return bars(*(bar(f"2026-03-{d:02}T05:00:00Z", 100.0 + d) for d in sorted(numbers, reverse=True)))


def source_of(answer, now: datetime = NOW) -> tuple[AlpacaSource, Canned]:
    canned = Canned(lambda _: answer)
    return AlpacaSource(SimClock(now), Path(), KEY, SECRET, prepare=canned.mount), canned


def question(canned: Canned) -> dict:
    (request,) = canned.asked
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "alpaca: set ALPACA_API_KEY and ALPACA_API_SECRET to use it"),
        ({"ALPACA_API_KEY": KEY}, "alpaca: set ALPACA_API_SECRET to use it"),
    ],
)
def test_without_its_keys_it_is_not_made(keys, words):
    with pytest.raises(ConfigError, match=words):
        SOURCES["alpaca"](SimClock(NOW), Path(), keys)


def test_with_its_keys_it_offers_everything_but_books_and_actions():
    source = SOURCES["alpaca"](SimClock(NOW), Path(), {"ALPACA_API_KEY": KEY, "ALPACA_API_SECRET": SECRET})
    assert {c for c, _ in source.capabilities} == {
        Capability.QUOTE,
        Capability.BARS,
        Capability.INTRADAY,
        Capability.NEWS,
        Capability.STREAM,
    }
    assert {a for _, a in source.capabilities} == {AssetClass.EQUITY}
    with pytest.raises(NotEntitled):
        source.actions(AAPL, LONG_AGO, NOW)


def test_a_quote_is_one_request_for_trade_pair_and_day():
    source, canned = source_of(snapshot())
    quote = source.quote(AAPL)
    assert (quote.price, quote.bid, quote.ask) == (181.5, 181.4, 181.6)
    assert (quote.open, quote.high, quote.low, quote.volume) == (180.0, 182.0, 179.5, None)
    assert quote.time == datetime(2026, 3, 9, 14, 59, 58, 123456, tzinfo=UTC)
    assert question(canned) == {"symbols": "AAPL"}
    assert canned.asked[0].headers["APCA-API-KEY-ID"] == KEY


@pytest.mark.parametrize(
    "pair", [None, {}, {**PAIR, "bp": 0}, {**PAIR, "ap": 0}, {**PAIR, "bp": "x"}, {**PAIR, "ap": 250.0}]
)
def test_a_pair_that_makes_no_market_is_left_out(pair):
    quote = source_of(snapshot(latestQuote=pair))[0].quote(AAPL)
    assert (quote.price, quote.bid, quote.ask) == (181.5, None, None)


def test_a_crossed_pair_is_passed_on_to_be_refused():
    quote = source_of(snapshot(latestQuote={**PAIR, "bp": 181.7}))[0].quote(AAPL)
    assert (quote.bid, quote.ask) == (181.7, 181.6)


@pytest.mark.parametrize("day", [None, {**TODAY, "t": "2026-03-06T05:00:00Z"}])
def test_another_days_range_is_not_todays(day):
    quote = source_of(snapshot(dailyBar=day))[0].quote(AAPL)
    assert (quote.open, quote.high, quote.low) == (None, None, None)


@pytest.mark.parametrize(
    "trade",
    [
        None,
        [],
        {},
        *({**TRADE, "p": v} for v in (None, 0, -1, "x", "NaN", True, [], 10**400)),
        *({**TRADE, "t": v} for v in (None, "", "x", 7, [], "2026-03-09T14:59:58", "9999-99-99T00:00:00Z")),
    ],
    ids=lambda v: repr(v)[:60],
)
def test_a_trade_without_price_or_time_is_bad_data(trade):
    with pytest.raises(BadData):
        source_of(snapshot(latestTrade=trade))[0].quote(AAPL)


def test_symbols_are_spelled_as_alpaca_does_and_other_countries_are_not_asked_for():
    source, canned = source_of(bars(bar("2026-03-05T05:00:00Z"), symbol="BRK.B"))
    assert len(source.bars(BERKSHIRE, Interval.DAY, LONG_AGO, NOW)) == 1
    for ask in (source.quote, source.news):
        with pytest.raises(UnknownSymbol):
            ask(TATA)
    assert len(canned.asked) == 1


def test_daily_bars_are_asked_for_raw_from_the_consolidated_tape_older_than_a_quarter_of_an_hour():
    source, canned = source_of(days(3, 4, 5, 6, 9))
    found = source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)
    assert found.close.tolist() == [104.0, 105.0, 106.0, 107.0]
    assert found.last_day() == date(2026, 3, 6)
    asked = question(canned)
    assert (asked["adjustment"], asked["feed"], asked["timeframe"]) == ("raw", "sip", "1Day")
    assert (asked["sort"], asked["limit"]) == ("desc", "10000")
    assert datetime.fromisoformat(asked["end"]).replace(tzinfo=UTC) == NOW - timedelta(minutes=16)


@pytest.mark.parametrize(("minute", "last"), [(15, date(2026, 3, 6)), (16, date(2026, 3, 9))])
def test_the_running_day_comes_a_quarter_of_an_hour_after_its_close(minute, last):
    now = datetime(2026, 3, 9, 20, minute, tzinfo=UTC)
    assert source_of(days(6, 9), now)[0].bars(AAPL, Interval.DAY, LONG_AGO, now).last_day() == last


def test_repeated_and_shuffled_rows_come_in_order_and_once():
    rows = [bar(f"2026-03-0{d}T05:00:00Z", 100.0 + d) for d in (5, 3, 5, 4)]
    found = source_of(bars(*rows))[0].bars(AAPL, Interval.DAY, LONG_AGO, NOW)
    assert found.open.tolist() == [103.0, 104.0, 105.0]


def test_minutes_are_those_of_regular_trading_that_have_closed():
    # in New York, on the day the clocks had changed: 9:29, 9:30, 10:43, 10:44
    times = ["13:29", "13:30", "14:43", "14:44"]
    rows = [bar(f"2026-03-09T{t}:00Z", 100.0 + i) for i, t in enumerate(times)]
    source, canned = source_of(bars(*rows))
    found = source.bars(AAPL, Interval.MINUTE, NOW - timedelta(days=1), NOW)
    assert found.open.tolist() == [101.0, 102.0]
    assert question(canned)["timeframe"] == "1Min"


def test_hours_are_made_of_quarters_from_half_past_nine():
    times = ["13:15", "13:30", "13:45", "14:00", "14:15", "14:30"]
    rows = [bar(f"2026-03-09T{t}:00Z", 100.0 + i, volume=i) for i, t in enumerate(times)]
    source, canned = source_of(bars(*rows))
    found = source.bars(AAPL, Interval.HOUR, NOW - timedelta(days=1), NOW)
    row = [float(c[0]) for c in (found.open, found.high, found.low, found.close, found.volume)]
    assert row == [101.0, 106.0, 99.0, 105.0, 10.0]
    assert found.time.tolist() == [int(datetime(2026, 3, 9, 13, 30, tzinfo=UTC).timestamp())]
    assert question(canned)["timeframe"] == "15Min"


def test_a_number_left_out_stays_for_the_market_room_to_judge():
    found = source_of(bars(bar("2026-03-05T05:00:00Z", c=None)))[0].bars(AAPL, Interval.DAY, LONG_AGO, NOW)
    assert np.isnan(found.close).all()


@pytest.mark.parametrize("token", ["again", 7, {}])
def test_no_further_page_is_asked_for(token):
    source, canned = source_of(days(3, 4) | {"next_page_token": token})
    assert len(source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)) == 2
    assert len(canned.asked) == 1


@pytest.mark.parametrize("answer", [bars(), {"bars": {}, "next_page_token": None}, days(9)])
def test_no_closed_bar_is_no_data(answer):
    with pytest.raises(NoData):
        source_of(answer)[0].bars(AAPL, Interval.DAY, LONG_AGO, NOW)


def test_a_period_that_lies_ahead_is_not_asked_for():
    source, canned = source_of(days(5))
    with pytest.raises(NoData):
        source.bars(AAPL, Interval.DAY, NOW, NOW + timedelta(days=9))
    assert canned.asked == []


@pytest.mark.parametrize(
    "rows",
    [
        [7],
        [None],
        [{}],
        [bar("x")],
        [bar("2026-03-05T05:00:00Z", o="x")],
        [bar("2026-03-05T05:00:00Z", v=[])],
    ],
    ids=lambda v: repr(v)[:40],
)
def test_rows_that_cannot_be_read_are_bad_data(rows):
    with pytest.raises(BadData):
        source_of(bars(*rows))[0].bars(AAPL, Interval.DAY, LONG_AGO, NOW)


def test_news_come_newest_first():
    items = [
        {"headline": "Old &amp; dull", "created_at": "2026-03-08T10:00:00Z", "url": "https://x.test/1"},
        {"headline": "New", "created_at": "2026-03-09T10:00:00Z", "url": "https://x.test/2", "source": "B"},
        {"headline": "Ahead", "created_at": "2026-03-10T10:00:00Z"},
    ]
    source, canned = source_of({"news": items, "next_page_token": None})
    found = source.news(AAPL)
    assert [(h.title, h.publisher) for h in found] == [("New", "B"), ("Old & dull", "")]
    assert question(canned)["symbols"] == "AAPL"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((401, {"message": "unauthorized."}), AuthFailed, "the key was refused"),
        ((403, {"message": "forbidden."}), AuthFailed, "the key was refused"),
        ((403, {"message": "subscription does not permit querying recent SIP data"}), NotEntitled, "plan"),
        ((422, {"message": "your subscription does not permit querying data"}), NotEntitled, "plan"),
        ((400, {"message": "invalid symbol: A$"}), UnknownSymbol, "not known"),
        ((400, {"message": "invalid start"}), BadData, "status 400"),
        ((404, {"message": "endpoint not found."}), BadData, "status 404"),
        ((429, {"message": "too many requests."}), RateLimited, "too many"),
        ((504, b"<html>"), Unavailable, "status 504"),
        ((500, b"<html>"), Unavailable, "status 500"),
        (b"<html>", BadData, "not readable"),
        (b"", BadData, "shape"),
        ([], BadData, "shape"),
        ({}, UnknownSymbol, "not known"),
        ({"AAPL": 7}, BadData, "shape"),
        (requests.ReadTimeout("x"), Unavailable, "timed out"),
        (requests.ConnectionError("x"), Unavailable, "connection failed"),
    ],
)
def test_what_goes_wrong_is_told_apart_after_one_request(answer, error, words):
    source, canned = source_of(answer)
    with pytest.raises(error, match=words):
        source.quote(AAPL)
    assert len(canned.asked) == 1


def vendors_exceptions() -> list[type[Exception]]:
    found = {OSError, KeyError, IndexError, ValueError, TypeError, AttributeError, ZeroDivisionError}
    for module in (vendor, requests.exceptions):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Exception) and not issubclass(kind, Warning):
                found.add(kind)
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", vendors_exceptions(), ids=lambda k: k.__name__)
def test_every_exception_of_the_vendor_is_mapped(kind):
    error = kind.__new__(kind)
    with pytest.raises(ProviderError), _vendor_errors():
        raise error


def test_no_part_of_the_keys_gets_out_whatever_fails(caplog):
    shown = 0
    for secret in (KEY, SECRET):
        for answer in failures("https://data.alpaca.markets/v2/stocks/snapshots?symbols=AAPL", secret):
            source, _ = source_of(answer)
            asks = (source.quote, source.news, lambda i, s=source: s.bars(i, Interval.DAY, LONG_AGO, NOW))
            for ask in asks:
                text = told(lambda ask=ask: ask(AAPL), caplog)
                shown += "alpaca" in text
                assert leaks(text, KEY) + leaks(text, SECRET) == []
    assert shown > 150
    assert leaks(repr(source_of({})[0]), KEY) == []
