"""Training all members by walking forward, on a panel of twenty made-up instruments over ten years.

Run from the project's folder: ``python -m bench.training``. Two processes, as many cores.
"""

import resource
import time

from bench.indicators import DAYS, walk
from bench.table import Row, show
from marketpulse.models.assess import assess
from marketpulse.models.members import members
from marketpulse.models.panel import build_panel
from marketpulse.models.walk import Settings, predict_unseen

SERIES = 20


def measure() -> list[Row]:
    bars, market = [walk(f"S{i:03}", i) for i in range(SERIES)], walk("^M", 999)
    start, spent = time.perf_counter(), _processor()
    found = assess(bars, market, processes=2)
    panel, spent = time.perf_counter() - start, _processor() - spent
    one = build_panel(bars[:1], market, 5)
    start = time.perf_counter()
    predict_unseen(one, members(), Settings())
    single = time.perf_counter() - start
    note = f"{len(found.panel):,} rows, {len(members())} members"
    return [
        Row(f"walk-forward training, {SERIES} x {DAYS:,} bars, refit every 63", panel, "s", 180, note=note),
        Row("its processor time, both processes", spent, "s", 360),
        Row(f"the same of one series, {DAYS:,} bars, one core", single, "s", 60),
    ]


def _processor() -> float:
    """Seconds of processor time of this process and of those it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    show(measure())
