"""A day of a live desk's market room by a simulated clock: what it leaks.

Eight pairs from two venues every 5 s, their order books every 10 s, every price and book written to a
real store, by the very jobs a live desk runs; only the providers answer from memory and the clock is
moved by hand. Memory is compared from the end of the first hour on. Run from the project's folder:
``python -m bench.soak`` (24 hours), ``python -m bench.soak 2`` (hours).
"""

import gc
import os
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.market_house import market
from bench.table import Row, show
from marketpulse.clock import SimClock

START = datetime(2026, 3, 9, 0, 0, tzinfo=UTC)
HOUR = 3600


def resident() -> float:
    """Megabytes this process holds in memory, after a collection."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def soak(hours: float) -> list[Row]:
    clock = SimClock(START)
    with tempfile.TemporaryDirectory() as folder:
        made, store, _, venue = market(clock, Path(folder))
        feed = made._live
        feed.start(threads=0, streams=False)
        began = time.perf_counter()
        warm: tuple[float, int, int] | None = None
        for second in range(int(hours * HOUR)):
            for schedule in feed.schedules:
                schedule.run_due()
            if second % 5 == 0:
                made.poll(), made.data(), made.books(), made.feeds()
            clock.advance(1.0)
            if second == min(HOUR, int(hours * HOUR) // 2):
                warm = resident(), threading.active_count(), handles()
        assert warm is not None
        after = resident(), threading.active_count(), handles()
        took, judged = time.perf_counter() - began, feed.intake.judged
        size = sum(f.stat().st_size for f in Path(folder).iterdir()) / 1e6
        wal = sum(f.stat().st_size for f in Path(folder).glob("*-wal")) / 1e6
        made.close()
        store.close()
    note = f"{judged:,} prices, {venue.asked:,} questions to the first venue, {took:.0f} s"
    return [
        Row("memory growth over a simulated day", 100 * (after[0] / warm[0] - 1), "%", 5.0, note=note),
        Row("threads that stayed", after[1] - warm[1], "threads", 0.0),
        Row("file handles that stayed", after[2] - warm[2], "handles", 0.0),
        Row("write-ahead log", wal, "MB", 64.0, note=f"of {size:.0f} MB on disk"),
    ]


if __name__ == "__main__":
    rows = soak(float(sys.argv[1]) if len(sys.argv) > 1 else 24.0)
    show(rows)
    sys.exit(not all(row.met for row in rows))
