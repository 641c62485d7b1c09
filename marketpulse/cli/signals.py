"""The verb ``signals``: what our models would have said of a file of bars, and whether that was skill."""

import argparse
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from marketpulse.cli.client import Said
from marketpulse.cli.csvfile import BAD, bad_cell, cell, number, read_lines
from marketpulse.cli.output import as_json, pairs
from marketpulse.models.assess import Assessment, aligned, assess
from marketpulse.models.rows import NotTrainable
from marketpulse.types import Bars, Edge, Interval

__all__ = ["read_bars", "signals"]

_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_MOST = 50_000  # bars: beyond, an answer would take hours
_HALF_DAY, _HALF_HOUR = 43_200, 1_800
_MILLIS = 1e11  # seconds since 1970 beyond the year 5000 are milliseconds


def signals(args: argparse.Namespace, out: TextIO) -> int:
    """Walk the whole pipeline over one file and print its probabilities and what they were worth."""
    bars = read_bars(args.bars)
    horizon: int = args.horizon
    try:
        found, why = assess([bars], None, horizon, final=False), ""
    except NotTrainable as error:
        found, why = None, str(error)
    line = np.full(len(bars), np.nan) if found is None else aligned(found, len(bars))
    skill = _skill(found, why)
    if args.json:
        out.write(as_json({"probabilities": [_some(p) for p in line.tolist()], "skill": skill}))
        return 0
    said = line[np.isfinite(line)]
    newest = _some(line[-1]) if len(line) else None
    shown = {
        "bars": len(bars),
        f"P(higher in {horizon} bars), newest": None if newest is None else f"{100.0 * newest:.1f} %",
        "probabilities": len(said),
        **{name: f"{value:.4g}" if isinstance(value, float) else value for name, value in skill.items()},
    }
    out.write(pairs(shown))
    return 0


def _skill(found: Assessment | None, why: str) -> dict[str, object]:
    if found is None or found.evidence.score is None:
        why = why if found is None else found.evidence.why
        nothing: dict[str, object] = dict.fromkeys(("auc", "p_value"))
        return {
            "claimed": False,
            **nothing,
            "n_oos": 0,
            "brier_skill": None,
            "state": str(Edge.NONE),
            "why": why,
        }
    told = found.evidence
    score = found.evidence.score
    return {
        "claimed": told.edge is Edge.WEAK,
        "auc": _some(score.auc),
        "p_value": _some(told.p_value),
        "n_oos": score.n,
        "brier_skill": _some(score.skill),
        "brier_skill_low": _some(score.skill_low),
        "brier_skill_high": _some(score.skill_high),
        "auc_less_base": _some(told.trials[-1].auc),
        "calibration_slope": _some(told.slope),
        "deflated_sharpe": _some(told.deflated),
        "trials": told.tried,
        "state": str(told.edge),
        "why": told.why,
    }


def _some(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def read_bars(path: Path) -> Bars:
    """Read a CSV of bars, oldest first, by the names in its first line.

    A cell that is empty, NaN or infinite is kept as it is: that bar says nothing, and the others go on.

    Raises
    ------
    Said
        The file cannot be read as bars.
    """
    rows = read_lines(path)
    if not rows:
        raise Said(BAD, f"{path} is empty.")
    head = [cell.strip().lower() for cell in rows[0][1]]
    missing = [name for name in _COLUMNS if name not in head]
    if missing:
        raise Said(BAD, f"{path} has no column {', '.join(missing)}; {','.join(_COLUMNS)} are needed.")
    if len(rows) - 1 > _MOST:
        raise Said(BAD, f"{path} has {len(rows) - 1} bars; more than {_MOST} are not read.")
    places = [head.index(name) for name in _COLUMNS]
    time = np.array([_time(path, line, row, places[0]) for line, row in rows[1:]], dtype=np.int64)
    back = np.flatnonzero(np.diff(time) <= 0)
    if len(back):
        line = rows[int(back[0]) + 2][0]
        raise Said(BAD, f"Line {line} of {path} is not later than the line before it.")
    opened, high, low, close, volume = (
        np.array([number(path, line, row, at) for line, row in rows[1:]], dtype=np.float64)
        for at in places[1:]
    )
    return Bars("FILE", _interval(time), time, opened, high, low, close, volume, "file", adjusted=True)


def _interval(time: NDArray[np.int64]) -> Interval:
    usual = float(np.median(np.diff(time))) if len(time) > 1 else float(_HALF_DAY)
    if usual >= _HALF_DAY:
        return Interval.DAY
    return Interval.HOUR if usual >= _HALF_HOUR else Interval.MINUTE


def _time(path: Path, line: int, row: list[str], at: int) -> int:
    """Seconds since 1970 of an ISO date or moment (UTC where it names no zone), or of such a number."""
    text = cell(path, line, row, at)
    try:
        told = float(text)
        seconds = told / 1000.0 if abs(told) > _MILLIS else told
        if abs(seconds) < _MILLIS:
            return math.floor(seconds)
    except ValueError:  # no number: a date, or nothing
        pass
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise bad_cell(path, line, text, "holds the time", "none") from None
