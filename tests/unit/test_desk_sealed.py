"""A desk whose ledger was damaged or cannot be written: it shows what is whole, says why, and changes nothing."""

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from marketpulse import desk as facade
from marketpulse.desk import Desk
from marketpulse.errors import Refused
from marketpulse.settings import load
from marketpulse.types import DeskStatus, Trading

BUY = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10"}


def settings(folder):
    given = {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder / "data")}
    return load(given, Path("/nonexistent/.env"))


@pytest.fixture
def traded(tmp_path):
    """A data folder whose ledger holds two orders; ``spoil`` edits one of its events."""
    with Desk.open(settings(tmp_path)) as desk:
        desk.place(BUY, "one")
        desk.place({**BUY, "symbol": "IBM"}, "two")
    return tmp_path


def spoil(folder, statement, *values):
    path = folder / "data" / "replay" / "ledger.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute("DROP TRIGGER event_no_delete")
        raw.execute(statement, values)
        raw.commit()
    return path


def orders_before(path, statement):
    """The sequence numbers of the two intents."""
    with closing(sqlite3.connect(path)) as raw:
        return [row[0] for row in raw.execute(statement)]


def test_what_is_whole_is_shown_and_the_fault_is_named(traded):
    path = traded / "data" / "replay" / "ledger.db"
    first, second = orders_before(path, "SELECT seq FROM event WHERE kind = 'order' ORDER BY seq")
    spoil(traded, "UPDATE event SET ref = 'x' WHERE seq = ?", second)
    before = path.read_bytes()
    with Desk.open(settings(traded)) as desk:
        shown = desk.snapshot()
        assert [order.request.symbol for order in shown.orders] == ["AAPL"]
        assert (shown.status, shown.trading) == (DeskStatus.HALTED, Trading.HALTED)
        assert f"event {second}" in shown.halt.why
        assert "verify" in shown.halt.why  # no backup was made: it says how to see how far it is whole
        assert shown.notes[0] == shown.halt.why
        assert shown.market["AAPL"].quote.price > 0
        assert facade.current() is desk
    assert path.read_bytes() == before
    assert first < second


VERBS = [
    lambda desk: desk.place(BUY, "three"),
    lambda desk: desk.generate(),
    lambda desk: desk.cancel(desk.snapshot().orders[0].id),
    lambda desk: desk.replace(desk.snapshot().orders[0].id, "k", quantity="5"),
    lambda desk: desk.halt("x"),
    lambda desk: desk.reduce("x"),
    lambda desk: desk.flatten("FLATTEN"),
    lambda desk: desk.resume("RESUME"),
    lambda desk: desk.arm("paper", "desk"),
    lambda desk: desk.adopt("paper", "desk", "ADOPT desk"),
    lambda desk: desk.statement("a,b", "paper:desk"),
]


def test_every_verb_that_would_change_something_is_refused(traded):
    path = spoil(traded, "UPDATE event SET time = '2012-06-01T00:00:00.000000+00:00' WHERE seq = 3")
    before = path.read_bytes()
    with Desk.open(settings(traded)) as desk:
        for verb in VERBS:
            with pytest.raises(Refused) as refused:
                verb(desk)
            assert refused.value.code == "READ_ONLY"
            assert "event 3" in refused.value.sentence
        (check,) = desk.preview(BUY).failed
        assert check.code == "READ_ONLY"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:8192]),
        lambda path: path.write_bytes(b"no database" * 1000),
        lambda path: spoil(path.parents[2], "DELETE FROM event WHERE seq = 2"),
    ],
    ids=["empty", "cut", "nothing like it", "a row gone"],
)
def test_every_kind_of_damage_starts_a_desk_that_only_reads(traded, damage):
    path = traded / "data" / "replay" / "ledger.db"
    damage(path)
    before = path.read_bytes()
    with Desk.open(settings(traded)) as desk:
        shown = desk.snapshot()
        assert shown.trading is Trading.HALTED
        assert "ledger.db" in shown.halt.why
        assert shown.valuation.cash in {0, 100_000}
    assert path.read_bytes() == before


def test_nothing_is_left_behind_and_the_folder_is_let_go(traded, monkeypatch, tmp_path):
    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(aside))
    spoil(traded, "UPDATE event SET ref = 'x' WHERE seq = 2")
    for _ in range(2):
        with Desk.open(settings(traded)):
            assert len(list(aside.iterdir())) == 1
        assert list(aside.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_shown_as_it_is(traded, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, "no")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with Desk.open(settings(traded)) as desk:
        shown = desk.snapshot()
        assert "cannot be written" in shown.halt.why
        assert len(shown.orders) == 2
        with pytest.raises(Refused, match="cannot be written"):
            desk.place(BUY, "three")
