"""A ledger that was damaged: the start names the fault and what to type, and changes no byte of it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.errors import StorageError
from marketpulse.portfolio import Books
from marketpulse.storage import Ledger, engines
from marketpulse.storage.examining import examine
from marketpulse.storage.faults import Damaged
from marketpulse.types import NewEvent

SCRIPT = Script().cash("1000000")
for number in range(60):
    SCRIPT.order(f"o{number}", "buy", "5").fill(f"o{number}", "buy", "5", "10.10", "0.02")
EVENTS = [NewEvent(e.time, e.account, e.kind, e.ref, e.payload, e.key) for e in SCRIPT.events]
COUNT = len(EVENTS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "replay" / "ledger.db"


@pytest.fixture
def filled(path, clock):
    ledger = Ledger.open(path, clock)
    ledger.append(*EVENTS)
    ledger.close()
    return path


def flip(path, at, bits=0x01):
    content = bytearray(path.read_bytes())
    content[at] ^= bits
    path.write_bytes(content)


def flipped_byte(path):
    at = path.read_bytes().index(b'"client_order_id":"C-o30"')
    flip(path, at + len(b'"client_order_id":"C-o3'))


def tamper(path, statement):
    with closing(sqlite3.connect(path)) as raw:
        for name in ("event_no_update", "event_no_delete", "event_next"):
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
        raw.commit()


def edited_row(path):
    tamper(path, "UPDATE event SET payload = replace(payload, '10.10', '10.11') WHERE seq = 41")


def deleted_row(path):
    tamper(path, "DELETE FROM event WHERE seq = 41")


def newest_deleted(path):
    tamper(path, "DELETE FROM event WHERE seq > (SELECT max(seq) - 2 FROM event)")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_within_the_first_page(path):
    path.write_bytes(path.read_bytes()[:300])


def zero_length(path):
    path.write_bytes(b"")
    path.with_name("market.db").write_bytes(b"x")


def emptied(path):
    """What a plain copy of a running desk's ledger.db, without its -wal, can look like."""
    path.unlink()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
    path.with_name("market.db").write_bytes(b"x")


def header(path):
    flip(path, 3, 0xFF)


def page_size(path):
    content = bytearray(path.read_bytes())
    content[16:18] = b"\x03\x03"
    path.write_bytes(content)


def index_entry(path):
    with closing(sqlite3.connect(path)) as raw:
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE type = 'index'").fetchone()[0]
    content = path.read_bytes()
    at = content.index(b"fill:paper:T", (root - 1) * 4096)
    flip(path, at + 1)


DAMAGES = {
    flipped_byte: ("event 63 of the ledger was changed", 63),
    edited_row: ("event 41 of the ledger was changed", 41),
    deleted_row: ("event 41 is missing", 41),
    newest_deleted: (f"event {COUNT - 1} is missing from the ledger: it once held {COUNT}", COUNT - 1),
    cut: ("malformed", None),
    cut_within_the_first_page: ("malformed", None),
    zero_length: ("0 bytes", 1),
    emptied: ("it is empty, but this folder has been used", 1),
    header: ("header is damaged", None),
    page_size: ("header is damaged", None),
    index_entry: ("its events are whole, but the file is not", None),
}


@pytest.fixture(params=DAMAGES, ids=lambda damage: damage.__name__)
def damage(request):
    return request.param


def bytes_of(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_the_start_names_fault_and_file_and_changes_nothing(filled, clock, damage):
    damage(filled)
    words, seq = DAMAGES[damage]
    before = bytes_of(filled.parent)
    with pytest.raises(Damaged) as raised:
        Ledger.open(filled, clock)
    sentence = str(raised.value)
    assert words in sentence
    assert sentence.startswith(f"{filled} ")
    assert "There is no backup" in sentence
    assert "python -m marketpulse verify" in sentence
    assert "\n" not in sentence
    if seq is not None:
        assert raised.value.seq == seq
    assert bytes_of(filled.parent) == before


def test_the_start_offers_the_newest_finished_backup(filled, clock, damage):
    damage(filled)
    backups = filled.parents[1] / "backups"
    for name in (
        "replay-20260301-120000",
        "replay-20260302-120000",
        "replay-20260303-120000",
        "live-20270101-000000",
    ):
        (backups / name).mkdir(parents=True)
        if name != "replay-20260303-120000":  # one that was interrupted
            (backups / name / "backup.json").write_text("{}")
    with pytest.raises(Damaged) as raised:
        Ledger.open(filled, clock)
    assert f"python -m marketpulse restore {backups / 'replay-20260302-120000'} --aside" in str(raised.value)


def test_what_is_whole_before_the_fault_is_counted(filled, damage):
    damage(filled)
    found = examine(filled)
    if damage in (zero_length, emptied):
        assert (found.schema, found.events) == (None, 0)
        return
    assert found.fault
    if found.first_bad is not None and damage not in (cut, cut_within_the_first_page):
        assert found.events == found.first_bad - 1


def test_a_whole_ledger_is_found_whole_and_left_alone(filled):
    before = bytes_of(filled.parent)
    found = examine(filled)
    assert (found.fault, found.events, found.first_bad) == ("", COUNT, None)
    assert found.books[ACCOUNT].portfolio == Books.of(ACCOUNT, SCRIPT.events).portfolio
    assert bytes_of(filled.parent) == before


def test_a_page_in_the_middle_says_which_event_comes_first(filled):
    content = bytearray(filled.read_bytes())
    at = content.index(b'"client_order_id":"C-o30"') // 4096 * 4096
    content[at : at + 8] = b"\xff" * 8
    filled.write_bytes(content)
    found = examine(filled)
    assert found.fault
    assert 1 < found.first_bad <= 63
    assert found.events == found.first_bad - 1


def test_a_stale_wal_beside_a_restored_file_is_named_and_nothing_is_folded_in(filled, clock, tmp_path):
    restored = shutil.copy(filled, tmp_path / "restored.db")
    ledger = Ledger.open(filled, clock)
    ledger.append(
        *(NewEvent(e.time, e.account, e.kind, e.ref, e.payload, f"again:{i}") for i, e in enumerate(EVENTS))
    )
    stale = Path(shutil.copy(f"{filled}-wal", tmp_path / "stale"))
    ledger.close()
    with closing(sqlite3.connect(restored)) as raw:  # another file of another shape, as VACUUM INTO makes
        raw.execute("VACUUM INTO ?", (str(tmp_path / "vacuumed.db"),))
    shutil.copy(tmp_path / "vacuumed.db", filled)
    shutil.copy(stale, f"{filled}-wal")
    before = {name: data for name, data in bytes_of(filled.parent).items() if not name.endswith("-shm")}
    with pytest.raises(Damaged) as raised:
        Ledger.open(filled, clock)
    assert f"without ledger.db-wal it is whole, with {COUNT} events" in str(raised.value)
    assert "move ledger.db-wal and ledger.db-shm elsewhere" in str(raised.value)
    after = {name: data for name, data in bytes_of(filled.parent).items() if not name.endswith("-shm")}
    assert after == before
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (filled.parent / name).unlink(missing_ok=True)
    ledger = Ledger.open(filled, clock)
    assert ledger.verify() == COUNT
    ledger.close()


def test_a_crashed_desks_own_wal_is_taken_in(filled, clock, tmp_path):
    ledger = Ledger.open(filled, clock)
    ledger.append(NewEvent(EVENTS[0].time, ACCOUNT, EVENTS[0].kind, "x", EVENTS[0].payload))
    (tmp_path / "crashed").mkdir()
    for name in ("ledger.db", "ledger.db-wal"):
        shutil.copy(filled.parent / name, tmp_path / "crashed" / name)
    ledger.close()
    ledger = Ledger.open(tmp_path / "crashed" / "ledger.db", clock)
    assert ledger.verify() == COUNT + 1
    ledger.close()


def test_an_empty_file_with_a_wal_is_not_opened_since_that_would_delete_the_wal(filled, clock):
    ledger = Ledger.open(filled, clock)
    ledger.append(NewEvent(EVENTS[0].time, ACCOUNT, EVENTS[0].kind, "x", EVENTS[0].payload))
    kept = Path(f"{filled}-wal").read_bytes()
    ledger.close()
    filled.write_bytes(b"")
    Path(f"{filled}-wal").write_bytes(kept)
    with pytest.raises(Damaged, match="0 bytes"):
        Ledger.open(filled, clock)
    assert Path(f"{filled}-wal").read_bytes() == kept


def test_an_empty_file_of_a_start_that_was_cut_off_begins_anew(path, clock):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    ledger = Ledger.open(path, clock)
    assert ledger.append(EVENTS[0])[0].seq == 1
    ledger.close()


def test_a_full_disk_says_what_to_do_and_keeps_what_was_committed(filled, clock):
    ledger = Ledger.open(filled, clock)
    with ledger._writer.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute(f"PRAGMA max_page_count={raw.execute('PRAGMA page_count').fetchone()[0]}")
    more = [NewEvent(e.time, e.account, e.kind, e.ref, e.payload, f"again:{i}") for i, e in enumerate(EVENTS)]
    with pytest.raises(StorageError, match=r"disk is full .* free some space"):
        ledger.append(*more)
    ledger.close()
    assert examine(filled).events == COUNT


def test_a_second_writer_says_that_it_must_wait_and_the_first_goes_on(filled, clock, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    first = Ledger.open(filled, clock)
    with first.transaction() as tx:
        with pytest.raises(StorageError, match=r"locked by another program .* close that program"):
            Ledger.open(filled, clock)
        tx.append(NewEvent(EVENTS[0].time, ACCOUNT, EVENTS[0].kind, "x", EVENTS[0].payload))
    assert first.verify() == COUNT + 1
    first.close()


PROGRAM = """
import os, sys
from pathlib import Path
from marketpulse.clock import WallClock
from marketpulse.errors import StorageError
from marketpulse.storage import Ledger
from marketpulse.storage.examining import examine
if os.geteuid() == 0:  # modes do not bind root
    os.setgid(65534)
    os.setuid(65534)
print(examine(Path(sys.argv[1])).events)
try:
    Ledger.open(Path(sys.argv[1]), WallClock())
except StorageError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_read_only_place_can_be_looked_at_and_the_start_says_what_to_do(filled, what):
    with tempfile.TemporaryDirectory() as place:  # tmp_path is closed to other users
        home = Path(place) / "replay"
        shutil.copytree(filled.parent, home)
        Path(place).chmod(0o755)
        home.chmod(0o555 if what == "folder" else 0o777)
        (home / "ledger.db").chmod(0o444)
        ran = subprocess.run(
            [sys.executable, "-B", "-c", PROGRAM, str(home / "ledger.db")],
            capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )  # fmt: skip
        home.chmod(0o755)
        events, sentence = ran.stdout.splitlines() if ran.stdout else ("", ran.stderr)
        assert events == str(COUNT)
        assert "for this user" in sentence
        assert (home / "ledger.db").read_bytes() == filled.read_bytes()


def test_what_was_found_can_be_told_as_json(filled):
    found = examine(filled)
    assert json.loads(json.dumps(dict(found.kinds))) == {"cash": 1, "order": 60, "fill": 60}
