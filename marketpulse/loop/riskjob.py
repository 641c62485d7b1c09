"""The risk process: ``python -m marketpulse.loop.riskjob JOBDIR``.

It reads the job, works for some seconds at low priority, and writes the report and the outcomes. It
ends with 0 only when both are complete.
"""

import sys
from math import isfinite
from pathlib import Path

import numpy as np

from marketpulse.clock import Clock, WallClock
from marketpulse.loop.riskfile import Found, Job, load_job, save_found
from marketpulse.meter.children import lower_priority
from marketpulse.performance import beta, drawdown, spells, tear_sheet, yearly_turnover
from marketpulse.risk import (
    deflated_sharpe,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
    sharpe_error,
)
from marketpulse.risk.report import Held, Scales, backtests, estimates, futures_of, parts, together
from marketpulse.types import Component, FloatArray, Measure, RiskReport

__all__ = ["main", "measure"]

_ARGUMENTS = 2
_SHARES, _COINS = 252, 365
_FEWEST = 20  # daily returns before a ratio says anything


def main(arguments: list[str]) -> int:
    """Work on one job."""
    if len(arguments) != _ARGUMENTS:
        sys.stderr.write("usage: python -m marketpulse.loop.riskjob JOBDIR\n")
        return 2
    lower_priority()
    folder = Path(arguments[1])
    save_found(folder, measure(load_job(folder), WallClock()))
    return 0


def measure(job: Job, clock: Clock) -> Found:
    """Measure everything; pure but for the time it is stamped with."""
    held = Held(job.symbols, job.values, job.days, job.matrix)
    kept = futures_of(job.universe, job.moves)
    losses = estimates(held) if job.symbols and len(job.matrix) else ()
    views, days = backtests(held) if job.symbols and len(job.matrix) else ((), ())
    headline = next(
        (one for one in losses if (one.method, one.level, one.days) == ("headline", 0.99, 1)), None
    )
    components: tuple[Component, ...] = ()
    scales = Scales()
    if kept is not None and job.symbols and set(job.symbols) <= set(kept.symbols):
        components, scales = parts(held, kept, headline)
    groups, _, _ = together(job.universe, job.moves) if len(job.universe) > 1 else ((), (), "")
    _, correlation, _ = together(job.symbols, job.matrix) if len(job.symbols) > 1 else ((), (), "")
    report = RiskReport(
        computed=clock.wall(),
        through=job.through,
        book=tuple(zip(job.symbols, job.values.tolist(), strict=True)),
        equity=job.equity,
        losses=losses,
        backtests=views,
        days=days,
        components=components,
        clusters=groups,
        names=job.symbols if correlation else (),
        correlation=correlation,
        measures=(*_of_account(job), *_of_book(job, held)),
        note=job.note,
    )
    return Found(report, kept, scales)


def _of_account(job: Job) -> tuple[Measure, ...]:
    """Ratios of what the account has really done."""
    daily, year = job.account, _COINS if job.always else _SHARES
    n = len(daily)
    about = f"{n} daily returns of the account, {year} a year"
    turned = _turnover(job, year)
    if n < _FEWEST or not np.isfinite(daily).all():
        why = f"unknown: {n} of {_FEWEST} daily returns of the account"
        names = (
            "Sharpe", "Sharpe above 0", "Sharpe, deflated", "Shortest record",
            "Sortino", "Calmar", "Deepest fall", "Longest fall", "Volatility, account",
        )  # fmt: skip
        return (*(Measure(name, None, percent=False, note=why) for name in names), turned)
    sheet = tear_sheet(daily, year)
    return (
        *_worth(job, sheet.sharpe, year, about),
        Measure("Sortino", _known(sheet.sortino), percent=False, note=about),
        Measure("Calmar", _known(sheet.calmar), percent=False, note=f"over the whole record; {about}"),
        Measure("Deepest fall", _known(sheet.drawdown), percent=True, note=about),
        _longest(daily, about),
        Measure("Volatility, account", _known(sheet.volatility), percent=True, note=f"a year; {about}"),
        turned,
    )


def _worth(job: Job, sharpe: float, year: int, about: str) -> tuple[Measure, ...]:
    """The Sharpe ratio of the account's own equity, and what it is worth."""
    n, trials = len(job.account), job.trials
    one, skew, tails = moments(job.account)
    error = sharpe_error(one, n, skew, tails) * year**0.5
    chance = probabilistic_sharpe(one, n, skew, tails)
    # The spread of the trials' ratios is taken as that of luck alone over as many days.
    deflated = deflated_sharpe(one, n, trials, 1.0 / (n - 1), skew=skew, kurtosis=tails)
    needed = minimum_track_record(one, skew, tails)
    short = (
        f"daily returns until it is above 0 with 95 %; there are {n}"
        if isfinite(needed)
        else "unknown: no record shows a ratio that is not above 0"
    )
    tried = "1 trial, the record itself" if trials == 1 else f"{trials} trials, those of the models counted"
    return (
        Measure("Sharpe", _known(sharpe), percent=False, note=f"{_error(error)}, {about}"),
        Measure("Sharpe above 0", _known(chance), percent=True,
                note="probability, with the skew and tails that were seen"),
        Measure("Sharpe, deflated", _known(deflated), percent=True,
                note=f"probability that it is above what the best of {tried} shows by luck"),
        Measure("Shortest record", _known(needed), percent=False, note=short),
    )  # fmt: skip


def _longest(daily: FloatArray, about: str) -> Measure:
    """How long the longest time below a highest equity was, in days of the record."""
    under = spells(drawdown(daily).underwater)
    if not under:
        return Measure("Longest fall", 0.0, percent=False, note=f"days below a highest equity; {about}")
    longest = max(under, key=lambda spell: spell.length)
    ended = "not made good yet" if longest.end is None else "made good since"
    note = f"days below a highest equity, {longest.depth:.1%} deep, {ended}; {about}"
    return Measure("Longest fall", float(longest.length), percent=False, note=note)


def _turnover(job: Job, year: int) -> Measure:
    """How often a year the account is traded over."""
    known, name = job.traded, "Turnover"
    found = yearly_turnover(known, year)
    if not isfinite(found):
        note = "unknown: two days of equity, and a rate for all that was traded, are needed"
        return Measure(name, None, percent=False, note=note)
    note = (
        f"times a year, the smaller of {known.bought:,.0f} bought and {known.sold:,.0f} sold "
        f"over {known.days} days, {year} a year"
    )
    return Measure(name, found, percent=False, note=note)


def _of_book(job: Job, held: Held) -> tuple[Measure, ...]:
    """What the present book does in a year of its past, and with the market."""
    if not job.symbols or not job.equity or not len(job.matrix):
        return ()
    periods = _COINS if job.coins else _SHARES
    returns: FloatArray = held.pnl[-periods:] / job.equity
    deviation = float(returns.std(ddof=1)) * periods**0.5 if len(returns) > 1 else np.nan
    about = f"the present book over {len(returns)} days, on equity, {periods} a year"
    found = [Measure("Volatility, book", _known(deviation), percent=True, note=about)]
    index = job.index[-periods:]
    both = np.isfinite(index) & np.isfinite(returns)
    slope = beta(returns[both], index[both])
    name = "Beta to S&P 500"
    if isfinite(slope.value):
        note = f"{_error(slope.error)} (Newey-West, {slope.lags} lags), {slope.n} days, on equity"
        found.append(Measure(name, slope.value, percent=False, note=note))
    else:
        found.append(Measure(name, None, percent=False, note=f"unknown: {slope.n} days that both have"))
    return tuple(found)


def _known(number: float) -> float | None:
    return float(number) if isfinite(number) else None


def _error(error: float) -> str:
    """A standard error in words; one that cannot be told is said to be so."""
    return f"standard error {error:.2f}" if isfinite(error) else "standard error not known"


if __name__ == "__main__":
    sys.exit(main(sys.argv))
