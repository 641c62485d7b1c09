"""Daily bars from a live provider: bad rows out, good rows kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from marketpulse.types import ActionKind, Bars, CorporateAction, FloatArray

__all__ = ["clean", "disagreement", "unexplained_splits", "union", "unmoved"]

_ORDER = 1e-4  # relative slack of high and low: vendors round each column by itself
_HUNDRED = 50.0
_TENFOLD = 10.0  # high over low of one bar
_NEIGHBOURS = 5
_SPLITS = (2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0)
_NEAR = 0.02
_PAIR = 2
_COMMON = 10  # days
_COLUMNS = ("time", "open", "high", "low", "close", "volume")


def _usual(close: FloatArray) -> FloatArray:
    """Return the median of each close and its ten neighbours, all on one side at an end."""
    width = min(len(close), 2 * _NEIGHBOURS + 1)
    start = np.clip(np.arange(len(close)) - _NEIGHBOURS, 0, len(close) - width)
    middle: FloatArray = np.median(close[start[:, None] + np.arange(width)], axis=1)
    return middle


def clean(bars: Bars, now: datetime | None = None) -> tuple[Bars, Bars, tuple[str, ...]]:
    """Sort by time, keep the last of repeated times, and take out rows nobody should believe.

    Parameters
    ----------
    now : rows that open after it are taken out; None looks at no clock

    Returns
    -------
    Bars
        The good rows.
    Bars
        The rows taken out.
    tuple of str
        The reason of each of those.
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
    if now is not None:
        reasons[bars.time > now.timestamp()] = "the bar lies in the future"
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
    reasons[(reasons == "") & (bars.high > _TENFOLD * bars.low)] = "the high is more than ten times the low"
    bad = np.nonzero(reasons != "")[0]
    return _rows(bars, np.nonzero(reasons == "")[0]), _rows(bars, bad), tuple(str(r) for r in reasons[bad])


def unexplained_splits(bars: Bars, actions: Sequence[CorporateAction]) -> tuple[int, ...]:
    """Return the rows that open near k:1 or 1:k of the close before, with no split to explain it.

    Parameters
    ----------
    bars : raw, clean
    actions : known splits and dividends of the instrument

    Notes
    -----
    The open must lie within 2 % of the exact ratio, and the day's own range within a third of its
    open: a share that truly fell by half seldom does so to the per cent and then stands still.

    Examples
    --------
    >>> import numpy as np
    >>> from marketpulse.types import Interval
    >>> p = np.array([100.0, 101.0, 25.3, 25.0])
    >>> bars = Bars("X", Interval.DAY, np.arange(4) * 86_400, p, p, p, p, p, "x")
    >>> unexplained_splits(bars, ())
    (2,)
    """
    if len(bars) < _PAIR:
        return ()
    ratio = bars.close[:-1] / bars.open[1:]
    calm = (bars.high[1:] - bars.low[1:]) < bars.open[1:] / 3.0
    near = np.zeros(len(ratio), dtype=bool)
    for k in _SPLITS:
        near |= (np.abs(ratio / k - 1.0) < _NEAR) | (np.abs(ratio * k - 1.0) < _NEAR)
    known = {a.day for a in actions if a.kind is ActionKind.SPLIT}
    rows = (int(row) + 1 for row in np.nonzero(near & calm)[0])
    return tuple(r for r in rows if datetime.fromtimestamp(int(bars.time[r]), UTC).date() not in known)


def disagreement(held: Bars, fetched: Bars) -> float | None:
    """Return the median relative difference of both closes on common days; None without ten of them."""
    common, mine, theirs = np.intersect1d(held.time, fetched.time, return_indices=True)
    if len(common) < _COMMON:
        return None
    return float(np.median(np.abs(fetched.close[theirs] / held.close[mine] - 1.0)))


def union(held: Bars, fetched: Bars) -> Bars:
    """Return the bars of both, ``fetched`` winning; both are raw and of one source."""
    if not len(held) or not len(fetched):
        return fetched if len(fetched) else held
    keep = np.nonzero(~np.isin(held.time, fetched.time))[0]
    order = np.argsort(np.concatenate([held.time[keep], fetched.time]), kind="stable")
    both: dict[str, Any] = {
        name: np.concatenate([getattr(held, name)[keep], getattr(fetched, name)])[order] for name in _COLUMNS
    }
    return replace(fetched, **both)


def unmoved(held: Bars, fetched: Bars, most: float) -> tuple[Bars, Bars]:
    """Part ``fetched`` into its rows and those whose close is more than ``most`` (relative) off the one held."""
    _, mine, theirs = np.intersect1d(held.time, fetched.time, return_indices=True)
    far = theirs[np.abs(fetched.close[theirs] / held.close[mine] - 1.0) > most]
    return _rows(fetched, np.setdiff1d(np.arange(len(fetched)), far)), _rows(fetched, far)


def _rows(bars: Bars, rows: "np.ndarray[tuple[int, ...], np.dtype[np.intp]]") -> Bars:
    picked: dict[str, Any] = {name: getattr(bars, name)[rows] for name in _COLUMNS}
    return replace(bars, **picked)
