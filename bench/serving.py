"""One row and 500 through the served ensemble, beside scikit-learn asked for the same in the same run.

Three members: logistic regression, boosting and extra trees, as training makes them, with calibration
and vote. They are fitted on the features of made-up prices; the run ends with an error where the two
ways differ by more than 1e-5. Run from the project's folder: ``python -m bench.serving``.
"""

import gc
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
from threadpoolctl import threadpool_limits

from bench.indicators import walk
from bench.table import Row, best, show
from marketpulse.clock import WallClock
from marketpulse.features.full import NAMES
from marketpulse.models.ensemble import Ensemble, Standing
from marketpulse.models.members import Boosting, Logistic, Trees, members
from marketpulse.models.opening import open_artefact
from marketpulse.models.packing import Made, pack
from marketpulse.models.panel import build_panel
from marketpulse.models.serving import Served
from marketpulse.signals.calibrate import Sigmoid, stretched
from marketpulse.signals.consensus import pool

BLOCKS, CALLS, MANY = 20, 500, 500


def measure() -> list[Row]:
    with threadpool_limits(1):  # as the desk asks scikit-learn; more threads take longer for so few rows
        return _measured()


def _measured():
    rows, answers = known_rows()
    ensemble = fitted(rows[:6_000], answers[:6_000])
    opened = _opened(ensemble, rows)
    served = Served(opened, WallClock(), Random(1))
    every = fitted(rows[:6_000], answers[:6_000], members())
    all_served = Served(_opened(every, rows[:1_000]), WallClock(), Random(1))
    base = np.full(len(rows), 0.5)
    compared = opened.servings[0].compared
    worst = np.abs(served.ask(rows, base).probability - plain(ensemble, rows, base)).max()
    if worst > 1e-5:
        raise SystemExit(f"the served ensemble differs from scikit-learn by {worst:.1g}")
    one, slow = _times(served, ensemble, rows)
    many, many_slow = (
        best(lambda: served.ask(rows[:MANY], base[:MANY]), times=10),
        best(lambda: plain(ensemble, rows[:MANY], base[:MANY]), times=10),
    )
    said = f"{compared:,} rows compared, {worst:.0e} apart at most"
    what, beside = "one-row ensemble of 3, calibrated and pooled", "scikit-learn, one thread"
    return [
        Row(f"{what}, p50", one[0], "us", 100, slow[0], beside, note=said),
        Row(f"{what}, p99", one[1], "us", 300, slow[1], beside, note=f"load {os.getloadavg()[0]:.0f}"),
        Row(f"{what}, processor time, p50", one[2], "us", 100, slow[2], beside),
        Row(f"the same, {MANY} rows at once", many * 1e3, "ms", 50, many_slow * 1e3, beside),
        Row(
            "one bar decided, with reasons",
            _decided(served, rows),
            "us",
            None,
            _decided(ensemble, rows, 40),
            beside,
        ),
        Row(
            f"the same with all {len(all_served.names)} members heard, rules among them",
            _decided(all_served, rows),
            "us",
            None,
            _decided(every, rows, 40),
            beside,
        ),
    ]


def _opened(ensemble, rows):
    with tempfile.TemporaryDirectory() as folder:
        made = Made("", "", 6_000, 0.5, "made up", "", datetime.now(UTC))
        return open_artefact(Path(folder), pack(Path(folder), ensemble, rows, made))


def plain(ensemble, x, base):
    """The same with every member asked as it was fitted."""
    said = []
    for one, standing in zip(ensemble.fitted, ensemble.standings, strict=True):
        said.append(standing.say(standing.sigmoid.apply(one.predict(x), base), base))
    return stretched(pool(np.array(said), ensemble.share, base), base, ensemble.stretch)


def known_rows():
    panel = build_panel([walk(f"S{i}", i) for i in range(5)], walk("^M", 99), 5)
    return panel.x[panel.known], panel.y[panel.known]


def fitted(x, y, who=None):
    who = who or (Logistic(), Boosting(), Trees())
    found = tuple(one.fit(NAMES, x, y, np.ones(len(x))) for one in who)
    standings = tuple(Standing(Sigmoid(0.01, 0.9), 0.5, 0.01) for _ in who)
    return Ensemble(
        NAMES, tuple(one.name for one in who), found, standings, np.full(len(who), 1 / len(who)), 1.2, 5, 5e-4
    )


def _times(served, ensemble, rows):
    """Microseconds of a call, as ``_block``: of the best of twenty blocks, since other work on the machine only adds."""
    base = np.full(1, 0.5)
    ours, theirs = [], []
    gc.collect()
    gc.freeze()  # what training left behind is not what a desk carries
    for block in range(BLOCKS):  # in turns, so that other work meets both
        ours.append(_block(lambda row: served.ask(row, base), rows, CALLS))
        if block % 4 == 0:
            theirs.append(_block(lambda row: plain(ensemble, row, base), rows, 40))
    gc.unfreeze()
    return np.min(ours, axis=0), np.min(theirs, axis=0)


def _block(ask, rows, calls):
    """Microseconds: p50, p99, and the p50 of processor time, on which other work tells least."""
    ask(rows[:1])
    taken, worked = [], []
    for i in range(calls):
        row = rows[i % len(rows)][None, :]
        start, begun = time.perf_counter(), time.thread_time()
        ask(row)
        worked.append(time.thread_time() - begun)
        taken.append(time.perf_counter() - start)
    return [*(np.percentile(taken, [50, 99]) * 1e6), np.median(worked) * 1e6]


def _decided(by, rows, calls=1_000):
    taken = []
    for i in range(calls):
        start = time.perf_counter()
        by.decide(rows[i], 0.5, 0.01)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)) * 1e6


if __name__ == "__main__":
    show(measure())
