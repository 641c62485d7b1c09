"""The market store at a hundred times the size: bars read back, last quotes, and a recorded quote played.

Beside the bars: the same numbers as plain rows, one a bar, read by sqlite3 into lists and turned into arrays.
Beside the quotes: only the look-ups by key of bare sqlite3. Run from the project's folder:
``python -m bench.storage``.
"""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.ledger_commit import DATA
from bench.table import Row, per_call, show
from marketpulse.clock import SimClock
from marketpulse.market import instruments
from marketpulse.sources.recorded import RecordedSource
from marketpulse.storage import MarketStore
from marketpulse.types import Bars, Feed, Interval, Quote

SYMBOLS = [f"S{number:03}" for number in range(500)]
BARS = 2_520
QUOTED = [*instruments(Feed.LIVE), *(f"Q{number:02}" for number in range(50))][:50]
QUOTES = 1_000_000
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
FIVE = timedelta(seconds=5)


def fill_bars(store: MarketStore, rows: sqlite3.Connection) -> None:
    """The same random walk in both, ten years a symbol."""
    dice = np.random.default_rng(3)
    time = np.arange(BARS, dtype=np.int64) * 86_400
    rows.execute(
        "CREATE TABLE bar (symbol TEXT, time INTEGER, open REAL, high REAL, low REAL, close REAL, "
        "volume REAL, PRIMARY KEY (symbol, time)) STRICT, WITHOUT ROWID"
    )
    for symbol in SYMBOLS:
        close = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.01, BARS)))
        columns = (close, close * 1.01, close * 0.99, close, np.full(BARS, 1e6))
        store.save_bars(Bars(symbol, Interval.DAY, time, *columns, "bench"))
        plain = zip([symbol] * BARS, time.tolist(), *(c.tolist() for c in columns), strict=True)
        rows.executemany("INSERT INTO bar VALUES (?, ?, ?, ?, ?, ?, ?)", plain)
    rows.commit()


def plain_bars(rows: sqlite3.Connection, symbols: list[str]) -> dict[str, np.ndarray]:
    ask = "SELECT time, open, high, low, close, volume FROM bar WHERE symbol = ? ORDER BY time"
    return {symbol: np.array(rows.execute(ask, (symbol,)).fetchall()) for symbol in symbols}


def fill_quotes(store: MarketStore) -> None:
    store.save_instruments(instruments(Feed.LIVE).values())
    moments = QUOTES // len(QUOTED)
    for first in range(0, moments, 200):
        store.save_quotes(
            Quote(symbol, 100.0 + number % 7, 99.0, 108.0, 5.0, time, time, "bench", 99.0, 110.0, 90.0)
            for number in range(first, min(first + 200, moments))
            for time in [FIRST + number * FIVE]
            for symbol in QUOTED
        )


def bars_rows(folder: Path) -> list[Row]:
    store = MarketStore.open(folder / "bars.db")
    with closing(sqlite3.connect(folder / "rows.db")) as rows:
        fill_bars(store, rows)
        one, peer = store.load_bars("S123", Interval.DAY), plain_bars(rows, ["S123"])["S123"]
        if not np.array_equal(one.close, peer[:, 4]) or len(store.load_many(SYMBOLS, Interval.DAY)) != 500:
            raise AssertionError("the two do not hold the same")
        all_of_them = per_call(lambda: store.load_many(SYMBOLS, Interval.DAY), batches=7) / 1e3
        plain = per_call(lambda: plain_bars(rows, SYMBOLS), seconds=0.1, batches=2) / 1e3
        alone = per_call(lambda: store.load_bars("S123", Interval.DAY)) / 1e3
        plain_alone = per_call(lambda: plain_bars(rows, ["S123"])) / 1e3
    store.close()
    beside = "the same as sqlite3 rows"
    return [
        Row("500 symbols x 2,520 daily bars read", all_of_them, "ms", 100.0, plain, beside),
        Row("one symbol's 2,520 daily bars read", alone, "ms", 1.0, plain_alone, beside),
    ]


def quote_rows(folder: Path) -> list[Row]:
    store = MarketStore.open(folder / "market.db")
    fill_quotes(store)
    if len(store.last_quotes()) != len(QUOTED):
        raise AssertionError(len(store.last_quotes()))
    ask = "SELECT * FROM live_market_data WHERE symbol = ? ORDER BY time DESC LIMIT 1"
    with closing(sqlite3.connect(folder / "market.db")) as raw:
        bare = per_call(lambda: [raw.execute(ask, (symbol,)).fetchone() for symbol in QUOTED]) / 1e3
    last = per_call(store.last_quotes) / 1e3
    clock = SimClock(FIRST + 1000 * FIVE)
    source, pair = RecordedSource(clock, folder), instruments(Feed.LIVE)["BTC/USDT"]

    def play(seconds: float) -> None:
        clock.advance(seconds)
        source.quote(pair)

    played, jumped = per_call(lambda: play(0.25)), per_call(lambda: play(97.5), seconds=0.05)
    source.close()
    store.close()
    return [
        Row("last quotes of 50 symbols, 1,000,000 held", last, "ms", 20.0, bare, "bare look-ups by key"),
        Row("a recorded quote played, clock at 1 x", played, "us", 200.0),
        Row("a recorded quote played, clock at 390 x", jumped, "us", 200.0),
    ]


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        return [*bars_rows(Path(folder)), *quote_rows(Path(folder))]


if __name__ == "__main__":
    show(measure())
