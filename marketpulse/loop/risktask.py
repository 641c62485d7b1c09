"""From bars and books to a job for the risk process: which names, and which returns they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

import numpy as np

from marketpulse.loop.riskfile import Job
from marketpulse.performance import NOTHING_TRADED, Traded, returns
from marketpulse.risk.estimate import unreadable
from marketpulse.risk.garch import FIT_FEWEST
from marketpulse.risk.var import Aligned, Scenarios
from marketpulse.types import AssetClass, Bars, FloatArray, Instrument

__all__ = ["Task"]

_WINDOW = 2_520  # ten years of days
_NAMES = 40  # names whose outcomes are kept
_NONE = Aligned((), np.empty(0, np.int64), np.empty((0, 0)))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a job is made of.

    Attributes
    ----------
    frames : daily bars by symbol, closed, adjusted
    values : of what is held, base currency
    daily : equity at the end of each day, oldest first
    traded : what the account bought and sold in the last year of them
    always : all that was ever traded trades every day
    trials : configurations that were tried for the signals
    """

    frames: Mapping[str, Bars]
    instruments: Mapping[str, Instrument]
    values: Mapping[str, float]
    equity: float | None
    daily: Sequence[float]
    index: Bars | None
    traded: Traded = NOTHING_TRADED
    always: bool = False
    trials: int = 1

    def job(self) -> Job:
        """Put the arrays together."""
        scenarios = Scenarios(self.frames, _WINDOW)
        held = {symbol: value for symbol, value in self.values.items() if value}
        note = self._why(held)
        symbols = () if note else tuple(sorted(held))
        book = scenarios.aligned(symbols) if symbols else _NONE
        universe = self._universe(scenarios, held)
        moves = scenarios.aligned(universe) if universe else _NONE
        last = int(book.days[-1]) if len(book.days) else 0
        return Job(
            symbols=book.symbols,
            values=np.array([held[s] for s in book.symbols]),
            days=book.days,
            matrix=book.matrix,
            universe=moves.symbols,
            moves=moves.matrix,
            through=datetime.fromtimestamp(last, UTC).date().isoformat() if last else "",
            equity=self.equity if self.equity is not None and isfinite(self.equity) else None,
            account=returns(self.daily),
            traded=self.traded,
            always=self.always,
            trials=max(1, self.trials),
            index=_beside(self.index, book.days),
            coins=all(self.instruments[s].asset_class is AssetClass.CRYPTO for s in symbols),
            note=note,
        )

    def _why(self, held: Mapping[str, float]) -> str:
        """Why the book cannot be measured, or an empty text."""
        missing = sorted(s for s, value in held.items() if s not in self.frames or not isfinite(value))
        return f"unknown: no bars or no price of {', '.join(missing)}" if missing else ""

    def _universe(self, scenarios: Scenarios, held: Mapping[str, float]) -> tuple[str, ...]:
        """What is held first, then what can be traded, as far as each has returns enough."""
        wanted = [*held, *(s for s in self.frames if s not in held)]
        good = []
        for symbol in wanted:
            if symbol in self.frames and len(self.frames[symbol]) > FIT_FEWEST:
                column = scenarios.aligned((symbol,)).matrix[:, 0]
                if not unreadable(column[-FIT_FEWEST:]) and np.isfinite(column).all():
                    good.append(symbol)
            if len(good) == _NAMES:
                break
        return tuple(sorted(good))


def _beside(index: Bars | None, days: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> FloatArray:
    """Returns of the index on the given days; NaN where it has no bar of a day."""
    found = np.full(len(days), np.nan)
    if index is None or len(index) < 2 or not len(days):  # noqa: PLR2004 - a return needs two closes
        return found
    at = np.searchsorted(index.time, days)
    inside = (at > 0) & (at < len(index))
    at = np.where(inside, at, 1)
    same = inside & (index.time[at] == days)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = index.close[at] / index.close[at - 1] - 1.0
    found[same] = moves[same]
    return found
