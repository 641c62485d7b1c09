"""Who answered when the first could not: the list of failovers."""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from marketpulse.clock import Clock
from marketpulse.types import Switch

__all__ = ["FailoverLog"]

_KEPT = 200  # switches
_REMEMBERED = 4096  # questions whose last answer is known
_MERGE = 5.0  # seconds between two that are one entry
_LONGEST = 60.0  # seconds that one entry may go on

_Question = tuple[str, str]
"""Capability, and what was asked: ``quote AAPL``."""
_Kind = tuple[str, str, str]
"""Capability, who answered before, who answers now."""


@dataclass(slots=True)
class _Last:
    """Who answered a question last, empty when nobody did, and when somebody did (monotonic seconds)."""

    member: str
    heard: float | None


@dataclass(slots=True)
class _Entry:
    """One line of the log; ``began`` and ``latest`` are monotonic seconds."""

    time: datetime
    began: float
    latest: float
    what: str
    before: str
    after: str
    why: str
    gap: float | None
    questions: set[str]  # while it is open; they may be many
    more: int = 0

    def switch(self) -> Switch:
        """Return the entry as it is shown."""
        what = f"{self.what} and {self.more} more" if self.more else self.what
        return Switch(self.time, what, self.before, self.after, self.why, self.gap)

    def takes(self, now: float) -> bool:
        """Whether what happens now is still part of it."""
        return now - self.latest <= _MERGE and now - self.began <= _LONGEST

    def add(self, now: float, what: str, gap: float | None) -> None:
        """Let one more question be part of it."""
        self.latest = now
        if what not in self.questions:
            self.questions.add(what)
            self.more += 1
        if gap is not None:
            self.gap = max(gap, self.gap or 0.0)


class FailoverLog:
    """The newest 200 changes of who answers; bounded, whatever is asked. Safe from every thread.

    Changes of one capability between the same two members are one entry while less than 5 s lie
    between them, for a minute at most.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._entries: deque[_Entry] = deque(maxlen=_KEPT)
        self._open: dict[_Kind, _Entry] = {}
        self._last: OrderedDict[_Question, _Last] = OrderedDict()

    def answered(self, capability: str, what: str, member: str, *, failed: str = "", why: str = "") -> None:
        """Note who answered; ``failed`` and ``why`` name the first member that should have and did not."""
        with self._lock:
            now = self._clock.monotonic()
            last = self._recall((capability, what))
            if last is None:
                self._last[capability, what] = _Last(member, now)
                if failed:
                    self._note((capability, failed, member), what, why, None)
                return
            before, heard = last.member, last.heard
            last.member, last.heard = member, now
            if before != member:
                gap = now - heard if not before and heard is not None else None
                self._note((capability, before, member), what, why or f"{member} answers again", gap)

    def silent(self, capability: str, what: str, *, failed: str, why: str) -> None:
        """Note that nobody answered; ``failed`` and ``why`` name the first member that should have."""
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

    def _recall(self, question: _Question) -> _Last | None:
        """Return the last answer to a question; what was not asked for longest is forgotten."""
        last = self._last.get(question)
        if last is not None:
            self._last.move_to_end(question)
        elif len(self._last) >= _REMEMBERED:
            self._last.popitem(last=False)
        return last

    def _note(self, kind: _Kind, what: str, why: str, gap: float | None) -> None:
        now = self._clock.monotonic()
        for ended in [k for k, entry in self._open.items() if not entry.takes(now)]:
            self._open.pop(ended).questions.clear()
        entry = self._open.get(kind)
        if entry is not None:
            entry.add(now, what, gap)
            return
        _, before, after = kind
        entry = _Entry(self._clock.now(), now, now, what, before, after, why, gap, {what})
        self._open[kind] = entry
        self._entries.append(entry)
