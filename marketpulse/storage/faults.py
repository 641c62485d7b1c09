"""What SQLite says, told as one plain sentence."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from marketpulse.errors import StorageError

__all__ = ["Damaged", "DuplicateKey", "is_duplicate", "make_folder", "storage_errors"]

_PRIMARY = 0xFF  # an extended result code's low byte is its family

_SENTENCES = {
    sqlite3.SQLITE_PERM: "may not be opened: permission denied",
    sqlite3.SQLITE_BUSY: "is locked by another program",
    sqlite3.SQLITE_LOCKED: "is locked by another program",
    sqlite3.SQLITE_READONLY: "cannot be written: it is read-only",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_CONSTRAINT: "refused a row that breaks its rules",
    sqlite3.SQLITE_NOTADB: "is not a database of MarketPulse, or its header is damaged",
}
_NEXT = {
    sqlite3.SQLITE_PERM: "make it readable and writable for this user",
    sqlite3.SQLITE_BUSY: "close that program, or wait for it",
    sqlite3.SQLITE_LOCKED: "close that program, or wait for it",
    sqlite3.SQLITE_READONLY: "make it and its folder writable for this user",
    sqlite3.SQLITE_FULL: "free some space on its disk; what was committed is safe",
    sqlite3.SQLITE_CANTOPEN: "it and its folder must be readable and writable for this user",
}
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Damaged(StorageError):
    """A file does not hold what was written. Next: leave it as it is, and restore a backup.

    Attributes
    ----------
    seq : the first event that is not as it was written, None when that cannot be said
    """

    def __init__(self, sentence: str, seq: int | None = None) -> None:
        super().__init__(sentence)
        self.seq = seq


class DuplicateKey(StorageError):
    """An event with this key is already in the ledger. Next: read it with ``by_key``."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the ledger already holds an event with the key {key!r}")
        self.key = key


def is_duplicate(error: DBAPIError) -> bool:
    """Tell whether a UNIQUE rule refused the row."""
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_UNIQUE


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn every error of the database at ``path`` into StorageError."""
    try:
        yield
    except DBAPIError as error:
        raise _told(path, error.orig) from error
    except sqlite3.Error as error:
        raise _told(path, error) from error
    except SQLAlchemyError as error:
        raise StorageError(f"{path} could not be used: {error}") from error


def make_folder(folder: Path) -> None:
    """Make a data folder, and those above it, where they are missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the data folder {folder} cannot be used: {error.strerror}") from error


def _told(path: Path, error: BaseException | None) -> StorageError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    plain = _SENTENCES.get(code)
    if plain is None:
        return StorageError(f"{path} could not be used: {error}")
    sentence = f"{path} {plain} ({error})"
    if code in _DAMAGE:
        return Damaged(sentence)
    return StorageError(f"{sentence}; {_NEXT[code]}" if code in _NEXT else sentence)
