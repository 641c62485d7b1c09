"""The file below the market store: how it is opened, and the few ways rows go in and out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, Table, delete, insert

from marketpulse.errors import StorageError
from marketpulse.storage import market_schema as schema
from marketpulse.storage.engines import reader_engine, writer_engine
from marketpulse.storage.faults import make_folder, storage_errors
from marketpulse.storage.migrate import migrate, version_of

__all__ = ["MarketFile"]

_MAPPED = 2**30  # bytes; address space only, and the file of five hundred symbols has 70 million


class MarketFile:
    """One ``market.db``; safe from every thread."""

    def __init__(self, path: Path, writer: Engine | None, reader: Engine) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the store at ``path`` (its folder too) and upgrade it.

        Raises
        ------
        StorageError
            It cannot be opened.
        """
        make_folder(path.parent)
        with storage_errors(path):
            writer = writer_engine(path, "NORMAL")
            try:
                migrate(writer, "market", schema.HEAD)
            except BaseException:
                writer.dispose()
                raise
        return cls(path, writer, reader_engine(path, _MAPPED))

    @classmethod
    def read_only(cls, path: Path) -> Self:
        """Open the store at ``path`` without a right to change it; every save then raises StorageError.

        Raises
        ------
        StorageError
            There is none, it cannot be opened, or its schema is not this version's.
        """
        if not path.is_file():
            raise StorageError(f"there is no market store at {path}")
        store = cls(path, None, reader_engine(path, _MAPPED))
        try:
            store._check()
        except BaseException:
            store.close()
            raise
        return store

    def _check(self) -> None:
        with storage_errors(self.path):
            version = version_of(self._reader)
        if version != schema.HEAD:
            raise StorageError(
                f"{self.path} has another schema than this version's; start the desk on it once"
            )

    def close(self) -> None:
        """Close the file; again is harmless."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()

    def _put(self, table: Table, *rows: Mapping[str, object]) -> None:
        if rows:
            with self._writing() as connection:
                connection.execute(insert(table).prefix_with("OR REPLACE"), rows)

    def _replace(self, table: Table, rows: Sequence[Mapping[str, object]], *where: Any) -> None:
        with self._writing() as connection:
            connection.execute(delete(table).where(*where))
            if rows:
                connection.execute(insert(table), rows)

    def _all(self, statement: Any) -> list[dict[str, Any]]:
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def _one(self, statement: Any) -> dict[str, Any] | None:
        return next(iter(self._all(statement)), None)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with storage_errors(self.path), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._writer is None:
            raise StorageError(f"{self.path} was opened for reading only")
        with storage_errors(self.path), self._writer.begin() as connection:
            yield connection
