from datetime import UTC, datetime

import numpy as np

from marketpulse.clock import SimClock
from marketpulse.market.isolation import Isolation
from marketpulse.types import Bars, Book, Interval, Quote

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


def quote(price: float, symbol: str = "BTC/USDT", source: str = "binance") -> Quote:
    return Quote(symbol, price, None, None, None, NOW, NOW, source)


def test_a_line_says_who_said_what_and_what_stays():
    saved = []
    isolation = Isolation(SimClock(NOW), saved.append)
    isolation.quote(quote(5_000_000.0), "is a hundred times the last good one", 50_000.0)
    (line,) = saved
    assert (line.symbol, line.source, line.kind) == ("BTC/USDT", "binance", "quote")
    assert (line.said, line.held, line.received) == ("5000000", 50_000.0, NOW)
    assert isolation.newest() == (line,)


def test_one_source_fills_it_once_a_minute_and_all_are_counted():
    clock, saved = SimClock(NOW), []
    isolation = Isolation(clock, saved.append)
    for _ in range(600):
        isolation.quote(quote(0.0), "is zero", None)
        isolation.quote(quote(0.0, source="bybit"), "is zero", None)
        clock.advance(0.2)
    assert isolation.disbelieved == 1200
    assert len(saved) == 4


def test_books_and_bars_have_their_own_words():
    saved = []
    isolation = Isolation(SimClock(NOW), saved.append)
    isolation.book(Book("BTC/USDT", ((101.0, 1.0),), ((100.0, 1.0),), NOW, NOW, "bybit"), "is crossed", 100.0)
    isolation.book(Book("ETH/USDT", (), (), NOW, NOW, "bybit"), "has an empty side", None)
    row = np.array([1.0, 2.0])
    bars = Bars("AAPL", Interval.DAY, np.array([0, 86_400]), row, row, row, row, row, "yahoo")
    isolation.bars(bars, ("a", "b"), None)
    assert [(line.kind, line.said) for line in saved] == [
        ("book", "101 / 100"),
        ("book", "none / none"),
        ("bar", "1 1 1 1"),
        ("bar", "2 2 2 2"),
    ]


def test_what_the_last_run_kept_is_shown_again_newest_first():
    first, saved = Isolation(SimClock(NOW), lambda _: None), []
    first.quote(quote(0.0), "is zero", None)
    first.quote(quote(-1.0, "ETH/USDT"), "is negative", None)
    again = Isolation(SimClock(NOW), saved.append)
    again.restore(first.newest())
    assert [line.symbol for line in again.newest()] == ["ETH/USDT", "BTC/USDT"]
    assert saved == []


def test_memory_is_bounded():
    clock = SimClock(NOW)
    isolation = Isolation(clock, lambda _: None)
    for n in range(5000):
        isolation.quote(quote(0.0, f"X{n}"), "is zero", None)
    assert len(isolation.newest()) == 100
    assert len(isolation._last) <= 2000
