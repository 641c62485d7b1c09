"""Bars from rows: the last step of every source."""

from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from marketpulse.types import Bars, FloatArray, Interval

__all__ = ["bars_of", "in_order", "midnight"]


def bars_of(symbol: str, interval: Interval, time: NDArray[np.int64], rows: FloatArray, source: str) -> Bars:
    """Build raw bars from rows of open, high, low, close and volume; ``time`` is in UTC seconds."""
    first, high, low, last, volume = (np.ascontiguousarray(rows[:, i]) for i in range(5))
    return Bars(symbol, interval, time, first, high, low, last, volume, source)


def in_order(time: NDArray[np.int64], rows: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Return rows oldest first, of each repeated time the last one."""
    order = np.argsort(time, kind="stable")
    last = np.append(time[order][1:] != time[order][:-1], True)[: len(time)]
    return time[order][last], rows[order][last]


def midnight(day: date) -> int:
    """Return the opening time of a daily bar: its date at 00:00, in UTC seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
