"""Made-up daily bars with known truth: random walks, in which nothing can be foreseen, and planted trends."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from marketpulse.types import Bars, Interval

CUTOFF = datetime(2004, 1, 1, 14, 30, tzinfo=UTC)
TRAINED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DAY = 86_400
START = 11_000  # days since 1970: 2000-02-13


def bars_of(symbol, returns, seed, source="test"):
    """Daily bars, one per calendar day from ``START``, whose log close-to-close returns are these."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(returns))
    before = np.concatenate([[100.0], close[:-1]])
    opened = before * np.exp(rng.normal(0.0, 0.002, len(close)))
    wide = np.exp(np.abs(rng.normal(0.0, 0.004, (2, len(close)))))
    return Bars(
        symbol=symbol,
        interval=Interval.DAY,
        time=DAY * (START + np.arange(len(close), dtype=np.int64)),
        open=opened,
        high=np.maximum(opened, close) * wide[0],
        low=np.minimum(opened, close) / wide[1],
        close=close,
        volume=np.round(1e6 * np.exp(rng.normal(0.0, 0.3, len(close)))),
        source=source,
        adjusted=True,
    )


def walk(symbol, n, seed, **kwargs):
    """A random walk with fat tails and a small drift: no skill can be shown on it."""
    returns = 0.0003 + 0.01 * np.random.default_rng((7, seed)).standard_t(5, n)
    return bars_of(symbol, returns, seed, **kwargs)


def trending_walk(symbol, n, seed, strength=0.3):
    """A drift that lasts for weeks, ``strength`` times as large as a day's noise: honest skill to be found."""
    rng = np.random.default_rng((8, seed))
    drift = np.zeros(n)
    for t in range(1, n):
        drift[t] = 0.97 * drift[t - 1] + rng.normal(0.0, strength * np.sqrt(1 - 0.97**2))
    return bars_of(symbol, 0.01 * (drift + rng.standard_normal(n)), seed)


COLUMNS = ("open", "high", "low", "close", "volume")


def spoilt(bars, cutoff, seed=0):
    """The same bars, with garbage from the first one that had not closed by ``cutoff``."""
    at = len(bars.until(cutoff))
    rng = np.random.default_rng(seed)
    return replace(
        bars,
        **{c: np.append(getattr(bars, c)[:at], rng.uniform(1e-3, 1e6, len(bars) - at)) for c in COLUMNS},
    )
