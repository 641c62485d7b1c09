"""Where ledgers and their backups lie in a data folder."""

import shlex
from pathlib import Path

from marketpulse.types import Feed

__all__ = ["BACKUPS", "HOMES", "advice", "ahead", "backups"]

HOMES = (Feed.LIVE.value, Feed.REPLAY.value, "recorded", "sandbox")
"""The folders of a data folder that may hold a ledger."""

BACKUPS = "backups"
"""The folder of a data folder where backups lie, each in a folder of its own: feed, day and time."""


def ahead(path: Path) -> Path:
    """Return the write-ahead file of a database."""
    return path.with_name(f"{path.name}-wal")


def backups(data: Path, feed: str) -> list[Path]:
    """Return the finished backups of one feed, newest first."""
    found = (p for p in (data / BACKUPS).glob(f"{feed}-*") if (p / "backup.json").is_file())
    return sorted(found, key=lambda p: p.name, reverse=True)


def advice(path: Path) -> str:
    """Say how to go on with a ledger at ``path`` that is damaged."""
    data, feed = path.parent.parent, path.parent.name
    found = backups(data, feed)
    if found:
        name = shlex.quote(str(found[0]))
        return f"To go back to the newest backup: python -m marketpulse restore {name} --aside"
    return (
        f"There is no backup in {data / BACKUPS}; python -m marketpulse verify says how far it is whole, "
        "and python -m marketpulse restore FILE --aside takes a backup that lies elsewhere"
    )
