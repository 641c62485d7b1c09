"""The one truth on disk: an append-only, hash-chained table of events.

One writer in the process and one on the file: a transaction takes an in-process lock, then SQLite's
(BEGIN IMMEDIATE), so that a check and the event that rests on it are one step. Readers use their own
read-only connections and never wait.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from marketpulse.clock import Clock
from marketpulse.errors import StorageError
from marketpulse.storage import chain
from marketpulse.storage.engines import BUSY_SECONDS, reader_engine, writer_engine
from marketpulse.storage.examining import require_whole
from marketpulse.storage.faults import Damaged, DuplicateKey, is_duplicate, make_folder, storage_errors
from marketpulse.storage.ledger_schema import HEAD
from marketpulse.storage.migrate import migrate
from marketpulse.types import Event, EventKind, NewEvent

__all__ = ["Ledger", "Tx"]

_COLUMNS = "seq, time, account, kind, ref, key, payload, hash"
_INSERT = f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  a constant
_SELECT = f"SELECT {_COLUMNS} FROM event"  # noqa: S608  a constant
_BY_KEY = f"{_SELECT} WHERE key = ?"
_SYMBOLS = "SELECT DISTINCT json_extract(payload, '$.symbol') FROM event WHERE kind IN ('order', 'external')"
_LAST = f"{_SELECT} ORDER BY seq DESC LIMIT 1"
_PAGE = f"{_SELECT} WHERE seq > ? ORDER BY seq LIMIT 1000"
_PAGE_WITHOUT = f"{_SELECT} WHERE seq > ? AND kind NOT IN ({{}}) ORDER BY seq LIMIT 1000"
_ALL = f"{_SELECT} ORDER BY seq"
_HIGHEST = "SELECT seq FROM sqlite_sequence WHERE name = 'event'"


class Tx:
    """One write transaction; what it appends is durable once the ``with`` block has ended well."""

    def __init__(self, connection: Connection, path: Path, genesis: str) -> None:
        self._connection = connection
        self._path = path
        self._open = True
        row = connection.exec_driver_sql("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").first()
        self._seq: int = row[0] if row else 0
        self._hash: str = row[1] if row else genesis

    @property
    def seq(self) -> int:
        """The number of the newest event, this transaction's own included; 0 when there is none."""
        return self._seq

    def append(self, new: NewEvent) -> Event:
        """Add one event.

        Raises
        ------
        DuplicateKey
            The key is taken. Only this append failed: caught inside the ``with`` block, the
            transaction goes on and what it appended before stays.
        """
        self._require_open()
        row = chain.row_of(new, self._seq + 1, self._hash)
        with storage_errors(self._path):
            try:
                self._connection.exec_driver_sql(_INSERT, row)
            except IntegrityError as error:
                if new.key is not None and is_duplicate(error):
                    raise DuplicateKey(new.key) from None
                raise
        self._seq, self._hash = row[0], row[-1]
        return chain.event_of(row)

    def by_key(self, key: str) -> Event | None:
        """The event with this key, this transaction's own included."""
        self._require_open()
        with storage_errors(self._path):
            return _first(self._connection, _BY_KEY, key)

    def _require_open(self) -> None:
        if not self._open:
            raise StorageError("the transaction is over; nothing can be added to it")

    def close(self) -> None:
        """Refuse everything from now on."""
        self._open = False


class Ledger:
    """The ledger of one data folder.

    Attributes
    ----------
    path : the file
    clock : the desk's
    installation : 32 hexadecimal characters, made with the file and the same for ever
    sealed : why no event is taken any more; empty for a ledger in use
    """

    def __init__(self, path: Path, clock: Clock, writer: Engine, reader: Engine, sealed: str = "") -> None:
        self.path = path
        self.clock = clock
        self.sealed = sealed
        self._writer = writer
        self._reader = reader
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._closed = False
        with self._reading() as connection:
            row = connection.exec_driver_sql("SELECT id FROM installation").first()
        if row is None:
            raise StorageError(f"{path} has lost its installation id")
        self.installation: str = row[0]

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Clock,
        connection: type[sqlite3.Connection] = sqlite3.Connection,
        *,
        sealed: str = "",
    ) -> "Ledger":
        """Verify the ledger at ``path``, without a right to change it; then open, make or upgrade it.

        Parameters
        ----------
        connection : class of the writer's connection; the proofs plant one that fails
        sealed : take no event, and say this instead

        Raises
        ------
        StorageError
            It cannot be opened, or does not hold what was written.
        """
        make_folder(path.parent)
        require_whole(path)
        with storage_errors(path):
            writer = writer_engine(path, "FULL", connection)
            reader = reader_engine(path)
            try:
                migrate(writer, "ledger", HEAD)
                ledger = cls(path, clock, writer, reader, sealed)
            except BaseException:
                writer.dispose()
                reader.dispose()
                raise
        return ledger

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """Hold the ledger alone, from before the first read to the commit.

        An exception that leaves the block undoes the whole transaction. Transactions do not nest.
        """
        with self._alone(), storage_errors(self.path), self._writer.begin() as connection:
            tx = Tx(connection, self.path, self.installation)
            try:
                yield tx
            finally:
                tx.close()

    def append(self, *events: NewEvent) -> tuple[Event, ...]:
        """Commit these events together, or none of them."""
        with self.transaction() as tx:
            return tuple(tx.append(event) for event in events)

    def read(self, after: int = 0, without: Iterable[EventKind] = ()) -> Iterator[Event]:
        """Events numbered above ``after``, oldest first, up to the newest when the last page is read.

        Parameters
        ----------
        without : kinds that are passed over unread, which is most of the work
        """
        kinds = [kind.value for kind in without]
        page = _PAGE_WITHOUT.format(", ".join("?" * len(kinds))) if kinds else _PAGE
        while True:
            with self._reading() as connection:
                rows = connection.exec_driver_sql(page, (after, *kinds)).fetchall()
            if not rows:
                return
            for row in rows:
                yield chain.event_of(cast("chain.Row", row))
            after = rows[-1][0]

    def symbols(self) -> frozenset[str]:
        """What was ever ordered, adopted or imported."""
        with self._reading() as connection:
            rows = connection.exec_driver_sql(_SYMBOLS).fetchall()
        return frozenset(row[0] for row in rows if row[0])

    def by_key(self, key: str) -> Event | None:
        """The committed event with this key."""
        with self._reading() as connection:
            return _first(connection, _BY_KEY, key)

    def last(self) -> Event | None:
        """The newest committed event."""
        with self._reading() as connection:
            return _first(connection, _LAST)

    def verify(self) -> int:
        """Check every event against the chain and return how many there are.

        Raises
        ------
        StorageError
            One was changed, removed or moved; its number is in the sentence.
        """
        with self._reading() as connection:
            highest = connection.exec_driver_sql(_HIGHEST).scalar() or 0
            rows = connection.exec_driver_sql(_ALL)
            count = chain.check(cast("Iterator[chain.Row]", rows), self.installation)
        if count != highest:
            raise Damaged(f"event {count + 1} is missing from the ledger: it once held {highest}", count + 1)
        return count

    def close(self) -> None:
        """Close the file; again is harmless."""
        self._closed = True
        self._reader.dispose()
        self._writer.dispose()  # last, since only a writer can fold the -wal file into the ledger

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self.sealed:
            raise StorageError(self.sealed)
        me = threading.get_ident()
        if self._holder == me:
            raise StorageError("this thread already holds a transaction; transactions do not nest")
        self._require_open()
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise StorageError(f"{self.path} is held by another transaction of this desk")
        self._holder = me
        try:
            yield
        finally:
            self._holder = None
            self._lock.release()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._require_open()
        with storage_errors(self.path), self._reader.connect() as connection:
            yield connection

    def _require_open(self) -> None:
        if self._closed:
            raise StorageError(f"{self.path} has been closed")


def _first(connection: Connection, statement: str, *values: str) -> Event | None:
    row = connection.exec_driver_sql(statement, values).first()
    return None if row is None else chain.event_of(cast("chain.Row", row))
