"""The first release's market.db with data in it, brought to this schema, and cut off at every statement."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from alembic import command
from sqlalchemy import event

from marketpulse.errors import StorageError
from marketpulse.storage import MarketStore, market_schema, migrate
from marketpulse.storage.engines import writer_engine
from marketpulse.types import Interval, Quarantined, Quote

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STRANGE = "2026-03-02T12:00:00.000000+00:00"


def text(moment):
    return moment.isoformat(timespec="microseconds")


def block(first, rows):
    times = np.arange(rows, dtype="<i8") * 86_400 + first
    return times.tobytes() + (np.arange(5 * rows, dtype="<f8") + 1.0).tobytes()


def fill(raw):
    quote = "INSERT INTO live_market_data VALUES (?, ?, ?, ?, 1.0, 2.0, NULL, NULL, NULL, NULL, 'yahoo')"
    for symbol, seconds, price in (
        ("AAPL", 0, 10.0),
        ("AAPL", 900_000, 99.0),  # left over from a replay that went further
        ("AAPL", 5, 11.0),  # saved last, so it was the last quote
        ("MSFT", 7, 30.0),
    ):
        time = text(NOON + timedelta(seconds=seconds))
        raw.execute(quote, (symbol, time, time, price))
    bars = "INSERT INTO bar_block VALUES (?, ?, 'yahoo', ?, ?)"
    raw.execute(bars, ("AAPL", "1d", 3, block(86_400, 3)))
    raw.execute(bars, ("OLD", "1d", 2, block(-86_400, 2)))
    raw.execute(bars, ("EMPTY", "1d", 0, b""))
    raw.execute(bars, ("TORN", "1d", 3, block(0, 3)[:100]))
    raw.execute(bars, ("WILD", "1d", 1, block(2**60, 1)))
    garbage = "INSERT INTO quarantine VALUES (?, ?, 'yahoo', ?, ?)"
    raw.execute(garbage, ("AAPL", text(NOON), "is zero", json.dumps({"price": 0.0})))
    raw.execute(
        garbage, ("MSFT", text(NOON), "daily bar: its high is low", json.dumps({"price": float("nan")}))
    )
    raw.execute(garbage, ("IBM", text(NOON), "is odd", "{"))
    raw.execute("INSERT INTO provider_state VALUES ('yahoo', '{}')")
    raw.execute("INSERT INTO performance_metrics VALUES ('equity', ?, 1.5)", (STRANGE,))
    raw.execute("INSERT INTO instrument VALUES ('AAPL', 'Apple', 'equity', 'USD', 'XNYS', '0.010', '1', '1')")
    raw.execute("INSERT INTO corporate_action VALUES ('AAPL', '2020-08-31', 'split', '4')")
    raw.execute("INSERT INTO model_registry VALUES ('m', '1', 'x', '{}')")
    raw.execute("INSERT INTO feature_numbers VALUES ('h', '[1]')")


@pytest.fixture(scope="module")
def first_release(tmp_path_factory):
    path = tmp_path_factory.mktemp("first") / "market.db"
    engine = writer_engine(path, "NORMAL")
    config = migrate._config("market")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "market_0001")
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw:
        fill(raw)
        raw.commit()
    return path


@pytest.fixture
def old(first_release, tmp_path):
    return shutil.copy(first_release, tmp_path / "market.db")


def dump(path):
    """Schema and rows."""
    with closing(sqlite3.connect(path)) as raw:
        return list(raw.iterdump())


def statements(path, stop=None, at=None):
    """Upgrade; ``at`` is called before statement ``stop``, which then fails. Return how many there were."""
    engine, seen = writer_engine(path, "NORMAL"), []

    def watch(_connection, _cursor, statement, *_):
        seen.append(statement)
        if len(seen) - 1 == stop:
            at()
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", watch)
    try:
        migrate.migrate(engine, "market", market_schema.HEAD)
    finally:
        engine.dispose()
    return len(seen)


def check_new(store):
    assert store.last_quotes() == {
        "AAPL": Quote("AAPL", 11.0, 1.0, 2.0, None, *[NOON + timedelta(seconds=5)] * 2, "yahoo"),
        "MSFT": Quote("MSFT", 30.0, 1.0, 2.0, None, *[NOON + timedelta(seconds=7)] * 2, "yahoo"),
    }
    loaded = store.load_many(["AAPL", "OLD", "EMPTY", "TORN", "WILD"], Interval.DAY)
    assert {symbol: bars.time.tolist() for symbol, bars in loaded.items()} == {
        "AAPL": [86_400, 172_800, 259_200],
        "OLD": [-86_400, 0],
    }
    assert loaded["AAPL"].volume.tolist() == [13.0, 14.0, 15.0]
    assert loaded["AAPL"].source == "yahoo"
    assert store.held_bars(Interval.DAY)["OLD"] == (
        2,
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    )
    assert store.quarantined() == (
        Quarantined("IBM", NOON, "yahoo", "quote", "a price", None, "is odd"),
        Quarantined("MSFT", NOON, "yahoo", "bar", "price nan", None, "its high is low"),
        Quarantined("AAPL", NOON, "yahoo", "quote", "price 0.0", None, "is zero"),
    )
    assert store.provider_state("yahoo") == "{}"
    assert store.metrics("equity") == ((NOON, 1.5),)
    assert str(store.instruments()["AAPL"].tick) == "0.010"
    assert len(store.load_actions("AAPL")) == 1
    assert store.features("h") == "[1]"
    assert store.last_books() == {}


def test_everything_of_the_first_release_moves(old):
    store = MarketStore.open(old)
    check_new(store)
    store.close()
    with closing(sqlite3.connect(old)) as raw:
        tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert not {name for name in tables if name.endswith("_1")}


def test_the_upgraded_schema_is_that_of_a_new_file(old, tmp_path):
    MarketStore.open(old).close()
    MarketStore.open(tmp_path / "new.db").close()
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    with closing(sqlite3.connect(old)) as one, closing(sqlite3.connect(tmp_path / "new.db")) as two:
        assert one.execute(schema).fetchall() == two.execute(schema).fetchall()


def test_cut_off_before_any_statement_the_file_is_still_the_old_one(first_release, tmp_path):
    before = dump(first_release)
    whole = statements(shutil.copy(first_release, tmp_path / "whole.db"))
    assert whole > 20
    for stop in range(whole):
        path, killed = tmp_path / f"{stop}.db", tmp_path / f"{stop}-killed.db"
        shutil.copy(first_release, path)

        def power_cut(path=path, killed=killed):
            # what the disk holds at this moment: the file and what was written ahead
            shutil.copy(path, killed)
            shutil.copy(f"{path}-wal", f"{killed}-wal")

        with pytest.raises(KeyboardInterrupt):
            statements(path, stop, power_cut)
        for left in (path, killed):
            assert dump(left) == before, stop
    store = MarketStore.open(killed)  # the last of them, and it can still be upgraded
    check_new(store)
    store.close()


def test_the_old_file_is_not_opened_for_reading_only(old, tmp_path):
    with pytest.raises(StorageError, match="start the desk on it once"):
        MarketStore.read_only(old)
    with pytest.raises(StorageError, match="there is no market store"):
        MarketStore.read_only(tmp_path / "none.db")
