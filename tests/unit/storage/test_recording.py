import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from marketpulse.errors import StorageError
from marketpulse.storage import MarketStore, market_store
from marketpulse.types import Bars, Book, Coverage, Interval, Quote

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GAP = timedelta(minutes=10)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "market.db"


@pytest.fixture
def store(path):
    store = MarketStore.open(path)
    yield store
    store.close()


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def quote(seconds, symbol="BTC/USDT", delay=0.1):
    received = at(seconds + delay)
    return Quote(symbol, 100.0 + seconds % 1000, None, None, None, at(seconds), received, "binance")


def book(seconds, symbol="BTC/USDT", source="binance", levels=3):
    bids = tuple((100.0 - i / 7, 1.5 + i) for i in range(levels))
    asks = tuple((100.5 + i / 7, 2.5 + i) for i in range(levels))
    return Book(symbol, bids, asks, at(seconds), at(seconds), source, 2**40 + int(seconds))


def count(path, table):
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 (the test's own table names)


def test_every_quote_stays_until_it_is_pruned(store, path):
    for first in range(0, 3000, 100):
        store.save_quotes([quote(i) for i in range(first, first + 100)])
    assert count(path, "live_market_data") == 3000
    store.prune(at(2000))
    assert count(path, "live_market_data") == 1000
    assert store.quote_window("BTC/USDT", at(0), at(2000))[0].time == at(2000)


def test_pruning_goes_in_small_steps_and_spares_the_newest_of_each_symbol(store, path, monkeypatch):
    monkeypatch.setattr(market_store, "_CHUNK", 7)
    store.save_quotes([quote(i, symbol) for i in range(50) for symbol in ("A", "B")] + [quote(900, "C")])
    store.save_books([book(i, symbol) for i in range(50) for symbol in ("A", "B")])
    steps, prune = [], market_store.recording.prune_some

    def counted(*arguments):
        steps.append(prune(*arguments))
        return steps[-1]

    monkeypatch.setattr(market_store.recording, "prune_some", counted)
    store.prune(at(500))
    assert max(steps) == 7
    assert {s: q.time for s, q in store.last_quotes().items()} == {"A": at(49), "B": at(49), "C": at(900)}
    assert (count(path, "live_market_data"), count(path, "order_book_data")) == (3, 2)
    store.prune(at(0))
    assert count(path, "live_market_data") == 3


def test_books_come_back_digit_for_digit(store):
    store.save_books([book(0), book(1, "ETH/USDT", levels=50), book(10)])
    store.save_book(replace(book(20), sequence=None))
    store.save_books([])
    assert store.last_books() == {
        "BTC/USDT": replace(book(20), sequence=None),
        "ETH/USDT": book(1, "ETH/USDT", levels=50),
    }


def test_two_sources_have_books_of_the_same_moment(store, path):
    store.save_books([book(0), book(0, source="bybit"), book(0)])
    assert count(path, "order_book_data") == 2


def test_a_book_without_a_side_is_refused_by_the_table(store):
    with pytest.raises(StorageError, match="breaks its rules"):
        store.save_book(replace(book(0), asks=()))
    assert store.last_books() == {}


def test_a_quote_is_known_when_it_was_received(store):
    store.save_quotes([quote(0), quote(10, delay=900.0), quote(20)])
    window = [q.time for q in store.quote_window("BTC/USDT", at(15), at(2000))]
    assert window == [at(0), at(10), at(20)]  # at 15 s the one of 10 s was still on its way
    assert [q.time for q in store.quote_window("BTC/USDT", at(30), at(2000))] == [at(20)]
    assert [q.time for q in store.quote_window("BTC/USDT", at(-5), at(15))] == [at(0), at(10)]
    assert len(store.quote_window("BTC/USDT", at(0.5), at(2000), limit=2)) == 2
    assert store.quote_window("ETH/USDT", at(0), at(2000)) == []


def test_the_book_known_at_a_moment(store):
    store.save_books([book(0), replace(book(10), received=at(12)), book(20)])
    assert store.book_at("BTC/USDT", at(11)) == book(0)
    assert store.book_at("BTC/USDT", at(12)).time == at(10)
    assert store.book_at("BTC/USDT", at(-1)) is None


def test_pauses_split_the_recording(store):
    assert store.listened(GAP) == []
    moments = [*range(0, 3000, 5), *range(3600, 4000, 5), 9000]
    store.save_quotes([quote(s, symbol) for s in moments for symbol in ("A", "C")])
    store.save_quotes([quote(s, "B") for s in (1, 3500, 20_000)])
    assert store.listened(GAP) == [
        (at(0), at(3995)),  # B's one quote at 3500 s bridges the pause of the others
        (at(9000), at(9000)),
        (at(20_000), at(20_000)),
    ]


def test_an_old_price_fetched_later_is_no_sign_of_life(store):
    store.save_quotes([quote(-260_000, "AAPL", delay=260_000.0), quote(0), quote(5)])
    assert store.listened(GAP) == [(at(0), at(5))]


def test_coverage_says_what_is_held(store):
    assert [c.span for c in store.coverage()] == ["none yet"] * 4
    time = np.array([1_700_006_400, 1_700_092_800])
    for symbol in ("A", "B"):
        store.save_bars(Bars(symbol, Interval.DAY, time, *np.ones((5, 2)), "yahoo"))
    store.save_intraday(Bars("A", Interval.MINUTE, time, *np.ones((5, 2)), "binance"))
    store.save_quotes([quote(0), quote(86_400)])
    store.save_book(book(0))
    assert store.coverage() == (
        Coverage("daily bars", None, "2 symbols, 4 bars, 2023-11-15 to 2023-11-16"),
        Coverage("minute bars", None, "1 symbol, 2 bars, 2023-11-15 to 2023-11-16"),
        Coverage("quotes", None, "1 symbol, 2026-03-02 to 2026-03-03"),
        Coverage("order books", None, "1 symbol, 2026-03-02 to 2026-03-02"),
    )
    assert store.holdings() == {
        "1d": {"A", "B"},
        "1m": {"A"},
        "quotes": {"BTC/USDT"},
        "books": {"BTC/USDT"},
    }


def test_a_store_opened_for_reading_only_reads_beside_the_writer_and_saves_nothing(store, path):
    store.save_quotes([quote(0)])
    reader = MarketStore.read_only(path)
    store.save_quotes([quote(5)])
    assert reader.last_quotes()["BTC/USDT"].time == at(5)
    with pytest.raises(StorageError, match="reading only"):
        reader.save_quotes([quote(10)])
    reader.close()


def test_a_closed_store_is_opened_for_reading_only(store, path):
    store.save_book(book(0))
    store.close()
    reader = MarketStore.read_only(path)
    assert reader.last_books() == {"BTC/USDT": book(0)}
    reader.close()


def test_no_statement_on_the_recording_goes_through_the_table(store, path):
    """The plan of each names the key, never a scan."""
    store.save_quotes([quote(0)])
    store.save_book(book(0))
    recording = market_store.recording
    with closing(sqlite3.connect(path)) as raw:
        for name in ("_SYMBOLS", "_SPANS", "_LAST", "_WINDOW", "_AT", "_NEXT", "_REACHED", "_PRUNE"):
            for table in ("live_market_data", "order_book_data"):
                sql = "EXPLAIN QUERY PLAN " + recording._sql(getattr(recording, name), table)
                values = dict.fromkeys(
                    ("symbol", "now", "until", "limit", "after", "gap", "before", "rows"), 1
                )
                plan = [row[3] for row in raw.execute(sql, values)]
                assert not [line for line in plan if line == f"SCAN {table}" or "TEMP B-TREE" in line], (
                    name,
                    plan,
                )
