"""The write-ahead log cut at every byte of its last frames: what is left is whole, and a beginning of what was."""

import shutil
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.clock import SimClock
from marketpulse.errors import StorageError
from marketpulse.portfolio import Books
from marketpulse.prove.found import Found
from marketpulse.prove.life import wish
from marketpulse.prove.venue import ACCOUNT, Luck
from marketpulse.prove.world import OPENING, World
from marketpulse.storage import Ledger
from marketpulse.types import Event

__all__ = ["cuts"]

_FRAMES = 3
_FRAME = 24 + 4096
_ORDERS = 12


def cuts(seed: int, size: int, folder: Path, share: tuple[int, int] = (0, 1)) -> Found:
    """Cut at each ``size``-th byte of the last three frames; ``share`` is which part of how many."""
    faults, lengths, runs = Counter[str](), set[int](), 0
    with TemporaryDirectory(dir=folder) as made, TemporaryDirectory(dir=folder) as place:
        events = _write(Path(made), seed)
        wal = (Path(made) / "ledger.db-wal").read_bytes()
        points = range(len(wal) - _FRAMES * _FRAME, len(wal), size)
        before = 0
        for cut in (*points[share[0] :: share[1]], len(wal)):
            found, kept = _open(Path(made), Path(place), wal[:cut], events)
            found["shorter than an earlier cut"] += kept < before
            before = max(before, kept)
            lengths.add(kept)
            faults.update({f"cut at {cut}: {what}": n for what, n in (+found).items()})
            runs += 1
    if len(lengths) == 1 and runs > 1:
        faults["no cut took anything away"] += 1
    notes = {"events": len(events) if share[0] == 0 else 0}
    return Found(runs, dict(faults), notes, (seed,) if faults else ())


def _write(folder: Path, seed: int) -> list[Event]:
    """A ledger whose newest events lie in the write-ahead log only: copied while it is open."""
    with TemporaryDirectory(dir=folder) as place:
        world = World(Path(place), seed, Luck(0.0, 0.0, 0.0, 0.0))
        world.plan.rewrite["PRAGMA foreign_keys=ON"] = "PRAGMA wal_autocheckpoint=0"
        world.restart()
        dice = world.dice
        world.execution.recover()
        for i in range(_ORDERS):
            world.execution.place(wish(dice), f"k{i}")
            world.execution.turn({}, {})
            world.advance(1.0)
        events = list(world.ledger.read())
        for name in ("ledger.db", "ledger.db-wal"):
            shutil.copy(Path(place) / name, folder / name)
        world.ledger.close()
    return events


def _open(made: Path, place: Path, wal: bytes, events: list[Event]) -> tuple[Counter[str], int]:
    """Open what is left and say what is wrong with it, and how many events it holds."""
    found = Counter[str]()
    for old in place.iterdir():
        old.unlink()
    shutil.copy(made / "ledger.db", place / "ledger.db")
    (place / "ledger.db-wal").write_bytes(wal)
    try:
        ledger = Ledger.open(place / "ledger.db", SimClock(OPENING))
    except StorageError:
        found["not opened"] += 1
        return found, 0
    left = list(ledger.read())
    found["not whole"] += ledger.verify() != len(left)
    ledger.close()
    found["not a beginning of what was"] += left != events[: len(left)]
    books, expected = Books.of(ACCOUNT, left), Books.of(ACCOUNT, events[: len(left)])
    same = books.portfolio == expected.portfolio and dict(books.orders) == dict(expected.orders)
    found["other books"] += not same
    return found, len(left)
