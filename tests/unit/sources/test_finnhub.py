import inspect
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from finnhub import exceptions as vendor
from unit.sources.canned_web import (
    AAPL,
    BERKSHIRE,
    NOW,
    TATA,
    Canned,
    CannedSocket,
    canceled,
    failures,
    heard,
    key,
    leaks,
    told,
)
from websockets import exceptions as wire

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
from marketpulse.sources.finnhub import FinnhubSource, _vendor_errors
from marketpulse.sources.vendor import translated
from marketpulse.sources.wire import socket_errors
from marketpulse.types import AssetClass, Interval

KEY = key(1)
STAMP = int(NOW.timestamp())
QUOTE = {"c": 181.5, "d": 0.5, "dp": 0.3, "h": 182.0, "l": 179.5, "o": 180.0, "pc": 181.0, "t": STAMP - 3}
NOTHING = {"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0}


def source_of(answer, socket: CannedSocket | None = None) -> tuple[FinnhubSource, Canned]:
    canned = Canned(lambda request: answer(request) if callable(answer) else answer)
    opened = (socket or CannedSocket([])).open
    return FinnhubSource(SimClock(NOW), Path(), KEY, prepare=canned.mount, open_socket=opened), canned


def trade(symbol="AAPL", price=181.5, seconds=0.0, **more) -> dict:
    return {"s": symbol, "p": price, "t": int((STAMP + seconds) * 1000), "v": 100, "c": ["1"], **more}


def trades(*rows) -> dict:
    return {"type": "trade", "data": list(rows)}


def test_without_its_key_it_is_not_made():
    with pytest.raises(ConfigError, match="finnhub: set FINNHUB_API_KEY to use it"):
        SOURCES["finnhub"](SimClock(NOW), Path(), {})


def test_with_its_key_it_is_made_without_importing_the_package():
    assert SOURCES["finnhub"](SimClock(NOW), Path(), {"FINNHUB_API_KEY": KEY}).name == "finnhub"


def test_it_offers_no_bars_since_its_own_cannot_be_made_raw():
    source, _ = source_of(QUOTE)
    assert (Capability.BARS, AssetClass.EQUITY) not in source.capabilities
    with pytest.raises(NotEntitled):
        source.bars(AAPL, Interval.DAY, NOW - timedelta(days=9), NOW)


def test_a_quote_carries_the_trades_time_and_the_days_range():
    quote = source_of(QUOTE)[0].quote(AAPL)
    assert (quote.price, quote.open, quote.high, quote.low) == (181.5, 180.0, 182.0, 179.5)
    assert quote.time == NOW - timedelta(seconds=3)
    assert (quote.bid, quote.ask, quote.volume) == (None, None, None)


def test_the_key_travels_in_a_header_and_never_in_the_address():
    source, canned = source_of(QUOTE)
    source.quote(AAPL)
    assert canned.asked[0].headers["X-Finnhub-Token"] == KEY
    assert leaks(canned.asked[0].url, KEY) == []


def test_zeros_mean_an_unknown_symbol_but_not_for_one_that_had_a_price():
    answers = [NOTHING, QUOTE, NOTHING]
    source, _ = source_of(lambda _: answers.pop(0))
    with pytest.raises(UnknownSymbol):
        source.quote(AAPL)
    source.quote(AAPL)
    with pytest.raises(NoData):
        source.quote(AAPL)


@pytest.mark.parametrize("field", ["c", "t"])
@pytest.mark.parametrize(
    "value", [None, 0, -1, "x", "NaN", "inf", True, [], {}, 10**400, "181,5"], ids=lambda v: repr(v)[:9]
)
def test_a_price_or_time_that_is_none_is_bad_data(field, value):
    with pytest.raises(BadData):
        source_of({**QUOTE, field: value})[0].quote(AAPL)


@pytest.mark.parametrize("field", ["o", "h", "l"])
@pytest.mark.parametrize("value", [None, 0, -1, "x", "NaN", [], 10**400], ids=lambda v: repr(v)[:9])
def test_a_days_range_that_is_none_is_left_out(field, value):
    quote = source_of({**QUOTE, field: value})[0].quote(AAPL)
    assert {"o": quote.open, "h": quote.high, "l": quote.low}[field] is None


def test_symbols_are_spelled_as_finnhub_does_and_other_countries_are_not_asked_for():
    source, canned = source_of(QUOTE)
    source.quote(BERKSHIRE)
    assert "symbol=BRK.B" in canned.asked[0].url
    with pytest.raises(UnknownSymbol):
        source.quote(TATA)
    assert len(canned.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((401, {"error": "Invalid API key"}), AuthFailed, "the key was refused"),
        ((403, {"error": "You don't have access to this resource."}), NotEntitled, "does not cover"),
        ((429, {"error": "API limit reached."}), RateLimited, "too many requests"),
        ((500, b"<html>"), Unavailable, "status 500"),
        ((404, {"error": "?"}), BadData, "status 404"),
        ((200, b"<html>", {"Content-Type": "text/html"}), BadData, "not readable"),
        (b'{"c":', BadData, "not readable"),
        ([], BadData, "shape"),
        ((500, b"7"), BadData, "shape"),
        (requests.ReadTimeout("x"), Unavailable, "timed out"),
        (requests.ConnectionError("x"), Unavailable, "connection failed"),
    ],
)
def test_what_goes_wrong_is_told_apart(answer, error, words):
    with pytest.raises(error, match=words):
        source_of(answer)[0].quote(AAPL)


@pytest.mark.parametrize(
    ("header", "wait"), [({}, 15.0), ({"Retry-After": "7"}, 7.0), ({"Retry-After": "x"}, 15.0)]
)
def test_a_limit_says_how_long(header, wait):
    with pytest.raises(RateLimited) as caught:
        source_of((429, {"error": ""}, header))[0].quote(AAPL)
    assert caught.value.retry_after == wait


def test_news_come_newest_first():
    items = [
        {"headline": "Old", "datetime": STAMP - 500, "url": "https://x.test/1", "source": "A"},
        {"headline": "New", "datetime": STAMP - 5, "url": "http://x.test/2", "source": "B"},
        {"headline": "Odd"},
    ]
    source, canned = source_of(items)
    found = source.news(AAPL)
    assert [(h.title, h.url, h.publisher, h.source) for h in found] == [
        ("New", "", "B", "finnhub"),
        ("Old", "https://x.test/1", "A", "finnhub"),
    ]
    assert "from=2026-03-02" in canned.asked[0].url
    assert "to=2026-03-10" in canned.asked[0].url


def due(*days, symbol="AAPL") -> dict:
    return {"earningsCalendar": [{"date": day, "symbol": symbol, "hour": "amc"} for day in days]}


def test_days_of_results_come_earliest_first_and_those_past_are_left_out():
    source, canned = source_of(due("2026-05-01", "2026-03-02", "2026-04-30", "soon", None))
    found = source.events(AAPL)
    assert [(one.day.isoformat(), one.estimated) for one in found] == [
        ("2026-04-30", True),
        ("2026-05-01", True),
    ]
    assert "from=2026-03-09" in canned.asked[0].url
    assert "symbol=AAPL" in canned.asked[0].url


def test_todays_results_are_still_ahead():
    assert source_of(due("2026-03-09"))[0].events(AAPL)[0].day.isoformat() == "2026-03-09"


@pytest.mark.parametrize(
    "answer", [due(), due("2026-03-08"), due("2026-05-01", symbol="MSFT"), due("2099-01-01")]
)
def test_no_day_ahead_is_no_data(answer):
    with pytest.raises(NoData, match="finnhub: no day of results of AAPL"):
        source_of(answer)[0].events(AAPL)


@pytest.mark.parametrize(
    "answer", [{}, [], {"earningsCalendar": None}, {"earningsCalendar": {}}, due("x", 7)]
)
def test_days_of_results_that_cannot_be_read_are_bad_data(answer):
    with pytest.raises(BadData):
        source_of(answer)[0].events(AAPL)


def test_a_plan_without_the_calendar_is_not_entitled():
    with pytest.raises(NotEntitled):
        source_of((403, {"error": "You don't have access to this resource."}))[0].events(AAPL)


def test_a_stream_hands_over_the_newest_trade_of_each_share():
    frames = [
        {"type": "ping"},
        trades(trade(price=181.0), trade(price=182.0, seconds=1), trade("MSFT", 300.0)),
        trades(trade(price=181.0), trade("BRK.B", 400.5, 0.5)),
        trades(trade(price=182.0, seconds=1)),
    ]
    socket = CannedSocket(frames, silent=True)
    found = canceled(source_of(QUOTE, socket)[0], [AAPL, TATA, BERKSHIRE])
    assert [(q.symbol, q.price) for q in found] == [("AAPL", 182.0), ("BRK-B", 400.5)]
    assert found[0].time == datetime.fromtimestamp(STAMP + 1, UTC)
    assert [s["symbol"] for s in socket.sent] == ["AAPL", "BRK.B"]
    assert socket.closed


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ('{"e":"trade","p":', BadData),
        (b"\xff\xfe", BadData),
        ("[" * 100_000, BadData),
        ([], BadData),
        (7, BadData),
        ({}, BadData),
        ({"type": "news"}, BadData),
        ({"type": "trade"}, BadData),
        ({"type": "trade", "data": [[]]}, BadData),
        (trades(trade(price=0)), BadData),
        (trades(trade(price=None)), BadData),
        (trades(trade(t=10**30)), BadData),
        (trades(trade(s=[])), BadData),
        ({"type": "error", "msg": "Invalid API key"}, AuthFailed),
        ({"type": "error", "msg": "You don't have access to this resource."}, NotEntitled),
        ({"type": "error", "msg": "Invalid type"}, BadData),
    ],
    ids=lambda v: repr(v)[:40],
)
def test_a_stream_that_brings_garbage_or_a_complaint_ends_and_is_closed(frame, error):
    socket = CannedSocket([frame])
    *_, last = heard(source_of(QUOTE, socket)[0], [AAPL])
    assert type(last) is error
    assert socket.closed


def test_a_stream_whose_connection_ends_raises():
    socket = CannedSocket([trades(trade())])
    quote, last = heard(source_of(QUOTE, socket)[0], [AAPL])
    assert quote.price == 181.5
    assert isinstance(last, Unavailable)


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


@pytest.mark.parametrize(
    "kind",
    [k for k in vars(wire).values() if inspect.isclass(k) and issubclass(k, Exception)],
    ids=lambda k: k.__name__,
)
def test_every_exception_of_a_socket_is_mapped(kind):
    error = kind.__new__(kind)
    with pytest.raises(ProviderError), translated(socket_errors("finnhub")):
        raise error


def test_no_part_of_the_key_gets_out_whatever_fails(caplog):
    shown = 0
    for answer in failures("https://api.finnhub.io/api/v1/quote", KEY):
        source, _ = source_of(answer)
        for ask in (lambda s=source: s.quote(AAPL), lambda s=source: s.news(AAPL)):
            text = told(ask, caplog)
            shown += "Error" in text or "finnhub" in text
            assert leaks(text, KEY) == []
    for answer in (OSError(f"wss://ws.finnhub.io?token={KEY}"), wire.InvalidURI(f"wss://x?token={KEY}", KEY)):

        def refuse(address, answer=answer):
            assert KEY in address
            raise answer

        source = FinnhubSource(SimClock(NOW), Path(), KEY, open_socket=refuse)
        assert leaks(told(lambda s=source: str(heard(s, [AAPL])), caplog), KEY) == []
    complaint = CannedSocket([{"type": "error", "msg": KEY}])
    assert leaks(told(lambda: str(heard(source_of(QUOTE, complaint)[0], [AAPL])), caplog), KEY) == []
    assert leaks(repr(source_of(QUOTE)[0]), KEY) == []
    assert shown > 40


def test_an_odd_key_does_not_bend_the_streams_address():
    socket = CannedSocket([])
    heard(FinnhubSource(SimClock(NOW), Path(), "a&b=c#d", open_socket=socket.open), [AAPL])
    assert socket.address == "wss://ws.finnhub.io?token=a%26b%3Dc%23d"
    assert json.dumps(socket.sent[0]) == '{"type": "subscribe", "symbol": "AAPL"}'


def test_brackets_without_end_are_bad_data():
    with pytest.raises(BadData, match="not readable"):
        source_of(b"[" * 100_000)[0].quote(AAPL)
