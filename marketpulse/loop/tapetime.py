"""Where the replay began and where its clock stood, in a file, so that a restart goes on from there."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["TapeTime", "load", "save"]

_NAME = "clock.json"


@dataclass(frozen=True, slots=True)
class TapeTime:
    """Both on the tape, aware UTC; models train on bars before ``start``."""

    start: datetime
    time: datetime


def load(folder: Path) -> TapeTime | None:
    """Return what was saved, None when there is nothing or it cannot be read."""
    try:
        saved = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        start, time = (datetime.fromisoformat(saved[name]).astimezone(UTC) for name in ("start", "time"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return TapeTime(start, time)


def save(folder: Path, at: TapeTime) -> None:
    """Write it so that a crash leaves either the old file or the new one."""
    draft = folder / f"{_NAME}.new"
    draft.write_text(
        json.dumps({"start": at.start.isoformat(), "time": at.time.isoformat()}), encoding="utf-8"
    )
    draft.replace(folder / _NAME)
