"""VaR of a book and a whole preview, beside the usual ways to compute them.

Twenty positions, 500 days, seeded random walks. Run from the project's folder:
``python -m bench.value_at_risk``.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from bench.books import SYMBOLS, context, request, walks
from bench.table import Row, per_call, show
from marketpulse.risk import Futures, Scenarios, check, historical_var, preview
from marketpulse.risk.context import Opinion
from marketpulse.risk.prospect import Standing
from marketpulse.risk.stress import shocks


def measure() -> list[Row]:
    frames = walks()
    scenarios = Scenarios(frames)
    values = dict.fromkeys(SYMBOLS, 1_000.0)
    _, pnl = scenarios.pnl(values)
    desk = context(scenarios)
    outcomes = np.ascontiguousarray(0.01 * np.random.default_rng(11).standard_t(4, (len(SYMBOLS), 10_000)))
    kept = Futures(SYMBOLS, 1, outcomes, {}, None)
    measured = replace(
        desk,
        standing=Standing(kept, shocks=shocks(frames, desk.instruments, None)),
        drawdown=0.01,
        opinion=Opinion(0.55, 5, "p 55%"),
    )
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
            note="with the steps to a size; the limits alone are the row above",
        ),
        Row("preview with VaR before and after", per_call(lambda: preview(request(), desk)), "us", 1000),
        Row(
            "whole preview: headline VaR and ES, sizes, stress",
            per_call(lambda: preview(request(), measured)),
            "us",
            1000,
            note="10,000 kept scenarios of 20 names",
        ),
    ]


if __name__ == "__main__":
    show(measure())
