"""Bars from rows: the last step of every source."""

import numpy as np
from numpy.typing import NDArray

from marketpulse.types import Bars, FloatArray, Interval

__all__ = ["bars_of"]


def bars_of(symbol: str, interval: Interval, time: NDArray[np.int64], rows: FloatArray, source: str) -> Bars:
    """Build raw bars from rows of open, high, low, close and volume; ``time`` is in UTC seconds."""
    first, high, low, last, volume = (np.ascontiguousarray(rows[:, i]) for i in range(5))
    return Bars(symbol, interval, time, first, high, low, last, volume, source)
