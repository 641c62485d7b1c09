"""Every method's value at risk and shortfall put to the test on a history, as in docs/risk.md.

``python -m bench.var_table`` prints the S&P 500 of 1999 to 2018 (arch.data.sp500) and then an
equal-weight book of the tape's shares, rebalanced daily, at 99 and 95 %: window 1,000 days, refit
every 22. Each figure is computed; nothing is chosen by the outcome. Some two minutes.
"""

import sys
import time

import numpy as np
from arch.data import sp500

from marketpulse.risk import Method, fits, judge, walk_forward

LEVELS = (0.99, 0.95)
COLUMNS = (
    "method",
    "rate",
    "Kupiec",
    "Christoffersen",
    "joint",
    "DQ",
    "ES ratio",
    "Z2",
    "worst 250",
    "mean VaR",
    "zone",
)


def index() -> np.ndarray:
    return sp500.load()["Adj Close"].pct_change().dropna().to_numpy()


def book() -> np.ndarray:
    """The tape's shares that were listed all along, in equal parts."""
    import pandas as pd
    from bokeh_sampledata import stocks

    closes = {
        name: pd.Series(getattr(stocks, name)["adj_close"], pd.to_datetime(getattr(stocks, name)["date"]))
        for name in ("AAPL", "IBM", "MSFT")
    }
    return pd.DataFrame(closes).dropna().pct_change().dropna().mean(axis=1).to_numpy()


def cells(method: Method, found) -> list[str]:
    def show(value, digits=3):
        return "-" if value is None else f"{value:.{digits}f}"

    return [
        str(method), f"{100 * found.rate:.2f} %", show(found.kupiec.p_value), show(found.independence.p_value),
        show(found.joint.p_value), show(found.dynamic.p_value), show(found.es_ratio, 2),
        show(found.z2.statistic, 2), str(found.worst), f"{100 * found.mean_var:.2f} %", str(found.zone),
    ]  # fmt: skip


def table(name: str, returns: np.ndarray) -> None:
    start = time.perf_counter()
    fitted = fits(returns)
    for level in LEVELS:
        judged = {m: judge(f, level) for m, f in walk_forward(returns, level, fitted).items()}
        n = judged[Method.HEADLINE].n
        print(f"\n{name}, {100 * level:g} %, {n} days out of sample\n")
        print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
        for method in Method:
            print("| " + " | ".join(cells(method, judged[method])) + " |")
        replaced = judged[Method.HEADLINE].replaced
        print(f"\n{replaced} days by exponential weights because a fit failed.")
    print(f"\n{len(fitted)} fits, {time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    table("S&P 500", index())
    table("AAPL, IBM, MSFT in equal parts", book())
