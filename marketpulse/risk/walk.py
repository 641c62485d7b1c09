"""A value at risk put to the test on a history: each day's estimate knows the days before it only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from marketpulse.risk.coverage import (
    Tested,
    Zone,
    acerbi_szekely,
    basel_zone,
    christoffersen,
    dynamic_quantile,
    kupiec_pof,
    shortfall_ratio,
)
from marketpulse.risk.estimate import FEWEST, Method, Tail, readable, unreadable
from marketpulse.risk.garch import FIT, FIT_FEWEST, Model, fit_ewma_t, fit_gjr
from marketpulse.risk.simulation import PATHS, SEED, skewt_draws
from marketpulse.risk.tails import cornish_fisher_tail, historical_tail, normal_tail
from marketpulse.risk.var import WINDOW
from marketpulse.types import FloatArray

__all__ = ["REFIT", "YEAR", "Backtest", "Fit", "Forecasts", "fits", "judge", "walk_forward"]

REFIT = 22
"""Days after which the models are fitted anew."""

YEAR = 250
"""Days that the Basel zones are about."""

_BEFORE = 1_250  # returns from which exponential weights and their errors are taken


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The models as fitted before day ``start``; they serve the days up to ``stop``.

    ``gjr`` is None where the fit failed or the window is too short for one.
    """

    start: int
    stop: int
    gjr: Model | None
    ewma: Model


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Estimates for each day after the first window; ``returns`` are what then happened.

    Attributes
    ----------
    replaced : days on which exponential weights stood in for a GARCH fit
    """

    returns: FloatArray
    var: FloatArray
    es: FloatArray
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a method's estimates were worth.

    Attributes
    ----------
    n, exceedances, rate : days, days with a larger loss than the estimate, and their share
    zone : of the newest 250 days; None for fewer
    worst : most exceedances in any of the blocks of 250 days; None for fewer
    es_ratio : mean loss over mean forecast on the days of exceedance; None without one
    mean_var : mean estimate
    quantile_loss : mean of the loss that the right quantile makes least; to compare methods
    note : why something is unknown
    """

    n: int
    exceedances: int
    rate: float | None
    kupiec: Tested
    independence: Tested
    joint: Tested
    dynamic: Tested
    zone: Zone | None
    worst: int | None
    es_ratio: float | None
    z2: Tested
    mean_var: float | None
    quantile_loss: float | None
    replaced: int
    note: str


def fits(returns: FloatArray, window: int = FIT, refit: int = REFIT) -> tuple[Fit, ...]:
    """Fit the models again every ``refit`` days; some 50 ms each.

    Units
    -----
    The models are in the unit of ``returns``.

    NaN rule
    --------
    A series that ``unreadable`` names has no fits.

    References
    ----------
    docs/risk.md of this project: window of 1,000 days, refit every 22.

    Examples
    --------
    >>> len(fits(np.random.default_rng(1).standard_normal(200), window=100, refit=50))
    2
    """
    values = np.asarray(returns, np.float64)
    if window < FEWEST or refit < 1:
        raise ValueError(f"A window has {FEWEST} days or more, and a refit comes after at least one.")
    if unreadable(values):
        return ()
    found = []
    for start in range(window, len(values), refit):
        past = values[start - window : start]
        still = bool(unreadable(past))
        gjr = fit_gjr(past) if window >= FIT_FEWEST and not still else None
        ewma = fit_ewma_t(values[max(0, start - _BEFORE) : start])
        found.append(Fit(start, min(start + refit, len(values)), gjr, ewma))
    return tuple(found)


def walk_forward(
    returns: FloatArray,
    level: float = 0.99,
    fitted: Sequence[Fit] | None = None,
    window: int = FIT,
    refit: int = REFIT,
) -> Mapping[Method, Forecasts]:
    """Every method's estimate for each day after the first ``window``, from the days before it.

    A method that has no estimate for any day is left out.

    Parameters
    ----------
    fitted : what ``fits`` gave for the same returns and window, to ask for another level

    Units
    -----
    The unit of ``returns``, over one day.

    NaN rule
    --------
    A series that ``unreadable`` names gives an empty answer.

    References
    ----------
    Christoffersen, Elements of Financial Risk Management, chapter on backtesting.

    Examples
    --------
    >>> found = walk_forward(np.random.default_rng(1).standard_normal(300), 0.95, window=150)
    >>> sorted(map(str, found)), len(found[Method.NORMAL].var)
    (['cornish_fisher', 'ewma_t', 'headline', 'historical', 'normal'], 150)
    """
    readable(level)
    values = np.asarray(returns, np.float64)
    blocks = fits(values, window, refit) if fitted is None else fitted
    if not blocks:
        return {}
    start = blocks[0].start
    happened = values[start:]
    found = _from_windows(values, start, level)
    found[Method.EWMA_T] = _joined([_served(values, block, block.ewma, level) for block in blocks])
    if any(block.gjr for block in blocks):
        found |= _from_gjr(values, blocks, level)
        found[Method.HEADLINE] = _larger(found[Method.FHS_GJR], found[Method.GJR_SKEWT])
    else:
        found[Method.HEADLINE] = found[Method.EWMA_T]
    replaced = sum(block.stop - block.start for block in blocks if block.gjr is None)
    own = {Method.HISTORICAL, Method.NORMAL, Method.CORNISH_FISHER, Method.EWMA_T}
    return {
        method: Forecasts(happened, var, es, 0 if method in own else replaced)
        for method, (var, es) in found.items()
    }


_Both = tuple[FloatArray, FloatArray]


def _from_windows(values: FloatArray, start: int, level: float) -> dict[Method, _Both]:
    """The methods that look at the newest 500 returns and nothing else."""
    found: dict[Method, list[Tail]] = {
        Method.HISTORICAL: [], Method.NORMAL: [], Method.CORNISH_FISHER: []
    }  # fmt: skip
    for day in range(start, len(values)):
        recent = values[max(0, day - WINDOW) : day]
        mean, away = float(recent.mean()), recent - recent.mean()
        square = away * away
        variance = float(square.mean())
        deviation = (variance * len(recent) / (len(recent) - 1)) ** 0.5
        still = variance <= 0.0
        skew = 0.0 if still else float((square * away).mean()) / variance**1.5
        excess = 0.0 if still else float((square * square).mean()) / variance**2 - 3.0
        found[Method.HISTORICAL].append(historical_tail(recent, level))
        found[Method.NORMAL].append(normal_tail(mean, deviation, level))
        found[Method.CORNISH_FISHER].append(cornish_fisher_tail(mean, deviation, skew, excess, level))
    return {method: _columns(np.array(tails)) for method, tails in found.items()}


def _columns(tails: FloatArray) -> _Both:
    return np.ascontiguousarray(tails[:, 0]), np.ascontiguousarray(tails[:, 1])


def _served(
    values: FloatArray, block: Fit, model: Model, level: float, errors: Tail | None = None
) -> FloatArray:
    """A model's tails for the days of its block, shape (days, 2)."""
    var, es = model.tail(level) if errors is None else errors
    sigma = model.follow(values[block.start : block.stop])[1]
    return np.column_stack([sigma * var - model.mu, sigma * es - model.mu])


def _joined(blocks: Sequence[FloatArray]) -> _Both:
    return _columns(np.concatenate(blocks))


def _from_gjr(values: FloatArray, blocks: Sequence[Fit], level: float) -> dict[Method, _Both]:
    """The methods that stand on the GARCH fit; where there is none, exponential weights serve."""
    found: dict[Method, list[FloatArray]] = {
        Method.FHS_GJR: [], Method.GJR_SKEWT: [], Method.MONTE_CARLO: []
    }  # fmt: skip
    for block in blocks:
        model = block.gjr
        if model is None:
            instead = _served(values, block, block.ewma, level)
            for rows in found.values():
                rows.append(instead)
            continue
        found[Method.FHS_GJR].append(_served(values, block, model, level, model.filtered(level)))
        found[Method.GJR_SKEWT].append(_served(values, block, model, level))
        simulated = historical_tail(skewt_draws(model, 1, PATHS, SEED)[0], level)
        found[Method.MONTE_CARLO].append(_served(values, block, model, level, simulated))
    return {method: _joined(rows) for method, rows in found.items()}


def _larger(one: _Both, two: _Both) -> _Both:
    """The larger value at risk of each day, with its own shortfall."""
    first = one[0] >= two[0]
    return np.where(first, one[0], two[0]), np.where(first, one[1], two[1])


def judge(forecasts: Forecasts, level: float = 0.99) -> Backtest:
    """Put one method's estimates to every test."""
    readable(level)
    hits = forecasts.returns < -forecasts.var
    n, count = len(hits), int(hits.sum())
    if n < FEWEST:
        return _untested(n, count, forecasts.replaced)
    alone = christoffersen(hits, level)
    starts = range(0, n - YEAR + 1, YEAR)
    ratio = shortfall_ratio(forecasts.returns, forecasts.var, forecasts.es)
    year = n >= YEAR
    return Backtest(
        n=n,
        exceedances=count,
        rate=count / n,
        kupiec=kupiec_pof(count, n, level),
        independence=Tested(alone.statistic, alone.p_value, alone.n, alone.note),
        joint=alone.joint,
        dynamic=dynamic_quantile(hits, forecasts.var, level),
        zone=basel_zone(int(hits[-YEAR:].sum()), YEAR, level) if year else None,
        worst=max(int(hits[i : i + YEAR].sum()) for i in starts) if year else None,
        es_ratio=ratio if isfinite(ratio) else None,
        z2=acerbi_szekely(forecasts.returns, forecasts.var, forecasts.es, level),
        mean_var=float(forecasts.var.mean()),
        quantile_loss=float(np.mean((1 - level - hits) * (forecasts.returns + forecasts.var))),
        replaced=forecasts.replaced,
        note="" if year else f"no zone: {n} days, fewer than {YEAR}",
    )


def _untested(n: int, count: int, replaced: int) -> Backtest:
    """A backtest of too few days."""
    why = f"unknown: {n} days to test on, fewer than {FEWEST}"
    none = Tested(None, None, n, why)
    return Backtest(
        n=n,
        exceedances=count,
        rate=count / n if n else None,
        kupiec=none,
        independence=none,
        joint=none,
        dynamic=none,
        zone=None,
        worst=None,
        es_ratio=None,
        z2=none,
        mean_var=None,
        quantile_loss=None,
        replaced=replaced,
        note=why,
    )
