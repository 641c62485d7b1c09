"""The file cannot be opened, read or written: each time one plain sentence."""

import sqlite3
from contextlib import closing

import pytest

from marketpulse.errors import StorageError
from marketpulse.storage import Ledger, engines


def test_a_missing_folder_is_made(tmp_path, clock):
    Ledger.open(tmp_path / "a" / "b c%20;:#?" / "ledger.db", clock).close()
    Ledger.open(tmp_path / "a" / "b c%20;:#?" / "ledger.db", clock).close()


def test_a_file_in_place_of_the_folder_is_said(tmp_path, clock):
    (tmp_path / "data").write_text("x")
    with pytest.raises(StorageError, match=r"folder .*data cannot be used"):
        Ledger.open(tmp_path / "data" / "ledger.db", clock)


def test_a_folder_in_place_of_the_file_is_said(tmp_path, clock):
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        Ledger.open(tmp_path / "ledger.db", clock)


def test_a_file_that_is_no_database_is_said(path, clock):
    path.write_bytes(b"hello, this is no database at all" * 100)
    with pytest.raises(StorageError, match="not a database"):
        Ledger.open(path, clock)


def test_another_programs_database_is_left_alone(path, clock):
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE photos (x)")
    with pytest.raises(StorageError, match="not one that MarketPulse made"):
        Ledger.open(path, clock)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("photos",)]


def test_a_newer_versions_file_is_said(path, clock):
    Ledger.open(path, clock).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = 'ledger_9999'")
        raw.commit()
    with pytest.raises(StorageError, match=r"ledger_9999 is unknown .* newer"):
        Ledger.open(path, clock)


def test_a_damaged_page_is_said(path, clock, new):
    ledger = Ledger.open(path, clock)
    ledger.append(*(new(f"o{i}") for i in range(500)))
    ledger.close()
    content = bytearray(path.read_bytes())
    content[4096 * 5 : 4096 * 12] = b"\xff" * (4096 * 7)
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        Ledger.open(path, clock)


def test_a_full_disk_undoes_the_append_and_the_next_one_works(ledger, new):
    ledger.append(new())
    with ledger._writer.connect() as connection:
        raw = connection.connection.driver_connection
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageError, match="disk is full"):
        ledger.append(*(new(f"o{i}", why="x" * 1000) for i in range(100)))
    assert ledger.verify() == 1
    with ledger._writer.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA max_page_count=1000000")
    assert ledger.append(new())[0].seq == 2


def test_a_lock_held_by_another_program_is_said(path, clock, new, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    ledger = Ledger.open(path, clock)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked by another program"):
            ledger.append(new())
        assert ledger.last() is None  # readers read on
        other.execute("ROLLBACK")
    assert ledger.append(new())[0].seq == 1
    ledger.close()
