"""A durable commit: one event through the ledger, and bare sqlite3 doing the same statements.

Both files are made by the ledger, so both have its table, checks and triggers; both commit with
WAL and synchronous=FULL on the same disk, turn by turn in the same run. Run from the project's
folder: ``python -m bench.ledger_commit``.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.books import NOW
from bench.table import Row, show
from marketpulse.clock import SimClock
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, NewEvent

DATA = Path(__file__).parents[1] / "data"  # the disk that the real ledger lives on
COLUMNS = "seq, time, account, kind, ref, key, payload, hash"
LAST = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
BY_KEY = f"SELECT {COLUMNS} FROM event WHERE key = ?"
INSERT = f"INSERT INTO event ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PAYLOAD = {
    "request": {
        "symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10", "limit_price": None,
        "stop_price": None, "time_in_force": "day",
    },
    "client_order_id": "MPABCDEFGHIJKLMNOPQR", "reserved": "5860.12",
}  # fmt: skip


class Bare:
    """sqlite3 without anything around it, on a ledger's file."""

    def __init__(self, path: Path) -> None:
        Ledger.open(path, SimClock(NOW)).close()
        self.raw = sqlite3.connect(path, isolation_level=None)
        self.raw.execute("PRAGMA synchronous=FULL")
        self.raw.execute("PRAGMA foreign_keys=ON")
        self.text = '{"client_order_id":"MPABCDEFGHIJKLMNOPQR","request":{' + '"x":"' + "y" * 170 + '"}}'

    def commit(self, number: int, *, look: bool = True) -> None:
        """Read the last row, read by key where ``look``, insert one, commit."""
        run = self.raw.execute
        run("BEGIN IMMEDIATE")
        run(LAST).fetchone()
        if look:
            run(BY_KEY, (f"key-{number}",)).fetchone()
        moment = "2012-06-01T15:00:00.000000+00:00"
        run(INSERT, (number, moment, "paper:1", "order", "ref", f"key-{number}", self.text, "0" * 64))
        run("COMMIT")


def turns(
    works: list[Callable[[int], object]], after: Callable[[], object] = int, count: int = 400
) -> list[float]:
    """Median microseconds of each work, done turn by turn so that the disk treats them alike.

    ``after`` tidies up after each turn and is not timed.
    """
    times = [[] for _ in works]
    for number in range(1, count + 1):
        for work, found in zip(works, times, strict=True):
            start = time.perf_counter()
            work(number)
            found.append(time.perf_counter() - start)
        after()
    return [1e6 * statistics.median(found[count // 10 :]) for found in times]


def measure() -> list[Row]:
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        bare = Bare(Path(folder) / "bare.db")
        ledger = Ledger.open(Path(folder) / "ledger.db", SimClock(NOW))

        def ours(number: int) -> None:
            key = f"key-{number}"
            with ledger.transaction() as tx:
                if tx.by_key(key) is None:
                    tx.append(NewEvent(NOW, "paper:1", EventKind.ORDER, "ref", PAYLOAD, key))

        floor, value = turns([bare.commit, ours])
        ledger.close()
        bare.raw.close()
    return [Row("one event committed", value, "us", 3, floor, "bare sqlite3, FULL", relative=True)]


if __name__ == "__main__":
    show(measure())
