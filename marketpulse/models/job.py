"""What the desk hands to the training process: bars in one NumPy archive, read without pickle."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from marketpulse.types import Bars, Interval

__all__ = ["MODEL", "PANEL", "Job", "load", "save"]

PANEL = "panel.npz"
MODEL = "model.json"
_COLUMNS = ("time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One training: which bars, up to when, whose prices."""

    panel: tuple[Bars, ...]
    benchmark: Bars | None
    cutoff: datetime
    source: str


def save(folder: Path, job: Job) -> None:
    """Write ``panel.npz``; bars that had not closed by the cutoff are not even handed over."""
    kept = [*job.panel, *([] if job.benchmark is None else [job.benchmark])]
    cut = [bars.until(job.cutoff) for bars in kept]
    head = {
        "cutoff": job.cutoff.isoformat(),
        "source": job.source,
        "benchmark": job.benchmark is not None,
        "bars": [
            {"symbol": b.symbol, "interval": b.interval, "source": b.source, "adjusted": b.adjusted}
            for b in cut
        ],
    }
    columns: dict[str, Any] = {f"{i}_{c}": getattr(b, c) for i, b in enumerate(cut) for c in _COLUMNS}
    columns["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    np.savez(folder / PANEL, **columns)


def load(folder: Path) -> Job:
    """Read what ``save`` wrote."""
    with np.load(folder / PANEL, allow_pickle=False) as archive:
        head = json.loads(archive["head"].tobytes())
        bars = [_read(archive, i, about) for i, about in enumerate(head["bars"])]
    benchmark = bars.pop() if head["benchmark"] else None
    return Job(tuple(bars), benchmark, datetime.fromisoformat(head["cutoff"]), head["source"])


def _read(archive: Any, i: int, about: dict[str, Any]) -> Bars:
    columns = {c: archive[f"{i}_{c}"] for c in _COLUMNS}
    return Bars(**{**about, "interval": Interval(about["interval"])}, **columns)
