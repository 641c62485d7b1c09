"""Training rows: features of a day, whether the price was higher ``horizon`` bars later, and when that was known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from marketpulse.errors import MarketPulseError
from marketpulse.features import FEATURES, compute
from marketpulse.features.table import MARKET
from marketpulse.types import Bars, FloatArray

__all__ = ["NotTrainable", "Rows", "build", "digest", "running_base"]

_DAY = 86_400
_SIMULATED = "simulated"


class NotTrainable(MarketPulseError):
    """These bars give no model. Next: say so on the screen and go on without one."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A panel as rows, ordered by day and then by symbol.

    Attributes
    ----------
    names : the columns of ``x``
    symbols : those that gave at least one row
    x : float64 (rows, features), finite
    y : float64, 1 where the close ``horizon`` bars later is higher, else 0
    day : int64 days since 1970, of the features
    end : int64 days since 1970, of the bar that decides the label
    """

    names: tuple[str, ...]
    symbols: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    day: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)


def build(panel: Sequence[Bars], benchmark: Bars | None, cutoff: datetime, horizon: int) -> Rows:
    """Turn bars that had closed by ``cutoff`` into rows; features and labels see no later bar.

    Raises
    ------
    NotTrainable
        A bar is simulated, or nothing is left.
    """
    if any(bars.source == _SIMULATED for bars in panel):
        raise NotTrainable("Simulated prices are never trained on.")
    names = tuple(name for name in FEATURES if benchmark is not None or name != MARKET)
    market = None if benchmark is None else benchmark.until(cutoff)
    ordered = sorted(panel, key=lambda b: b.symbol)
    found = [one for b in ordered if len(one := _of_one(b.until(cutoff), market, names, horizon))]
    if not found:
        raise NotTrainable("There is not one full training row before the cutoff.")
    day = np.concatenate([one.day for one in found])
    order = np.argsort(day, kind="stable")
    return Rows(
        names,
        tuple(symbol for one in found for symbol in one.symbols),
        np.concatenate([one.x for one in found])[order],
        np.concatenate([one.y for one in found])[order],
        day[order],
        np.concatenate([one.end for one in found])[order],
    )


def _of_one(bars: Bars, market: Bars | None, names: tuple[str, ...], horizon: int) -> Rows:
    n = max(0, len(bars) - horizon)
    x = compute(bars, market).columns(names)[:n]
    now, later = bars.close[:n], bars.close[len(bars) - n :]
    known = np.isfinite(x).all(axis=1) & np.isfinite(later) & (later > 0.0)
    day = bars.time // _DAY
    rose = (later > now).astype(np.float64)
    return Rows(names, (bars.symbol,), x[known], rose[known], day[:n][known], day[len(bars) - n :][known])


def running_base(y: FloatArray, day: NDArray[np.int64], end: NDArray[np.int64]) -> FloatArray:
    """Share of the labels known before each day that were 1: what one says without any model.

    Units
    -----
    A fraction; NaN while no label is known. ``day`` and ``end`` in days since 1970.

    References
    ----------
    The climatological forecast of Murphy (1973), A new vector partition of the probability score,
    estimated on the past only.

    Examples
    --------
    >>> running_base(np.array([1.0, 0.0, 1.0]), np.array([0, 1, 9]), np.array([5, 6, 14])).tolist()
    [nan, nan, 0.5]
    """
    order = np.argsort(end, kind="stable")
    rose = np.concatenate([[0.0], np.cumsum(y[order])])
    known = np.searchsorted(end[order], day, side="left")
    return np.where(known > 0, rose[known] / np.maximum(known, 1), np.nan)


def digest(panel: Sequence[Bars], benchmark: Bars | None, cutoff: datetime) -> str:
    """Name the exact bars that a training sees: the SHA-256 of their columns up to the cutoff."""
    h = sha256()
    market = [] if benchmark is None else [benchmark]
    for bars in [*sorted(panel, key=lambda b: b.symbol), *market]:
        seen = bars.until(cutoff)
        h.update(f"{seen.symbol}|{seen.interval}|{len(seen)}|".encode())
        for column in (seen.time, seen.open, seen.high, seen.low, seen.close, seen.volume):
            h.update(np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<")).tobytes())
    return h.hexdigest()
