"""Bars shorter than a day of shares listed in New York: regular trading only, hours from 9:30 on."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketpulse.types import FloatArray

__all__ = ["regular", "to_hours"]

_NEW_YORK = ZoneInfo("America/New_York")
_OPEN = 9 * 3_600 + 30 * 60  # seconds after midnight
_CLOSE = 16 * 3_600
_HOUR = 3_600

Stamps = NDArray[np.int64]


def regular(time: Stamps, rows: FloatArray) -> tuple[Stamps, FloatArray]:
    """Return the rows that opened between 9:30 and 16:00 in New York.

    On a half day, which ends at 13:00, the hours of extended trading after it stay in.
    """
    second = _second_of_day(time)
    keep = (second >= _OPEN) & (second < _CLOSE)
    return time[keep], rows[keep]


def to_hours(time: Stamps, rows: FloatArray) -> tuple[Stamps, FloatArray]:
    """Join rows of open, high, low, close and volume into hours from 9:30 on; the last is half an hour.

    ``time`` holds opening times of regular trading in UTC seconds, oldest first.
    """
    if not len(time):
        return time, rows
    opened = time - (_second_of_day(time) - _OPEN) % _HOUR
    first = np.flatnonzero(np.append(True, opened[1:] != opened[:-1]))
    last = np.append(first[1:], len(time)) - 1
    joined = np.column_stack(
        [
            rows[first, 0],
            np.maximum.reduceat(rows[:, 1], first),
            np.minimum.reduceat(rows[:, 2], first),
            rows[last, 3],
            np.add.reduceat(rows[:, 4], first),
        ]
    )
    return opened[first], joined


def _second_of_day(time: Stamps) -> Stamps:
    """Return the seconds since midnight in New York of UTC seconds."""
    here = pd.DatetimeIndex(time.astype("datetime64[s]"), tz="UTC").tz_convert(_NEW_YORK)
    seconds: Stamps = (here.hour * 3_600 + here.minute * 60 + here.second).to_numpy(np.int64)
    return seconds
