"""Bars and book levels as plain bytes: little-endian columns of eight bytes, uncompressed.

Read back, a block's columns are views of it: nothing is copied or parsed, and nobody can write to them.
A block holds all daily bars of one instrument, or the shorter bars of one UTC day; always raw prices of
one source.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from marketpulse.errors import StorageError
from marketpulse.types import Bars, Interval, Level

__all__ = ["join", "merge", "pack", "pack_levels", "pieces", "unpack", "unpack_levels"]

_COLUMNS = ("open", "high", "low", "close", "volume")
_BYTES = 8
_DAY = 86_400


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


def pieces(bars: Bars) -> list[tuple[int, Bars]]:
    """Cut bars, oldest first, into what one block holds each, with where it begins in UTC seconds.

    Daily bars stay whole and begin with their first bar; shorter ones are cut by UTC day and begin with it,
    so that a day has one block whichever of its bars came first.
    """
    if bars.interval is Interval.DAY:
        return [(int(bars.time[0]) if len(bars) else 0, bars)]
    days = bars.time // _DAY
    edges = np.flatnonzero(np.diff(days)) + 1
    cuts = [0, *edges.tolist(), len(bars)] if len(bars) else []
    return [(int(days[first]) * _DAY, bars[first:last]) for first, last in pairwise(cuts)]


def merge(held: Bars, new: Bars) -> Bars | None:
    """Return ``held`` and those of ``new`` whose times it lacks, oldest first; None when it lacks none.

    A bar that is held stays as it is: it had closed.
    """
    _, rows = np.unique(new.time, return_index=True)
    rows = rows[~np.isin(new.time[rows], held.time)]
    if not len(rows):
        return None
    both = join([held, _pick(new, rows)])
    return both if _ordered(both.time) else _pick(both, np.argsort(both.time))


def join(parts: Sequence[Bars]) -> Bars:
    """Put bars of one instrument and interval behind one another; ``source`` names each of theirs once."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        time=np.concatenate([p.time for p in parts]),
        open=np.concatenate([p.open for p in parts]),
        high=np.concatenate([p.high for p in parts]),
        low=np.concatenate([p.low for p in parts]),
        close=np.concatenate([p.close for p in parts]),
        volume=np.concatenate([p.volume for p in parts]),
        source=", ".join(dict.fromkeys(p.source for p in parts)),
    )


def pack_levels(levels: Iterable[Level]) -> bytes:
    """Write one side of a book: price and quantity of each level, best first."""
    return np.array(list(levels), dtype="<f8").tobytes()


def unpack_levels(block: bytes) -> tuple[Level, ...]:
    """Read what ``pack_levels`` wrote."""
    return tuple((price, quantity) for price, quantity in np.frombuffer(block, "<f8").reshape(-1, 2).tolist())


def _ordered(time: NDArray[np.int64]) -> bool:
    return bool((np.diff(time) > 0).all())


def _pick(bars: Bars, rows: NDArray[np.intp]) -> Bars:
    return replace(
        bars,
        time=bars.time[rows],
        open=bars.open[rows],
        high=bars.high[rows],
        low=bars.low[rows],
        close=bars.close[rows],
        volume=bars.volume[rows],
    )
