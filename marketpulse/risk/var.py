"""What the book may lose in a day: historical simulation on the bars of what is held."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from marketpulse.risk.estimate import Tail
from marketpulse.risk.tails import historical_tail
from marketpulse.types import Bars, FloatArray

__all__ = [
    "LEVEL",
    "MINIMUM",
    "WINDOW",
    "Aligned",
    "Scenarios",
    "Var",
    "historical_shortfall",
    "historical_var",
]

LEVEL = 0.99
WINDOW = 500
MINIMUM = 100


def historical_var(pnl: FloatArray, level: float = LEVEL) -> float:
    """Loss that ``level`` of the scenarios stay within, as a positive number.

    The ``k``-th worst outcome with ``k = floor(n (1 - level))``, at least 1, without interpolation:
    the fifth worst of 500 at 99 %. Between two outcomes the worse one counts. Where even that
    outcome is a gain, the result is 0.

    Parameters
    ----------
    pnl : array of shape (n,), one period's gains (positive) and losses (negative)
    level : fraction between 0 and 1

    Units
    -----
    The unit of ``pnl``, over the period of one ``pnl``.

    NaN rule
    --------
    Any value that is not finite, or no value at all, gives NaN; nothing is dropped in silence.

    References
    ----------
    Hull, Risk Management and Financial Institutions, chapter "Historical simulation".

    Examples
    --------
    >>> historical_var(np.array([-50.0, -30.0, -20.0] + [1.0] * 197), 0.99)
    30.0
    """
    tail = _tail(pnl, level)
    return nan if tail is None else max(0.0, tail.var)


def historical_shortfall(pnl: FloatArray, level: float = LEVEL) -> float:
    """Mean loss of the ``k`` worst scenarios, positive; ``k`` as in ``historical_var``.

    Units
    -----
    The unit of ``pnl``, over the period of one ``pnl``.

    NaN rule
    --------
    As ``historical_var``.

    References
    ----------
    Hull, as above: the mean of the five worst of 500 at 99 %, the quantile itself included.

    Examples
    --------
    >>> historical_shortfall(np.array([-50.0, -30.0, -20.0] + [1.0] * 197), 0.99)
    40.0
    """
    tail = _tail(pnl, level)
    return nan if tail is None else max(0.0, tail.es)


def _tail(pnl: FloatArray, level: float) -> Tail | None:
    """The tail, or None where an outcome is not finite or there is none."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"A level lies between 0 and 1, not at {level}.")
    return historical_tail(pnl, level) if len(pnl) and np.isfinite(pnl).all() else None


@dataclass(frozen=True, slots=True)
class Var:
    """A value at risk and what it rests on.

    Attributes
    ----------
    value : 1-day loss at the level asked for, positive, in the unit of the values; None is unknown
    bars : scenarios
    note : the method and the number of bars, or why it is unknown
    """

    value: float | None
    bars: int
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Returns of several symbols over the same days.

    Attributes
    ----------
    days : int64 seconds since 1970 UTC of each row's day, oldest first
    matrix : simple returns, shape (days, symbols)
    """

    symbols: tuple[str, ...]
    days: NDArray[np.int64]
    matrix: FloatArray


class Scenarios:
    """The daily closes of all that can be held, aligned for one book at a time and kept so.

    Symbols whose bars share dates are aligned by date: only dates that all of them have count, and
    a return spans from one such date to the next (over a weekend, a coin's return is that of three
    days). A symbol that shares no date with the others lives on another clock, as simulated coins
    do on a replay; its last return is put beside their last return, and so on backwards. That pairs
    days which never were the same day, so the book's VaR then takes no account of how the two kinds
    move together.

    Parameters
    ----------
    bars : daily bars by symbol, closed, adjusted for splits and dividends, oldest first
    window : newest returns used
    """

    __slots__ = ("_aligned", "_series", "window")

    def __init__(self, bars: Mapping[str, Bars], window: int = WINDOW) -> None:
        keep = 2 * window + 1  # a coin has 7 bars where a share has 5
        self.window = window
        self._series = {s: (b.time[-keep:], b.close[-keep:]) for s, b in bars.items()}
        self._aligned: dict[frozenset[str], Aligned] = {}

    def knows(self, symbols: Iterable[str]) -> bool:
        """Tell whether there are bars of all ``symbols``."""
        return all(symbol in self._series for symbol in symbols)

    def aligned(self, symbols: Iterable[str]) -> Aligned:
        """Return the newest returns that all ``symbols`` have; KeyError without bars of one."""
        wanted = frozenset(symbols)
        found = self._aligned.get(wanted)
        if found is None:
            found = self._aligned[wanted] = self._align(tuple(sorted(wanted)))
        return found

    def _align(self, symbols: tuple[str, ...]) -> Aligned:
        clocks: list[tuple[NDArray[np.int64], list[str]]] = []
        for symbol in symbols:
            days = self._series[symbol][0]
            for i, (shared, members) in enumerate(clocks):
                common = days if np.array_equal(days, shared) else np.intersect1d(days, shared)
                if len(common):
                    clocks[i] = (common, [*members, symbol])
                    break
            else:
                clocks.append((days, [symbol]))
        rows = min(self.window, max(0, min((len(days) for days, _ in clocks), default=0) - 1))
        matrix = np.empty((rows, len(symbols)))
        for days, members in clocks:
            for symbol in members:
                matrix[:, symbols.index(symbol)] = self._returns(symbol, days, rows)
        days = max(clocks, key=lambda c: len(c[1]))[0] if clocks else np.empty(0, np.int64)
        return Aligned(symbols, days[len(days) - rows :], matrix)

    def _returns(self, symbol: str, days: NDArray[np.int64], rows: int) -> FloatArray:
        time, close = self._series[symbol]
        at = close[np.searchsorted(time, days[len(days) - rows - 1 :])] if rows else np.empty(1)
        with np.errstate(divide="ignore", invalid="ignore"):  # a zero price becomes an unknown VaR
            return np.asarray(at[1:] / at[:-1] - 1.0, np.float64)

    def pnl(self, values: Mapping[str, float]) -> tuple[NDArray[np.int64], FloatArray]:
        """Profit of a book on each past day: (days, profits), oldest first.

        Parameters
        ----------
        values : present market value by symbol; zeros are left out

        Units
        -----
        The unit of ``values``, over one day.
        """
        held = {symbol: value for symbol, value in values.items() if value}
        aligned = self.aligned(held)
        return aligned.days, aligned.matrix @ np.array([held[s] for s in aligned.symbols], np.float64)

    def var(self, values: Mapping[str, float], level: float = LEVEL) -> Var:
        """One-day VaR of a book: 0 when it is empty, unknown under 100 bars or without a price."""
        held = {symbol: value for symbol, value in values.items() if value}
        if not held:
            return Var(0.0, 0, "the book is empty")
        missing = sorted(s for s, value in held.items() if s not in self._series or not isfinite(value))
        if missing:
            return Var(None, 0, f"unknown, no bars or no price of {', '.join(missing)}")
        _, pnl = self.pnl(held)
        if len(pnl) < MINIMUM:
            return Var(None, len(pnl), f"unknown, {len(pnl)} bars")
        value = historical_var(pnl, level)
        if not isfinite(value):
            return Var(None, len(pnl), "unknown, a bar without a price")
        return Var(value, len(pnl), f"1-day {100 * level:g} %, historical simulation, {len(pnl)} bars")
