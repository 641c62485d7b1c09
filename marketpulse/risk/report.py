"""The slow part of the risk: every method, its backtest on the past of the present book, and where the risk is.

Some seconds of work, so it runs in a process of its own (``loop.riskjob``) and never in a page or a turn.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from marketpulse.risk.attribution import contributions
from marketpulse.risk.clusters import clusters
from marketpulse.risk.estimate import FEWEST, Method, unreadable
from marketpulse.risk.garch import FIT, FIT_FEWEST
from marketpulse.risk.methods import loss_estimates
from marketpulse.risk.simulation import Futures, simulate
from marketpulse.risk.walk import YEAR, Backtest, Forecasts, fits, judge, walk_forward
from marketpulse.types import BacktestView, Component, FloatArray, Loss

__all__ = [
    "HORIZONS",
    "LEVELS",
    "Held",
    "Scales",
    "backtests",
    "estimates",
    "futures_of",
    "parts",
    "together",
]

LEVELS = (0.95, 0.99)
HORIZONS = (1, 5)
_TOP = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What is held, and the returns that all of it shares.

    Attributes
    ----------
    values : base currency, one for each symbol
    days : seconds since 1970 UTC of each row
    matrix : simple returns, shape (days, symbols), oldest first
    """

    symbols: tuple[str, ...]
    values: FloatArray
    days: NDArray[np.int64]
    matrix: FloatArray

    @property
    def pnl(self) -> FloatArray:
        """What the present book would have gained on each day."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.matrix @ self.values, np.float64)


@dataclass(frozen=True, slots=True)
class Scales:
    """Headline over the simulated outcomes of the same book, at least 1: what previews multiply by."""

    var: float = 1.0
    es: float = 1.0


def estimates(held: Held) -> tuple[Loss, ...]:
    """Every method for each horizon and level; unknown ones carry their reason.

    NaN rule
    --------
    One return that is not finite makes every estimate unknown.
    """
    found = []
    for days in HORIZONS:
        for level in LEVELS:
            pairs = loss_estimates(held.matrix, level, days, weights=held.values)
            found += [
                Loss(str(method), level, days, pair.var.value, pair.es.value, pair.es.error, pair.var.note)
                for method, pair in pairs.items()
            ]
    return tuple(found)


def _window(n: int) -> int | None:
    """The longest window that leaves days to test on."""
    if n >= FIT + YEAR:
        return FIT
    return FIT_FEWEST if n >= FIT_FEWEST + FEWEST else FEWEST if n >= 2 * FEWEST else None


def backtests(held: Held) -> tuple[tuple[BacktestView, ...], tuple[tuple[str, float, float], ...]]:
    """Put every method to the test on the past of the present book.

    Returns
    -------
    tuple of BacktestView
        Every method at 99 %, then the headline at 95 %; empty where there are too few days.
    tuple of (day, P&L, headline VaR)
        The newest 250 days under test, oldest first.
    """
    pnl = held.pnl
    window = _window(len(pnl))
    if window is None or unreadable(pnl):
        return (), ()
    fitted = fits(pnl, window)
    views: list[BacktestView] = []
    for level in sorted(LEVELS, reverse=True):
        found = walk_forward(pnl, level, fitted, window)
        wanted = found if level == _TOP else {Method.HEADLINE: found[Method.HEADLINE]}
        views += [_view(method, level, f, judge(f, level), window) for method, f in wanted.items()]
        if level == _TOP:
            top = found[Method.HEADLINE]
    days = [
        datetime.fromtimestamp(day, UTC).date().isoformat() for day in held.days[-len(top.returns) :].tolist()
    ]
    newest = zip(days[-YEAR:], top.returns[-YEAR:].tolist(), top.var[-YEAR:].tolist(), strict=True)
    return tuple(views), tuple(newest)


def _view(method: Method, level: float, seen: Forecasts, tested: Backtest, window: int) -> BacktestView:
    recent = int((seen.returns[-YEAR:] < -seen.var[-YEAR:]).sum()) if tested.zone else None
    few = "" if window == FIT else f"a window of {window} days, for the book shares no more"
    if window < FIT_FEWEST and method in {Method.HEADLINE, Method.EWMA_T}:
        few = f"{few}; that is too few for a fit, so the headline is tested by exponential weights"
    return BacktestView(
        method=str(method),
        level=level,
        n=tested.n,
        exceedances=tested.exceedances,
        rate=tested.rate,
        p_kupiec=tested.kupiec.p_value,
        p_christoffersen=tested.independence.p_value,
        p_joint=tested.joint.p_value,
        p_dynamic=tested.dynamic.p_value,
        zone=None if tested.zone is None else str(tested.zone),
        recent=recent,
        worst=tested.worst,
        es_ratio=tested.es_ratio,
        z2=tested.z2.statistic,
        note="; ".join(filter(None, (few, tested.note))),
    )


def futures_of(symbols: tuple[str, ...], matrix: FloatArray) -> Futures | None:
    """Outcomes of one day of all names.

    Parameters
    ----------
    matrix : simple returns, shape (days, names), oldest first

    Units
    -----
    Fractions over one day.

    NaN rule
    --------
    None where a series cannot be read (see ``unreadable``).

    References
    ----------
    As ``simulate``.

    Examples
    --------
    >>> futures_of(("A",), np.zeros((200, 1))) is None
    True
    """
    if not symbols or any(unreadable(column) for column in matrix.T):
        return None
    return simulate(matrix, symbols)


def parts(held: Held, kept: Futures, headline: Loss | None) -> tuple[tuple[Component, ...], Scales]:
    """Split the headline by position, and tell how it stands to the kept outcomes.

    The outcomes say how the risk is shared, the headline how much there is: every part is multiplied
    by the same number, so the parts add up to the headline.
    """
    rows = np.array([kept.outcomes[kept.symbols.index(symbol)] for symbol in held.symbols]).T
    found = contributions(held.symbols, held.values, rows, _TOP)
    if found.var is None or found.es is None:
        return (), Scales()
    exact = Scales(_over(headline.var, found.var), _over(headline.es, found.es)) if headline else Scales()
    lines = zip(
        found.symbols, held.values.tolist(),
        (found.component_var * exact.var).tolist(), (found.component_es * exact.es).tolist(),
        (found.marginal_var * exact.var).tolist(), (found.marginal_es * exact.es).tolist(),
        (found.incremental_var * exact.var).tolist(), (found.incremental_es * exact.es).tolist(),
        strict=True,
    )  # fmt: skip
    return tuple(Component(*line) for line in lines), Scales(max(1.0, exact.var), max(1.0, exact.es))


def _over(headline: float | None, simulated: float) -> float:
    return headline / simulated if headline is not None and headline > 0.0 < simulated else 1.0


def together(
    symbols: tuple[str, ...], matrix: FloatArray
) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[float, ...], ...], str]:
    """Groups of names that move together, their correlation, and what it rests on; the newest year counts.

    Parameters
    ----------
    matrix : simple returns, shape (days, names), oldest first

    Units
    -----
    Correlations.

    NaN rule
    --------
    As ``clusters``: no groups, and the note says why.

    References
    ----------
    As ``clusters``.

    Examples
    --------
    >>> together(("A",), np.zeros((5, 1)))
    ((), (), 'unknown: A: 5 returns, fewer than 100')
    """
    found = clusters(symbols, np.asarray(matrix[-YEAR:], np.float64))
    rows = tuple(tuple(row) for row in found.correlation.tolist()) if found.groups else ()
    return found.groups, rows, found.note
