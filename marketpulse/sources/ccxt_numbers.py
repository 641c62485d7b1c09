"""Numbers of a crypto venue, read one by one from its own fields.

ccxt answers a page that is no JSON with Nones, replaces a zero price by another number and passes
negative prices and crossed books on; so nothing of what it computed is used.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import BadData, NoData
from marketpulse.sources.table import bars_of
from marketpulse.types import Bars, FloatArray, Interval, Level

__all__ = [
    "SECONDS",
    "changes",
    "closed_bars",
    "instant",
    "ladders",
    "maybe",
    "positive",
    "rows_of",
    "venue_time",
]

SECONDS = {Interval.DAY: 86_400, Interval.HOUR: 3_600, Interval.MINUTE: 60}
_COLUMNS = 6
_AHEAD = 60_000.0  # milliseconds that a venue's clock may be ahead of ours


def positive(name: str, info: Any, key: str) -> float:
    """Read one number of the venue's answer; what is missing, not finite or not above 0 is refused."""
    value = info.get(key) if isinstance(info, dict) else None
    if value is None:
        raise BadData(f"{name}: {key} is missing")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadData(f"{name}: {key} is not a number") from None
    if not isfinite(number):
        raise BadData(f"{name}: {key} is not a finite number")
    if number <= 0:
        raise BadData(f"{name}: {key} is {'zero' if number == 0 else 'negative'}")
    return number


def maybe(name: str, info: Any, key: str) -> float | None:
    """Read a number that a venue may leave out, empty or zero where there is none."""
    value = info.get(key) if isinstance(info, dict) else None
    if value is None or value == "":
        return None
    try:
        if float(value) == 0:
            return None
    except (TypeError, ValueError):
        raise BadData(f"{name}: {key} is not a number") from None
    return positive(name, info, key)


def venue_time(name: str, clock: Clock, time: Any) -> float:
    """Return a streamed message's milliseconds since 1970.

    One from the future is refused: everything after it would look late.
    """
    if isinstance(time, bool) or not isinstance(time, int | float) or not time > 0:
        raise BadData(f"{name}: a message without its time")
    if time > clock.wall().timestamp() * 1000.0 + _AHEAD:
        raise BadData(f"{name}: a message from the future")
    return float(time)


def instant(milliseconds: float) -> datetime:
    """Return the aware UTC time of a number of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000.0, UTC)


def rows_of(name: str, answer: Any) -> FloatArray:
    """Read rows of time (ms), open, high, low, close, volume and whatever follows, oldest first.

    Their prices are judged later. Of two rows of one time, the last one told stays.
    """
    if not isinstance(answer, list) or not all(isinstance(row, list) for row in answer):
        raise BadData(f"{name}: the bars had an unexpected shape")
    if not answer:
        return np.empty((0, _COLUMNS))
    if min(map(len, answer)) < _COLUMNS:
        raise BadData(f"{name}: the bars had an unexpected shape")
    table = np.array([row[:_COLUMNS] for row in answer], dtype=np.float64)
    if not np.isfinite(table[:, 0]).all():
        raise BadData(f"{name}: a bar has no time")
    table = table[np.argsort(table[:, 0], kind="stable")]
    last_told = np.append(np.diff(table[:, 0]) > 0, values=True)
    ordered: FloatArray = table[last_told]
    return ordered


def closed_bars(
    name: str, symbol: str, interval: Interval, table: FloatArray, *, start: float, last: float
) -> Bars:
    """Build the bars that opened from ``start`` on and had closed by ``last`` (seconds since 1970).

    Raises
    ------
    NoData
        No bar of the period had closed.
    """
    opened = table[:, 0] / 1000.0
    keep = (opened >= start) & (opened + SECONDS[interval] <= last)
    if not keep.any():
        raise NoData(f"{name}: no closed bar of {symbol} in the period")
    return bars_of(symbol, interval, opened[keep].astype(np.int64), table[keep, 1:], name)


def ladders(name: str, bids: Any, asks: Any, depth: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Return the best ``depth`` levels of both sides, best first.

    Levels of zero quantity are gone and left out. Refused are a side without levels, a number that
    is not finite or not positive, a price told twice, and a bid that is not below the asks.
    """
    buy = sorted(_levels(name, bids), reverse=True)[:depth]
    sell = sorted(_levels(name, asks))[:depth]
    if not buy or not sell:
        raise BadData(f"{name}: the book has an empty side")
    if _twice(buy) or _twice(sell):
        raise BadData(f"{name}: the book names a price twice")
    if buy[0][0] >= sell[0][0]:
        raise BadData(f"{name}: the book is crossed")
    return tuple(buy), tuple(sell)


def changes(name: str, *sides: Any) -> None:
    """Refuse a message about a book that holds a number that cannot be, or a price twice on one side.

    ccxt leaves such levels out and goes on with a book that is not the venue's.
    """
    for side in sides:
        if _twice(sorted(_levels(name, side))):
            raise BadData(f"{name}: the book names a price twice")


def _levels(name: str, side: Any) -> Iterable[Level]:
    for level in side:
        price, quantity = float(level[0]), float(level[1])
        if not (isfinite(price) and isfinite(quantity)) or price <= 0 or quantity < 0:
            raise BadData(f"{name}: the book holds a number that cannot be")
        if quantity:
            yield price, quantity


def _twice(levels: Sequence[Level]) -> bool:
    return any(one[0] == other[0] for one, other in pairwise(levels))
