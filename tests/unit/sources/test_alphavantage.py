import inspect
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import requests
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
from marketpulse.sources.alphavantage import AlphaVantageSource, _vendor_errors
from marketpulse.types import AssetClass, Interval

KEY = key(2)
LONG_AGO = NOW - timedelta(days=60)
PLANS = "Please visit the page on our premium plans to instantly remove all daily rate limits"
DAILY = (
    f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day. {PLANS}"
)
BURST = (
    "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more sparingly "
    f"(1 request per second). {PLANS} to lift the free key rate limit (25 requests per day)"
)
NOTE = f"Our standard API call frequency is 5 calls per minute and 500 calls per day, with the key {KEY}. {PLANS}"
PREMIUM = f"Thank you for using Alpha Vantage! This is a premium endpoint. {PLANS}"
UNKNOWN = "Invalid API call. Please retry or visit the documentation for TIME_SERIES_DAILY."
REFUSED = "the parameter apikey is invalid or missing. Please claim your free API key."


def row(price=100.0, **more) -> dict:
    found = {
        "1. open": price,
        "2. high": price + 2,
        "3. low": price - 2,
        "4. close": price + 1,
        "5. volume": 9,
    }
    return {name: f"{value:.4f}" for name, value in found.items()} | more


def series(*days: int, symbol="AAPL", **more) -> dict:
    """Their answer, newest first."""
    rows = {f"2026-03-{d:02}": row(100.0 + d) for d in sorted(days, reverse=True)}
    return {"Meta Data": {"2. Symbol": symbol}, "Time Series (Daily)": rows | more}


def source_of(answer, now: datetime = NOW) -> tuple[AlphaVantageSource, Canned]:
    canned = Canned(lambda _: answer)
    return AlphaVantageSource(SimClock(now), Path(), KEY, prepare=canned.mount), canned


def bars_of(answer, now: datetime = NOW):
    return source_of(answer, now)[0].bars(AAPL, Interval.DAY, LONG_AGO, now)


def test_without_its_key_it_is_not_made():
    with pytest.raises(ConfigError, match="alphavantage: set ALPHA_VANTAGE_API_KEY to use it"):
        SOURCES["alphavantage"](SimClock(NOW), Path(), {"ALPHA_VANTAGE_API_KEY": ""})


def test_with_its_key_it_offers_daily_bars_and_counts_its_day():
    source = SOURCES["alphavantage"](SimClock(NOW), Path(), {"ALPHA_VANTAGE_API_KEY": KEY})
    assert source.capabilities == {(Capability.BARS, AssetClass.EQUITY)}
    assert source.limits.per_day == 25
    with pytest.raises(NotEntitled):
        source.quote(AAPL)


def test_bars_come_oldest_first():
    bars = bars_of(series(3, 4, 5, 6))
    assert bars.open.tolist() == [103.0, 104.0, 105.0, 106.0]
    assert bars.close.tolist() == [104.0, 105.0, 106.0, 107.0]
    assert bars.time.tolist() == [int(datetime(2026, 3, d, tzinfo=UTC).timestamp()) for d in (3, 4, 5, 6)]
    assert bars.source == "alphavantage"
    assert not bars.adjusted


def test_one_question_asks_for_the_raw_compact_series():
    source, canned = source_of(series(5, 6))
    source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)
    (request,) = canned.asked
    assert "function=TIME_SERIES_DAILY&symbol=AAPL&outputsize=compact" in request.url


def test_a_share_class_is_spelled_as_they_do():
    source, canned = source_of(series(5, symbol="BRK.B"))
    assert len(source.bars(BERKSHIRE, Interval.DAY, LONG_AGO, NOW)) == 1
    assert "symbol=BRK.B" in canned.asked[0].url


@pytest.mark.parametrize(
    ("hour", "last"), [(21, date(2026, 3, 6)), (23, date(2026, 3, 6)), (24, date(2026, 3, 9))]
)
def test_the_running_day_is_settled_at_eight_in_the_evening_in_new_york(hour, last):
    now = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(hours=hour)
    assert bars_of(series(5, 6, 9), now).last_day() == last


def test_only_days_of_the_period_come():
    source, _ = source_of(series(3, 4, 5, 6))
    start, end = datetime(2026, 3, 4, 12, tzinfo=UTC), datetime(2026, 3, 6, 15, tzinfo=UTC)
    bars = source.bars(AAPL, Interval.DAY, start, end)
    assert bars.open.tolist() == [104.0, 105.0]


@pytest.mark.parametrize("answer", [series(), series(9), {}])
def test_no_settled_bar_is_no_data(answer):
    with pytest.raises(NoData):
        bars_of(answer)


def test_other_intervals_and_other_countries_are_not_asked_for():
    source, canned = source_of(series(5))
    with pytest.raises(NoData):
        source.bars(AAPL, Interval.HOUR, LONG_AGO, NOW)
    with pytest.raises(UnknownSymbol):
        source.bars(TATA, Interval.DAY, LONG_AGO, NOW)
    assert canned.asked == []


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ({"Information": DAILY}, RateLimited, "the day's requests"),
        ({"Information": BURST}, RateLimited, "in a second"),
        ({"Note": NOTE}, RateLimited, "in a minute"),
        ({"Information": PREMIUM}, NotEntitled, "plan"),
        ({"Error Message": UNKNOWN}, UnknownSymbol, "not known"),
        ({"Error Message": REFUSED}, AuthFailed, "key was refused"),
        ({"Information": "Something new."}, BadData, "not understood"),
        ({"Information": None}, BadData, "not understood"),
        ({"error": "Service Unavailable"}, BadData, "shape"),
        ({"Time Series (Daily)": []}, BadData, "shape"),
        ({"Meta Data": {}, "Time Series (Daily)": {}}, BadData, "another symbol"),
        (series(5, symbol="MSFT"), BadData, "another symbol"),
        (series(5, symbol={}), BadData, "another symbol"),
        (series(5, **{"2026-13-45": row()}), BadData, "shape"),
        (series(5, **{"2026-03-06": None}), BadData, "shape"),
        (series(5, **{"2026-03-06": row(**{"4. close": "x"})}), BadData, "could not be read"),
        (series(5, **{"2026-03-06": row(**{"4. close": []})}), BadData, "could not be read"),
        ((503, b"<html>"), Unavailable, "status 503"),
        ((503, {"error": "x"}), Unavailable, "status 503"),
        ((429, b""), RateLimited, "too many"),
        (b"<html>", BadData, "not readable"),
        (b"", BadData, "not readable"),
        ([1], BadData, "shape"),
        (requests.ReadTimeout("x"), Unavailable, "timed out"),
        (requests.ConnectionError("x"), Unavailable, "connection failed"),
    ],
)
def test_what_goes_wrong_is_told_apart(answer, error, words):
    with pytest.raises(error, match=words):
        bars_of(answer)


@pytest.mark.parametrize(
    ("sentence", "wait"), [(DAILY, 13 * 3600.0), (BURST, 2.0), (NOTE, 60.0)], ids=["day", "second", "minute"]
)
def test_a_limit_says_how_long(sentence, wait):
    # 15:00 UTC is 11:00 in New York, whose midnight renews the day's quota
    with pytest.raises(RateLimited) as caught:
        bars_of({"Information": sentence})
    assert caught.value.retry_after == wait


def test_the_night_the_clocks_change_is_an_hour_short():
    with pytest.raises(RateLimited) as caught:
        bars_of({"Information": DAILY}, datetime(2026, 3, 8, 5, 0, tzinfo=UTC))
    assert caught.value.retry_after == 23 * 3600.0


def test_a_number_left_out_is_not_a_number_but_the_row_stays_for_the_market_room_to_judge():
    broken = row()
    del broken["4. close"]
    bars = bars_of(series(5, **{"2026-03-06": broken}))
    assert str(bars.close.tolist()) == "[106.0, nan]"


def vendors_exceptions() -> list[type[Exception]]:
    """The package has none of its own: it raises what it meets, and ValueError."""
    found = {OSError, KeyError, IndexError, ValueError, TypeError, AttributeError, ZeroDivisionError}
    for _, kind in inspect.getmembers(requests.exceptions, inspect.isclass):
        if issubclass(kind, Exception) and not issubclass(kind, Warning):
            found.add(kind)
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", vendors_exceptions(), ids=lambda k: k.__name__)
def test_every_exception_of_the_vendor_is_mapped(kind):
    error = kind.__new__(kind)
    with pytest.raises(ProviderError), _vendor_errors():
        raise error


def test_no_part_of_the_key_gets_out_whatever_fails(caplog):
    answers = [*failures("https://www.alphavantage.co/query?function=TIME_SERIES_DAILY", KEY)]
    answers += [{"Information": DAILY}, {"Note": NOTE}, {"Error Message": f"apikey {KEY}"}]
    shown = 0
    for answer in answers:
        text = told(lambda answer=answer: bars_of(answer), caplog)
        shown += "alphavantage" in text
        assert leaks(text, KEY) == []
    assert shown == len(answers)
    assert leaks(repr(source_of({})[0]), KEY) == []
