"""Backups proven before they get their name, and folders made from them again."""

import errno
import json
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.errors import StorageError
from marketpulse.portfolio import Books
from marketpulse.storage import Ledger, MarketStore, backup
from marketpulse.storage.backup import back_up, back_up_file, bring_back
from marketpulse.storage.examining import examine
from marketpulse.storage.faults import Damaged
from marketpulse.types import NewEvent

SCRIPT = Script().cash("1000000")
for number in range(40):
    SCRIPT.order(f"o{number}", "buy", "5").fill(f"o{number}", "buy", "5", "10.10", "0.02")
EVENTS = [NewEvent(e.time, e.account, e.kind, e.ref, e.payload, e.key) for e in SCRIPT.events]
COUNT = len(EVENTS)


@pytest.fixture
def home(tmp_path, clock):
    home = tmp_path / "data" / "replay"
    ledger = Ledger.open(home / "ledger.db", clock)
    ledger.append(*EVENTS)
    ledger.close()
    store = MarketStore.open(home / "market.db")
    store.save_provider_state("x", "{}")
    store.close()
    (home / "clock.json").write_text('{"start": "a"}')
    return home


@pytest.fixture
def made(home, tmp_path, clock):
    return back_up(home, tmp_path / "data" / "backups" / "replay-1", clock).place


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_backup_holds_ledger_market_clock_and_their_digests(home, made):
    assert names(made) == ["backup.json", "clock.json", "ledger.db", "market.db"]
    told = json.loads((made / "backup.json").read_text())
    assert (told["feed"], told["events"], sorted(told["files"])) == ("replay", COUNT, names(made)[1:])
    assert names(home) == ["clock.json", "ledger.db", "market.db"]  # no -wal or -shm was left behind
    examine(made / "ledger.db").require_whole().require_same(examine(home / "ledger.db"))


def test_a_restored_folder_opens_with_equal_books(home, made, tmp_path, clock):
    target = tmp_path / "other" / "replay"
    copied = bring_back(made, target)
    assert (names(target), copied.notes) == (["clock.json", "ledger.db", "market.db"], ())
    assert names(tmp_path / "other") == ["replay"]
    ledgers = [Ledger.open(folder / "ledger.db", clock) for folder in (home, target)]
    first, second = (Books.of(ACCOUNT, ledger.read()) for ledger in ledgers)
    assert first.portfolio == second.portfolio
    assert first.orders == second.orders
    assert ledgers[0].installation == ledgers[1].installation
    assert ledgers[1].append(EVENTS[0])[0].seq == COUNT + 1
    for ledger in ledgers:
        ledger.close()
    store = MarketStore.open(target / "market.db")
    assert store.provider_state("x") == "{}"
    store.close()


def test_twenty_backups_under_concurrent_writes_restore_with_the_books_of_their_moment(home, tmp_path, clock):
    ledger = Ledger.open(home / "ledger.db", clock)
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            n = len(written)
            script = Script().order(f"w{n}", "buy", "3").fill(f"w{n}", "buy", "3", "9.99", "0.01")
            written.append(ledger.append(
                *(NewEvent(e.time, e.account, e.kind, e.ref, e.payload, f"{e.kind}:w{n}") for e in script.events)
            ))  # fmt: skip

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [back_up(home, tmp_path / "backups" / f"replay-{i:02}", clock) for i in range(20)]
    finally:
        stop.set()
        writer.join()
    ledger.close()
    events = [copy.found.events for copy in copies]
    assert events == sorted(events)
    assert events[-1] > events[0] >= COUNT
    for i, copy in enumerate(copies):
        target = tmp_path / f"again{i}" / "replay"
        bring_back(copy.place, target)
        restored = Ledger.open(target / "ledger.db", clock)
        books = Books.of(ACCOUNT, restored.read())
        then = (event for event in _events(home, clock) if event.seq <= copy.found.events)
        assert books.portfolio == Books.of(ACCOUNT, then).portfolio
        assert restored.verify() == copy.found.events
        restored.close()


def _events(home, clock):
    ledger = Ledger.open(home / "ledger.db", clock)
    yield from list(ledger.read())
    ledger.close()


def test_the_ledger_alone_goes_into_a_file_and_comes_back(home, tmp_path):
    copied = back_up_file(home, tmp_path / "usb" / "copy.db")
    assert names(tmp_path / "usb") == ["copy.db"]
    target = tmp_path / "new" / "replay"
    assert bring_back(copied.place, target).found.events == COUNT
    assert names(target) == ["ledger.db"]
    with pytest.raises(StorageError, match=r"copy\.db is there already"):
        back_up_file(home, copied.place)


def test_a_damaged_ledger_is_not_backed_up(home, tmp_path, clock):
    with closing(sqlite3.connect(home / "ledger.db")) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute("UPDATE event SET ref = 'x' WHERE seq = 7")
        raw.commit()
    with pytest.raises(Damaged, match=r"replay.ledger\.db is damaged: event 7 .* changed"):
        back_up(home, tmp_path / "backups" / "replay-1", clock)
    assert names(tmp_path / "backups") == []


def test_a_torn_ledger_is_named_as_the_damaged_one(home, tmp_path, clock):
    ledger = home / "ledger.db"
    ledger.write_bytes(ledger.read_bytes()[:20_000])
    with pytest.raises(Damaged, match=r"data.replay.ledger\.db is damaged"):
        back_up(home, tmp_path / "backups" / "replay-1", clock)


def test_a_damaged_market_store_is_left_out_and_said(home, tmp_path, clock):
    (home / "market.db").write_bytes(b"no database" * 1000)
    copied = back_up(home, tmp_path / "b" / "replay-1", clock)
    assert names(copied.place) == ["backup.json", "clock.json", "ledger.db"]
    assert "market store was left out" in copied.notes[0]


def test_a_target_that_is_there_is_not_overwritten(home, made, clock):
    before = (made / "ledger.db").read_bytes()
    with pytest.raises(StorageError, match="cannot be made"):
        back_up(home, made, clock)
    assert names(made.parent) == ["replay-1"]
    assert (made / "ledger.db").read_bytes() == before


REFUSALS = {
    errno.ENOSPC: "the disk is full",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
}


@pytest.fixture(params=REFUSALS)
def refusing(request, monkeypatch):
    """Make the disk refuse what is written from now on; returns what is said then."""

    def refuse(*_):
        raise OSError(request.param, os.strerror(request.param))

    def begin():
        monkeypatch.setattr(backup, "_flush", refuse)
        return REFUSALS[request.param]

    return begin


def test_a_disk_that_refuses_is_said_and_nothing_is_left(home, made, tmp_path, clock, refusing):
    words = refusing()
    with pytest.raises(StorageError, match=words):
        back_up(home, tmp_path / "full" / "replay-1", clock)
    with pytest.raises(StorageError, match=words):
        bring_back(made, tmp_path / "other" / "replay")
    assert names(tmp_path / "full") == names(tmp_path / "other") == []


def test_a_database_that_cannot_grow_is_said(home, tmp_path, clock, monkeypatch):
    class Full(sqlite3.Connection):
        def execute(self, statement, *values):
            if statement.startswith("VACUUM"):
                super().execute("PRAGMA max_page_count=1")
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            return super().execute(statement, *values)

    monkeypatch.setattr(
        backup.sqlite3, "connect", lambda *a, c=sqlite3.connect, **k: c(*a, factory=Full, **k)
    )
    with pytest.raises(StorageError, match="disk is full"):
        back_up(home, tmp_path / "full" / "replay-1", clock)


@pytest.mark.parametrize("beside", ["ledger.db", "ledger.db-wal", "notes.txt"])
def test_only_an_empty_folder_is_restored_into(made, tmp_path, beside):
    target = tmp_path / "other" / "replay"
    target.mkdir(parents=True)
    (target / beside).write_text("mine")
    with pytest.raises(StorageError, match=rf"is not empty \(it holds {beside}\)"):
        bring_back(made, target)
    assert (target / beside).read_text() == "mine"
    bring_back(made, target, tmp_path / "other" / "old")
    assert (tmp_path / "other" / "old" / beside).read_text() == "mine"
    assert "ledger.db-wal" not in names(target)


def test_an_empty_folder_is_taken(made, tmp_path):
    (tmp_path / "replay").mkdir()
    assert bring_back(made, tmp_path / "replay").found.events == COUNT


def test_a_backup_that_was_damaged_is_refused_and_nothing_is_made(made, tmp_path):
    with closing(sqlite3.connect(made / "ledger.db")) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute("UPDATE event SET ref = 'x' WHERE seq = 7")
        raw.commit()
    target = tmp_path / "other" / "replay"
    with pytest.raises(Damaged, match=r"event 7 .* changed"):
        bring_back(made, target)
    assert not target.exists()


def test_another_ledger_under_a_backups_name_is_refused(home, made, tmp_path, clock):
    (made / "ledger.db").unlink()
    Ledger.open(made / "ledger.db", clock).close()
    with pytest.raises(StorageError, match="not the file that was backed up"):
        bring_back(made, tmp_path / "other" / "replay")
    assert home.exists()


def test_a_changed_market_store_is_left_out_and_said(made, tmp_path):
    (made / "market.db").write_bytes(b"other")
    copied = bring_back(made, tmp_path / "other" / "replay")
    assert copied.notes == ("market.db was left out: it is not the file that was backed up.",)
    assert names(copied.place) == ["clock.json", "ledger.db"]


def test_an_unfinished_backup_is_refused(made, tmp_path):
    (made / "backup.json").unlink()
    with pytest.raises(StorageError, match="no finished backup"):
        bring_back(made, tmp_path / "other" / "replay")


def test_a_desks_own_ledger_with_its_wal_is_no_backup(home, tmp_path, clock):
    ledger = Ledger.open(home / "ledger.db", clock)
    ledger.append(EVENTS[0])
    with pytest.raises(StorageError, match=r"ledger\.db-wal lies beside it"):
        bring_back(home / "ledger.db", tmp_path / "other" / "replay")
    ledger.close()


def test_a_copy_of_the_file_alone_would_have_missed_the_newest_events(home, tmp_path, clock):
    ledger = Ledger.open(home / "ledger.db", clock)
    ledger.append(EVENTS[0])
    naive = Path(shutil.copy(home / "ledger.db", tmp_path / "naive.db"))
    proper = back_up_file(home, tmp_path / "proper.db")
    ledger.close()
    assert (examine(naive).events, proper.found.events) == (COUNT, COUNT + 1)


@pytest.fixture
def shorter(tmp_path, clock):
    """A whole ledger that is not the one asked for."""
    ledger = Ledger.open(tmp_path / "shorter.db", clock)
    ledger.append(*EVENTS[:-1])
    ledger.close()
    return tmp_path / "shorter.db"


def test_a_copy_that_is_whole_but_says_something_else_is_no_backup(home, shorter, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "_vacuum", lambda _, copy: shutil.copy(shorter, copy))
    with pytest.raises(StorageError, match=r"ledger\.db and .* differ in their hash"):
        back_up_file(home, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_restored_ledger_that_says_something_else_is_not_put_in_place(made, shorter, tmp_path, monkeypatch):
    def other(_ledger, _folder, _known, part):
        shutil.copy(shorter, part / "ledger.db")
        return ()

    monkeypatch.setattr(backup, "_copy_all", other)
    with pytest.raises(StorageError, match="differ in their events"):
        bring_back(made, tmp_path / "other" / "replay")
    assert not (tmp_path / "other" / "replay").exists()
