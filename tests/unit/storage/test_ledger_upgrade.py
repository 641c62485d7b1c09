"""Filled ledgers of every release before, brought to this schema, and cut off before every statement."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from alembic import command
from sqlalchemy import event
from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.portfolio import Books
from marketpulse.storage import Ledger, chain, ledger_schema, migrate
from marketpulse.storage.engines import writer_engine
from marketpulse.types import NewEvent

SCRIPT = Script().cash("1000").order("o", "buy", "5").fill("o", "buy", "5", "10.10", "0.02")


@pytest.fixture(scope="module", params=["ledger_0001", "ledger_0002", "ledger_0003"])
def old_release(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("first") / "ledger.db"
    engine = writer_engine(path, "FULL")
    config = migrate._config("ledger")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, request.param)
        before = connection.exec_driver_sql("SELECT id FROM installation").scalar()
        for e in SCRIPT.events:
            row = chain.row_of(NewEvent(e.time, e.account, e.kind, e.ref, e.payload, e.key), e.seq, before)
            connection.exec_driver_sql("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            before = row[-1]
    engine.dispose()
    return path


def dump(path):
    with closing(sqlite3.connect(path)) as raw:
        return list(raw.iterdump())


def statements(path, stop=None, at=None):
    """Upgrade; ``at`` is called before statement ``stop``, which then fails. Return how many there were."""
    engine, seen = writer_engine(path, "FULL"), []

    def watch(_connection, _cursor, statement, *_):
        seen.append(statement)
        if len(seen) - 1 == stop:
            at()
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", watch)
    try:
        migrate.migrate(engine, "ledger", ledger_schema.HEAD)
    finally:
        engine.dispose()
    return len(seen)


def check_new(path, clock):
    ledger = Ledger.open(path, clock)
    assert ledger.verify() == 3
    assert Books.of(ACCOUNT, ledger.read()).portfolio == Books.of(ACCOUNT, SCRIPT.events).portfolio
    assert ledger.append(SCRIPT.events[0])[0].seq == 4
    ledger.close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT quantity, paid FROM v_positions").fetchall() == [("5", "50.5")]
        assert raw.execute("SELECT currency, amount FROM v_balances").fetchall() == [("USD", "1949.48")]
        for name in ("event_no_update", "event_no_delete", "event_next"):
            assert raw.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        strict = raw.execute("SELECT strict FROM pragma_table_list WHERE name = 'event'").fetchone()
        assert strict == (1,)


def test_events_chain_and_triggers_stay_and_the_views_come(old_release, tmp_path, clock):
    path = shutil.copy(old_release, tmp_path / "ledger.db")
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT * FROM event").fetchall()
    check_new(path, clock)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT * FROM event WHERE seq <= 3").fetchall() == rows


def test_the_upgraded_schema_is_that_of_a_new_file(old_release, tmp_path, clock):
    path = shutil.copy(old_release, tmp_path / "ledger.db")
    schemas = []
    for file in (path, tmp_path / "new.db"):
        Ledger.open(file, clock).close()
        with closing(sqlite3.connect(file)) as raw:
            found = raw.execute("SELECT type, name, sql FROM sqlite_master WHERE name <> 'installation'")
            schemas.append(sorted(found, key=str))
    assert schemas[0] == schemas[1]


def test_cut_off_before_any_statement_the_file_is_still_the_old_one(old_release, tmp_path, clock):
    before = dump(old_release)
    whole = statements(shutil.copy(old_release, tmp_path / "whole.db"))
    assert whole > 7
    for stop in range(whole):
        path, killed = tmp_path / f"{stop}.db", tmp_path / f"{stop}-killed.db"
        shutil.copy(old_release, path)

        def power_cut(path=path, killed=killed):
            # what the disk holds at this moment: the file and what was written ahead
            shutil.copy(path, killed)
            shutil.copy(f"{path}-wal", f"{killed}-wal")

        with pytest.raises(KeyboardInterrupt):
            statements(path, stop, power_cut)
        for left in (path, killed):
            assert dump(left) == before, stop
    check_new(killed, clock)  # the last of them, and it can still be upgraded
