"""The peer's side of ``indicators.py``: run by the Python of bench/.venv, reads bars as JSON, prints one JSON line."""

import json
import sys
import time

from talipp.indicators import ADX, ATR, BB, EMA, MACD, OBV, RSI, SMA, Stoch
from talipp.ohlcv import OHLCV

FIRST = 500

columns = json.load(sys.stdin)
bars = [
    OHLCV(*row) for row in zip(*(columns[c] for c in ("open", "high", "low", "close", "volume")), strict=True)
]
of_close = [SMA(20), EMA(20), RSI(14), MACD(12, 26, 9), BB(20, 2)]
of_bars = [ATR(14), ADX(14, 14), Stoch(14, 3), OBV()]


def take(bar: OHLCV) -> None:
    for indicator in of_close:
        indicator.add(bar.close)
    for indicator in of_bars:
        indicator.add(bar)


for bar in bars[:FIRST]:
    take(bar)
times = []
for start in range(FIRST, len(bars), 101):
    batch = bars[start : start + 101]
    began = time.perf_counter()
    for bar in batch:
        take(bar)
    times.append((time.perf_counter() - began) / len(batch))

sma, ema, rsi, macd, bands = (indicator[-1] for indicator in of_close)
answers = {
    "sma": sma,
    "ema": ema,
    "rsi": rsi,
    "macd": macd.macd,
    "macd_signal": macd.signal,
    "upper": bands.ub,
    "lower": bands.lb,
    "atr": of_bars[0][-1],
}
print(json.dumps({"microseconds": min(times) * 1e6, "answers": answers}))
