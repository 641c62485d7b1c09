import inspect
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event

import peewee
import pytest
from curl_cffi import CurlError
from curl_cffi.requests import exceptions as http
from unit.sources.canned import CannedYahoo, chart, unknown
from yfinance import cache
from yfinance import exceptions as yahoo

from marketpulse.clock import SimClock
from marketpulse.errors import BadData, NoData, ProviderError, RateLimited, Unavailable, UnknownSymbol
from marketpulse.sources import yahoo_client
from marketpulse.sources.yahoo import YahooSource
from marketpulse.sources.yahoo_client import vendor_errors
from marketpulse.types import ActionKind, AssetClass, Instrument, Interval

AAPL = Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))
NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=20)
OPEN = datetime(2026, 3, 9, 13, 30, tzinfo=UTC)
CLOSE = datetime(2026, 3, 9, 20, 0, tzinfo=UTC)


def rows(*days: int, price: float = 100.0) -> list[tuple]:
    return [
        (datetime(2026, 3, d, 14, 30, tzinfo=UTC), price, price + 2, price - 2, price + 1, 1000) for d in days
    ]


def meta(**more) -> dict:
    period = {
        "timezone": "EST",
        "gmtoffset": -14_400,
        "start": int(OPEN.timestamp()),
        "end": int(CLOSE.timestamp()),
    }
    known = {
        "regularMarketPrice": 101.5,
        "regularMarketTime": int(NOW.timestamp()) - 3,
        "regularMarketDayHigh": 102.0,
        "regularMarketDayLow": 98.0,
        "regularMarketVolume": 12345,
        "currentTradingPeriod": {"pre": dict(period), "regular": dict(period), "post": dict(period)},
    }
    return {**known, **more}


def source_of(answer, tmp_path, now: datetime = NOW) -> YahooSource:
    canned = CannedYahoo(lambda _: answer() if callable(answer) else answer)
    return YahooSource(SimClock(now), tmp_path / "yahoo", session=canned)


def test_a_quote_carries_the_exchanges_time_and_the_days_range(tmp_path):
    quote = source_of(chart("AAPL", rows(9), **meta()), tmp_path).quote(AAPL)
    assert quote.price == 101.5
    assert quote.time == NOW - timedelta(seconds=3)
    assert quote.received == NOW
    assert (quote.open, quote.high, quote.low, quote.volume) == (100.0, 102.0, 98.0, 12345.0)
    assert (quote.bid, quote.ask) == (None, None)
    assert quote.source == "yahoo"


def test_its_caches_live_in_the_folder_it_was_given(tmp_path):
    source_of(chart("AAPL", rows(9), **meta()), tmp_path).quote(AAPL)
    assert (tmp_path / "yahoo").is_dir()
    assert cache._TzDBManager.get_location() == str(tmp_path / "yahoo")
    assert cache._CookieDBManager.get_location() == str(tmp_path / "yahoo")


@pytest.mark.parametrize("price", [None, "x"])
def test_a_quote_without_a_price_is_bad_data(tmp_path, price):
    with pytest.raises(BadData):
        source_of(chart("AAPL", rows(9), **meta(regularMarketPrice=price)), tmp_path).quote(AAPL)


@pytest.mark.parametrize("value", [None, "inf", "NaN"])
def test_what_beside_the_price_is_no_number_is_left_out(tmp_path, value):
    names = ("regularMarketVolume", "regularMarketDayHigh", "regularMarketDayLow")
    answer = chart("AAPL", rows(9), **meta(**dict.fromkeys(names, value)))
    quote = source_of(answer, tmp_path).quote(AAPL)
    assert (quote.volume, quote.high, quote.low, quote.price) == (None, None, None, 101.5)


def test_bars_are_those_of_closed_sessions(tmp_path):
    answer = chart("AAPL", rows(5, 6, 9), **meta())
    bars = source_of(answer, tmp_path).bars(AAPL, Interval.DAY, LONG_AGO, NOW)
    assert bars.last_day() == date(2026, 3, 6)
    assert bars.close.tolist() == [101.0, 101.0]
    after = source_of(answer, tmp_path, now=CLOSE).bars(AAPL, Interval.DAY, LONG_AGO, CLOSE)
    assert after.last_day() == date(2026, 3, 9)


def test_bars_before_a_split_are_what_was_traded(tmp_path):
    ratio = {
        "date": int(datetime(2026, 3, 6, 14, 30, tzinfo=UTC).timestamp()),
        "numerator": 4,
        "denominator": 1,
    }
    cash = {"date": int(datetime(2026, 3, 5, 14, 30, tzinfo=UTC).timestamp()), "amount": 0.25}
    events = {
        "splits": {"1": {**ratio, "splitRatio": "4:1"}},
        "dividends": {"2": cash},
    }
    source = source_of(chart("AAPL", rows(5, 6, 9), events, **meta()), tmp_path)
    bars = source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)
    assert bars.close.tolist() == [404.0, 101.0]
    assert bars.volume.tolist() == [250.0, 1000.0]
    actions = source.actions(AAPL, LONG_AGO, NOW)
    assert [(a.day, a.kind, float(a.value)) for a in actions] == [
        (date(2026, 3, 5), ActionKind.DIVIDEND, 1.0),
        (date(2026, 3, 6), ActionKind.SPLIT, 4.0),
    ]
    assert bars.adjust(actions).close[0] == pytest.approx(101.0)


def test_bars_and_actions_share_one_request(tmp_path):
    source = source_of(chart("AAPL", rows(5, 6, 9), **meta()), tmp_path)
    source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)
    asked = len(source._client.session.asked)
    source.actions(AAPL, LONG_AGO, NOW)
    assert len(source._client.session.asked) == asked


def refused(description: str) -> dict:
    """Yahoo's answer to a request that it does not like."""
    return {"chart": {"result": None, "error": {"code": "Unauthorized", "description": description}}}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (unknown, UnknownSymbol, "AAPL is not known"),
        (refused("Invalid Crumb"), Unavailable, "the request was refused"),
        (refused("1m data not available for startTime=1 and endTime=2"), NoData, "no prices of AAPL"),
        ({"chart": {"result": [], "error": None}}, NoData, "no prices of AAPL"),
        (b"", BadData, "not readable"),
        (b'{"chart":{"result":[{"meta"', BadData, "not readable"),
        (b"<!DOCTYPE html><html></html>", BadData, "not readable"),
        ({"chart": {"result": [{"meta": {}}], "error": None}}, BadData, "unexpected shape"),
        ((503, b"<html>"), BadData, "not readable"),
        ((429, b"Too Many Requests"), RateLimited, "too many requests"),
        (http.Timeout("curl: (28)"), Unavailable, "timed out"),
        (http.ConnectionError("curl: (56)"), Unavailable, "connection failed"),
        (http.DNSError("curl: (6)"), Unavailable, "no network"),
    ],
)
def test_what_goes_wrong_is_told_apart(tmp_path, answer, error, words):
    source = source_of(answer, tmp_path)
    with pytest.raises(error, match=words):
        source.quote(AAPL)
    with pytest.raises(error, match=words):
        source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)


def vendors_exceptions() -> list[type[Exception]]:
    """Everything public that yfinance, its HTTP client and its cache can raise, and what parsing raises."""
    found = {
        CurlError,
        OSError,
        KeyError,
        IndexError,
        ValueError,
        TypeError,
        AttributeError,
        ZeroDivisionError,
    }
    for module in (yahoo, http, cache, peewee):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            vendors = kind.__module__.split(".")[0] in {"yfinance", "curl_cffi", "peewee"}
            # yfinance catches its caches' private exceptions itself
            if vendors and issubclass(kind, Exception) and not issubclass(kind, Warning) and name[0] != "_":
                found.add(kind)
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", vendors_exceptions(), ids=lambda k: k.__name__)
def test_every_exception_of_the_vendor_is_mapped(kind):
    error = kind.__new__(kind)
    with pytest.raises(ProviderError), vendor_errors():
        raise error


def test_importing_the_room_imports_no_vendor(tmp_path):
    code = (
        "import sys; from marketpulse.sources import SOURCES; from marketpulse.clock import WallClock\n"
        "from pathlib import Path\n"
        f"for name in ('yahoo', 'binance'): SOURCES[name](WallClock(), Path({str(tmp_path)!r}), {{}})\n"
        "sys.exit('yfinance' in sys.modules or 'ccxt' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_quote_is_one_request_for_prices(tmp_path):
    source = source_of(chart("AAPL", rows(9), **meta()), tmp_path)
    source.quote(AAPL)
    assert len([url for url in source._client.session.asked if "/chart/" in url]) == 1


def test_a_bad_answer_at_a_cold_start_is_not_remembered(tmp_path):
    source = source_of(b"<html>", tmp_path)
    stranger = replace(AAPL, symbol="NEVERSEEN")
    with pytest.raises(BadData):
        source.quote(stranger)
    source._client.session.chart = lambda _: chart("NEVERSEEN", rows(9), **meta())
    assert source.quote(stranger).price == 101.5


def minutes(*times: str, price: float = 100.0) -> list[tuple]:
    """Rows at times of the day ``NOW`` is in, UTC."""
    moments = [datetime.fromisoformat(f"2026-03-09T{t}Z") for t in times]
    return [(t, price, price + 2, price - 2, price + 1, 1000) for t in moments]


def intraday(times: tuple[str, ...], events: dict | None = None) -> dict:
    period = meta()["currentTradingPeriod"]["regular"]
    return chart("AAPL", minutes(*times), events, **meta(tradingPeriods=[[period]]))


def test_minutes_are_those_that_have_closed(tmp_path):
    """The running minute is left out, and so is the price of this second that Yahoo puts last."""
    answer = intraday(("13:30", "13:31", "14:59", "15:00", "15:00:07"))
    found = source_of(answer, tmp_path).bars(AAPL, Interval.MINUTE, NOW - timedelta(days=1), NOW)
    opened = [datetime.fromtimestamp(int(t), UTC).strftime("%H:%M") for t in found.time]
    assert opened == ["13:30", "13:31", "14:59"]


def test_hours_begin_at_half_past_nine_in_new_york(tmp_path):
    now = NOW + timedelta(minutes=45)
    answer = intraday(("13:30", "14:30", "15:30", "15:44:59"))
    found = source_of(answer, tmp_path, now=now).bars(AAPL, Interval.HOUR, NOW - timedelta(days=1), now)
    assert [datetime.fromtimestamp(int(t), UTC).hour for t in found.time] == [13, 14]


def test_shorter_bars_before_a_split_are_left_out_since_nobody_knows_whether_they_are_raw(tmp_path):
    days = [
        (datetime(2026, 3, d, 14, m, tzinfo=UTC), 100.0, 102.0, 98.0, 101.0, 9)
        for d in (5, 6)
        for m in (30, 31)
    ]
    split = {
        "date": int(datetime(2026, 3, 6, 14, 30, tzinfo=UTC).timestamp()),
        "numerator": 4,
        "denominator": 1,
    }
    period = meta()["currentTradingPeriod"]["regular"]
    periods = [
        [{**period, "start": int(t.timestamp()), "end": int(t.timestamp()) + 20_000}] for t, *_ in days[::2]
    ]
    answer = chart(
        "AAPL", days, {"splits": {"1": {**split, "splitRatio": "4:1"}}}, **meta(tradingPeriods=periods)
    )
    found = source_of(answer, tmp_path).bars(AAPL, Interval.MINUTE, NOW - timedelta(days=6), NOW)
    assert [datetime.fromtimestamp(int(t), UTC).day for t in found.time] == [6, 6]
    assert found.close.tolist() == [101.0, 101.0]


@pytest.mark.parametrize(("interval", "most"), [(Interval.MINUTE, 7), (Interval.HOUR, 700)])
def test_no_more_is_asked_for_than_yahoo_gives_and_always_up_to_now(interval, most, tmp_path):
    source = source_of(intraday(("13:30", "14:30")), tmp_path)
    source.bars(AAPL, interval, NOW - timedelta(days=3000), NOW - timedelta(minutes=10))
    params = source._client.session.params
    assert params["period1"] == int((NOW - timedelta(days=most)).timestamp())
    assert params["period2"] > params["period1"]


def article(title: str, seconds: float, **more) -> dict:
    when = (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    content = {"title": title, "pubDate": when, "provider": {"displayName": "Wire"}}
    return {"id": "1", "content": {**content, "canonicalUrl": {"url": "https://x.test/1"}, **more}}


def news_of(body, tmp_path):
    source = source_of(chart("AAPL", rows(9), **meta()), tmp_path)
    source._client.session.news = body
    return source.news(AAPL)


def stream(*articles) -> dict:
    return {"data": {"tickerStream": {"stream": list(articles)}}}


def test_news_come_newest_first(tmp_path):
    odd = ({}, {"content": None}, article("Dateless", 1, pubDate=None), article("Ahead", -60))
    bare = article("Bare", 9, canonicalUrl=None, provider=None)
    found = news_of(stream(article("Old", 50), *odd, bare, article("New", 5)), tmp_path)
    assert [(h.title, h.url, h.publisher) for h in found] == [
        ("New", "https://x.test/1", "Wire"),
        ("Bare", "", ""),
        ("Old", "https://x.test/1", "Wire"),
    ]


@pytest.mark.parametrize("body", [{}, stream(), {"error": "x"}, stream(article("Ahead", -60))])
def test_no_news_is_no_data_so_that_another_is_asked(body, tmp_path):
    with pytest.raises(NoData, match="no news of AAPL"):
        news_of(body, tmp_path)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>", BadData),
        (b"", BadData),
        ([], BadData),
        ({"data": None}, BadData),
        (stream({}, {}), BadData),
        ((429, b"Too Many Requests"), RateLimited),
        ((503, b"<html>"), BadData),
        (http.Timeout("curl: (28)"), Unavailable),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_news_that_cannot_be_had_say_why(body, error, tmp_path):
    with pytest.raises(error):
        news_of(body, tmp_path)


def results_of(body, tmp_path):
    source = source_of(chart("AAPL", rows(9), **meta()), tmp_path)
    source._client.session.calendar = body
    return source.events(AAPL)


def calendar(*seconds) -> dict:
    due = [int((NOW + timedelta(days=days)).timestamp()) for days in seconds]
    return {
        "quoteSummary": {"result": [{"calendarEvents": {"earnings": {"earningsDate": due}}}], "error": None}
    }


def test_days_of_results_come_earliest_first(tmp_path):
    found = results_of(calendar(30, 26, -60), tmp_path)
    assert [(one.day - NOW.date()).days for one in found] == [26, 30]
    assert {(one.source, one.estimated) for one in found} == {("yahoo", True)}


@pytest.mark.parametrize(
    "body",
    [
        calendar(),
        calendar(-5),
        {"quoteSummary": {"result": [{}], "error": None}},
        {"quoteSummary": {"result": [], "error": None}},
        {"quoteSummary": {"result": [{"calendarEvents": {}}], "error": None}},
    ],
)
def test_no_day_of_results_is_no_data(body, tmp_path):
    with pytest.raises(NoData, match="no day of results of AAPL"):
        results_of(body, tmp_path)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>", BadData),
        ([], BadData),
        ({"quoteSummary": None}, BadData),
        ((429, b"Too Many Requests"), RateLimited),
        ((404, {"quoteSummary": {"result": None}}), ProviderError),
        (http.Timeout("curl: (28)"), Unavailable),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_days_of_results_that_cannot_be_had_say_why(body, error, tmp_path):
    with pytest.raises(error):
        results_of(body, tmp_path)


class Hanging(CannedYahoo):
    """Answers nothing until it is let go."""

    def __init__(self, answer) -> None:
        super().__init__(lambda _: answer)
        self.go = Event()

    def request(self, method, url, **more):
        assert self.go.wait(10)
        return super().request(method, url, **more)


def test_a_cold_start_that_hangs_keeps_nobody_and_goes_on_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(yahoo_client, "_COLD", 0.01)
    session = Hanging(chart("AAPL", rows(9), **meta()))
    source = YahooSource(SimClock(NOW), tmp_path / "yahoo", session=session)
    for _ in range(3):
        with pytest.raises(Unavailable, match="its first request is still under way"):
            source.quote(AAPL)
    first = source._client._warmth._first
    session.go.set()
    first.result(10)
    assert len([url for url in session.asked if "/chart/" in url]) == 1
    assert source.quote(AAPL).price == 101.5


@pytest.mark.parametrize(
    "more", [{"symbol": "MSFT"}, {"currency": "GBp"}, {"currency": "MXN"}, {"dataGranularity": "1wk"}]
)
def test_an_answer_about_something_else_is_bad_data(tmp_path, more):
    answer = chart("AAPL", rows(5, 6, 9), **meta())
    answer["chart"]["result"][0]["meta"] |= more
    for ask in ("quote", "bars"):
        source = source_of(answer, tmp_path)
        with pytest.raises(BadData, match="another"):
            source.quote(AAPL) if ask == "quote" else source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)


def event(kind: str, **fields) -> dict:
    day = int(datetime(2026, 3, 6, 14, 30, tzinfo=UTC).timestamp())
    return {kind: {str(day): {"date": day, **fields}}}


@pytest.mark.parametrize("ratio", [(1e9, 1), (1, 1e9), (-4, 1)])
def test_a_split_that_cannot_be_is_bad_data(tmp_path, ratio):
    events = event("splits", numerator=ratio[0], denominator=ratio[1], splitRatio="?")
    source = source_of(chart("AAPL", rows(5, 6, 9), events, **meta()), tmp_path)
    for ask in (
        lambda: source.bars(AAPL, Interval.DAY, LONG_AGO, NOW),
        lambda: source.actions(AAPL, LONG_AGO, NOW),
    ):
        with pytest.raises(BadData):
            ask()


@pytest.mark.parametrize("cash", [-0.24, 101.0, 1e9])
def test_a_dividend_that_cannot_be_is_bad_data(tmp_path, cash):
    source = source_of(chart("AAPL", rows(5, 6, 9), event("dividends", amount=cash), **meta()), tmp_path)
    with pytest.raises(BadData, match="a dividend cannot be"):
        source.bars(AAPL, Interval.DAY, LONG_AGO, NOW)
