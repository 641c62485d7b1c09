"""The chart's nine indicators over histories and on one new bar, and the full table of features.

Beside them, in the same run: TA-Lib called bare, over the same arrays, and talipp, which lives in
bench/.venv (see ``tearsheet.py``). The run ends with an error where they do not agree. Run from the
project's folder: ``python -m bench.indicators``.
"""

import json
import subprocess
import time

import numpy as np
import talib
from talib import stream

from bench.table import Row, per_call, show
from bench.tearsheet import FOLDER, PYTHONS
from marketpulse.features.around import around
from marketpulse.features.chart import LINES, chart
from marketpulse.features.full import NAMES, table, tables
from marketpulse.features.newest import newest
from marketpulse.features.streaming import Forming
from marketpulse.types import Bars, Interval

DAYS = 2_520


def measure() -> list[Row]:
    panel = {f"S{i:03}": walk(f"S{i:03}", i) for i in range(500)}
    one = panel["S000"]
    lines = _histories(panel)
    return [lines, *_one_bar(one), *_features(panel, lines.floor)]


def walk(symbol: str, seed: int) -> Bars:
    """Ten years of daily bars, made up."""
    rng = np.random.default_rng((5, seed))
    close = 100 * np.exp(np.cumsum(rng.standard_t(4, DAYS) * 0.01))
    opened = close * np.exp(rng.normal(0, 0.003, DAYS))
    wide = np.exp(np.abs(rng.normal(0, 0.005, (2, DAYS))))
    high, low = np.maximum(opened, close) * wide[0], np.minimum(opened, close) / wide[1]
    volume = np.round(1e6 * np.exp(rng.normal(0, 0.3, DAYS)))
    days = 86_400 * np.arange(DAYS, dtype=np.int64)
    return Bars(symbol, Interval.DAY, days, opened, high, low, close, volume, "made up", adjusted=True)


def _bare(bars: Bars):
    high, low, close = bars.high, bars.low, bars.close
    return (
        talib.SMA(close, 20),
        talib.EMA(close, 20),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        *talib.BBANDS(close, 20),
        talib.ATR(high, low, close, 14),
        talib.ADX(high, low, close, 14),
        *talib.STOCH(high, low, close, 14, 3, 0, 3, 0),
        talib.OBV(close, bars.volume),
    )


def _histories(panel) -> Row:
    every = list(panel.values())
    ours = theirs = np.inf
    for _ in range(10):  # in turns, so that other work on the machine meets both
        ours = min(ours, _seconds(lambda: [chart(bars) for bars in every]))
        theirs = min(theirs, _seconds(lambda: [_bare(bars) for bars in every]))
    for line, bare in zip(chart(every[0]).values(), _bare(every[0]), strict=True):
        np.testing.assert_allclose(line[1_000:], bare[1_000:], rtol=1e-9)
    what = f"chart's {len(LINES)} lines, 500 x {DAYS:,} bars"
    return Row(what, ours * 1e3, "ms", 1.2, theirs * 1e3, "bare TA-Lib loop", relative=True)


def _bare_stream(bars: Bars):
    high, low, close, volume = (getattr(bars, c).copy() for c in ("high", "low", "close", "volume"))
    sma, ema, rsi = stream.SMA(close, 20), stream.EMA(close, 20), stream.RSI(close, 14)
    macd, bands = stream.MACD(close, 12, 26, 9), stream.BBANDS(close, 20)
    atr, adx = stream.ATR(high, low, close, 14), stream.ADX(high, low, close, 14)
    stochastic, obv = stream.STOCH(high, low, close, 14, 3, 0, 3, 0), stream.OBV(close, volume)

    def take(high, low, close, volume):
        return (
            sma.update(close),
            ema.update(close),
            rsi.update(close),
            *macd.update(close),
            *bands.update(close),
            atr.update(high, low, close),
            adx.update(high, low, close),
            *stochastic.update(high, low, close),
            obv.update(close, volume),
        )

    return take


def _one_bar(bars: Bars) -> list[Row]:
    history = bars[:2_000]
    forming, bare = Forming(history), _bare_stream(history)
    later = list(
        zip(*(getattr(bars, c)[2_000:].tolist() for c in ("high", "low", "close", "volume")), strict=True)
    )
    ours = peek = floor = np.inf
    for _ in range(150):  # in turns, as above
        ours = min(ours, _per_bar(forming.update, later))
        floor = min(floor, _per_bar(bare, later))
        peek = min(peek, _per_bar(forming.peek, later))
    again = per_call(lambda: chart(bars))
    peer, note = _peer(bars)
    what, bare_words = "chart's lines on one new bar", "bare stream handles"
    rows = [
        Row(what, ours, "us", 1.5, floor, bare_words, relative=True),
        Row("chart's lines of a forming bar", peek, "us", 1.5, floor, bare_words, relative=True),
        Row(what, ours, "us", 0.1, again, f"recompute of {DAYS:,} bars", relative=True),
    ]
    floor = peer["microseconds"] if peer else None
    return [
        *rows,
        Row(what, ours, "us", 0.1, floor, "talipp", relative=True, note=note),
    ]


def _peer(bars: Bars):
    python = next((p for p in PYTHONS if p.exists()), None)
    if python is None:
        return None, "peer not installed, see bench/tearsheet.py"
    columns = {c: getattr(bars, c).tolist() for c in ("open", "high", "low", "close", "volume")}
    done = subprocess.run(
        [python, FOLDER / "indicators_peer.py"],
        input=json.dumps(columns),
        capture_output=True,
        text=True,
        check=True,
    )
    peer = json.loads(done.stdout.splitlines()[-1])
    ours = chart(bars)
    for line, answer in peer["answers"].items():
        np.testing.assert_allclose(ours[line][-1], answer, rtol=1e-6)
    return peer, f"{len(peer['answers'])} lines the same to 1e-6"


def _features(panel, loop) -> list[Row]:
    market = walk("^M", 999)
    tape = dict(list(panel.items())[:20])
    beside, one = around(market, tape), tape["S003"]
    whole = min(_seconds(lambda: tables(panel, market)) for _ in range(3))
    few = min(_seconds(lambda: tables(tape, market)) for _ in range(5))
    return [
        Row(
            f"{len(NAMES)} features, 500 x {DAYS:,} bars", whole * 1e3, "ms", 3_000, loop, "bare TA-Lib loop"
        ),
        Row(f"{len(NAMES)} features, 20 x {DAYS:,} bars", few * 1e3, "ms", 500),
        Row(f"{len(NAMES)} features of one symbol", per_call(lambda: table(one, beside)), "us"),
        Row(f"{len(NAMES)} features of one new bar", per_call(lambda: newest(one, beside)), "us"),
    ]


def _per_bar(take, later) -> float:
    """Microseconds a bar."""
    start = time.perf_counter()
    for high, low, close, volume in later:
        take(high, low, close, volume)
    return (time.perf_counter() - start) / len(later) * 1e6


def _seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    show(measure())
