from datetime import UTC, datetime

import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import BadData
from marketpulse.sources.ccxt_ticks import Tick, Ticks
from marketpulse.types import Bars, Book, Interval, Quote

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
MS = NOW.timestamp() * 1000
TODAY = NOW.replace(hour=0).timestamp() * 1000
DAY = [TODAY, 3.0, 9.0, 2.0, 5.0, 7.0]
MINUTE = [MS, 3.0, 9.0, 2.0, 5.0, 7.0]


@pytest.fixture
def told() -> list[Quote | Book | Bars]:
    return []


@pytest.fixture
def ticks(told) -> Ticks:
    return Ticks("x", SimClock(NOW), told.append, 2)


def test_a_quote_keeps_the_last_bid_and_ask(ticks, told):
    ticks.tick("A", Tick(10.0, MS))
    ticks.tick("A", Tick(11.0, MS + 1, 10.0, 12.0))
    ticks.tick("A", Tick(11.5, MS + 2))
    ticks.tick("A", Tick(11.6, MS + 3, None, 12.0))  # half a pair says nothing
    assert [(q.bid, q.ask) for q in told] == [(None, None), (10.0, 12.0), (10.0, 12.0), (10.0, 12.0)]


def test_pairs_do_not_mix(ticks, told):
    ticks.tick("A", Tick(10.0, MS + 5, 9.0, 11.0))
    ticks.tick("B", Tick(20.0, MS))
    assert [(q.symbol, q.bid) for q in told] == [("A", 9.0), ("B", None)]


def test_equal_times_pass_only_with_a_change(ticks, told):
    for tick in (
        Tick(10.0, MS),
        Tick(10.0, MS),
        Tick(10.0, MS, 9.0, 11.0),
        Tick(9.0, MS - 1),
        Tick(10.0, MS),
    ):
        ticks.tick("A", tick)
    assert len(told) == 2
    ticks.tick("A", Tick(10.0, MS + 1))  # the same price at a later time is news: it is still good
    assert len(told) == 3


def test_the_day_widens_with_the_price(ticks, told):
    ticks.day("A", DAY)
    for price, time in ((5.0, MS), (12.0, MS + 1), (1.0, MS + 2)):
        ticks.tick("A", Tick(price, time))
    assert [(q.open, q.high, q.low, q.volume) for q in told] == [
        (3.0, 9.0, 2.0, 7.0),
        (3.0, 12.0, 2.0, 7.0),
        (3.0, 9.0, 1.0, 7.0),
    ]


def test_the_day_before_is_not_today(ticks, told):
    ticks.day("A", [TODAY - 86_400_000, *DAY[1:]])
    ticks.tick("A", Tick(5.0, TODAY))
    ticks.tick("B", Tick(5.0, MS))
    assert [q.volume for q in told] == [None, None]


def test_a_book_gives_bid_and_ask(ticks, told):
    ticks.book("A", [[10, 1], [9, 1], [8, 1]], [[11, 1]], MS, 5)
    ticks.tick("A", Tick(10.5, MS))
    book, quote = told
    assert (len(book.bids), book.sequence, book.time, book.received) == (2, 5, NOW, NOW)
    assert (quote.bid, quote.ask) == (10.0, 11.0)


def test_a_book_is_told_once_and_never_goes_back(ticks, told):
    ticks.book("A", [[10, 1]], [[11, 1]], MS, 5)
    ticks.book("A", [[10, 1]], [[11, 1]], MS, 5)
    ticks.book("A", [[10, 1]], [[11, 1]], MS - 1, 6)
    assert len(told) == 1
    with pytest.raises(BadData, match="went back"):
        ticks.book("A", [[10, 1]], [[11, 1]], MS + 1, 4)


def test_a_book_without_numbers_is_told_by_its_time(ticks, told):
    for time in (MS, MS, MS + 1):
        ticks.book("A", [[10, 1]], [[11, 1]], time, None)
    assert [book.sequence for book in told] == [None, None]


def test_a_minute_is_told_once_its_successor_is_there(ticks, told):
    later = [MS + 60_000, *MINUTE[1:]]
    for rows in ([MINUTE], [MINUTE, later], [MINUTE, later], [later, [MS + 120_000, *MINUTE[1:]]]):
        ticks.minutes("A", rows)
    assert [bars.time.tolist() for bars in told] == [[int(MS / 1000)], [int(MS / 1000) + 60]]
    assert all(len(bars) == 1 and bars.interval is Interval.MINUTE and not bars.adjusted for bars in told)


@pytest.mark.parametrize("column", range(6))
@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -1.0])
def test_a_bar_with_a_number_that_cannot_be_is_refused(ticks, column, value):
    row = list(MINUTE)
    row[column] = value
    with pytest.raises(BadData, match=r"^x: "):
        ticks.day("A", row)


@pytest.mark.parametrize(("column", "value"), [(2, 4.0), (3, 4.0), (1, 10.0), (4, 1.0)])
def test_a_bar_out_of_order_is_refused(ticks, column, value):
    row = list(MINUTE)
    row[column] = value
    with pytest.raises(BadData, match="highest or lowest"):
        ticks.day("A", row)


def test_a_minute_without_trades_is_whole(ticks):
    ticks.day("A", [TODAY, 3.0, 3.0, 3.0, 3.0, 0.0])


def test_nothing_comes_from_the_future(ticks, told):
    with pytest.raises(BadData, match="from the future"):
        ticks.tick("A", Tick(10.0, MS + 60_001))
    with pytest.raises(BadData, match="from the future"):
        ticks.book("A", [[10, 1]], [[11, 1]], MS + 60_001, 5)
    ticks.tick("A", Tick(10.0, MS))
    assert len(told) == 1
