"""What there was to see at one moment, and the newest features of every instrument in it.

Live, on replay, in a backtest and when a signal is checked years later the numbers come from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from marketpulse.features.around import Around, Depth, around
from marketpulse.features.full import NAMES, TAIL, table
from marketpulse.features.newest import newest_of
from marketpulse.features.steady import plain, steady
from marketpulse.types import Bars, CorporateAction, FloatArray

__all__ = ["History", "Scene", "scene"]

_BESIDE = 64
"""Bars of the others that a rank looks back on, with room for bars that cannot be used."""

_SIGMA = NAMES.index("sd_63")


class History(NamedTuple):
    """Daily bars of one instrument as they were received, and the splits and dividends between them."""

    bars: Bars
    actions: tuple[CorporateAction, ...] = ()

    def until(self, moment: datetime) -> "History":
        """As it was known at ``moment``: what had closed by then."""
        return self._replace(bars=self.bars.until(moment))

    def upto(self, newest_bar: int) -> "History":
        """As it was when ``newest_bar`` (seconds since 1970) was the newest."""
        end = int(np.searchsorted(self.bars.time, newest_bar, side="right"))
        return self._replace(bars=self.bars[:end])

    def adjusted(self) -> Bars:
        """With splits and dividends worked in; call it after the cut, so that later ones rescale nothing."""
        return self.bars.adjust(self.actions)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One class of instruments at one moment.

    Attributes
    ----------
    raw : by symbol, as received and cut
    bars : the same with splits and dividends worked in
    benchmark : of the market, cut; None where there is none
    beside : the market and the others, computed once
    """

    raw: Mapping[str, Bars]
    bars: Mapping[str, Bars]
    benchmark: Bars | None
    beside: Around

    @property
    def seen(self) -> dict[str, int]:
        """The newest bar of each, seconds since 1970, the benchmark's under its own symbol."""
        every = [*self.raw.values(), *([self.benchmark] if self.benchmark is not None else [])]
        return {one.symbol: int(one.time[-1]) for one in every if len(one)}

    def rows(self, symbol: str, steps: int = 1, depth: Depth | None = None) -> tuple[FloatArray, float]:
        """The newest features of an instrument, and how far a bar of it usually moves.

        Parameters
        ----------
        steps : rows wanted, the newest last

        Returns
        -------
        tuple
            float64 (steps, features) in the order of ``full.NAMES``, NaN where one is missing; and the
            standard deviation of a bar's log return over 63 bars, NaN where there are too few.
        """
        if steps == 1:
            return self.newest([symbol], {} if depth is None else {symbol: depth})[symbol]
        near = plain(self.bars[symbol][-(TAIL + steps - 1) :])
        values = table(near, self.beside, depth).values[-steps:]
        return steady(values), float(values[-1, _SIGMA])

    def newest(
        self, symbols: Sequence[str], depths: Mapping[str, Depth] | None = None
    ) -> dict[str, tuple[FloatArray, float]]:
        """``rows`` of one step of several instruments at once, which is much quicker than of each alone."""
        near = {symbol: plain(self.bars[symbol][-TAIL:]) for symbol in symbols}
        found = newest_of(near, self.beside, depths)
        return {symbol: (steady(values[None, :]), float(values[_SIGMA])) for symbol, values in found.items()}

    def ready(self, symbol: str) -> bool:
        """Whether the newest bar has prices that can be worked with."""
        own = self.bars[symbol]
        newest = (float(prices[-1]) for prices in (own.open, own.high, own.low, own.close) if len(own))
        return bool(len(own)) and all(0.0 < price < inf for price in newest)


def scene(histories: Mapping[str, History], benchmark: History | None) -> Scene:
    """Look at histories that have been cut already; those without a bar are left out.

    Parameters
    ----------
    histories : of one class of instruments, by symbol
    benchmark : of its market
    """
    held = {symbol: history for symbol, history in histories.items() if len(history.bars)}
    bars = {symbol: history.adjusted() for symbol, history in held.items()}
    market = None if benchmark is None or not len(benchmark.bars) else benchmark.adjusted()
    beside = around(
        None if market is None else plain(market[-TAIL:]),
        {symbol: plain(own[-_BESIDE:]) for symbol, own in bars.items()},
    )
    return Scene(
        MappingProxyType({symbol: history.bars for symbol, history in held.items()}),
        MappingProxyType(bars),
        None if benchmark is None else benchmark.bars,
        beside,
    )
