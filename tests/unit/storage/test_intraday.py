import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.storage import MarketStore
from marketpulse.types import Bars, Interval

DAY = datetime(2026, 3, 2, tzinfo=UTC)
FAR = DAY + timedelta(days=365)


@pytest.fixture
def store(tmp_path):
    store = MarketStore.open(tmp_path / "market.db")
    yield store
    store.close()


def minutes(*numbers, base=100.0, source="binance", interval=Interval.MINUTE):
    """Bars of the minutes with these numbers since midnight of DAY."""
    time = int(DAY.timestamp()) + np.array(numbers, np.int64) * 60
    close = base + np.array(numbers, np.float64)
    return Bars("BTC/USDT", interval, time, close, close + 1, close - 1, close, close * 0 + 5.0, source)


def loaded(store, start=DAY, end=FAR):
    return store.load_intraday("BTC/USDT", Interval.MINUTE, start, end)


def numbers(bars):
    return ((bars.time - int(DAY.timestamp())) // 60).tolist()


def blocks(tmp_path):
    with closing(sqlite3.connect(tmp_path / "market.db")) as raw:
        return raw.execute("SELECT time, source, rows, until FROM bar_block ORDER BY time, source").fetchall()


def test_bars_of_a_day_grow_in_one_block(store, tmp_path):
    assert loaded(store) is None
    for minute in range(5):
        store.save_intraday(minutes(minute))
    assert numbers(loaded(store)) == [0, 1, 2, 3, 4]
    assert loaded(store).close.tolist() == [100.0, 101.0, 102.0, 103.0, 104.0]
    assert blocks(tmp_path) == [
        ("2026-03-02T00:00:00.000000+00:00", "binance", 5, "2026-03-02T00:04:00.000000+00:00")
    ]


def test_a_closed_bar_never_changes_and_a_gap_is_filled(store):
    store.save_intraday(minutes(3, 4))
    store.save_intraday(minutes(0, 1, 3, 4, 6, base=500.0))
    assert numbers(loaded(store)) == [0, 1, 3, 4, 6]
    assert loaded(store).close.tolist() == [500.0, 501.0, 103.0, 104.0, 506.0]


def test_days_have_blocks_of_their_own(store, tmp_path):
    store.save_intraday(minutes(1438, 1439, 1440, 1441, 5000))
    assert [row[0][:10] for row in blocks(tmp_path)] == ["2026-03-02", "2026-03-03", "2026-03-05"]
    assert numbers(loaded(store)) == [1438, 1439, 1440, 1441, 5000]
    start = DAY + timedelta(minutes=1439)
    assert numbers(loaded(store, start, start + timedelta(minutes=2))) == [1439, 1440]
    assert loaded(store, start + timedelta(days=300), FAR) is None
    assert loaded(store, start + timedelta(seconds=1), start + timedelta(seconds=60)) is None


def test_sources_are_never_mixed_in_a_block_and_a_failover_loses_nothing(store, tmp_path):
    store.save_intraday(minutes(0, 1, 2))
    store.save_intraday(minutes(2, 3, base=900.0, source="bybit"))
    assert numbers(loaded(store)) == [0, 1, 2]  # the source with the most bars of the day
    assert loaded(store).source == "binance"
    store.save_intraday(minutes(3, 4, 5, 6, base=900.0, source="bybit"))
    assert numbers(loaded(store)) == [2, 3, 4, 5, 6]
    assert loaded(store).close.min() > 900.0
    assert [row[1:3] for row in blocks(tmp_path)] == [("binance", 3), ("bybit", 5)]
    store.save_intraday(minutes(1440))
    assert loaded(store).source == "bybit, binance"
    assert store.held_bars(Interval.MINUTE) == {
        "BTC/USDT": (6, DAY, DAY + timedelta(days=1)),
    }


def test_bars_of_another_provider_replace_the_daily_ones(store, tmp_path):
    daily = replace(minutes(0, 1440), interval=Interval.DAY, source="yahoo")
    store.save_bars(daily)
    store.save_bars(replace(daily[1:], source="alpaca"))
    held = store.load_bars("BTC/USDT", Interval.DAY)
    assert (held.source, len(held)) == ("alpaca", 1)
    assert len(blocks(tmp_path)) == 1


def test_daily_or_adjusted_bars_are_not_saved_by_day(store):
    with pytest.raises(ValueError, match="daily"):
        store.save_intraday(replace(minutes(0), interval=Interval.DAY))
    with pytest.raises(ValueError, match="adjusted"):
        store.save_intraday(replace(minutes(0), adjusted=True))


def test_saving_no_bars_keeps_those_held(store):
    store.save_intraday(minutes(0))
    store.save_intraday(minutes())
    assert numbers(loaded(store)) == [0]


def test_intervals_do_not_meet(store):
    store.save_intraday(minutes(0, 60, interval=Interval.HOUR))
    store.save_intraday(minutes(0, 1, 2))
    assert len(store.load_bars("BTC/USDT", Interval.HOUR)) == 2
    assert len(store.load_bars("BTC/USDT", Interval.MINUTE)) == 3
    assert store.load_many(["ETH/USDT", "BTC/USDT"], Interval.DAY) == {}


@given(st.lists(st.sets(st.integers(0, 4000), min_size=1, max_size=6), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_in_whatever_pieces_they_come_the_bars_are_the_same(tmp_path_factory, batches):
    store = MarketStore.open(tmp_path_factory.mktemp("x") / "market.db")
    for batch in batches:
        store.save_intraday(minutes(*sorted(batch)))
    everything = sorted(set().union(*batches))
    assert numbers(loaded(store)) == everything
    assert loaded(store).high.tolist() == minutes(*everything).high.tolist()
    store.close()
