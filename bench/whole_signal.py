"""A whole signal, from a new bar to its reasons, beside the plain way with scikit-learn in the same run.

Twenty made-up shares close one bar after the other; ours is ``pipeline.decide`` over graphs, the other
computes the table of features, takes its last row and asks the members as they were fitted. Run from
the project's folder: ``python -m bench.whole_signal``.
"""

import gc
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
from threadpoolctl import threadpool_limits

from bench.indicators import walk
from bench.serving import fitted, known_rows
from bench.table import Row, show
from marketpulse.clock import WallClock
from marketpulse.features.around import around
from marketpulse.features.full import NAMES, VERSION, table
from marketpulse.features.scene import History
from marketpulse.features.steady import plain, steady
from marketpulse.models.opening import open_artefact
from marketpulse.models.packing import Made, pack
from marketpulse.models.serving import Served
from marketpulse.models.voice import Speaker
from marketpulse.pipeline import Playbook, Voices, decide
from marketpulse.types import AssetClass, Card, Edge, Instrument

SHARES, BARS, SLOW = 20, 120, 3


def measure() -> list[Row]:
    with threadpool_limits(1):
        return _measured()


def _measured():
    rows, answers = known_rows()
    ensemble = fitted(rows[:6_000], answers[:6_000])
    with tempfile.TemporaryDirectory() as folder:
        made = Made("", "", 6_000, 0.5, "made up", "", datetime.now(UTC))
        opened = open_artefact(Path(folder), pack(Path(folder), ensemble, rows, made))
    voice = Speaker(Served(opened, WallClock(), Random(1)), _card(), opened)
    frames = {f"S{i}": walk(f"S{i}", i) for i in range(SHARES)}
    market = walk("^M", 99)
    taken = _ours(voice, frames, market)
    slow = _plain(ensemble, frames, market)
    p50, p99 = np.percentile(taken[:, 0], [50, 99])
    worked = float(np.median(taken[:, 1]))
    beside = "scikit-learn, whole table"
    said = f"{len(taken)} closes of {SHARES} shares; load {os.getloadavg()[0]:.0f}"
    return [
        Row("a whole signal: bar, features, votes, consensus, reasons, hashes, p50", p50 * 1e3, "ms", 1, slow * 1e3, beside, note=said),
        Row("the same, p99", p99 * 1e3, "ms", 3, slow * 1e3, beside),
        Row("the same, processor time, p50", worked * 1e3, "ms", 1, slow * 1e3, beside),
    ]  # fmt: skip


def _ours(voice, frames, market):
    """Seconds a signal and of them the processor's, of each close: what a desk does when a day's bars have come."""
    histories = {symbol: History(bars) for symbol, bars in frames.items()}
    known = {
        s: Instrument(s, s, AssetClass.EQUITY, "USD", "24/7", Decimal("0.01"), Decimal(1)) for s in frames
    }
    playbook, voices = Playbook(tuple(frames)), {AssetClass.EQUITY: Voices(voice)}
    last = datetime.fromtimestamp(int(frames["S0"].time[-1]), UTC) + timedelta(days=1)
    moments = [last - timedelta(days=BARS - i) for i in range(BARS)]
    gc.collect()
    gc.freeze()
    taken = []
    for now in moments:
        start, begun = time.perf_counter(), time.thread_time()
        found = decide(playbook, voices, histories, History(market), known, frozenset(), now)
        worked = time.thread_time() - begun
        taken.append(((time.perf_counter() - start) / len(found.signals), worked / len(found.signals)))
    gc.unfreeze()
    return np.array(taken[5:])


def _plain(ensemble, frames, market):
    """Seconds a signal of the plain way."""
    own = {symbol: plain(bars) for symbol, bars in frames.items()}
    taken = []
    for _ in range(SLOW):
        start = time.perf_counter()
        beside = around(plain(market), own)
        for bars in own.values():
            ensemble.decide(steady(table(bars, beside).values[-1]), 0.5, 0.01)
        taken.append((time.perf_counter() - start) / len(own))
    return min(taken)


def _card():
    return Card(
        name="ensemble", version="v", horizon=5, features=NAMES, feature_version=VERSION, symbols=(),
        first_bar="", last_bar="", rows=6_000, base_rate=0.5, score=None, edge=Edge.NONE,
        trained=datetime.now(UTC), source="made up",
    )  # fmt: skip


if __name__ == "__main__":
    show(measure())
