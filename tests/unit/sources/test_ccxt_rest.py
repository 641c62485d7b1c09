import inspect
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import ccxt
import numpy as np
import pytest
from ccxt.base import errors as vendor
from unit.sources.crypto import CannedBinance, CannedBybit, bybit_klines, klines

from marketpulse.clock import SimClock
from marketpulse.errors import BadData, NoData, ProviderError, RateLimited, Unavailable, UnknownSymbol
from marketpulse.sources import binance, bybit
from marketpulse.sources.ccxt_errors import PAUSE, error_table, wait_told
from marketpulse.sources.ccxt_numbers import (
    closed_bars,
    instant,
    ladders,
    maybe,
    positive,
    rows_of,
    venue_time,
)
from marketpulse.sources.ccxt_rest import Clients, Klines
from marketpulse.sources.vendor import translated
from marketpulse.types import Interval

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", ["binance", "bybit"])
@pytest.mark.parametrize(
    "kind",
    [k for _, k in inspect.getmembers(vendor, inspect.isclass) if issubclass(k, Exception)],
    ids=lambda k: k.__name__,
)
def test_every_exception_of_the_vendor_is_mapped(kind, name):
    with pytest.raises(ProviderError, match=f"^{name}: "), translated(error_table(name)):
        raise kind("x")


def test_no_line_of_the_table_is_hidden_by_a_parent_before_it():
    kinds = [kind for kind, _ in error_table("x")]
    assert not [b for i, b in enumerate(kinds) for a in kinds[:i] if issubclass(b, a)]


def test_a_lost_change_is_no_matter_of_clocks():
    with pytest.raises(BadData, match="a change of the order book was lost"), translated(error_table("x")):
        raise ccxt.ChecksumError("x")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        (None, None),
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": 7}, 7.0),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Fri, 27 Nov 2026 20:00:00 GMT"}, None),
        ({"Retry-After": "99999999"}, 259_200.0),
        ({"X-Bapi-Limit-Reset-Timestamp": "1002500"}, 2.5),
        ({"X-Bapi-Limit-Reset-Timestamp": "999000"}, None),
    ],
)
def test_the_wait_a_refusal_asks_for(headers, wait):
    assert wait_told(headers, 1000.0) == wait


class Refusal(Exception):
    status = 429
    headers: ClassVar = {"Retry-After": "7"}


def test_a_handshake_refused_for_too_many_says_its_wait():
    with pytest.raises(RateLimited) as caught, translated(error_table("x")):
        raise ccxt.NetworkError(Refusal())
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("make", [CannedBinance, CannedBybit])
def test_calls_side_by_side_share_the_list_of_pairs(make):
    made = []

    def one():
        made.append(make({}))
        return made[-1]

    clients = Clients("x", SimClock(NOW), one)
    with clients.lend() as first, clients.lend() as second:
        assert first is not second
        assert first.markets is second.markets
    with clients.lend():
        pass
    assert len(made) == 2
    assert len(made[0].asked) >= 1
    assert made[1].asked == []


def test_a_client_is_given_back_after_an_error():
    clients = Clients("x", SimClock(NOW), lambda: CannedBinance({}))
    for _ in range(2):
        with pytest.raises(Unavailable), clients.lend():
            raise ccxt.NetworkError("x")
    assert len(clients._idle) == 1


def test_our_own_errors_pass_through_a_loan():
    clients = Clients("x", SimClock(NOW), lambda: CannedBinance({}))
    with pytest.raises(UnknownSymbol, match="as it was"), clients.lend():
        raise UnknownSymbol("as it was")


def test_without_a_word_from_the_venue_the_pause_holds():
    clients = Clients("x", SimClock(NOW), lambda: CannedBinance({}))
    with pytest.raises(ProviderError) as caught, clients.lend():
        raise ccxt.RateLimitExceeded("x")
    assert caught.value.retry_after == PAUSE


def test_the_days_range_is_asked_for_twice_a_minute_and_anew_after_midnight():
    clock = SimClock(datetime(2026, 3, 9, 23, 59, 50, tzinfo=UTC))
    client = CannedBinance({"klines": klines(clock.now())})
    client.load_markets()
    days = Klines("x", clock, binance._page)
    before = len(client.asked)
    for _ in range(3):
        assert days.day(client, "BTC/USDT") == (50000.0, 51000.0, 49000.0, 1000.0)
    assert len(client.asked) - before == 1
    clock.advance(11)  # the venue has no bar of the new day yet
    assert days.day(client, "BTC/USDT") == (None, None, None, None)
    client.answers["klines"] = klines(clock.now())
    for _ in range(3):
        assert days.day(client, "BTC/USDT") == (50000.0, 51000.0, 49000.0, 1000.0)
    assert len(client.asked) - before == 3
    clock.advance(31)
    days.day(client, "BTC/USDT")
    assert len(client.asked) - before == 4


@pytest.mark.parametrize(
    ("client", "page"),
    [
        (CannedBinance({"klines": klines(NOW)}), binance._page),
        (CannedBybit({"kline": bybit_klines(NOW)}), bybit._page),
    ],
)
def test_bars_never_reach_beyond_the_end_that_was_asked_for(client, page):
    client.load_markets()
    start, end = NOW - timedelta(days=2), NOW - timedelta(hours=3)
    bars = Klines("x", SimClock(NOW), page).bars(client, "BTC/USDT", Interval.HOUR, start=start, end=end)
    assert bars.time[-1] == end.timestamp() - 3600
    assert bars.time[0] == start.timestamp()


def test_a_bar_counts_once_it_has_closed():
    table = rows_of("x", [[0, 1, 2, 0.5, 1, 7], [60_000, 1, 2, 0.5, 1, 7]])
    assert len(closed_bars("x", "S", Interval.MINUTE, table, start=0.0, last=119.9)) == 1
    assert len(closed_bars("x", "S", Interval.MINUTE, table, start=0.0, last=120.0)) == 2
    with pytest.raises(NoData):
        closed_bars("x", "S", Interval.MINUTE, table, start=0.0, last=59.0)


@pytest.mark.parametrize("answer", [None, "<html>", {}, [5], [[1, 2]], [[float("nan"), 1, 1, 1, 1, 1]]])
def test_rows_of_another_shape_are_refused(answer):
    with pytest.raises(BadData):
        rows_of("x", answer)


def test_rows_are_put_in_order_and_the_last_word_on_a_time_stays():
    rows = [["3", 1, 1, 1, 1, 1, "more"], ["1", 1, 1, 1, 1, 1], ["3", 1, 1, 1, 2, 1], ["2", 1, 1, 1, 1, 1]]
    assert rows_of("x", rows)[:, [0, 4]].tolist() == [[1, 1], [2, 1], [3, 2]]


def test_no_rows_are_an_empty_table():
    assert rows_of("x", []).shape == (0, 6)


@pytest.mark.parametrize("value", [None, "0", 0, -1, "NaN", "inf", "", "x", [], {}])
def test_a_number_that_cannot_be_a_price_is_refused(value):
    with pytest.raises(BadData, match=r"^x: key "):
        positive("x", {"key": value}, "key")


def test_a_number_may_be_left_out():
    assert [maybe("x", info, "k") for info in ({}, {"k": None}, {"k": ""}, {"k": "0.00"}, {"k": "2"})] == [
        None,
        None,
        None,
        None,
        2.0,
    ]
    for value in ("-1", "nan", "x"):
        with pytest.raises(BadData):
            maybe("x", {"k": value}, "k")


@pytest.mark.parametrize("time", [None, "5", True, 0, -1, float("nan"), [], NOW.timestamp() * 1000 + 60_001])
def test_a_message_needs_a_time_that_has_come(time):
    with pytest.raises(BadData, match=r"^x: a message "):
        venue_time("x", SimClock(NOW), time)


def test_a_venues_clock_may_be_a_little_ahead():
    assert venue_time("x", SimClock(NOW), NOW.timestamp() * 1000 + 59_999) == NOW.timestamp() * 1000 + 59_999


def test_an_instant_is_aware_utc():
    assert instant(NOW.timestamp() * 1000) == NOW
    assert instant(0).tzinfo is UTC


def test_ladders_are_sorted_cut_and_without_levels_that_are_gone():
    bids, asks = ladders("x", [["1", "1"], ["3", "1"], ["2", "0"]], [[9, 1], [8, 2], [7, 3]], 2)
    assert bids == ((3.0, 1.0), (1.0, 1.0))
    assert asks == ((7.0, 3.0), (8.0, 2.0))


@pytest.mark.parametrize(
    ("bids", "asks", "says"),
    [
        ([], [[2, 1]], "empty side"),
        ([[1, 0]], [[2, 1]], "empty side"),
        ([[2, 1]], [[2, 1]], "crossed"),
        ([[3, 1]], [[2, 1]], "crossed"),
        ([[np.nan, 1]], [[2, 1]], "cannot be"),
        ([[1, np.inf]], [[2, 1]], "cannot be"),
        ([[0, 1]], [[2, 1]], "cannot be"),
        ([[1, 1]], [[2, -1]], "cannot be"),
        ([[1, 1], [1, 2]], [[2, 1]], "twice"),
    ],
)
def test_what_is_no_book_is_refused(bids, asks, says):
    with pytest.raises(BadData, match=says):
        ladders("x", bids, asks, 5)
