"""A report as the background makes it, for the pages and for REST."""

from dataclasses import replace
from datetime import UTC, datetime

from fakes import snapshot

from marketpulse.types import BacktestView, Component, Loss, Measure, RiskReport, StressLoss

NAMES = (
    "headline",
    "fhs_gjr",
    "gjr_skewt",
    "ewma_t",
    "historical",
    "monte_carlo",
    "cornish_fisher",
    "normal",
)
NOTE = "1-day 99 %, filtered historical simulation on GJR-GARCH, 1000 returns"

REPORT = RiskReport(
    computed=datetime(2026, 11, 20, 18, 46, tzinfo=UTC),
    through="2012-06-13",
    book=(("AAPL", 20_000.0), ("BTC/USDT", 9_000.0)),
    equity=100_000.0,
    losses=tuple(
        Loss(name, level, days, 2_914.0 * days, 3_318.0 * days, 21.0 if name == "monte_carlo" else None, NOTE)
        for name in NAMES for level in (0.95, 0.99) for days in (1, 5)
    ),
    backtests=tuple(
        BacktestView(name, 0.99, 1_268, 12, 0.0095, 0.74, 0.86, 0.91, 0.03, "red" if name == "normal" else "green",
                     3, 6, 0.97, -0.03, "")
        for name in NAMES
    ),
    days=(("2012-06-11", 400.0, 2_900.0), ("2012-06-12", -3_365.0, 2_914.0), ("2012-06-13", 10.0, 3_000.0)),
    components=(
        Component("AAPL", 20_000.0, 1_914.0, 2_318.0, 0.1, 0.12, 1_000.0, 1_500.0),
        Component("BTC/USDT", 9_000.0, 1_000.0, 1_000.0, 0.11, 0.11, 400.0, 500.0),
    ),
    clusters=(("AAPL", "MSFT"), ("BTC/USDT",)),
    names=("AAPL", "BTC/USDT"),
    correlation=((1.0, 0.62), (0.62, 1.0)),
    measures=(Measure("Sharpe", 0.83, False, "standard error 1.01, 61 daily returns"),
              Measure("Shortest record", 512.3, False, "daily returns until it is above 0 with 95 %; there are 61"),
              Measure("Longest fall", 8.0, False, "days below a highest equity"),
              Measure("Sortino", None, False, "unknown: 5 of 20 daily returns")),
)  # fmt: skip

STRESS = (
    StressLoss("1987, one day", -9_000.5, (), ("AAPL", "BTC/USDT"), (), "the index's published fall"),
    StressLoss("2007 to 2009", -12_000.0, ("AAPL",), ("BTC/USDT",), (), "prices of the time"),
    StressLoss("2022, rates up", None, (), (), ("FB",), ""),
)


def measured(**changes):
    """The rich Snapshot with a report beside its risk."""
    rich = snapshot()
    given = {"report": REPORT, "stress": STRESS} | changes
    return replace(rich, risk=replace(rich.risk, **given))
