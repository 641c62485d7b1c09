"""A ledger that was damaged serves what is whole of it, and takes nothing more."""

import sqlite3
from contextlib import closing

import pytest

from marketpulse.errors import StorageError
from marketpulse.storage import Ledger, sealed_ledger

WHY = "it is damaged"


@pytest.fixture
def ten(path, clock, new):
    ledger = Ledger.open(path, clock)
    ledger.append(*(new(f"o{i}", key=f"k{i}") for i in range(1, 11)))
    ledger.close()
    return path


def spoil(path, seq):
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute("UPDATE event SET ref = 'x' WHERE seq = ?", (seq,))
        raw.commit()


@pytest.mark.parametrize(("seq", "whole"), [(1, 0), (5, 4), (10, 9)])
def test_what_lies_before_the_fault_is_served_and_the_file_is_left_alone(ten, clock, tmp_path, seq, whole):
    with closing(Ledger.open(ten, clock)) as before:
        said, events = before.installation, list(before.read())
    spoil(ten, seq)
    bytes_before = ten.read_bytes()
    with closing(sealed_ledger(ten, clock, tmp_path / "aside", WHY)) as ledger:
        assert ledger.installation == said
        assert list(ledger.read()) == events[:whole]
        assert ledger.verify() == whole
    assert ten.read_bytes() == bytes_before


def test_no_event_is_taken_and_the_reason_is_told(ten, clock, new, tmp_path):
    with closing(sealed_ledger(ten, clock, tmp_path / "aside", WHY)) as ledger:
        with pytest.raises(StorageError, match=WHY):
            ledger.append(new("o11"))
        with pytest.raises(StorageError, match=WHY), ledger.transaction():
            pytest.fail("a sealed ledger begins no transaction")
        assert ledger.sealed == WHY
        assert len(list(ledger.read())) == 10


@pytest.mark.parametrize("content", [b"", b"no database at all" * 500])
def test_a_file_that_cannot_be_read_leaves_an_empty_ledger(path, clock, tmp_path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with closing(sealed_ledger(path, clock, tmp_path / "aside", WHY)) as ledger:
        assert list(ledger.read()) == []
    assert path.read_bytes() == content


def test_a_ledger_cut_in_the_middle_serves_its_beginning(ten, clock, tmp_path):
    whole = ten.read_bytes()
    ten.write_bytes(whole[: len(whole) - 4096])
    with closing(sealed_ledger(ten, clock, tmp_path / "aside", WHY)) as ledger:
        found = [event.seq for event in ledger.read()]
        assert found == list(range(1, len(found) + 1))
