"""Rows for the ensemble: every feature of a bar, and what became of it where that is known already.

Unlike ``rows``, a row may lack single features, and the newest bars stand here too, without an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketpulse.features.around import around
from marketpulse.features.full import NAMES, table
from marketpulse.features.steady import plain, steady
from marketpulse.models.rows import NotTrainable, running_base
from marketpulse.signals.labels import rose, uniqueness
from marketpulse.types import Bars, FloatArray

__all__ = ["NEVER", "Panel", "build_panel", "weights"]

NEVER = np.iinfo(np.int64).max
"""The end of a label that has not ended."""

_READY = ("momentum_252", "sd_63", "rsi_14", "trend_200")
_SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Bars of one or more instruments as rows, ordered by time and then by symbol.

    Attributes
    ----------
    names : the columns of ``x``
    symbols : by the number in ``symbol``
    x : float64 (rows, features), NaN where a feature is missing
    y : 1 where the close ``horizon`` bars later is higher, else 0; NaN while that is not known
    time, end : int64 seconds since 1970, of the bar and of the bar that decides the label
    symbol, bar : int64, whose row it is and which of its bars
    base : share of rises among labels that had ended before; NaN while there are none
    sigma : standard deviation of a bar's log return, of 63 bars
    moved : log return from the next open to the one after, NaN where these are not there yet
    horizon : bars ahead
    """

    names: tuple[str, ...]
    symbols: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    time: NDArray[np.int64]
    end: NDArray[np.int64]
    symbol: NDArray[np.int64]
    bar: NDArray[np.int64]
    base: FloatArray
    sigma: FloatArray
    moved: FloatArray
    horizon: int

    def __len__(self) -> int:
        return len(self.time)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows have an answer."""
        return np.isfinite(self.y)

    def ended_before(self, moment: int) -> NDArray[np.bool_]:
        """Which rows' answers were known before ``moment``."""
        return self.end < moment


def build_panel(bars: Sequence[Bars], benchmark: Bars | None, horizon: int) -> Panel:
    """Turn adjusted bars into rows; no number of a row rests on a later bar but its answer.

    Raises
    ------
    NotTrainable
        A bar is simulated, or no bar has all its long features.
    """
    if any(one.source == _SIMULATED for one in bars):
        raise NotTrainable("Simulated prices are never trained on.")
    own = {one.symbol: plain(one) for one in sorted(bars, key=lambda one: one.symbol)}
    market = None if benchmark is None else plain(benchmark)
    beside = around(market, own)
    parts = [_of_one(one, table(one, beside).values, horizon) for one in own.values()]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
    if not columns or not len(columns["time"]):
        raise NotTrainable(
            "There is not one bar with all its features: they need 253 bars whose prices move."
        )
    symbol = np.repeat(np.arange(len(parts)), [len(part["time"]) for part in parts])
    order = np.lexsort((symbol, columns["time"]))
    sorted_ = {name: column[order] for name, column in columns.items()}
    base = running_base(np.nan_to_num(sorted_["y"]), sorted_["time"], sorted_["end"])
    return Panel(names=NAMES, symbols=tuple(own), symbol=symbol[order], base=base, horizon=horizon, **sorted_)


def _of_one(bars: Bars, values: FloatArray, horizon: int) -> Mapping[str, NDArray[np.generic]]:
    label = rose(bars.close, horizon)
    at = np.where(label.known, label.end, 0)
    end = np.where(label.known, bars.time[at] if len(bars) else at, NEVER)
    ready = np.isfinite(values[:, [NAMES.index(name) for name in _READY]]).all(axis=1)
    moved = np.full(len(bars), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        opens = np.log(np.where(bars.open > 0.0, bars.open, np.nan))
    moved[:-2] = (opens[2:] - opens[1:-1])[: max(0, len(bars) - 2)]
    return {
        "x": steady(values[ready]),
        "y": label.value[ready],
        "time": bars.time[ready],
        "end": end[ready],
        "bar": np.flatnonzero(ready),
        "sigma": values[ready, NAMES.index("sd_63")],
        "moved": moved[ready],
    }


def weights(panel: Panel, rows: NDArray[np.int64]) -> FloatArray:
    """How many independent outcomes each of ``rows`` stands for: labels that overlap share their say."""
    found = np.ones(len(rows))
    for number in np.unique(panel.symbol[rows]):
        own = panel.symbol[rows] == number
        bar = panel.bar[rows][own]
        found[own] = uniqueness(bar, bar + panel.horizon)
    return found
