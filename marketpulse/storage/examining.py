"""Look at a ledger without a right to change it: whether it is whole, and what its books say.

The desk looks before it opens a ledger for writing, since SQLite's first writer may fold a stale
``-wal`` file into the ledger, or delete one beside an empty file, and so destroy what could be saved.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from marketpulse.errors import StorageError
from marketpulse.portfolio import Books
from marketpulse.storage import chain
from marketpulse.storage.engines import BUSY_SECONDS
from marketpulse.storage.faults import Damaged, storage_errors
from marketpulse.storage.ledger_schema import HEAD
from marketpulse.storage.places import advice, ahead
from marketpulse.types import Event, EventKind

__all__ = ["Found", "examine", "require_whole"]

_ROWS = "SELECT seq, time, account, kind, ref, key, payload, hash FROM event WHERE seq <= ? ORDER BY seq"
_HIGHEST = "SELECT seq FROM sqlite_sequence WHERE name = 'event'"
_ALL = 2**62
_COMMON = frozenset({EventKind.HALT, EventKind.RESUME, EventKind.FLATTEN})
_BOOKED = frozenset(
    {
        EventKind.CASH,
        EventKind.ORDER,
        EventKind.DENIED,
        EventKind.FILL,
        EventKind.ACTION,
        EventKind.EXTERNAL,
    }
)
_CHUNK = 5_000  # events folded at a time: enough that folding is not slowed down, few enough for memory


@dataclass(frozen=True, slots=True)
class Found:
    """What a ledger holds.

    Attributes
    ----------
    path : the file
    schema : its newest migration, None for a file without tables
    events : how many are as they were written, from the first on
    hash : of the last of them
    kinds : how many of each kind
    books : by account, folded from them; empty when that was not asked for
    fault : what is wrong, in one sentence without a full stop; empty for a whole ledger
    first_bad : the first event that is not as it was written, None when none is or it cannot be said
    """

    path: Path
    schema: str | None = None
    events: int = 0
    hash: str = ""
    kinds: Mapping[str, int] = field(default_factory=dict)
    books: Mapping[str, Books] = field(default_factory=dict)
    fault: str = ""
    first_bad: int | None = None

    @property
    def error(self) -> Damaged:
        """The fault, to be raised."""
        return Damaged(f"{self.path} is damaged: {self.fault}", self.first_bad)

    def require_whole(self) -> "Found":
        """Return itself.

        Raises
        ------
        Damaged
            It is not whole.
        """
        if self.fault:
            raise self.error
        return self

    def require_same(self, other: "Found") -> None:
        """Compare events and books.

        Raises
        ------
        StorageError
            They differ.
        """
        for name in ("events", "hash", "kinds"):
            if getattr(self, name) != getattr(other, name):
                raise StorageError(f"{self.path} and {other.path} differ in their {name}")
        mine, theirs = ({a: _sums(b) for a, b in f.books.items()} for f in (self, other))
        if mine != theirs:
            raise StorageError(f"the books of {self.path} and {other.path} differ")


def _sums(books: Books) -> tuple[object, ...]:
    return books.portfolio, books.halt, books.reserved_cash


def require_whole(path: Path) -> None:
    """Refuse a ledger that was damaged, before anything could be written to it.

    Raises
    ------
    Damaged
        What is damaged, where, and what to type.
    StorageError
        It cannot be read, or is no ledger of this version.
    """
    if not path.exists():
        return
    try:
        found = examine(path, book=False)
        if found.schema is None and _used(path):
            fault = "it is empty, but this folder has been used" if _size(path) else "it holds 0 bytes"
            found = replace(found, fault=fault, first_bad=1)
        found.require_whole()
    except Damaged as error:
        raise Damaged(f"{error}. It was left as it is. {advice(path)}", error.seq) from error
    if not os.access(path, os.W_OK):  # SQLite would notice at the first event only
        raise StorageError(
            f"{path} cannot be written: it is read-only; make it and its folder writable for this user"
        )


def _used(path: Path) -> bool:
    """Tell whether an empty ledger cannot be a new one: the market store is made after it."""
    cut = _size(path) == 0 and _size(ahead(path)) > 0
    return cut or _size(path.with_name("market.db")) > 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def examine(path: Path, *, book: bool = True, until: int = _ALL) -> Found:
    """Check the file's structure and its chain, and fold its books; nothing is changed.

    Parameters
    ----------
    book : fold the books too
    until : look at the events up to this number only

    Raises
    ------
    StorageError
        It cannot be read, or is no ledger of this version; damage is not raised but found.
    """
    if not path.is_file():
        raise StorageError(f"{path} cannot be opened: it is {'no file' if path.exists() else 'not there'}")
    if _size(path) == 0:
        return Found(path)  # opening it would delete a -wal file beside it
    live = _size(ahead(path)) > 0
    found = _examine(path, until, book=book, immutable=not live)
    if found.fault and not live and _size(ahead(path)) > 0:  # a desk has begun meanwhile
        live, found = True, _examine(path, until, book=book, immutable=False)
    if found.fault and live and until == _ALL:
        with suppress(StorageError):
            alone = _examine(path, until, book=False, immutable=True)
            if alone.schema is not None and not alone.fault:
                found = replace(found, fault=_stale(path, found, alone))
    return found


def _stale(path: Path, found: Found, alone: Found) -> str:
    wal = ahead(path).name
    return (
        f"{found.fault}; without {wal} it is whole, with {alone.events} events. If {path.name} was copied "
        f"here, {wal} belongs to another ledger: move {wal} and {path.name}-shm elsewhere and start again"
    )


def _examine(path: Path, until: int, *, book: bool, immutable: bool) -> Found:
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    found = Found(path)
    try:
        with (
            storage_errors(path),
            closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as raw,
        ):
            raw.execute("BEGIN")  # one state for all that follows
            schema = _schema(raw, path)
            if schema is None:
                return found
            found = replace(found, schema=schema)
            return _whole(raw, _walk(raw, found, until, book=book), until)
    except Damaged as error:
        return replace(found, fault=str(error).removeprefix(f"{path} ").removeprefix("is damaged "))


def _schema(raw: sqlite3.Connection, path: Path) -> str | None:
    tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise StorageError(f"{path} is a database, but not one that MarketPulse made")
    version = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    schema = str(version[0]) if version else ""
    if not ("ledger_" <= schema <= HEAD):
        raise StorageError(
            f"{path}: the file's schema {schema} is unknown here: it is not a ledger file, "
            "or a newer MarketPulse made it"
        )
    return schema


def _walk(raw: sqlite3.Connection, found: Found, until: int, *, book: bool) -> Found:
    """Follow the chain as far as it is whole, and fold on the way."""
    fold = _Fold()
    kinds: dict[str, int] = {}
    last: chain.Row | None = None
    fault, bad = "", None
    try:
        for row in chain.checked(_rows(raw, until), _genesis(raw)):
            last = row
            kinds[row[3]] = kinds.get(row[3], 0) + 1
            if book:
                fold.add(chain.event_of(row))
        fold.end()
    except StorageError as error:
        fault, bad = str(error), getattr(error, "seq", None)
    except sqlite3.DatabaseError as error:
        fault, bad = str(error), (last[0] if last else 0) + 1
        fault = f"event {bad} cannot be read ({fault})"
    with suppress(StorageError):
        fold.end()  # the books as far as the chain is whole
    events, digest = (last[0], last[-1]) if last else (0, "")
    return replace(
        found, events=events, hash=digest, kinds=kinds, books=fold.books, fault=fault, first_bad=bad
    )


def _rows(raw: sqlite3.Connection, until: int) -> Iterator[chain.Row]:
    return cast("Iterator[chain.Row]", raw.execute(_ROWS, (until,)))


def _genesis(raw: sqlite3.Connection) -> str:
    row = raw.execute("SELECT id FROM installation").fetchone()
    if row is None:
        raise Damaged("its installation id is lost")
    return str(row[0])


class _Fold:
    """The books of every account that an event names."""

    def __init__(self) -> None:
        self.books: dict[str, Books] = {}
        self._chunk: list[Event] = []
        self._common: list[Event] = []

    def add(self, event: Event) -> None:
        """Take one event."""
        self._chunk.append(event)
        if event.kind in _COMMON:
            self._common.append(event)
        elif event.kind in _BOOKED and event.account not in self.books:
            self.books[event.account] = Books(event.account)
            self._replay(self.books[event.account], self._common)
        if len(self._chunk) == _CHUNK:
            self.end()

    def end(self) -> None:
        """Fold what has been taken."""
        for books in self.books.values():
            self._replay(books, self._chunk)
        self._chunk.clear()

    @staticmethod
    def _replay(books: Books, events: list[Event]) -> None:
        try:
            books.replay(events)
        except (LookupError, ValueError, TypeError, ArithmeticError) as error:
            seq = next(e.seq for e in events if e.seq > books.seq)
            raise Damaged(f"event {seq} cannot be booked ({type(error).__name__})", seq) from error


def _whole(raw: sqlite3.Connection, found: Found, until: int) -> Found:
    """Look for missing newest events, and at the file's structure: trees, pages, the index of keys."""
    if found.fault:
        return found
    if until == _ALL:
        highest = (raw.execute(_HIGHEST).fetchone() or (0,))[0]
        if highest != found.events:
            missing = found.events + 1
            fault = f"event {missing} is missing from the ledger: it once held {highest}"
            return replace(found, fault=fault, first_bad=missing)
    said = [row[0] for row in raw.execute("PRAGMA integrity_check(1)")]
    if said != ["ok"]:
        return replace(found, fault=f"its events are whole, but the file is not ({' '.join(said)[:200]})")
    return found
