"""Who answered when the first could not: the list of failovers."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from marketpulse.clock import Clock
from marketpulse.types import Switch

__all__ = ["FailoverLog"]

_KEPT = 200  # switches
_REMEMBERED = 4096  # questions whose last answer is known
_MERGE = 5.0  # seconds

Question = tuple[str, str]
"""Capability, and what was asked: ``quote AAPL``."""


@dataclass(slots=True)
class _Last:
    """Who answered a question last, empty when nobody did, and when somebody did (monotonic seconds)."""

    member: str
    heard: float | None


@dataclass(slots=True)
class _Entry:
    time: datetime
    began: float
    what: str
    before: str
    after: str
    why: str
    gap: float | None
    all: set[str] = field(default_factory=set)
    more: int = 0

    def switch(self) -> Switch:
        """Return the entry as it is shown."""
        what = f"{self.what} and {self.more} more" if self.more else self.what
        return Switch(self.time, what, self.before, self.after, self.why, self.gap)


class FailoverLog:
    """The newest 200 changes of who answers; alike ones of 5 s are one entry. Safe from every thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._entries: deque[_Entry] = deque(maxlen=_KEPT)
        self._open: dict[tuple[str, str, str], _Entry] = {}
        self._last: OrderedDict[Question, _Last] = OrderedDict()

    def answered(self, capability: str, what: str, member: str, *, failed: str = "", why: str = "") -> None:
        """Note who answered; ``failed`` and ``why`` name the preferred member when it did not."""
        with self._lock:
            now = self._clock.monotonic()
            last = self._recall((capability, what))
            before = failed if last is None else last.member
            if last is None:
                self._last[capability, what] = _Last(member, now)
            else:
                down = not last.member
                gap = now - last.heard if down and last.heard is not None else None
                last.member, last.heard = member, now
            if last is None and not failed:
                return
            if before != member:
                gap = None if last is None else gap
                self._note((capability, before, member), what, why or f"{member} answers again", gap)

    def silent(self, capability: str, what: str, *, failed: str, why: str) -> None:
        """Note that nobody answered; ``failed`` and ``why`` name the preferred member."""
        with self._lock:
            last = self._recall((capability, what))
            if last is None:
                self._last[capability, what] = _Last("", None)
                self._note((capability, failed, ""), what, why, None)
            elif last.member:
                before, last.member = last.member, ""
                self._note((capability, before, ""), what, why, None)

    def newest(self, n: int) -> tuple[Switch, ...]:
        """Return up to ``n`` switches, newest first."""
        with self._lock:
            return tuple(entry.switch() for entry in list(reversed(self._entries))[: max(0, n)])

    def _recall(self, question: Question) -> _Last | None:
        """Return the last answer to a question; what was not asked for longest is forgotten."""
        last = self._last.get(question)
        if last is not None:
            self._last.move_to_end(question)
        elif len(self._last) >= _REMEMBERED:
            self._last.popitem(last=False)
        return last

    def _note(self, kind: tuple[str, str, str], what: str, why: str, gap: float | None) -> None:
        now = self._clock.monotonic()
        self._open = {k: e for k, e in self._open.items() if now - e.began < _MERGE}
        entry = self._open.get(kind)
        if entry is None:
            _, before, after = kind
            entry = _Entry(self._clock.now(), now, what, before, after, why, gap, {what})
            self._open[kind] = entry
            self._entries.append(entry)
            return
        if what not in entry.all:
            entry.all.add(what)
            entry.more += 1
        if gap is not None:
            entry.gap = max(gap, entry.gap or 0.0)
