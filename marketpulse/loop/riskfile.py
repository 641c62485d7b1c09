"""The risk report and the outcomes behind it as files: written whole or not at all, read without pickle."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from marketpulse.performance import NOTHING_TRADED, Traded
from marketpulse.risk.report import Scales
from marketpulse.risk.simulation import Futures
from marketpulse.types import BacktestView, Component, FloatArray, Loss, Measure, RiskReport

__all__ = ["Found", "Job", "load_found", "load_job", "save_found", "save_job"]

_JOB, _REPORT, _OUTCOMES = "job.npz", "report.json", "outcomes.npz"
_ABOUT = "about"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What the background is asked to measure.

    Attributes
    ----------
    symbols, values, days, matrix : what is held, base currency, and the returns all of it shares
    universe, moves : all names whose outcomes are to be kept, and their returns
    through : date of the newest bar, ISO
    equity : base currency
    account : daily returns of the account
    index : returns of the S&P 500 on ``days``; NaN where it has none
    coins : all that is held trades every day
    traded : what the account bought and sold over its days
    always : all that the account ever traded trades every day, so its year has 365 of them
    trials : configurations that were tried for the signals, the account's own record counted
    """

    symbols: tuple[str, ...]
    values: FloatArray
    days: NDArray[np.int64]
    matrix: FloatArray
    universe: tuple[str, ...]
    moves: FloatArray
    through: str
    equity: float | None
    account: FloatArray
    index: FloatArray
    coins: bool
    note: str = ""
    traded: Traded = NOTHING_TRADED
    always: bool = False
    trials: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the background has found: the report, and what previews need."""

    report: RiskReport
    futures: Futures | None
    scales: Scales


_ARRAYS = ("values", "days", "matrix", "moves", "account", "index")
_WORDS = ("symbols", "universe", "through", "equity", "coins", "note", "always", "trials")


def save_job(folder: Path, job: Job) -> None:
    """Write a job for the process that works on it."""
    arrays: dict[str, Any] = {name: getattr(job, name) for name in _ARRAYS}
    words = {name: getattr(job, name) for name in _WORDS} | {"traded": asdict(job.traded)}
    arrays[_ABOUT] = _packed(words)
    np.savez(folder / _JOB, **arrays)


def load_job(folder: Path) -> Job:
    """Read what ``save_job`` wrote."""
    with np.load(folder / _JOB, allow_pickle=False) as archive:
        about = json.loads(archive[_ABOUT].tobytes())
        arrays = {name: archive[name] for name in _ARRAYS}
    about["traded"] = Traded(**about["traded"])
    about["symbols"], about["universe"] = tuple(about["symbols"]), tuple(about["universe"])
    return Job(**arrays, **about)


def save_found(folder: Path, found: Found) -> None:
    """Write report and outcomes; the report comes last, so that one that is there has its outcomes."""
    kept = found.futures
    about = {
        "symbols": kept.symbols if kept else (),
        "days": kept.days if kept else 1,
        "notes": dict(kept.notes) if kept else {},
        "degrees": kept.degrees if kept else None,
        "scales": [found.scales.var, found.scales.es],
        "computed": found.report.computed.isoformat(),
    }
    draft = folder / f"{_OUTCOMES}.new"
    with draft.open("wb") as file:
        outcomes = kept.outcomes if kept else np.empty((0, 0))
        np.savez(file, outcomes=outcomes, about=_packed(about))
    draft.replace(folder / _OUTCOMES)
    text = asdict(found.report) | {"computed": found.report.computed.isoformat()}
    part = folder / f"{_REPORT}.new"
    with part.open("w", encoding="utf-8") as lines:
        json.dump(text, lines)
        lines.flush()
        os.fsync(lines.fileno())
    part.replace(folder / _REPORT)


def load_found(folder: Path) -> Found | None:
    """Read what ``save_found`` wrote; None when there is nothing or it cannot be read."""
    try:
        report = _report(json.loads((folder / _REPORT).read_text(encoding="utf-8")))
        with np.load(folder / _OUTCOMES, allow_pickle=False) as archive:
            about = json.loads(archive[_ABOUT].tobytes())
            outcomes = np.asarray(archive["outcomes"], np.float64)
        scales = Scales(*about["scales"])
        kept = None
        if about["symbols"] and about["computed"] == report.computed.isoformat():
            kept = Futures(tuple(about["symbols"]), about["days"], outcomes, about["notes"], about["degrees"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return None
    return Found(report, kept, scales)


def _packed(about: dict[str, Any]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)


def _report(text: dict[str, Any]) -> RiskReport:
    return RiskReport(
        computed=datetime.fromisoformat(text["computed"]),
        through=text["through"],
        book=_pairs(text["book"]),
        equity=text["equity"],
        losses=tuple(Loss(**one) for one in text["losses"]),
        backtests=tuple(BacktestView(**one) for one in text["backtests"]),
        days=_pairs(text["days"]),
        components=tuple(Component(**one) for one in text["components"]),
        clusters=_pairs(text["clusters"]),
        names=tuple(text["names"]),
        correlation=_pairs(text["correlation"]),
        measures=tuple(Measure(**one) for one in text["measures"]),
        note=text["note"],
    )


def _pairs(rows: list[list[Any]]) -> tuple[Any, ...]:
    return tuple(tuple(row) for row in rows)
