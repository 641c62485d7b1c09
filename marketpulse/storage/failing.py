"""A writer's connection whose calls can be made to fail, for the proofs; no desk is ever given one.

It stands between SQLAlchemy and SQLite, so that whatever the ledger asks of the database passes here:
statements, commits and rollbacks alike.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["ERRORS", "Plan", "christen", "failing"]

ERRORS = {
    "busy": (sqlite3.SQLITE_BUSY, "database is locked"),
    "full": (sqlite3.SQLITE_FULL, "database or disk is full"),
    "io": (sqlite3.SQLITE_IOERR, "disk I/O error"),
    "readonly": (sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
}
"""What SQLite says, by a short name."""


@dataclass(slots=True)
class Plan:
    """What goes wrong, and when.

    Attributes
    ----------
    at : the call that fails, counted from 1; 0 for none
    error : one of ``ERRORS``
    done : the call does its work all the same, and only its answer is an error
    lasting : all later calls fail as well, until ``at`` is 0 again
    rewrite : statements that are replaced by others, for planted mistakes
    durable : told the length of the -wal file that a power cut would leave, after each commit
    calls, failed : how many there were
    """

    at: int = 0
    error: str = "busy"
    done: bool = False
    lasting: bool = False
    rewrite: dict[str, str] = field(default_factory=dict)
    durable: Callable[[int], object] | None = None
    calls: int = 0
    failed: int = 0

    def passing(self, call: Callable[[], Any]) -> Any:
        """Let one call through, or not."""
        self.calls += 1
        if not self.at or self.calls < self.at or (self.calls > self.at and not self.lasting):
            return call()
        self.failed += 1
        if self.done:
            call()
        code, text = ERRORS[self.error]
        error = sqlite3.OperationalError(text)
        error.sqlite_errorcode = code
        raise error


def failing(plan: Plan) -> type[sqlite3.Connection]:
    """Make the ``connection`` argument of ``Ledger.open`` out of a plan."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = ()) -> "Cursor":
            text = plan.rewrite.get(sql, sql)
            plan.passing(lambda: super(Cursor, self).execute(text, parameters))
            return self

        def executemany(self, sql: str, parameters: Iterable[Any]) -> "Cursor":
            plan.passing(lambda: super(Cursor, self).executemany(sql, parameters))
            return self

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
            """Only the pragmas of a new connection come this way."""
            return super().execute(plan.rewrite.get(sql, sql), parameters)

        def commit(self) -> None:
            plan.passing(super().commit)
            if plan.durable is not None:
                self._told(plan.durable)

        def rollback(self) -> None:
            plan.passing(super().rollback)

        def _told(self, durable: Callable[[int], object]) -> None:
            """Under FULL a commit is on the disk when it returns; under NORMAL it may not be."""
            if super().execute("PRAGMA synchronous").fetchone()[0] >= 2:  # noqa: PLR2004  FULL
                path = super().execute("PRAGMA database_list").fetchone()[2]
                durable(Path(f"{path}-wal").stat().st_size)

    return Connection


def christen(path: Path, installation: str) -> None:
    """Give a ledger that holds no event yet the id ``installation``, so that a run can be repeated bit for bit."""
    raw = sqlite3.connect(path, isolation_level=None)
    try:
        if raw.execute("SELECT count(*) FROM event").fetchone()[0]:
            raise ValueError("a ledger with events keeps its installation id")
        raw.execute("DROP VIEW installation")
        raw.execute(f"CREATE VIEW installation AS SELECT '{bytes.fromhex(installation).hex()}' AS id")
    finally:
        raw.close()
