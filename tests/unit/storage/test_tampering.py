"""What somebody with another SQLite tool can do to the file, and what the desk says to it."""

import sqlite3
from contextlib import closing

import pytest

from marketpulse.errors import StorageError
from marketpulse.storage import Ledger


@pytest.fixture
def ten(path, clock, new):
    ledger = Ledger.open(path, clock)
    ledger.append(*(new(f"o{i}", key=f"k{i}") for i in range(1, 11)))
    ledger.close()
    return path


def tamper(path, *statements):
    with closing(sqlite3.connect(path)) as raw:
        for name in ("event_no_update", "event_no_delete", "event_next"):
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        raw.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET payload = replace(payload, '10', '11') WHERE seq = 5",
        "UPDATE event SET payload = ' ' || payload WHERE seq = 5",
        "UPDATE event SET time = '2026-03-02T12:00:00.000001+00:00' WHERE seq = 5",
        "UPDATE event SET account = 'live:main' WHERE seq = 5",
        "UPDATE event SET kind = 'denied' WHERE seq = 5",
        "UPDATE event SET ref = 'o6' WHERE seq = 5",
        "UPDATE event SET key = NULL WHERE seq = 5",
        "UPDATE event SET hash = (SELECT hash FROM event WHERE seq = 4) WHERE seq = 5",
    ],
)
def test_an_edited_event_is_named(ten, clock, statement):
    tamper(ten, statement)
    with pytest.raises(StorageError, match=r"event 5 .* changed"):
        Ledger.open(ten, clock)


def test_a_removed_event_is_named(ten, clock):
    tamper(ten, "DELETE FROM event WHERE seq = 5")
    with pytest.raises(StorageError, match=r"event 5 is missing"):
        Ledger.open(ten, clock)


def test_removed_newest_events_are_missed(ten, clock):
    tamper(ten, "DELETE FROM event WHERE seq > 7")
    with pytest.raises(StorageError, match=r"event 8 is missing .* held 10"):
        Ledger.open(ten, clock)


def test_removed_and_renumbered_events_are_named(ten, clock):
    tamper(ten, "DELETE FROM event WHERE seq = 5", "UPDATE event SET seq = seq - 1 WHERE seq > 5")
    with pytest.raises(StorageError, match=r"event 5 .* changed"):
        Ledger.open(ten, clock)


def test_two_swapped_events_are_named(ten, clock):
    tamper(
        ten,
        "UPDATE event SET seq = 99 WHERE seq = 5",
        "UPDATE event SET seq = 5 WHERE seq = 6",
        "UPDATE event SET seq = 6 WHERE seq = 99",
    )
    with pytest.raises(StorageError, match=r"event 5 .* changed"):
        Ledger.open(ten, clock)


def test_another_installations_id_breaks_the_chain_at_its_start(ten, clock):
    tamper(ten, "DROP VIEW installation", "CREATE VIEW installation AS SELECT 'ab' AS id")
    with pytest.raises(StorageError, match=r"event 1 .* changed"):
        Ledger.open(ten, clock)


def test_an_edit_while_the_desk_runs_is_found_by_verify(ledger, path, new):
    ledger.append(new(), new())
    tamper(path, "UPDATE event SET ref = 'x' WHERE seq = 2")
    with pytest.raises(StorageError, match=r"event 2 .* changed"):
        ledger.verify()


def test_an_unknown_kind_is_named(ledger, path, new):
    ledger.append(new())
    tamper(path, "UPDATE event SET kind = 'dream'")
    with pytest.raises(StorageError, match=r"event 1 .*dream"):
        ledger.last()


GOOD = ("11", "'2026-03-02T12:00:00.000000+00:00'", "'a'", "'cash'", "''", "NULL", "'{}'", f"'{'0' * 64}'")


def insert(raw, verb="INSERT", **changed):
    names = ("seq", "time", "account", "kind", "ref", "key", "payload", "hash")
    values = [changed.get(name, good) for name, good in zip(names, GOOD, strict=True)]
    raw.execute(f"{verb} INTO event ({', '.join(names)}) VALUES ({', '.join(values)})")


def test_a_well_formed_row_passes_the_schema(ten):
    with closing(sqlite3.connect(ten)) as raw:
        insert(raw)


@pytest.mark.parametrize(
    "changed",
    [
        {"seq": "11.5"},
        {"seq": "12"},
        {"seq": "10"},
        {"seq": "NULL"},
        {"time": "'2026-03-02 12:00:00'"},
        {"time": "1.5"},
        {"account": "''"},
        {"key": "'k1'"},
        {"key": "''"},
        {"payload": "1.5"},
        {"payload": "9e999 - 9e999"},  # NaN, which SQLite turns into NULL
        {"payload": "'[]'"},
        {"payload": "'{'"},
        {"payload": "x'7b7d'"},
        {"hash": "'abc'"},
    ],
)
def test_the_schema_refuses_a_malformed_row(ten, changed):
    with closing(sqlite3.connect(ten)) as raw, pytest.raises(sqlite3.IntegrityError):
        insert(raw, **changed)


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET ref = 'x' WHERE seq = 1", "DELETE FROM event WHERE seq = 10"]
)
def test_the_triggers_refuse_update_and_delete(ten, statement):
    with closing(sqlite3.connect(ten)) as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)


def test_replacing_by_number_or_key_is_refused_on_the_desks_connection(ten, clock):
    ledger = Ledger.open(ten, clock)
    raw = ledger._writer.raw_connection()
    try:
        with pytest.raises(sqlite3.IntegrityError, match="without gaps"):
            insert(raw.driver_connection, "INSERT OR REPLACE", seq="3")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            insert(raw.driver_connection, "INSERT OR REPLACE", key="'k1'")
    finally:
        raw.close()
    assert ledger.verify() == 10
    ledger.close()


def test_the_reader_cannot_write(ledger, new):
    ledger.append(new())
    with ledger._reader.connect() as connection:
        raw = connection.connection.driver_connection
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            raw.execute("CREATE TABLE t (x)")
        raw.execute("PRAGMA query_only=OFF")  # and the file itself is opened read-only
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            raw.execute("CREATE TABLE t (x)")
