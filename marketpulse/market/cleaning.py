"""Daily bars from a live provider: bad rows out, good rows kept."""

from dataclasses import replace
from typing import Any

import numpy as np

from marketpulse.types import Bars, FloatArray

__all__ = ["clean", "union"]

_ORDER = 1e-4  # relative slack of high and low: vendors round each column by itself
_HUNDRED = 50.0
_NEIGHBOURS = 5
_COLUMNS = ("time", "open", "high", "low", "close", "volume")


def _usual(close: FloatArray) -> FloatArray:
    """Return the median of each close and its ten neighbours, all on one side at an end."""
    width = min(len(close), 2 * _NEIGHBOURS + 1)
    start = np.clip(np.arange(len(close)) - _NEIGHBOURS, 0, len(close) - width)
    middle: FloatArray = np.median(close[start[:, None] + np.arange(width)], axis=1)
    return middle


def clean(bars: Bars) -> tuple[Bars, tuple[tuple[int, str], ...]]:
    """Sort by time, keep the last of repeated days, and take out rows nobody should believe.

    Returns
    -------
    Bars
        The good rows.
    tuple of (int, str)
        Time (UTC seconds) and reason of each row taken out.
    """
    last: dict[int, int] = {int(t): row for row, t in enumerate(bars.time)}
    order = np.array([last[t] for t in sorted(last)], dtype=np.intp)
    bars = _rows(bars, order)
    prices = np.array([bars.open, bars.high, bars.low, bars.close])
    reasons = np.full(len(bars), "", dtype=object)
    top, bottom = prices.max(axis=0), prices.min(axis=0)
    reasons[(bars.high < top * (1 - _ORDER)) | (bars.low > bottom * (1 + _ORDER))] = (
        "high and low are out of order"
    )
    reasons[~np.isfinite(bars.volume) | (bars.volume < 0)] = "the volume is not a number"
    reasons[(prices <= 0).any(axis=0)] = "a price is zero or negative"
    reasons[~np.isfinite(prices).all(axis=0)] = "a price is not a number"
    sound = reasons == ""
    if sound.any():
        usual = np.full(len(bars), np.nan)
        usual[sound] = _usual(bars.close[sound])
        ratio = prices / usual
        off = sound & ((ratio > _HUNDRED) | (ratio < 1 / _HUNDRED)).any(axis=0)
        reasons[off] = "a price is about a hundred times off its neighbours"
    dropped = tuple((int(t), str(r)) for t, r in zip(bars.time, reasons, strict=True) if r)
    return _rows(bars, np.nonzero(reasons == "")[0]), dropped


def union(held: Bars, fetched: Bars) -> Bars:
    """Return the bars of both, ``fetched`` winning; from another source, ``fetched`` alone."""
    if held.source != fetched.source or not len(held):
        return fetched
    if not len(fetched):
        return held
    keep = np.nonzero(~np.isin(held.time, fetched.time))[0]
    order = np.argsort(np.concatenate([held.time[keep], fetched.time]), kind="stable")
    both: dict[str, Any] = {
        name: np.concatenate([getattr(held, name)[keep], getattr(fetched, name)])[order] for name in _COLUMNS
    }
    return replace(fetched, **both)


def _rows(bars: Bars, rows: "np.ndarray[tuple[int, ...], np.dtype[np.intp]]") -> Bars:
    picked: dict[str, Any] = {name: getattr(bars, name)[rows] for name in _COLUMNS}
    return replace(bars, **picked)
