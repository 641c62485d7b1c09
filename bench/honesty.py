"""Whether the pipeline tells the truth on histories whose truth is known.

Sixty worlds of noise, in which a claim of skill is a lie, and planted ones, in which silence is a
weakness: ``python -m bench.honesty``, or fewer of each: ``python -m bench.honesty 6 4``. It prints one
line a world and ends with status 1 where a bound is broken.
"""

import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from statistics import median

import numpy as np

from bench.worlds import NOISE, PLANTED, noise, planted
from marketpulse.models.assess import aligned, assess
from marketpulse.models.score import auc

WORLDS, SIGNALS = 60, 40
NOMINAL, CERTAIN = 0.05, 0.99
FOUND, BEYOND = 0.8, 0.02
SLOPES = (0.5, 1.6)


def most_claims(worlds: int) -> int:
    """Claims that pure luck at 5 % exceeds in one of a hundred runs."""
    chance, total, k = (1 - NOMINAL) ** worlds, 0.0, 0
    while total + chance < CERTAIN:
        total += chance
        chance *= (worlds - k) / (k + 1) * NOMINAL / (1 - NOMINAL)
        k += 1
    return k


def told(world: tuple[str, int]) -> dict:
    """Run one world."""
    kind, seed = world
    start = time.process_time()
    bars, oracle = planted(kind, seed) if kind in PLANTED else (noise(kind, seed), None)
    found = assess([bars], final=False)
    said, score = found.evidence, found.evidence.score
    line = aligned(found, len(bars))
    rose = np.full(len(bars), np.nan)
    rose[:-5] = bars.close[5:] > bars.close[:-5]
    both = np.isfinite(line) & np.isfinite(rose)
    return {
        "kind": kind,
        "seed": seed,
        "claimed": said.edge.value == "WEAK EDGE",
        "state": said.edge.value,
        "auc": score.auc,
        "again": auc(line[both], rose[both]),
        "oracle": None if oracle is None else auc(oracle[both], rose[both]),
        "p_value": said.p_value,
        "skill": score.skill,
        "skill_low": score.skill_low,
        "slope": said.slope,
        "deflated": said.deflated,
        "seconds": time.process_time() - start,
    }


def causal() -> float:
    """The most that a past probability moves when later bars are cut off, spoilt, or prices multiplied."""
    bars, _ = planted(PLANTED[0], 99)
    rng = np.random.default_rng(5)
    at = 1_900
    whole = aligned(assess([bars], final=False), len(bars))
    columns = ("open", "high", "low", "close", "volume")
    spoilt = {c: np.append(getattr(bars, c)[:at], rng.uniform(1e-3, 1e6, len(bars) - at)) for c in columns}
    larger = {c: 3.7 * getattr(bars, c) for c in columns[:4]}
    worst = 0.0
    for other, rows in ((bars[:at], at), (replace(bars, **spoilt), at), (replace(bars, **larger), len(bars))):
        line = aligned(assess([other], final=False), len(other))
        np.testing.assert_array_equal(np.isfinite(line[:rows]), np.isfinite(whole[:rows]))
        worst = max(worst, float(np.nanmax(np.abs(line[:rows] - whole[:rows]))))
    return worst


def verdicts(rows: list[dict]) -> list[tuple[str, bool]]:
    """Each bound in words, and whether it held."""
    noisy = [row for row in rows if row["oracle"] is None]
    signal = [row for row in rows if row["oracle"] is not None]
    lies, found = sum(r["claimed"] for r in noisy), sum(r["claimed"] for r in signal)
    beyond = max((r["auc"] - r["oracle"] for r in signal), default=0.0)
    slopes = [r["slope"] for r in signal]
    again = max(abs(r["auc"] - r["again"]) for r in rows)
    most = most_claims(len(noisy))
    return [
        (f"claims on noise: {lies} of {len(noisy)}, at most {most}", lies <= most),
        (f"claims on signals: {found} of {len(signal)}, at least 80 %", found >= FOUND * len(signal)),
        (f"AUC above the oracle's: at most {beyond:+.3f}, bound +{BEYOND}", beyond <= BEYOND),
        (
            f"calibration slope on signals: {min(slopes):.2f} to {max(slopes):.2f}, median {median(slopes):.2f}",
            SLOPES[0] <= min(slopes) and max(slopes) <= SLOPES[1],
        ),
        (f"reported AUC less a recomputation: {again:.1e}", again < 1e-9),
    ]


def main(worlds: int, signals: int) -> int:
    todo = [(NOISE[i % len(NOISE)], i // len(NOISE)) for i in range(worlds)]
    todo += [(PLANTED[i % len(PLANTED)], i // len(PLANTED)) for i in range(signals)]
    rows = []
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), get_context("spawn")) as pool:
        for row in pool.map(told, todo):
            rows.append(row)
            print(
                json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}),
                flush=True,
            )
    moved = causal()
    judged = [*verdicts(rows), (f"a past probability moved by {moved:.1e}, bound 1e-8", moved <= 1e-8)]
    for words, held in judged:
        print("held  " if held else "BROKEN", words)
    print(f"median {median(r['seconds'] for r in rows):.1f} s of processor time for 2,500 bars")
    return int(not all(held for _, held in judged))


if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    sizes = [int(word) for word in sys.argv[1:3]]
    sys.exit(main(*(sizes or (WORLDS, SIGNALS))))
