"""Every method's value at risk and shortfall put to the test on a history, as in docs/risk.md.

``python -m bench.var_table`` prints the S&P 500 of 1999 to 2018 (arch.data.sp500) and then an
equal-weight book of the tape's shares, rebalanced daily, at 99 and 95 %: window 1,000 days, refit
every 22; and the headline over five days, for weeks that do not overlap. Each figure is computed;
nothing is chosen by the outcome. Some two minutes.
"""

import sys
import time

import numpy as np
from arch.data import sp500

from marketpulse.risk import (
    Forecasts,
    Method,
    fits,
    historical_tail,
    judge,
    paths_of,
    skewt_draws,
    walk_forward,
)

LEVELS = (0.99, 0.95)
DAYS = 5
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
    "loss",
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
        show(found.z2.statistic, 2), str(found.worst), f"{100 * found.mean_var:.2f} %", f"{1e4 * found.quantile_loss:.2f}", str(found.zone),
    ]  # fmt: skip


def weeks(returns: np.ndarray, fitted, level: float) -> Forecasts:
    """The headline of five days by simulation, at the start of each week of five days."""
    happened, tails = [], []
    for block in fitted:
        model, days = block.gjr or block.ewma, range(block.start, block.stop)
        drawn = skewt_draws(model, DAYS, 10_000, block.start)
        seen = np.random.default_rng(block.start).choice(model.residuals, (DAYS, 10_000))
        for day in days:
            if (day - fitted[0].start) % DAYS or day + DAYS > len(returns):
                continue
            now = model.follow(returns[block.start : day])[0]
            tails.append(max(historical_tail(paths_of(now, draws), level) for draws in (drawn, seen)))
            happened.append(returns[day : day + DAYS].sum())
    var, es = np.array(tails).T
    return Forecasts(np.array(happened), var, es)


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
        week = judge(weeks(returns, fitted, level), level)
        print(f"\nFive days, {100 * level:g} %, {week.n} weeks out of sample, headline:\n")
        print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
        print("| " + " | ".join(cells(Method.HEADLINE, week)) + " |")
    print(f"\n{len(fitted)} fits, {time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    table("S&P 500", index())
    table("AAPL, IBM, MSFT in equal parts", book())
