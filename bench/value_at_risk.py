"""VaR of a book and a whole preview, beside the usual ways to compute them.

Twenty positions, 500 days, seeded random walks. Run from the project's folder:
``python -m bench.value_at_risk``.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from bench.books import SYMBOLS, context, request, walks
from bench.table import Row, per_call, show
from marketpulse.risk import Scenarios, check, historical_var, preview


def measure() -> list[Row]:
    frames = walks()
    scenarios = Scenarios(frames)
    values = dict.fromkeys(SYMBOLS, 1_000.0)
    _, pnl = scenarios.pnl(values)
    desk = context(scenarios)
    closes = pd.DataFrame({s: b.close for s, b in frames.items()})
    weights = pd.Series(values)
    percentile = per_call(lambda: -np.percentile(pnl, 1))
    usual = per_call(lambda: -closes.pct_change().iloc[-500:].mul(weights).sum(axis=1).quantile(0.01))
    return [
        Row(
            "VaR of 500 profits",
            per_call(lambda: historical_var(pnl)),
            "us",
            None,
            percentile,
            "numpy.percentile",
        ),
        Row(
            "VaR of a book, 20 positions",
            per_call(lambda: scenarios.var(values)),
            "us",
            1000,
            usual,
            "pandas",
        ),
        Row("VaR of a new set of symbols", per_call(lambda: Scenarios(frames).var(values)), "us", 1000),
        Row("every gate that can refuse", per_call(lambda: check(request(), desk)), "us", 50),
        Row(
            "preview without scenarios",
            per_call(lambda: preview(request(), replace(desk, scenarios=None))),
            "us",
            50,
        ),
        Row("preview with VaR before and after", per_call(lambda: preview(request(), desk)), "us", 1000),
    ]


if __name__ == "__main__":
    show(measure())
