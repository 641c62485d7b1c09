import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from marketpulse.errors import StorageError
from marketpulse.storage import MarketStore
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    CorporateAction,
    Instrument,
    Interval,
    Quarantined,
    Quote,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    store = MarketStore.open(tmp_path / "market.db")
    yield store
    store.close()


def bars(n, symbol="AAPL", **changed):
    base = np.arange(n, dtype=np.float64)
    columns = {"open": base + 1, "high": base + 3, "low": base + 0.1, "close": base + 2, "volume": base * 1e6}
    time = np.arange(n, dtype=np.int64) * 86_400
    return Bars(symbol, Interval.DAY, time, **columns, source="tape", **changed)


def quote(symbol="AAPL", price=101.25, time=NOON, **changed):
    return replace(Quote(symbol, price, 101.24, None, 5e6, time, NOON, "tape", open=100.0), **changed)


def assert_equal(left, right):
    for name in ("time", "open", "high", "low", "close", "volume"):
        a, b = getattr(left, name), getattr(right, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert (left.symbol, left.interval, left.source) == (right.symbol, right.interval, right.source)


@pytest.mark.parametrize("n", [0, 1, 2520])
def test_bars_come_back_bit_for_bit(store, n):
    store.save_bars(bars(n))
    loaded = store.load_bars("AAPL", Interval.DAY)
    assert_equal(loaded, bars(n))
    assert not loaded.adjusted


def test_loaded_bars_cannot_be_written_to(store):
    store.save_bars(bars(3))
    with pytest.raises(ValueError, match="read-only"):
        store.load_bars("AAPL", Interval.DAY).close[0] = 1


def test_saving_bars_replaces_the_block_of_that_interval_only(store):
    store.save_bars(bars(3))
    store.save_bars(bars(5, "MSFT"))
    store.save_bars(bars(4))
    assert len(store.load_bars("AAPL", Interval.DAY)) == 4
    assert len(store.load_bars("MSFT", Interval.DAY)) == 5
    assert store.load_bars("AAPL", Interval.HOUR) is None


def test_adjusted_or_uneven_bars_are_refused(store):
    with pytest.raises(ValueError, match="adjusted"):
        store.save_bars(bars(3, adjusted=True))
    with pytest.raises(ValueError, match="length"):
        store.save_bars(replace(bars(3), close=np.ones(2)))


def test_a_damaged_block_is_said(store, tmp_path):
    store.save_bars(bars(3))
    with closing(sqlite3.connect(tmp_path / "market.db")) as raw:
        raw.execute("UPDATE bar_block SET block = substr(block, 1, 20)")
        raw.commit()
    with pytest.raises(StorageError, match="AAPL are damaged"):
        store.load_bars("AAPL", Interval.DAY)


def test_instruments_come_back_in_order_and_digit_for_digit(store):
    first = Instrument(
        "BTC/USDT", "Bitcoin", AssetClass.CRYPTO, "USDT", "24/7", Decimal("0.01"), Decimal("1E-8")
    )
    second = Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.010"), Decimal(1))
    store.save_instruments([second])
    store.save_instruments([first, second])
    assert list(store.instruments().items()) == [("BTC/USDT", first), ("AAPL", second)]
    assert str(store.instruments()["AAPL"].tick) == "0.010"


def test_actions_are_replaced_by_symbol(store):
    dividend = CorporateAction("AAPL", date(2012, 8, 9), ActionKind.DIVIDEND, Decimal("2.65"))
    split = CorporateAction("AAPL", date(2005, 2, 28), ActionKind.SPLIT, Decimal(2))
    store.save_actions("AAPL", [dividend])
    store.save_actions("IBM", [])
    store.save_actions("AAPL", [dividend, split])
    assert store.load_actions("AAPL") == (split, dividend)
    assert store.load_actions("IBM") == ()


def test_the_newest_quote_is_the_last_whatever_was_saved_after_it(store):
    store.save_quotes([quote(), quote("MSFT", 30.0)])
    store.save_quotes([quote(price=99.0, time=NOON - timedelta(minutes=15))])  # another source, delayed
    store.save_quotes([])
    assert store.last_quotes() == {"AAPL": quote(), "MSFT": quote("MSFT", 30.0)}


def test_a_replay_that_begins_anew_goes_back_in_time(store):
    early = NOON - timedelta(days=400)
    store.save_quotes([quote(), quote("MSFT", 30.0)])
    store.save_quotes([quote(price=99.0, time=early, received=early)])
    assert store.last_quotes() == {
        "AAPL": quote(price=99.0, time=early, received=early),
        "MSFT": quote("MSFT", 30.0),
    }
    later = early + timedelta(minutes=9)
    store.save_quotes([quote(price=98.0, time=later, received=later)])
    back = later - timedelta(minutes=5)  # the wall clock was put right: nothing is dropped
    store.save_quotes([quote(price=97.0, time=back, received=back)])
    assert store.last_quotes()["AAPL"].price == 98.0


def test_the_same_time_again_replaces_the_quote(store):
    store.save_quotes([quote(), quote("MSFT", 30.0)])
    store.save_quotes([quote(price=101.5)])
    assert store.last_quotes()["AAPL"].price == 101.5


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_cannot_be_is_refused_by_the_table(store, price):
    with pytest.raises(StorageError, match="breaks its rules"):
        store.save_quotes([quote(price=price)])
    assert store.last_quotes() == {}


def refused(reason="is zero", **changed):
    whole = Quarantined("AAPL", NOON, "yahoo", "quote", "price 0", 101.25, reason)
    return replace(whole, **changed)


def test_quarantine_comes_back_as_it_was_newest_first(store):
    first = refused()
    second = refused("is far off", symbol="BTC/USDT", kind="book", held=None)
    store.quarantine(first)
    store.quarantine(second)
    assert store.quarantined() == (second, first)


def test_quarantine_keeps_all_that_came_in_one_microsecond(store):
    rows = [refused(f"reason {i}", kind="bar" if i % 2 else "quote") for i in range(5)]
    for row in rows:
        store.quarantine(row)
    assert store.quarantined() == tuple(reversed(rows))


def test_quarantine_can_hold_any_garbage(store):
    store.quarantine(refused(said="price \ud800\x00\n" + "9" * 5000, held=float("nan")))
    store.quarantine(refused(said="", held=float("inf")))
    empty, long = store.quarantined()
    assert (empty.said, empty.held, long.held) == ("", None, None)
    assert long.said == "price    " + "9" * 191


def test_quarantine_stays_bounded(store):
    for i in range(1100):
        store.quarantine(refused(received=NOON + timedelta(minutes=i)))
    assert len(store.quarantined(5000)) == 1000
    assert len(store.quarantined()) == 100
    assert store.quarantined(1)[0].received == NOON + timedelta(minutes=1099)


def test_the_model_saved_last_is_the_latest(store, tmp_path):
    assert store.latest_model("logistic") is None
    store.save_model("logistic", "a", "{1}")
    store.save_model("logistic", "b", "{2}")
    assert store.latest_model("logistic") == "{2}"
    store.save_model("logistic", "a", "{1}")
    assert store.latest_model("logistic") == "{1}"
    with closing(sqlite3.connect(tmp_path / "market.db")) as raw:
        raw.execute("UPDATE model_registry SET model = '{3}' WHERE version = 'a'")
        raw.commit()
    with pytest.raises(StorageError, match="logistic a was changed"):
        store.latest_model("logistic")


def test_features_and_provider_states_are_kept_by_name(store):
    assert store.features("h") is None
    assert store.provider_state("yahoo") is None
    store.save_features("h", "[1.5]")
    store.save_features("h", "[1.5]")
    store.save_provider_state("yahoo", "open")
    store.save_provider_state("yahoo", "closed")
    assert store.features("h") == "[1.5]"
    assert store.provider_state("yahoo") == "closed"
    store.save_provider_states({"binance": "open", "yahoo": "isolated"})
    store.save_provider_states({})
    assert store.provider_states() == {"binance": "open", "yahoo": "isolated"}


def test_metrics_come_back_oldest_first_by_name(store):
    store.save_metric(NOON, "equity a", 100.5)
    store.save_metric(NOON - timedelta(days=1), "equity a", 99.5)
    store.save_metric(NOON, "equity b", 7.0)
    store.save_metric(NOON, "equity a", 101.5)
    assert store.metrics("equity a") == ((NOON - timedelta(days=1), 99.5), (NOON, 101.5))
    with pytest.raises(StorageError, match="breaks its rules"):
        store.save_metric(NOON, "equity a", float("nan"))


def test_everything_is_there_after_reopening(tmp_path):
    first = MarketStore.open(tmp_path / "deep" / "market.db")
    first.save_bars(bars(2))
    first.save_quotes([quote()])
    first.close()
    first.close()
    again = MarketStore.open(tmp_path / "deep" / "market.db")
    assert_equal(again.load_bars("AAPL", Interval.DAY), bars(2))
    assert again.last_quotes() == {"AAPL": quote()}
    again.close()


def test_eight_threads_write_and_read_at_once(store):
    def work(name):
        for i in range(25):
            store.save_quotes([quote(name, price=1.0 + i, time=NOON + timedelta(seconds=i))])
            assert store.last_quotes()[name].price == 1.0 + i

    faults = []
    threads = [threading.Thread(target=guarded, args=(work, f"S{n}", faults)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(store.last_quotes()) == 8


def guarded(work, name, faults):
    try:
        work(name)
    except (AssertionError, StorageError) as fault:
        faults.append(fault)


@pytest.mark.usefixtures("ledger")
def test_a_ledger_is_not_opened_as_a_market_store(path):
    with pytest.raises(StorageError, match="not a market file"):
        MarketStore.open(path)
