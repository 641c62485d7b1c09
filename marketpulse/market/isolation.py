"""Quarantine: what was not believed, kept with its reason so that a person can look at it.

One instrument and source may fill it only slowly: a provider that talks nonsense does so many times a
second, and the first line says all.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock

from marketpulse.clock import Clock
from marketpulse.types import Bars, Book, Quarantined, Quote

__all__ = ["Isolation"]

_ONE_REASON = 60.0  # seconds between two lines of one instrument, source and kind
_NEWEST = 100
_MOST_KEYS = 2_000
_ROWS = 20  # bad bars kept of one answer


class Isolation:
    """Count what was disbelieved, keep the newest, hand each kept line to ``save``; safe from every thread."""

    def __init__(self, clock: Clock, save: Callable[[Quarantined], None]) -> None:
        self._clock = clock
        self._save = save
        self._last: dict[tuple[str, str, str], float] = {}
        self._newest: deque[Quarantined] = deque(maxlen=_NEWEST)
        self._lock = Lock()
        self.disbelieved = 0

    def restore(self, lines: tuple[Quarantined, ...]) -> None:
        """Show what the last run kept, newest first."""
        self._newest.extendleft(reversed(lines[:_NEWEST]))

    def newest(self) -> tuple[Quarantined, ...]:
        """Return the kept lines, newest first."""
        with self._lock:
            return tuple(self._newest)

    def quote(self, quote: Quote, reason: str, held: float | None) -> None:
        """Take a quote that nobody should believe."""
        self._keep((quote.symbol, quote.source, "quote"), f"{quote.price:.8g}", held, reason)

    def book(self, book: Book, reason: str, held: float | None) -> None:
        """Take an order book that nobody should believe."""
        bid = f"{book.bids[0][0]:.8g}" if book.bids else "none"
        ask = f"{book.asks[0][0]:.8g}" if book.asks else "none"
        self._keep((book.symbol, book.source, "book"), f"{bid} / {ask}", held, reason)

    def bars(self, bars: Bars, reasons: Sequence[str], held: float | None) -> None:
        """Take rows of an answer with a reason each; the newest of many."""
        first = max(0, len(bars) - _ROWS)
        for row, reason in enumerate(reasons[first:], first):
            said = " ".join(f"{x[row]:.6g}" for x in (bars.open, bars.high, bars.low, bars.close))
            self._keep((bars.symbol, bars.source, f"bar {int(bars.time[row])}"), said, held, reason)

    def _keep(self, key: tuple[str, str, str], said: str, held: float | None, reason: str) -> None:
        """Count a line, and keep it unless its like was kept within the last minute."""
        now = self._clock.monotonic()
        with self._lock:
            self.disbelieved += 1
            if now - self._last.get(key, -_ONE_REASON) < _ONE_REASON:
                return
            if len(self._last) >= _MOST_KEYS:
                self._last.clear()
            self._last[key] = now
            symbol, source, kind = key[0], key[1], key[2].partition(" ")[0]
            line = Quarantined(symbol, self._clock.now(), source, kind, said, held, reason)
            self._newest.appendleft(line)
        self._save(line)
