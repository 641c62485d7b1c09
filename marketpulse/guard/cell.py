"""One capability of one provider: its breaker, its last quarter of an hour, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from marketpulse.clock import Clock
from marketpulse.errors import AuthFailed, NoData, NotEntitled, ProviderError, RateLimited, UnknownSymbol
from marketpulse.guard.breaker import Breaker, BreakerMemo, BreakerState, Outcome, Ticket
from marketpulse.guard.window import Window
from marketpulse.types import CellHealth

__all__ = ["Cell", "Hooks", "outcome"]

_FREE = Ticket(0, 0)
_CLOSED = BreakerMemo(BreakerState.CLOSED, 0.0, 0)


def outcome(error: ProviderError) -> Outcome:
    """Sort an error by what it says of the provider's health."""
    if isinstance(error, (UnknownSymbol, NoData)):
        return Outcome.WORKED  # it answered
    if isinstance(error, RateLimited):
        return Outcome.IGNORED
    return Outcome.REFUSED if isinstance(error, (AuthFailed, NotEntitled)) else Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a cell tells its provider and asks of it.

    Attributes
    ----------
    worked : seconds of a good call
    failed : an error that is no answer
    paused : seconds that the provider's own "too many" still lasts, 0 for now
    closed : seconds until its budget allows a call, the daily quota included, 0 for now
    """

    worked: Callable[[float], None]
    failed: Callable[[ProviderError], None]
    paused: Callable[[], float]
    closed: Callable[[], float]


class Cell:
    """Admission to one capability of one provider, and the record of it. Safe from every thread.

    A stream asks ``allow`` before it connects, reports ``worked`` at its first message and ``failed``
    when it ends, and calls ``heard`` for every further message; it needs to give no ticket. A probe
    without an outcome within 30 s has failed. A local provider's cell has no breaker (None) and only records.
    """

    def __init__(self, capability: str, clock: Clock, breaker: Breaker | None, hooks: Hooks) -> None:
        self.capability = capability
        self.breaker = breaker
        self._clock = clock
        self._hooks = hooks
        self._lock = Lock()
        self._window = Window()
        self._note = ""
        self.latency: float | None = None
        self.last_good: datetime | None = None

    def allow(self) -> Ticket | None:
        """Ask for admission; None means: not now, see ``retry``."""
        if self.breaker is None:
            return _FREE
        return None if self._hooks.paused() > 0.0 else self.breaker.enter()

    def worked(self, seconds: float, ticket: Ticket | None = None) -> None:
        """Report that a call worked and how long it took."""
        self._good(seconds)
        self._hooks.worked(seconds)
        if self.breaker is not None:
            self.breaker.leave(ticket, Outcome.WORKED, seconds)

    def failed(
        self, error: ProviderError, ticket: Ticket | None = None, seconds: float | None = None
    ) -> None:
        """Report that a call ended in ``error``; an unknown symbol or no data is an answer."""
        sort = outcome(error)
        if sort is Outcome.WORKED:
            self._good(seconds)
        else:
            with self._lock:
                self._window.add(self._clock.monotonic(), seconds, failed=True)
            self._say(str(error))
        if self.breaker is not None:
            self.breaker.leave(ticket, sort, seconds or 0.0)
        if sort is Outcome.REFUSED:
            self.isolate(str(error))  # also when the answer comes late
        if sort is not Outcome.WORKED:
            self._hooks.failed(error)

    def gave_up(self, ticket: Ticket) -> None:
        """Report that nobody waits for the outcome any more."""
        if self.breaker is not None:
            self.breaker.leave(ticket, Outcome.IGNORED, 0.0)

    def heard(self) -> None:
        """Note a message of a stream; costs less than 2 microseconds and is no call."""
        self.last_good = self._clock.now()
        if self.breaker is not None and not self.breaker.calm():
            self.breaker.leave(None, Outcome.WORKED, 0.0)  # what is heard works, whatever was before
            if self.breaker.calm():
                self._note = ""

    @property
    def retry(self) -> float | None:
        """Seconds until it may be asked again, 0 for now, None for never."""
        return self._retry(self._memo())

    @property
    def note(self) -> str:
        """What is wrong, in words; empty when nothing is."""
        return self._note

    def isolate(self, note: str) -> None:
        """Let nothing through: the provider refused the key."""
        self._note = note
        if self.breaker is not None:
            self.breaker.isolate()

    def mend(self) -> None:
        """Forget what was wrong."""
        self._note = ""
        if self.breaker is not None:
            self.breaker.reset()

    def trouble(self, note: str) -> None:
        """Say what was wrong in the last run."""
        self._note = note

    def health(self) -> CellHealth:
        """Return the cell as the page shows it."""
        memo = self._memo()
        with self._lock:
            stats = self._window.stats(self._clock.monotonic())
        return CellHealth(
            self.capability,
            memo.state.value,
            ok=not self._note and memo.state is BreakerState.CLOSED,
            p50=stats.p50,
            p95=stats.p95,
            errors=stats.errors,
            calls=stats.calls,
            last_good=self.last_good,
            retry=self._retry(memo),
            note=self._note,
        )

    def _memo(self) -> BreakerMemo:
        return _CLOSED if self.breaker is None else self.breaker.memo()

    def _retry(self, memo: BreakerMemo) -> float | None:
        return None if memo.state is BreakerState.ISOLATED else max(memo.rest, self._hooks.closed())

    def _good(self, seconds: float | None) -> None:
        with self._lock:
            self._window.add(self._clock.monotonic(), seconds, failed=False)
            self.last_good = self._clock.now()
            if seconds is not None:
                self.latency = seconds
        self._say("")

    def _say(self, note: str) -> None:
        """Keep what the last call says, but never over the reason of an isolation."""
        if self.breaker is None or self.breaker.state is not BreakerState.ISOLATED:
            self._note = note
