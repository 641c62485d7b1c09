"""The one way an event gets into the ledger and the books: committed first, folded after.

Lock order, everywhere: the journal's lock, then the ledger's transaction, then the books' own lock.
No venue is ever asked while one of them is held.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from marketpulse.clock import Clock
from marketpulse.execution.lifecycle import IllegalStep, step
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Alert, Change, write_alert, write_change
from marketpulse.storage import Ledger, Tx
from marketpulse.types import Event, EventKind, Halt, Json, NewEvent, Order
from marketpulse.types.alert import severity_of

__all__ = ["DESK", "Draft", "Journal"]

DESK = "desk"
"""The account of events that concern all accounts."""

_log = logging.getLogger("marketpulse.execution")


class Draft:
    """The events of one transaction, before it is committed."""

    def __init__(self, tx: Tx, clock: Clock, account: str) -> None:
        self._tx = tx
        self._clock = clock
        self._account = account
        self.events: list[Event] = []

    def add(
        self,
        kind: EventKind,
        ref: str,
        payload: Mapping[str, Json],
        key: str | None = None,
        account: str | None = None,
    ) -> None:
        """Append one event."""
        new = NewEvent(self._clock.now(), account or self._account, kind, ref, payload, key)
        self.events.append(self._tx.append(new))

    def move(self, order: Order, change: Change, key: str | None = None) -> None:
        """Append a change of ``order``, if the table of its life allows it.

        Raises
        ------
        IllegalStep
            It does not; the transaction is undone unless this is caught.
        """
        try:
            step(order.state, change.to)
        except IllegalStep as error:
            _log.error("%s: %s (%s)", order.id, error, change.cause)
            raise
        self.add(EventKind.STATE, order.id, write_change(change), key, account=order.account)

    def find(self, key: str) -> Event | None:
        """Return the event that has this key."""
        return self._tx.by_key(key)

    def fresh(self, key: str) -> bool:
        """Tell whether no event has this key."""
        return self._tx.by_key(key) is None

    def alert(self, code: str, sentence: str, ref: str, key: str | None = None) -> None:
        """Append an alert; one with a key that is taken has been raised before."""
        if key is None or self.fresh(key):
            alert = Alert(code, sentence, severity_of(code), self._clock.wall())
            self.add(EventKind.ALERT, ref, write_alert(alert), key)


class Journal:
    """Ledger and books, kept equal.

    Attributes
    ----------
    lock : hold it to read the books and decide on them in one step; it may be taken again by its holder
    books : change only through ``writing``
    stop : a halt that could not be committed yet; it counts all the same
    """

    def __init__(self, ledger: Ledger, books: Books, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.books = books
        self.stop: Halt | None = None
        self._ledger = ledger
        self._clock = clock
        self._behind = False

    @property
    def halt(self) -> Halt | None:
        """Set while trading is stopped, in the ledger or for now in memory only; the stricter of both."""
        return self.stop or self.books.halt

    @contextmanager
    def holding(self) -> Iterator[Books]:
        """Hold the books still, and level with the ledger, to decide on them."""
        with self.lock:
            if self._behind:
                self.books.replay(self._ledger.read(after=self.books.seq))
                self._behind = False
            yield self.books

    def admit(self, unknown: str, account: str) -> None:
        """Take an account into the books in the place of one whose venue had not told its id."""
        with self.lock:
            self.books.admit(unknown, account, self._ledger.read())

    @contextmanager
    def writing(self) -> Iterator[Draft]:
        """Commit what is added to the draft, all or nothing, then fold it into the books.

        Raises
        ------
        StorageError
            Nothing of it can be relied on. A commit that reports an error may have reached the disk
            all the same, so the books catch up from the ledger before anything else is decided.
        """
        with self.holding() as books:
            try:
                with self._ledger.transaction() as tx:
                    draft = Draft(tx, self._clock, books.account)
                    yield draft
                books.replay(draft.events)
            except BaseException:
                self._behind = True
                raise
