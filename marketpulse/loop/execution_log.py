"""Execution quality for the Snapshot: measured again when an order has moved or a fill's bar may have closed."""

from collections.abc import Callable, Sequence
from datetime import datetime

from marketpulse.clock import Clock
from marketpulse.errors import ProviderError, Refused
from marketpulse.performance import execution_quality
from marketpulse.types import Bars, Interval, Order, Quality

__all__ = ["ExecutionLog"]

History = Callable[[str, Interval, int], Bars]
"""Bars of a symbol, the forming one last; raises Refused where an interval is not offered."""

_MINUTES = 600  # as far back as a minute bar is looked for: a session and a half
_DAYS = 30
_AGAIN = 5.0  # seconds until a bar that was forming is looked at again
_SECONDS = {Interval.DAY: 86_400, Interval.HOUR: 3_600, Interval.MINUTE: 60}


class ExecutionLog:
    """Keeps the last table, and the price of each bar once it was found: a closed bar does not change."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._due = 0.0  # monotonic
        self._forming = False
        self._state: tuple[tuple[str, datetime, int], ...] = ()
        self._table: tuple[Quality, ...] = ()
        self._bars: dict[tuple[str, datetime], float | None] = {}

    def take(self, orders: Sequence[Order]) -> tuple[Quality, ...]:
        """Return the table of these orders."""
        state = tuple((order.id, order.updated, len(order.fills)) for order in orders)
        now = self._clock.monotonic()
        if state != self._state or (self._forming and now >= self._due):
            self._forming, self._due = False, now + _AGAIN
            self._table = execution_quality(orders, self._vwap)
            self._state = state
        return self._table

    def _vwap(self, symbol: str, time: datetime) -> float | None:
        if (symbol, time) in self._bars:
            return self._bars[symbol, time]
        for interval, count in ((Interval.MINUTE, _MINUTES), (Interval.DAY, _DAYS)):
            try:
                bars = self._history(symbol, interval, count)
            except (Refused, ProviderError):
                continue
            price, closed = _typical(bars, time)
            if price is not None and closed:
                self._bars[symbol, time] = price
            if price is not None:
                self._forming |= not closed
                return price if closed else None
        return None


def _typical(bars: Bars, time: datetime) -> tuple[float | None, bool]:
    """Return the typical price of the bar around ``time``, and whether a later bar shows that it has closed.

    (high + low + close) / 3 stands in for the volume-weighted price, which bars do not carry.
    """
    seconds = _SECONDS[bars.interval]
    start = int(time.timestamp()) // seconds * seconds
    row = int(bars.time.searchsorted(start))
    if row >= len(bars) or int(bars.time[row]) != start:
        return None, False
    price = float(bars.high[row] + bars.low[row] + bars.close[row]) / 3.0
    return (price if price > 0 else None), row + 1 < len(bars)
