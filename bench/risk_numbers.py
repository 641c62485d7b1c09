"""Loss estimates beside the usual ways to compute them, and what a fit costs in the background.

Twenty names, ten years of days, seeded. Run from the project's folder: ``python -m bench.risk_numbers``.
"""

import numpy as np
import pandas as pd

from bench.books import context
from bench.table import Row, per_call, show
from marketpulse.portfolio import equity
from marketpulse.risk import Futures, fit_gjr, historical_tail, kupiec_pof, loss_estimates

DAYS, NAMES, PATHS = 2_520, 20, 10_000
LEVEL = 0.99


def measure() -> list[Row]:
    rng = np.random.default_rng(11)
    matrix = 0.01 * rng.standard_t(4, (DAYS, NAMES))
    weights = np.full(NAMES, 5_000.0)
    table, series = pd.DataFrame(matrix), pd.Series(weights)

    def ours() -> tuple[float, float]:
        return historical_tail(matrix @ weights, LEVEL)

    def pandas() -> tuple[float, float]:
        pnl = table.mul(series).sum(axis=1)
        cut = pnl.quantile(1 - LEVEL)
        return -cut, -pnl[pnl <= cut].mean()

    np.testing.assert_allclose(ours(), pandas(), rtol=0.05)  # theirs interpolates between two outcomes
    symbols = tuple(f"S{i:02}" for i in range(NAMES))
    futures = Futures(symbols, 1, np.ascontiguousarray(0.01 * rng.standard_t(4, (NAMES, PATHS))), {}, None)
    pnl = futures.pnl(dict.fromkeys(symbols, 5_000.0))
    order = 2_000.0 * futures.outcomes[3]

    def partition() -> float:
        return -np.partition(pnl + order, PATHS // 100 - 1)[: PATHS // 100].mean()

    np.testing.assert_allclose(futures.with_order(pnl, "S03", 2_000.0).es, partition(), rtol=1e-9)
    book = context()
    held = {s: float(p.quantity) for s, p in book.portfolio.positions.items()}

    def products() -> float:
        return sum(units * book.prices[symbol] for symbol, units in held.items())

    returns = matrix[-1_250:, 0]
    fit_gjr(returns)  # the import is not what is measured
    return [
        Row(f"VaR and ES of {NAMES} x {DAYS:,}", per_call(ours), "us", 0.2, per_call(pandas), "pandas", relative=True),
        Row(
            f"ES with an order in, {PATHS:,} x {NAMES} kept scenarios",
            per_call(lambda: futures.with_order(pnl, "S03", 2_000.0)),
            "us",
            100,
            per_call(partition),
            "numpy.partition",
        ),
        Row(
            "an account of 20 positions marked",
            per_call(lambda: equity(book.portfolio, book.prices, book.rates)),
            "us",
            10,
            per_call(products),
            "float products alone",
        ),
        Row("Kupiec's test", per_call(lambda: kupiec_pof(20, 252, 0.95)), "us"),
        Row(
            "one GJR fit, 1,000 days",
            per_call(lambda: fit_gjr(returns), seconds=2.0, batches=10) / 1_000,
            "ms",
            note="in the background, never in a page run",
        ),
        Row(
            "every method of one book, one day",
            per_call(lambda: loss_estimates(returns), seconds=2.0, batches=10) / 1_000,
            "ms",
            note="as above",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    show(measure())
