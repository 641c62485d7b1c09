"""Computes issued signals anew, a few at a time: what was said must not change afterwards."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from math import isnan

from marketpulse.loop.notary import Notary
from marketpulse.loop.rooms import Rooms
from marketpulse.pipeline import Again
from marketpulse.portfolio.codec import Alert, write_alert
from marketpulse.portfolio.outcome_codec import repaint_key, write_repaint
from marketpulse.signals import feature_hash, read_text
from marketpulse.storage.faults import DuplicateKey
from marketpulse.types import EventKind, Issued, NewEvent, Repaint, Signal
from marketpulse.types.alert import severity_of

__all__ = ["DAYS", "TOLERANCE", "Recompute", "difference"]

DAYS = 30
"""Signals of so many days of the desk's clock are computed anew each day."""

TOLERANCE = 1e-6
"""Of a feature, relative to its size; of a probability, as it is."""

_REPAINT = "REPAINT"
_AFTER_START = 20.0  # seconds: the first pages come first
_WORK = 0.005  # seconds of one turn
_NOTHING = 1e-12


class Recompute:
    """Looks once a turn; only the loop's thread calls it.

    Parameters
    ----------
    again : what a signal's numbers come to now; None where its bars are not held any more

    Attributes
    ----------
    left : signals that are still to be looked at today
    skipped : signals of today that could not be computed anew
    """

    def __init__(self, rooms: Rooms, notary: Notary, again: Callable[[Signal], Again | None]) -> None:
        self._rooms, self._notary, self._again = rooms, notary, again
        self._born = rooms.clock.monotonic()
        self._day: date | None = None
        self._queue: deque[Issued] = deque()
        self.skipped = 0

    @property
    def left(self) -> int:
        """How many are still to be looked at today."""
        return len(self._queue)

    def turn(self) -> None:
        """Begin anew each day, and look at a few.

        Raises
        ------
        StorageError
            A repaint could not be written; the next turn finds it again.
        """
        clock = self._rooms.clock
        began, now = clock.monotonic(), clock.now()
        if self._day != now.date():
            if self._day is None and began - self._born < _AFTER_START:
                return
            self._day, self.skipped = now.date(), 0
            self._queue = deque(_order(self._notary.since(now - timedelta(days=DAYS))))
        while self._queue:
            self._look(self._queue[0], now)
            self._queue.popleft()
            if clock.monotonic() - began >= _WORK:
                return

    def _look(self, issued: Issued, now: datetime) -> None:
        signal = issued.signal
        text = self._rooms.store.features(signal.feature_hash)
        frozen = None if text is None else _kept(text, signal.feature_hash)
        if text is not None and frozen is None:
            self._tell(
                issued, "FEATURES", f"The numbers kept for {_name(signal)} are not those it was issued with."
            )
            return
        found = self._again(signal)
        if found is None or frozen is None or len(frozen) != len(found.values):
            self.skipped += 1
            return
        differs = difference(signal, frozen, found)
        if differs is None:
            self._notary.check(issued.id, now)
        else:
            self._tell(issued, *differs)

    def _tell(self, issued: Issued, code: str, sentence: str) -> None:
        """Write it down once for each signal, and alarm once for each symbol and day."""
        rooms, symbol = self._rooms, issued.signal.symbol
        now = rooms.clock.now()
        repaint = Repaint(now, code, sentence)
        alert = Alert(_REPAINT, sentence, severity_of(_REPAINT), rooms.clock.wall())
        with rooms.ledger.transaction() as tx, suppress(DuplicateKey):
            tx.append(
                NewEvent(
                    now, "desk", EventKind.REPAINT, issued.id, write_repaint(repaint), repaint_key(issued.id)
                )
            )
            key = f"alert:{_REPAINT}:{symbol}:{now.date().isoformat()}"
            tx.append(NewEvent(now, rooms.books.account, EventKind.ALERT, symbol, write_alert(alert), key))


def _kept(text: str, digest: str) -> dict[str, float] | None:
    """Read the numbers that were kept; None where they are not those that were issued, or none at all."""
    try:
        numbers = read_text(text)
        return numbers if feature_hash(list(numbers.values())) == digest else None
    except (ValueError, TypeError, LookupError):
        return None


def _order(issued: tuple[Issued, ...]) -> list[Issued]:
    """First what was never looked at, the newest first; then what was looked at longest ago."""
    fresh = [one for one in issued if one.repaint is None and one.checked is None]
    seen = [(one.checked, one) for one in issued if one.repaint is None and one.checked is not None]
    return [*fresh, *(one for _, one in sorted(seen, key=lambda pair: pair[0]))]


def difference(signal: Signal, frozen: Mapping[str, float], found: Again) -> tuple[str, str] | None:
    """Say how what is computed now differs from what was issued: a code and a sentence, None where it does not.

    Bars that have changed without moving any number by more than the tolerance are no difference: what was
    said would be said again.

    Parameters
    ----------
    frozen : the numbers it was issued with, by name, in the order of ``found.values``
    """
    since = (
        "its bars have changed since"
        if signal.data_hash and signal.data_hash != found.data_hash
        else "the bars are the same"
    )
    data = "DATA" if since.startswith("its") else ""
    moved = list(_moved(frozen, found.values))
    if moved:
        name, was, now = moved[0]
        more = f" ({len(moved) - 1} more differ)" if len(moved) > 1 else ""
        sentence = (
            f"{_name(signal)} was issued with {name} {was:.6g} and comes to {now:.6g} now{more}; {since}."
        )
        return data or "FEATURES", sentence
    was_p, now_p = signal.probability, found.probability
    if was_p is not None and now_p is not None and not abs(was_p - now_p) <= TOLERANCE:
        sentence = f"{_name(signal)} was issued with {was_p:.4%} and its model says {now_p:.4%} now; {since}."
        return data or "PROBABILITY", sentence
    return None


def _moved(frozen: Mapping[str, float], values: tuple[float, ...]) -> Iterator[tuple[str, float, float]]:
    for (name, was), now in zip(frozen.items(), values, strict=True):
        if isnan(was) or isnan(now):
            if isnan(was) != isnan(now):
                yield name, was, now
        elif abs(was - now) > TOLERANCE * max(abs(was), abs(now)) + _NOTHING:
            yield name, was, now


def _name(signal: Signal) -> str:
    return f"{signal.symbol} of {signal.bar}"
