"""The two ways into a file: one writer that takes its lock first, and readers that cannot write.

SQLModel's defaults begin a transaction at the first write, after the check it rests on: racing
orders then all pass a limit. The writer therefore begins with BEGIN IMMEDIATE.
"""

import sqlite3
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, QueuePool, create_engine, event

__all__ = ["BUSY_SECONDS", "reader_engine", "writer_engine"]

BUSY_SECONDS = 5.0
"""How long a writer waits for another before it gives up, seconds."""

_READERS = 8  # connections kept; pages, REST threads and the loop read at the same time


def writer_engine(
    path: Path,
    synchronous: Literal["FULL", "NORMAL"],
    connection: type[sqlite3.Connection] = sqlite3.Connection,
) -> Engine:
    """Open the one writer: WAL, foreign keys, BEGIN IMMEDIATE.

    Parameters
    ----------
    path : the database file, made when it is missing
    synchronous : FULL survives a power cut after each commit, NORMAL only a crash of the desk
    connection : class of the connection; the proofs plant one that fails
    """

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=connection
        )
        try:
            for pragma in (
                "journal_mode=WAL",
                f"synchronous={synchronous}",
                "foreign_keys=ON",
                "recursive_triggers=ON",  # else INSERT OR REPLACE deletes rows without asking the triggers
            ):
                raw.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            raw.close()
            raise
        return raw

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0)

    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def reader_engine(path: Path, mapped: int = 0) -> Engine:
    """Open the readers: read-only twice over, and never in the writer's way.

    Parameters
    ----------
    path : the database file
    mapped : how much of it may be read through memory maps, bytes; long blocks then cost no copy by page
    """

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        raw.execute("PRAGMA query_only=ON")
        raw.execute(f"PRAGMA mmap_size={mapped:d}")
        return raw

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=_READERS, max_overflow=-1
    )
    # without BEGIN, two SELECTs of one check could see two different states
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine
