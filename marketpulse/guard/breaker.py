"""A circuit breaker over a sliding window of calls.

::

    CLOSED --(half of the calls failed, or four fifths were slow)--> OPEN
    OPEN --(it has rested)--> HALF_OPEN --(every probe worked)--> CLOSED
                              HALF_OPEN --(a probe failed)--> OPEN, resting twice as long
    any --(the key was refused)--> ISOLATED, until ``reset``

It never holds its lock during a call, so that calls run side by side.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from threading import Lock

from marketpulse.clock import Clock

__all__ = ["Breaker", "BreakerMemo", "BreakerPolicy", "BreakerState", "Outcome", "Ticket"]

_OPENED_MOST = 30  # beyond it the doubling has long met the longest rest


class BreakerState(StrEnum):
    """What the breaker lets through."""

    CLOSED = "closed"  # everything
    OPEN = "open"  # nothing, until it has rested
    HALF_OPEN = "half_open"  # a few probes
    ISOLATED = "isolated"  # nothing, until somebody mends it


class Outcome(StrEnum):
    """How a call ended, as far as the breaker cares."""

    WORKED = "worked"
    FAILED = "failed"
    IGNORED = "ignored"  # says nothing about the provider's health (a rate limit)
    REFUSED = "refused"  # the key or the plan was refused


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to open and for how long.

    Attributes
    ----------
    calls, seconds : size of the window: the newest calls, none older than this
    least : calls in the window before it may open
    failed_share, slow_share : fractions of the window that open it
    slow : seconds after which a call counts as slow
    rest, longest_rest : seconds it stays open, first and at most; doubles in between
    jitter : largest relative change of a rest, so that many desks do not return in step
    permits : probes that must work before it closes
    permit_seconds : a probe without an outcome by then has failed
    """

    calls: int = 20
    seconds: float = 60.0
    least: int = 5
    failed_share: float = 0.5
    slow_share: float = 0.8
    slow: float = 5.0
    rest: float = 30.0
    longest_rest: float = 600.0
    jitter: float = 0.1
    permits: int = 2
    permit_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """Admission of one call; outcomes of an earlier ``era`` say nothing about this one."""

    number: int
    era: int


@dataclass(frozen=True, slots=True)
class BreakerMemo:
    """What a restart must know of a breaker.

    Attributes
    ----------
    rest : seconds until the next probe may go, 0 unless open
    opened : times it opened in a row without having closed
    """

    state: BreakerState
    rest: float
    opened: int


class Breaker:
    """Decide who may call, from how the last calls went. Safe from every thread."""

    def __init__(self, clock: Clock, policy: BreakerPolicy, rng: Random) -> None:
        self.policy = policy
        self._clock = clock
        self._rng = rng
        self._lock = Lock()
        self._state = BreakerState.CLOSED
        self._window: deque[tuple[float, bool, bool]] = deque(maxlen=policy.calls)
        self._opened = 0  # times in a row
        self._until = 0.0
        self._era = 0
        self._number = 0
        self._probes: dict[int, float] = {}
        self._worked = 0

    @property
    def state(self) -> BreakerState:
        """The state the next call would meet."""
        with self._lock:
            self._age()
            return self._state

    def calm(self) -> bool:
        """Whether it was closed when last looked at; costs no lock."""
        return self._state is BreakerState.CLOSED

    @property
    def resting(self) -> float:
        """Seconds until the next probe may go; 0 unless open."""
        with self._lock:
            self._age()
            return max(0.0, self._until - self._clock.monotonic()) if self._is(BreakerState.OPEN) else 0.0

    def enter(self) -> Ticket | None:
        """Ask for admission; None means: not now. Every ticket must be given to ``leave``."""
        with self._lock:
            self._age()
            if self._state in {BreakerState.OPEN, BreakerState.ISOLATED}:
                return None
            if self._is(BreakerState.HALF_OPEN):
                if len(self._probes) + self._worked >= self.policy.permits:
                    return None
                self._probes[self._number + 1] = self._clock.monotonic()
            self._number += 1
            return Ticket(self._number, self._era)

    def leave(self, ticket: Ticket | None, outcome: Outcome, seconds: float) -> None:
        """Record how an admitted call ended and how long it took.

        Without a ticket (a stream that worked and fell later) it is a call of now; half open, it counts
        as the oldest probe, or as one that nobody asked leave for.
        """
        with self._lock:
            self._age()
            if ticket is None:
                ticket = self._of_now()
            if ticket.era != self._era or self._state in {BreakerState.OPEN, BreakerState.ISOLATED}:
                return
            if outcome is Outcome.REFUSED:
                self._change(BreakerState.ISOLATED)
            elif self._is(BreakerState.HALF_OPEN):
                self._probed(ticket, outcome)
            elif outcome is not Outcome.IGNORED:
                failed, slow = outcome is Outcome.FAILED, seconds >= self.policy.slow
                self._window.append((self._clock.monotonic(), failed, slow))
                self._judge()

    def reset(self) -> None:
        """Close it: somebody mended what was wrong."""
        with self._lock:
            self._opened = 0
            self._change(BreakerState.CLOSED)

    def isolate(self) -> None:
        """Let nothing through until ``reset``."""
        with self._lock:
            self._change(BreakerState.ISOLATED)

    def rest(self) -> None:
        """Open it for a first rest, whatever it was."""
        with self._lock:
            self._opened = 0
            self._open()

    def use(self, policy: BreakerPolicy) -> None:
        """Go on under another policy; a rest that runs gets no longer than its longest."""
        with self._lock:
            self.policy = policy
            self._until = min(self._until, self._clock.monotonic() + policy.longest_rest)

    def memo(self) -> BreakerMemo:
        """Return what ``recall`` needs after a restart."""
        with self._lock:
            self._age()
            left = self._until - self._clock.monotonic() if self._is(BreakerState.OPEN) else 0.0
            return BreakerMemo(self._state, max(0.0, left), self._opened)

    def recall(self, rest: float, opened: int) -> None:
        """Take up a rest of an earlier run with ``rest`` seconds left, the longest rest at most."""
        with self._lock:
            self._opened = min(max(opened, 1), _OPENED_MOST)
            self._until = self._clock.monotonic() + min(max(rest, 0.0), self.policy.longest_rest)
            self._change(BreakerState.OPEN)

    def _of_now(self) -> Ticket:
        if self._is(BreakerState.HALF_OPEN) and not self._probes:
            self._number += 1
            self._probes[self._number] = self._clock.monotonic()
        return Ticket(min(self._probes, default=0), self._era)

    def _is(self, state: BreakerState) -> bool:
        return self._state is state

    def _change(self, state: BreakerState) -> None:
        self._state = state
        self._era += 1
        self._window.clear()
        self._probes.clear()
        self._worked = 0

    def _age(self) -> None:
        """Let time act: an open breaker has rested, a probe is overdue."""
        if self._is(BreakerState.CLOSED):
            return
        now = self._clock.monotonic()
        if self._is(BreakerState.OPEN) and now >= self._until:
            self._change(BreakerState.HALF_OPEN)
        overdue = any(now - since > self.policy.permit_seconds for since in self._probes.values())
        if self._is(BreakerState.HALF_OPEN) and overdue:
            self._open()

    def _probed(self, ticket: Ticket, outcome: Outcome) -> None:
        known = self._probes.pop(ticket.number, None) is not None
        if outcome is Outcome.FAILED:
            self._open()
        elif outcome is Outcome.WORKED and known:
            self._worked += 1
            if self._worked >= self.policy.permits:
                self._opened = 0
                self._change(BreakerState.CLOSED)

    def _judge(self) -> None:
        oldest = self._clock.monotonic() - self.policy.seconds
        while self._window and self._window[0][0] < oldest:
            self._window.popleft()
        calls = len(self._window)
        if calls < self.policy.least:
            return
        failed = sum(f for _, f, _ in self._window) / calls
        slow = sum(s for _, _, s in self._window) / calls
        if failed >= self.policy.failed_share or slow >= self.policy.slow_share:
            self._open()

    def _open(self) -> None:
        rest = min(self.policy.rest * 2.0**self._opened, self.policy.longest_rest)
        rest *= 1.0 + self.policy.jitter * (2.0 * self._rng.random() - 1.0)
        self._opened = min(self._opened + 1, _OPENED_MOST)
        self._until = self._clock.monotonic() + rest
        self._change(BreakerState.OPEN)
