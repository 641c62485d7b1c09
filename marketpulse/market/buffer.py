"""The hand-over from the wire to the loop: bounded, the newest values kept.

A stream may bring more than the loop takes. Then the oldest prices go, of the instrument that brings
too many first, and are counted; of an order book only the newest is worth anything. Orders and fills
never come this way.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from marketpulse.types import Bars, Book, Quote

__all__ = ["Latest"]

_Datum = Quote | Book | Bars
_Key = tuple[str, str, type]

_TICKS = 512  # of one instrument, source and kind: two seconds at the fastest pace we promise
_TOTAL = 8192
_BOOKS = 1


class Latest:
    """Values in the order they came; safe from every thread.

    Parameters
    ----------
    ticks : quotes, and bars, held of one instrument and source
    total : values held altogether
    wake : called, in the thread that puts, when the first value comes after a ``drain``
    """

    def __init__(
        self, ticks: int = _TICKS, total: int = _TOTAL, wake: Callable[[], None] | None = None
    ) -> None:
        self._most = {Quote: ticks, Book: _BOOKS, Bars: ticks}
        self._total = total
        self._wake = wake
        self._lock = Lock()
        self._number = 0
        self._values: OrderedDict[int, tuple[_Key, _Datum]] = OrderedDict()
        self._rows: dict[_Key, deque[int]] = {}  # the numbers of each key's values, oldest first
        self._dropped = 0
        self._replaced = 0

    def put(self, value: _Datum) -> None:
        """Take a value; returns at once."""
        kind = type(value)
        key = (value.symbol, value.source, kind)
        with self._lock:
            self._number = number = self._number + 1
            first = not self._values
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = deque()
            row.append(number)
            self._values[number] = (key, value)
            if len(row) > self._most[kind]:
                del self._values[row.popleft()]
                if kind is Book:
                    self._replaced += 1
                else:
                    self._dropped += 1
            elif len(self._values) > self._total:
                oldest, _ = self._values.popitem(last=False)[1]
                self._rows[oldest].popleft()
                self._dropped += 1
        if first and self._wake is not None:
            self._wake()

    def drain(self) -> tuple[_Datum, ...]:
        """Return all that is held, in the order it came, and hold nothing."""
        with self._lock:
            values, self._values, self._rows = self._values, OrderedDict(), {}
        return tuple(value for _, value in values.values())

    def __len__(self) -> int:
        return len(self._values)

    @property
    def dropped(self) -> int:
        """Values that had to go unread since the start."""
        return self._dropped

    @property
    def replaced(self) -> int:
        """Order books that a newer one replaced unread, which loses nothing."""
        return self._replaced
