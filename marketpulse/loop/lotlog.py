"""Tax lots for the Snapshot: read on behind the books, some thousand events in a turn."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from marketpulse.portfolio import LotBook
from marketpulse.types import ClosedLot, Event, EventKind, Lot, LotMethod

__all__ = ["LotLog"]

_A_TURN = 10_000  # events: about 0.1 s of work, so that a long ledger does not hold up the first pictures
_OPEN, _CLOSED = 1_000, 200
_KINDS = frozenset({EventKind.FILL, EventKind.EXTERNAL, EventKind.ACTION})


class LotLog:
    """Lots by FIFO; only the loop's thread calls it."""

    def __init__(self) -> None:
        self._book = LotBook(LotMethod.FIFO, keep=4 * _CLOSED)
        self._waiting: deque[Event] = deque()
        self._told: tuple[Sequence[str], tuple[Lot, ...], tuple[ClosedLot, ...]] | None = None

    def note(self, event: Event) -> None:
        """Take an event; it is read in one of the next turns."""
        if event.kind in _KINDS:
            self._waiting.append(event)

    def read(self, accounts: Sequence[str]) -> tuple[tuple[Lot, ...], tuple[ClosedLot, ...]]:
        """Read on, and return open and closed lots; nothing while the ledger's past is still being read."""
        if self._waiting:
            count = min(_A_TURN, len(self._waiting))
            self._book.replay([self._waiting.popleft() for _ in range(count)])
            self._told = None
        if self._waiting:
            return (), ()
        if self._told is None or self._told[0] != accounts:
            closed = tuple(islice(self._book.closed(accounts), _CLOSED))
            self._told = accounts, self._book.lots(accounts)[:_OPEN], closed
        return self._told[1:]
