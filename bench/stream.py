"""From a decoded tick to the Snapshot, and two thousand ticks a second for a minute on one core.

A whole desk on a live feed whose sources answer from memory, with fifty pairs. The ticks come from a
thread of their own, as on the wire: each is judged, compared, put on the board and shown in a new
Snapshot, on the thread that brought it or on the loop's while that is busy. Beside it: a bare hand-over of an object between two threads.
Run from the project's folder: ``python -m bench.stream``.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.market_house import pairs, tick
from bench.table import Row, show

SYMBOLS = 50
RATE, SECONDS = 2_000, 60
SINGLES = 2_000


class Desk:
    """A desk on memory; ``shown`` is set by every new Snapshot."""

    def __init__(self, folder: str) -> None:
        from bench import market_house
        from marketpulse import build
        from marketpulse.settings import load

        def venue(clock, cache, keys):
            del cache, keys
            return market_house.Venue("binance", clock)

        build.SOURCES = {**build.SOURCES, "binance": venue}
        pairs_only = (row for row in build.routing.LIVE if "binance" in row[2])
        build.routing.LIVE = tuple((c, what, ("binance",)) for c, what, _ in pairs_only)
        build.instruments = lambda _: pairs(SYMBOLS)
        given = {
            "MARKETPULSE_FEED": "live",
            "MARKETPULSE_DATA_DIR": folder,
            "MARKETPULSE_QUOTE_SECONDS": "60",
        }
        self.loop = build.assemble(load(given, Path("/nonexistent")), Path(folder))
        self.shown, self.at = threading.Event(), 0.0
        touch = self.loop._picture.touch

        def seen(snapshot, changed):
            made = touch(snapshot, changed)
            self.at = time.perf_counter()
            self.shown.set()
            return made

        self.loop._picture.touch = seen
        self.loop.start()
        self.feed = self.loop.rooms.market._live
        self.symbols = list(self.loop.rooms.instruments)
        self.base = {s: q.quote.price for s, q in self.loop.rooms.market.data().items()}

    def price(self, n: int) -> tuple[str, float]:
        symbol = self.symbols[n % len(self.symbols)]
        return symbol, self.base.get(symbol, 100.0) * (1.0 + 1e-6 * (n % 1000))


def singles(desk: Desk) -> list[float]:
    """Seconds from handing one tick over to the Snapshot that shows it."""
    took = []
    for n in range(SINGLES):
        symbol, price = desk.price(n)
        quote = tick(symbol, price, datetime.now(UTC))
        desk.shown.clear()
        start = time.perf_counter()
        desk.feed.put(quote)
        while desk.loop.snapshot.market[symbol].quote is not quote:
            desk.shown.wait(0.5)
            desk.shown.clear()
        took.append(desk.at - start)
        time.sleep(0.002)
    return took


def sustained(desk: Desk) -> tuple[int, float, float]:
    """Ticks not judged, the longest lag in seconds, and processor seconds a second."""
    lag, before = 0.0, desk.feed.intake.judged
    start, cpu = time.perf_counter(), time.process_time()
    last: dict[str, tuple[float, object]] = {}
    for n in range(RATE * SECONDS):
        due = start + n / RATE
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        symbol, price = desk.price(n)
        quote = tick(symbol, price, datetime.now(UTC))
        desk.feed.put(quote)
        last[symbol] = (due, quote)
        if n % 97 == 0:
            shown = desk.loop.snapshot.market
            seen = [d for s, (d, q) in last.items() if s in shown and shown[s].quote.time < q.time]
            lag = max([lag, time.perf_counter() - due, *(time.perf_counter() - d for d in seen)])
    took = time.perf_counter() - start
    return (
        max(0, RATE * SECONDS - (desk.feed.intake.judged - before)),
        lag,
        (time.process_time() - cpu) / took,
    )


def handed_over() -> float:
    """Microseconds until another thread has seen an event, half of a round trip."""
    there, back, stop = threading.Event(), threading.Event(), False

    def answer():
        while not stop:
            there.wait()
            there.clear()
            back.set()

    threading.Thread(target=answer, daemon=True).start()
    took = []
    for _ in range(2_000):
        start = time.perf_counter()
        there.set()
        back.wait()
        back.clear()
        took.append(time.perf_counter() - start)
    stop = True
    there.set()
    return median(took) * 1e6 / 2


def one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def rows() -> list[Row]:
    bare = handed_over()
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder)
        time.sleep(3)  # bars of fifty pairs are fetched at the start
        took = sorted(singles(desk))
        one_core()
        dropped, lag, cpu = sustained(desk)
        desk.loop.close()
    p50, p99 = took[len(took) // 2] * 1e6, took[int(len(took) * 0.99)] * 1e6
    said = f"{SYMBOLS} pairs, {RATE} ticks/s, {SECONDS} s, one core, {cpu:.0%} of it"
    return [
        Row(
            "decoded tick to Snapshot, p50",
            p50,
            "us",
            200.0,
            bare,
            "bare hand-over",
            note=f"p99 {p99:.0f} us",
        ),
        Row("ticks not judged of 2,000 a second", dropped, "ticks", 0.0, note=said),
        Row("longest lag behind the ticks", lag, "s", 1.0, note="pace and Snapshot"),
    ]


def measure() -> list[Row]:
    """In a process of its own, since it binds itself to one core."""
    import json

    done = subprocess.run(
        [sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True, timeout=300
    )
    return [Row(**fields) for fields in json.loads(done.stdout.splitlines()[-1])]


_MEASURE = "import json; from dataclasses import asdict; from bench import stream; print(json.dumps([asdict(r) for r in stream.rows()]))"

if __name__ == "__main__":
    show(measure())
