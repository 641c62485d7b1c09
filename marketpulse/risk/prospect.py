"""VaR and ES of the book with an order in, within the time that a preview has.

The background keeps simulated outcomes of all names over one day (``Futures``) and how much larger
the headline was than they said of the same book. A preview adds the order's outcomes to the book's
and scales. Where there are none yet, or not of a name, the newest 500 days stand in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np

from marketpulse.risk.estimate import Tail
from marketpulse.risk.simulation import Futures
from marketpulse.risk.stress import Shock
from marketpulse.risk.tails import historical_tail
from marketpulse.risk.var import LEVEL, MINIMUM, Scenarios
from marketpulse.types import FloatArray

__all__ = ["Outlook", "Prospect", "Standing", "prospect"]

_EMPTY = "the book is empty"


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What the background has found, for every order until it looks again.

    Attributes
    ----------
    futures : outcomes of one day; None before the first look
    var_scale, es_scale : headline over ``futures`` for the book that was looked at, at least 1
    clusters : groups of names that move together
    red : the headline is in Basel's red zone
    shocks : scenarios as moves
    singles : VaR of one unit of money in a name by itself, kept once it has been asked for
    """

    futures: Futures | None = None
    var_scale: float = 1.0
    es_scale: float = 1.0
    clusters: tuple[tuple[str, ...], ...] = ()
    red: bool = False
    shocks: tuple[Shock, ...] = ()
    singles: dict[str, float] = field(default_factory=dict)

    def cluster(self, symbol: str) -> tuple[str, ...]:
        """The names that move together with one, itself among them."""
        return next((group for group in self.clusters if symbol in group), (symbol,))


class Prospect(NamedTuple):
    """One-day loss at 99 %, positive, base currency; None is unknown."""

    var: float | None
    es: float | None
    note: str


def prospect(values: Mapping[str, float], scenarios: Scenarios | None, standing: Standing | None) -> Prospect:
    """Estimate a book's loss: by the kept outcomes where they hold all of it, else by history.

    Parameters
    ----------
    values : market value by symbol, base currency

    Units
    -----
    Base currency, one day.

    NaN rule
    --------
    A value that is not finite makes the loss unknown.

    References
    ----------
    docs/risk.md of this project.

    Examples
    --------
    >>> prospect({}, Scenarios({}), None)
    Prospect(var=0.0, es=0.0, note='the book is empty')
    """
    held = {symbol: value for symbol, value in values.items() if value}
    kept = standing.futures if standing else None
    if standing and kept and held and held.keys() <= set(kept.symbols):
        bad = sorted(s for s, value in held.items() if not isfinite(value))
        if bad:
            return Prospect(None, None, f"unknown, no price of {', '.join(bad)}")
        return _scaled(historical_tail(kept.pnl(held), LEVEL), standing, kept.outcomes.shape[1])
    if scenarios is None:
        return Prospect(None, None, "unknown, no bars have been read yet")
    with np.errstate(over="ignore", invalid="ignore"):  # an absurd rate: told as unknown, not warned of
        pnl = scenarios.pnl(held)[1] if held and scenarios.knows(held) else np.empty(0)
        if len(pnl) < MINIMUM or not isfinite(float(pnl.sum())):
            said = scenarios.var(held)  # empty, or unknown with its reason
            known = said.value is not None and isfinite(said.value)
            value = said.value if known else None
            return Prospect(value, value, said.note)
    tail = historical_tail(pnl, LEVEL)
    note = f"1-day 99 %, historical simulation, {len(pnl)} bars"
    return Prospect(max(0.0, tail.var), max(0.0, tail.es), note)


class Outlook:
    """The loss of a book with more or less money in one name; each answer is worked out once.

    Parameters
    ----------
    values : market value by symbol, base currency
    symbol : the name whose money changes
    """

    __slots__ = (
        "_given",
        "_kept",
        "_known",
        "_pnl",
        "_ready",
        "_row",
        "_scenarios",
        "_standing",
        "_symbol",
        "_values",
    )

    def __init__(
        self,
        values: Mapping[str, float],
        symbol: str,
        scenarios: Scenarios | None,
        standing: Standing | None,
    ) -> None:
        self._given = values
        self._symbol, self._scenarios, self._standing = symbol, scenarios, standing
        self._known: dict[float, Prospect] = {}
        self._kept = self._ready = False
        self._values: Mapping[str, float] = {}
        self._pnl: FloatArray | None = None
        self._row: FloatArray | None = None

    def _prepare(self) -> None:
        """Gather the outcomes when the first question is asked; most orders in memory never ask."""
        if not self._ready:
            self._ready = True
            self._values = {name: value for name, value in self._given.items() if value}
            if all(map(isfinite, self._values.values())):
                self._read()

    def _read(self) -> None:
        """Find outcomes of the book and of the name on the same paths, where there are any."""
        held, symbol = self._values, self._symbol
        kept = self._standing.futures if self._standing else None
        wanted = {*held, symbol}
        if kept and wanted <= set(kept.symbols):
            self._kept, self._row = True, kept.outcomes[kept.symbols.index(symbol)]
            self._pnl = kept.pnl(held) if held else np.zeros(len(self._row))
        elif self._scenarios is not None and self._scenarios.knows(wanted):
            aligned = self._scenarios.aligned(wanted)
            if len(aligned.matrix) >= MINIMUM and np.isfinite(aligned.matrix).all():
                weights = np.array([held.get(name, 0.0) for name in aligned.symbols])
                self._pnl = aligned.matrix @ weights
                self._row = np.ascontiguousarray(aligned.matrix[:, aligned.symbols.index(symbol)])

    @property
    def known(self) -> bool:
        """There are outcomes of all that is held and of the name."""
        self._prepare()
        return self._pnl is not None

    def at(self, extra: float) -> Prospect:
        """Loss with ``extra`` more money in the name, base currency."""
        key = round(extra, 6)  # the same sum reached on two ways is looked at once
        found = self._known.get(key)
        if found is None:
            self._prepare()
            found = self._known[key] = self._look(extra)
        return found

    def _look(self, extra: float) -> Prospect:
        values = self._values
        if self._kept and self._standing is not None and self._pnl is not None and self._row is not None:
            if not isfinite(extra):
                return Prospect(None, None, f"unknown, no price of {self._symbol}")
            if not extra and not values:
                return Prospect(0.0, 0.0, _EMPTY)
            tail = historical_tail(self._pnl + extra * self._row if extra else self._pnl, LEVEL)
            return _scaled(tail, self._standing, len(self._pnl))
        more = {**values, self._symbol: values.get(self._symbol, 0.0) + extra} if extra else values
        return prospect(more, self._scenarios, self._standing)

    def alone(self) -> float:
        """VaR of one unit of money in the name by itself; NaN is unknown."""
        self._prepare()
        if self._row is None:
            return nan
        if not self._kept or self._standing is None:
            return max(0.0, historical_tail(self._row, LEVEL).var)
        singles = self._standing.singles
        found = singles.get(self._symbol)
        if found is None:
            found = singles[self._symbol] = max(0.0, historical_tail(self._row, LEVEL).var)
        return found * self._standing.var_scale

    def correlation(self) -> float:
        """Of the name with the book: 0 where nothing is held, NaN where it is not known."""
        self._prepare()
        if self._pnl is None or self._row is None:
            return nan
        one, other = self._pnl - self._pnl.mean(), self._row - self._row.mean()
        size = sqrt(float(one @ one) * float(other @ other))
        return float(one @ other) / size if size > 0.0 else 0.0


def _scaled(tail: Tail, standing: Standing, paths: int) -> Prospect:
    note = f"1-day 99 %, {paths:,} scenarios at the headline's level"
    return Prospect(max(0.0, tail.var) * standing.var_scale, max(0.0, tail.es) * standing.es_scale, note)
