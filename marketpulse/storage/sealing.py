"""A ledger that cannot be trusted or written, made readable as far as it is whole, and closed for good.

The damaged file is left as it is. Its events up to the fault are copied into a new file elsewhere,
which serves the pages and takes no event.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import cast

from marketpulse.clock import Clock
from marketpulse.errors import StorageError
from marketpulse.storage import chain
from marketpulse.storage.engines import BUSY_SECONDS
from marketpulse.storage.faults import storage_errors
from marketpulse.storage.ledger import Ledger
from marketpulse.storage.places import ahead

__all__ = ["sealed_ledger"]

_ROWS = "SELECT seq, time, account, kind, ref, key, payload, hash FROM event ORDER BY seq"
_INSERT = (
    "INSERT INTO event (seq, time, account, kind, ref, key, payload, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_GENESIS = re.compile(r"[0-9a-f]{32}")


def sealed_ledger(path: Path, clock: Clock, folder: Path, why: str) -> Ledger:
    """Return a ledger in ``folder`` with the whole events of the one at ``path``, which refuses every new one.

    Parameters
    ----------
    folder : an empty folder that may be thrown away afterwards
    why : what is wrong with the ledger at ``path``; every attempt to write raises it

    Raises
    ------
    StorageError
        ``folder`` cannot be written.
    """
    copy = folder / "ledger.db"
    Ledger.open(copy, clock).close()
    with suppress(StorageError, sqlite3.Error):  # what cannot be read at all leaves an empty ledger
        _fill(path, copy)
    return Ledger.open(copy, clock, sealed=why)


def _fill(path: Path, copy: Path) -> None:
    immutable = "" if ahead(path).exists() else "&immutable=1"
    address = f"{path.absolute().as_uri()}?mode=ro{immutable}"
    with (
        storage_errors(path),
        closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as old,
        closing(sqlite3.connect(copy, isolation_level=None)) as new,
    ):
        genesis = str(old.execute("SELECT id FROM installation").fetchone()[0])
        if not _GENESIS.fullmatch(genesis):
            return
        new.execute("BEGIN IMMEDIATE")
        new.execute("DROP VIEW installation")
        new.execute(f"CREATE VIEW installation AS SELECT '{genesis}' AS id")
        new.executemany(_INSERT, _whole(old, genesis))
        new.execute("COMMIT")


def _whole(old: sqlite3.Connection, genesis: str) -> Iterator[chain.Row]:
    """Hand on the events before the first that is not as it was written."""
    with suppress(StorageError, sqlite3.Error):
        yield from chain.checked(cast("Iterator[chain.Row]", old.execute(_ROWS)), genesis)
