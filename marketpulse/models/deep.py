"""The LSTM around its network: sequences and blocks to train on, what is written of it, how it is served.

The network itself is fitted by ``deep_fit``, which needs JAX; nothing here does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from marketpulse.clock import Clock
from marketpulse.errors import MarketPulseError
from marketpulse.features.full import NAMES, VERSION
from marketpulse.models.artefact import (
    Manifest,
    MemberRecord,
    file_record,
    read_file,
    read_manifest,
    write,
)
from marketpulse.models.export import compare
from marketpulse.models.graph import lstm_graph
from marketpulse.models.packing import libraries
from marketpulse.models.panel import Panel, weights
from marketpulse.models.recurrent import COLUMNS, STEPS, Weights, windows
from marketpulse.models.rows import NotTrainable
from marketpulse.models.score import auc
from marketpulse.models.seats import Seat
from marketpulse.models.session import BadArtefact, Session
from marketpulse.signals.calibrate import LEAST, MOST, Sigmoid, fit_sigmoid, keep
from marketpulse.signals.consensus import Ballot
from marketpulse.types import ArtefactFault, FloatArray, Interval, Serving, ServingPath

__all__ = [
    "Blocks",
    "Deep",
    "Sequences",
    "blocks",
    "judge",
    "name_of",
    "open_deep",
    "sequences",
    "train_deep",
]

LEAST_ROWS = 2_000
"""Fewer sequences than this fit no network."""

_PARTS = (0.5, 0.65, 0.82)  # of the dates: trained on, stopped by, calibrated on, scored on
_COMMAND = {
    Interval.DAY: "run make train-deep",
    Interval.MINUTE: "it needs real days that this desk recorded",
}

Fit = Callable[
    [FloatArray, FloatArray, FloatArray, FloatArray], tuple[Weights, Callable[[FloatArray], FloatArray]]
]
"""From training and stopping sequences with answers to a network, and what it says itself of sequences."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Sequences whose answer is known, oldest first.

    Attributes
    ----------
    x : float64 (rows, steps, inputs), finite
    row : their rows of the panel
    """

    x: FloatArray
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Four spans of dates, each later than the one before; numbers of sequences.

    No answer of a block was decided at or after the next block's first bar.
    """

    train: NDArray[np.int64]
    stop: NDArray[np.int64]
    calibrate: NDArray[np.int64]
    score: NDArray[np.int64]


def name_of(interval: Interval) -> str:
    """What the member is called."""
    return "LSTM daily" if interval is Interval.DAY else "LSTM intraday"


def sequences(panel: Panel, columns: tuple[str, ...] = COLUMNS) -> Sequences:
    """Take every whole sequence of one instrument's consecutive bars that ends in a row with an answer."""
    at = [panel.names.index(name) for name in columns]
    x, rows = [], []
    for number in range(len(panel.symbols)):
        own = np.flatnonzero(panel.symbol == number)
        if len(own) < STEPS:
            continue
        found = windows(panel.x[own][:, at])
        bar = panel.bar[own]
        together = np.zeros(len(own), dtype=bool)
        together[STEPS - 1 :] = bar[STEPS - 1 :] - bar[: len(bar) - STEPS + 1] == STEPS - 1
        good = together & np.isfinite(found).all(axis=(1, 2)) & panel.known[own]
        x.append(found[good])
        rows.append(own[good])
    row = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    order = np.argsort(row, kind="stable")  # a panel's rows go by time
    if not len(row):
        raise NotTrainable("There is not one whole sequence.")
    return Sequences(np.concatenate(x)[order], row[order])


def blocks(panel: Panel, row: NDArray[np.int64]) -> Blocks:
    """Split by dates, and purge from each block the labels that end in the next."""
    time, end = panel.time[row], panel.end[row]
    dates = np.unique(time)
    firsts = [int(dates[int(part * len(dates))]) for part in _PARTS]
    edges = [int(dates[0]), *firsts, int(dates[-1]) + 1]
    parts = []
    for i in range(4):
        inside = (time >= edges[i]) & (time < edges[i + 1])
        parts.append(np.flatnonzero(inside & (end < edges[i + 1]) if i < len(_PARTS) else inside))
    return Blocks(*parts)


@dataclass(frozen=True, slots=True)
class _Judged:
    sigmoid: Sigmoid
    kept: float
    skill: float
    note: str


def judge(panel: Panel, row: NDArray[np.int64], p: FloatArray, parts: Blocks) -> _Judged:
    """Calibrate on the third block and score on the last, which nothing has seen.

    Parameters
    ----------
    p : what the network says of each sequence
    """
    rows = row[parts.calibrate]
    y, base = panel.y[rows], panel.base[rows]
    sigmoid = fit_sigmoid(p[parts.calibrate], y, base, weights(panel, rows))
    calibrated = sigmoid.apply(p[parts.calibrate], base)
    kept = keep(calibrated, y, base, panel.time[rows], panel.horizon)
    last = row[parts.score]
    y, base = panel.y[last], panel.base[last]
    said = np.clip(base + kept * (sigmoid.apply(p[parts.score], base) - base), LEAST, MOST)
    skill = 1.0 - float(((said - y) ** 2).sum()) / float(((base - y) ** 2).sum())
    found = auc(p[parts.score], y)
    since = datetime.fromtimestamp(int(panel.time[last[0]]), UTC).date().isoformat()
    note = (
        f"Out of sample since {since}, {len(last):,} rows: AUC {found:.3f}, "
        f"Brier skill {100.0 * skill:.2f} %, {100.0 * kept:.0f} % of its opinion is kept."
    )
    return _Judged(sigmoid, kept, skill, note)


def train_deep(
    folder: Path, panel: Panel, interval: Interval, fit: Fit, *, source: str, data: str, trained: datetime
) -> Manifest:
    """Fit, judge, export and write one network below ``folder``; return its manifest.

    Parameters
    ----------
    fit : as ``deep_fit.fit``
    data : hash of the bars
    trained : aware UTC by the wall clock

    Raises
    ------
    NotTrainable
        There are too few sequences.
    BadArtefact
        The graph does not say what the network says.
    """
    columns = _columns(panel)
    found = sequences(panel, columns)
    if len(found.row) < LEAST_ROWS:
        raise NotTrainable(f"An LSTM needs {LEAST_ROWS:,} sequences; there are {len(found.row):,}.")
    parts = blocks(panel, found.row)
    y = panel.y[found.row]
    network, say = fit(found.x[parts.train], y[parts.train], found.x[parts.stop], y[parts.stop])
    p = say(found.x)
    exported = compare(lstm_graph(network, STEPS), p, found.x)
    if exported.graph is None:
        raise BadArtefact(exported.fault or ArtefactFault.DIFFERS, exported.note)
    told = judge(panel, found.row, p, parts)
    record = file_record(exported.graph, "onnx")
    member = MemberRecord(
        name=name_of(interval),
        kind="lstm",
        columns=columns,
        shift=told.sigmoid.shift,
        slope=told.sigmoid.slope,
        kept=told.kept,
        skill=told.skill,
        onnx=record,
        compared=exported.compared,
        worst=exported.worst,
        note=told.note,
    )
    rows = found.row[parts.train]
    last = _day(panel.end[found.row].max())  # calibration and score have seen later bars than the fit
    manifest = _manifest(panel, rows, member, last=last, source=source, data=data, trained=trained)
    text = write(folder, manifest, {record: exported.graph})
    part = _pointer(folder, interval).with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(_pointer(folder, interval))
    return read_manifest(text)


def _manifest(
    panel: Panel,
    rows: NDArray[np.int64],
    member: MemberRecord,
    *,
    last: str,
    source: str,
    data: str,
    trained: datetime,
) -> Manifest:
    return Manifest(
        name=member.name,
        horizon=panel.horizon,
        feature_version=VERSION,
        features=NAMES,
        steps=STEPS,
        first_bar=_day(panel.time[rows[0]]),
        last_bar=last,
        rows=len(rows),
        base_rate=float(panel.y[rows].mean()),
        cost=0.0,
        stretch=1.0,
        source=source,
        data=data,
        trained=trained,
        libraries=libraries(("numpy", "onnx", "onnxruntime", "jax")),
        members=(member,),
    )


class Deep:
    """A trained network as a member; safe from every thread.

    Parameters
    ----------
    manifest : its own
    session : its graph
    """

    def __init__(self, manifest: Manifest, session: Session, clock: Clock, rng: Random) -> None:
        (record,) = manifest.members
        self.manifest = manifest
        self.seat = Seat(record.name, session, clock, rng)
        self._at = [NAMES.index(name) for name in record.columns]
        self._record = record
        self._sigmoid = Sigmoid(record.shift or 0.0, record.slope or 0.0)

    def vote(self, values: FloatArray, base: float) -> Ballot:
        """Its part in a decision, its share not yet told; abstains where the sequence is not whole.

        Parameters
        ----------
        values : the newest rows of one instrument's features, oldest first, at least as many as steps
        base : share of rises among labels that have ended
        """
        record = self._record
        kept, skill = record.kept or 0.0, np.nan if record.skill is None else record.skill
        sequence = windows(values[-self.manifest.steps :, self._at], self.manifest.steps)[-1:]
        raw = np.array([np.nan])
        if np.isfinite(sequence).all():
            raw, _ = self.seat.ask(np.ascontiguousarray(sequence))
        if not np.isfinite(raw[0]):
            return Ballot(record.name, None, None, kept, skill, 0.0)
        at = np.array([base])
        said = np.clip(base + kept * (self._sigmoid.apply(raw, at) - base), LEAST, MOST)
        return Ballot(record.name, float(raw[0]), float(said[0]), kept, skill, 0.0)


def open_deep(folder: Path, interval: Interval, clock: Clock, rng: Random) -> tuple[Deep | None, Serving]:
    """Open the network of an interval below ``folder``; without one, say so. Never raises for what is there."""
    name = name_of(interval)
    try:
        text = _pointer(folder, interval).read_text(encoding="utf-8")
    except (OSError, ValueError):
        said = f"No {name} has been trained: {_COMMAND[interval]}. The ensemble goes on without it."
        return None, Serving(name, ServingPath.NONE, (ArtefactFault.MISSING,), said)
    try:
        manifest = read_manifest(text)
        _check(manifest, name)
        (record,) = manifest.members
        shape = (manifest.steps, len(record.columns))
        graph = read_file(folder, manifest, record.onnx) if record.onnx else b""
        deep = Deep(manifest, Session(graph, shape), clock, rng)
    except (BadArtefact, MarketPulseError) as error:
        fault = error.fault if isinstance(error, BadArtefact) else ArtefactFault.UNREADABLE
        said = f"{name} is not used: {error} The ensemble goes on without it; {_COMMAND[interval]}."
        return None, Serving(name, ServingPath.NONE, (fault,), said)
    said = f"Served by ONNX. {record.note}"
    return deep, Serving(name, ServingPath.ONNX, (), said, record.compared, record.worst)


def _check(manifest: Manifest, name: str) -> None:
    if manifest.feature_version != VERSION or manifest.features != NAMES:
        raise BadArtefact(
            ArtefactFault.SCHEMA,
            f"It was trained on features {manifest.feature_version}; this release has {VERSION}.",
        )
    if [(one.name, one.kind) for one in manifest.members] != [(name, "lstm")]:
        raise BadArtefact(ArtefactFault.SCHEMA, "Its manifest is of something else.")


def _columns(panel: Panel) -> tuple[str, ...]:
    """Inputs that this panel has: without a benchmark there is no market."""
    return tuple(c for c in COLUMNS if np.isfinite(panel.x[:, panel.names.index(c)]).any())


def _pointer(folder: Path, interval: Interval) -> Path:
    return folder / f"lstm-{interval.value}.json"


def _day(seconds: np.int64) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
