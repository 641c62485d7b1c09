"""Bars as one block of plain bytes: the six columns one after the other, little-endian, uncompressed.

Read back, the columns are views of the block: nothing is copied or parsed, and nobody can write to them.
"""

import numpy as np

from marketpulse.errors import StorageError
from marketpulse.types import Bars, Interval

__all__ = ["pack", "unpack"]

_COLUMNS = ("open", "high", "low", "close", "volume")
_BYTES = 8


def pack(bars: Bars) -> bytes:
    """Write the columns of raw bars.

    Raises
    ------
    ValueError
        The bars are adjusted, or their columns differ in length.
    """
    if bars.adjusted:
        raise ValueError(f"the store keeps raw prices; these bars of {bars.symbol} are adjusted")
    columns = [bars.time.astype("<i8"), *(getattr(bars, name).astype("<f8") for name in _COLUMNS)]
    if {column.shape for column in columns} != {(len(bars),)}:
        raise ValueError(f"the columns of {bars.symbol}'s bars differ in length")
    return b"".join(column.tobytes() for column in columns)


def unpack(symbol: str, interval: Interval, source: str, rows: int, block: bytes) -> Bars:
    """Read what ``pack`` wrote.

    Raises
    ------
    StorageError
        The block is not as long as its rows say.
    """
    size = rows * _BYTES
    if len(block) != size * (1 + len(_COLUMNS)):
        raise StorageError(f"the {interval} bars of {symbol} are damaged on disk")
    prices = np.frombuffer(block, dtype="<f8", offset=size).astype(np.float64, copy=False)
    opens, highs, lows, closes, volumes = prices.reshape(len(_COLUMNS), rows)
    return Bars(
        symbol=symbol,
        interval=interval,
        time=np.frombuffer(block, dtype="<i8", count=rows).astype(np.int64, copy=False),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volumes,
        source=source,
    )
