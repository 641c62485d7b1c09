"""Alerts over time: raised once for each episode, ended, seen by somebody, and what follows when nobody does."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from marketpulse.clock import Clock
from marketpulse.errors import Refused
from marketpulse.loop.conditions import ENDING, Condition, Thresholds, conditions, settled
from marketpulse.loop.rooms import Rooms
from marketpulse.portfolio import Books
from marketpulse.portfolio.alerts import AlertBook, ack_key
from marketpulse.portfolio.codec import Alert, write_alert
from marketpulse.storage import Ledger
from marketpulse.storage.faults import DuplicateKey
from marketpulse.types import Event, EventKind, Json, NewEvent, Snapshot
from marketpulse.types.alert import AlertView, severity_of

__all__ = ["Alarms"]

_SHOWN = 200
_LONGEST = 20
_DESK = "desk"


class Alarms:
    """Keeps the alerts of one ledger. ``turn`` is the loop's; the rest may be called from any thread.

    Parameters
    ----------
    reduce : lets only sales pass, with this reason
    hours : an urgent alert that nobody has acknowledged for so long reduces trading; 0 never does
    """

    def __init__(
        self,
        ledger: Ledger,
        books: Books,
        clock: Clock,
        *,
        reduce: Callable[[str], object],
        hours: float = 0.0,
        thresholds: Thresholds | None = None,
        daily_loss: float = 0.03,
    ) -> None:
        self._ledger, self._books, self._clock = ledger, books, clock
        self._reduce, self._hours = reduce, hours
        self._thresholds, self._daily_loss = thresholds or Thresholds(), daily_loss
        self._book = AlertBook()
        self._seq = 0
        self._lock = threading.Lock()
        self._born = clock.wall()
        self._since: dict[tuple[str, str], float] = {}
        self._reduced: set[str] = set()

    @classmethod
    def of(cls, rooms: Rooms) -> "Alarms":
        """Make those of a desk."""
        wanted = rooms.settings
        return cls(
            rooms.ledger,
            rooms.books,
            rooms.clock,
            reduce=rooms.execution.reduce,
            hours=wanted.alert_hours,
            thresholds=Thresholds(wanted.alert_drawdown, wanted.alert_day_loss, wanted.alert_stale),
            daily_loss=wanted.daily_loss,
        )

    def note(self, event: Event) -> None:
        """Take over a committed event, each once and in order."""
        with self._lock:
            if event.seq > self._seq:
                self._seq = event.seq
                self._book.take(event)

    @property
    def shown(self) -> tuple[AlertView, ...]:
        """The open alerts, newest first."""
        with self._lock:
            return self._book.newest(_SHOWN)

    def acknowledge(self, alert_id: str) -> AlertView:
        """Write down that somebody has seen an alert; again is harmless.

        Raises
        ------
        Refused
            ``UNKNOWN_ALERT``.
        """
        with self._lock:
            view = self._book.find(alert_id[:_LONGEST])
        if view is None:
            raise Refused("UNKNOWN_ALERT", "There is no alert with this number.")
        if view.acknowledged is None:
            self._append(EventKind.ACK, view.id, {}, ack_key(view.id), _DESK)
        with self._lock:
            self._catch_up()
            return self._book.find(view.id) or view

    def turn(self, snapshot: Snapshot) -> None:
        """Raise what has begun, end what is over, and reduce trading where nobody answers.

        Raises
        ------
        StorageError
            The ledger could not be written; the next turn tries it again.
        """
        held = self._episodes()
        found = conditions(snapshot, self._thresholds, self._daily_loss, frozenset(held))
        now = self._clock.monotonic()
        self._since = {c.key: self._since.get(c.key, now) for c in found}
        for condition in found:
            if condition.key not in held and now - self._since[condition.key] >= condition.patience:
                self._raise(condition)
        for (code, ref), number in held.items():
            gone = code in ENDING and (code, ref) not in self._since
            if gone and settled(snapshot, code, ref):
                self._end(code, ref, number)
        self._escalate()

    def _episodes(self) -> dict[tuple[str, str], str]:
        with self._lock:
            self._catch_up()
            return self._book.episodes

    def _catch_up(self) -> None:
        for event in self._ledger.read(after=self._seq):
            self._seq = event.seq
            self._book.take(event)

    def _raise(self, condition: Condition) -> None:
        with self._lock:
            number = self._book.count(*condition.key) + 1
        alert = Alert(condition.code, condition.sentence, condition.severity, self._clock.wall())
        self._write(alert, condition.ref, f"alert:{condition.code}:{condition.ref}:{number}")

    def _end(self, code: str, ref: str, number: str) -> None:
        sentence = f"{code.replace('_', ' ').capitalize()} of {ref} is over."
        alert = Alert("OVER", sentence, severity_of("OVER"), self._clock.wall(), number)
        self._write(alert, ref, f"alert:over:{number}")

    def _escalate(self) -> None:
        """Reduce trading once for each urgent alert that has waited too long."""
        if not self._hours > 0:
            return
        late, now, halt = timedelta(hours=self._hours), self._clock.wall(), self._books.halt
        if halt is not None and not halt.reducing:
            return  # nothing passes already; it reduces once that is over
        for view in self._waiting():
            if now - (view.wall or self._born) < late:
                continue
            key = f"alert:unacknowledged:{view.id}"
            if self._ledger.by_key(key) is None:
                why = (
                    f"{view.severity} alert {view.id} ({view.code}) was not acknowledged in {self._hours:g} h"
                )
                if self._books.halt is None:
                    self._reduce(why)
                code = "UNACKNOWLEDGED"
                alert = Alert(code, f"{why.capitalize()}: only sales pass.", severity_of(code), now)
                self._write(alert, view.id, key)
            self._reduced.add(view.id)

    def _waiting(self) -> list[AlertView]:
        with self._lock:
            return [v for v in self._book.open.values() if v.severity.urgent and v.id not in self._reduced]

    def _write(self, alert: Alert, ref: str, key: str) -> None:
        self._append(EventKind.ALERT, ref, write_alert(alert), key, self._books.account)

    def _append(self, kind: EventKind, ref: str, payload: Mapping[str, Json], key: str, account: str) -> None:
        with suppress(
            DuplicateKey
        ):  # it stands there already: somebody was quicker, or an earlier run wrote it
            self._ledger.append(NewEvent(self._clock.now(), account, kind, ref, payload, key))
