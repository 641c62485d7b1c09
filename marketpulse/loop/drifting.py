"""The newest features of each class, laid beside those of the training."""

from collections.abc import Mapping

import numpy as np

from marketpulse.features.around import Around, around
from marketpulse.features.full import NAMES, TAIL, WORDS, table
from marketpulse.features.scene import History
from marketpulse.features.steady import plain, steady
from marketpulse.models.reference import Reference
from marketpulse.signals.drift import drift, drifted
from marketpulse.types import Bars, DriftLine, FloatArray

__all__ = ["WINDOW", "DriftWatch"]

WINDOW = 126
"""Bars of each instrument that are compared."""

_SPANS = {"macd": 35, "momentum_12_1": 252}
_USUAL = 20


class DriftWatch:
    """Of one class of instruments; only the loop's thread calls it.

    Attributes
    ----------
    lines : the features that moved most, the largest first
    """

    def __init__(self) -> None:
        self._rows: dict[str, FloatArray] = {}
        self._newest: dict[str, int] = {}
        self._waiting: dict[str, Bars] = {}
        self._beside: Around | None = None
        self.lines: tuple[DriftLine, ...] = ()

    def begin(self, histories: Mapping[str, History], benchmark: History | None) -> None:
        """Take the window's bars after a start; ``fill`` makes rows of them."""
        bars = {symbol: plain(one.adjusted()[-(TAIL + WINDOW) :]) for symbol, one in histories.items()}
        market = None if benchmark is None else plain(benchmark.adjusted()[-(TAIL + WINDOW) :])
        self._beside = around(market, bars)
        self._rows, self._waiting = {}, {symbol: own for symbol, own in bars.items() if len(own)}
        self._newest = {symbol: int(own.time[-1]) for symbol, own in self._waiting.items()}

    def fill(self, most: int) -> None:
        """Compute the rows of so many instruments that wait: all at once would hold the loop up."""
        for symbol in list(self._waiting)[:most]:
            own = self._waiting.pop(symbol)
            if self._beside is not None:
                self._rows[symbol] = steady(table(own, self._beside).values[-WINDOW:])

    def add(self, rows: Mapping[str, FloatArray], newest: Mapping[str, int]) -> None:
        """Take the newest row of each instrument in whose bar is a new one.

        Parameters
        ----------
        rows : by symbol
        newest : the bar of each, seconds since 1970: the same bar is asked about again where another's
            came later, or another model serves
        """
        for symbol, row in rows.items():
            if symbol in self._waiting or newest[symbol] <= self._newest.get(symbol, -1):
                continue
            self._newest[symbol] = newest[symbol]
            before = self._rows.get(symbol, np.empty((0, len(NAMES))))
            self._rows[symbol] = np.vstack([before, row[None, :]])[-WINDOW:]

    @property
    def begun(self) -> bool:
        """Whether there is anything to compare, now or soon."""
        return bool(self._rows or self._waiting)

    @property
    def waits(self) -> bool:
        """Whether ``fill`` has something left to do."""
        return bool(self._waiting)

    def compare(self, reference: Reference) -> None:
        """Lay what is kept beside the training's rows."""
        if not self._rows:
            return
        together = len(self._rows)  # instruments of one day move together
        self.lines = drift(
            reference.names,
            edges=np.array(reference.edges),
            shares=np.array(reference.shares),
            sketch=np.array(reference.sketch),
            rows=reference.rows,
            recent=np.vstack(list(self._rows.values()))[:, [NAMES.index(name) for name in reference.names]],
            words=WORDS,
            blocks=[_span(name) * together for name in reference.names],
        )

    def drifted(self) -> float | None:
        """The largest index that is more than what neighbouring bars have in common; None while unknown.

        A feature of a year's bars looks the same for months, so its index is high by nature. Only a
        feature whose distribution differs by a test that counts such bars once is held against a signal.
        """
        if not self.lines:
            return None
        return max((one.psi for one in drifted(self.lines)), default=0.0)


def _span(name: str) -> int:
    """Bars that a feature's value has in common with the next ones: the number in its name."""
    last = name.rsplit("_", 1)[-1]
    return _SPANS.get(name, int(last) if last.isdigit() else _USUAL)
