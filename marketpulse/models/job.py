"""What the desk hands to the training process: bars in one NumPy archive, read without pickle."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from marketpulse.types import AssetClass, Bars, Interval

__all__ = ["ARTEFACTS", "BENCHMARK", "FEWEST", "MODEL", "PANEL", "TRAINED", "Job", "load", "save"]

PANEL = "panel.npz"
MODEL = "model.json"
TRAINED = "trained.json"

ARTEFACTS = "models"
"""Below a feed's folder: where ensembles are written."""

BENCHMARK = "^GSPC"
"""The market that every class is trained beside."""

FEWEST = 300
"""Bars that an instrument needs to take part."""

_COLUMNS = ("time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One training: which bars, up to when, whose prices.

    Attributes
    ----------
    panel, benchmark : adjusted bars, cut at the cutoff before they were adjusted
    kind : of the instruments, which are all of one
    horizon : bars ahead
    earlier : trials that were made on this class before, and count against a claim
    artefacts : folder below which the ensemble is written
    old : the trained document (``record.encode``) that serves now and is to be beaten; None without any
    simple : train today's logistic model and nothing else
    processes : how many work at once
    """

    panel: tuple[Bars, ...]
    benchmark: Bars | None
    cutoff: datetime
    source: str
    kind: AssetClass = AssetClass.EQUITY
    horizon: int = 5
    earlier: int = 0
    artefacts: Path = Path(ARTEFACTS)
    old: str | None = None
    simple: bool = False
    processes: int = 2


def save(folder: Path, job: Job) -> None:
    """Write ``panel.npz``; bars that had not closed by the cutoff are not even handed over."""
    kept = [*job.panel, *([] if job.benchmark is None else [job.benchmark])]
    cut = [bars.until(job.cutoff) for bars in kept]
    head = {
        "cutoff": job.cutoff.isoformat(),
        "source": job.source,
        "kind": job.kind.value,
        "horizon": job.horizon,
        "earlier": job.earlier,
        "artefacts": str(job.artefacts.resolve()),
        "old": job.old,
        "simple": job.simple,
        "processes": job.processes,
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
    return Job(
        tuple(bars),
        benchmark,
        datetime.fromisoformat(head["cutoff"]),
        head["source"],
        kind=AssetClass(head["kind"]),
        horizon=head["horizon"],
        earlier=head["earlier"],
        artefacts=Path(head["artefacts"]),
        old=head["old"],
        simple=head["simple"],
        processes=head["processes"],
    )


def _read(archive: Any, i: int, about: dict[str, Any]) -> Bars:
    columns = {c: archive[f"{i}_{c}"] for c in _COLUMNS}
    return Bars(**{**about, "interval": Interval(about["interval"])}, **columns)
