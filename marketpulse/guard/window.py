"""What the last quarter of an hour was like: latencies, failures, and how often somebody asked."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from threading import Lock

from marketpulse.clock import Clock

__all__ = ["Rate", "Stats", "Window"]

_SPAN = 900.0  # seconds
_KEPT = 4096  # calls; a busier cell is judged by its newest
_MANY = 256  # calls from which on the figures may be a second old: sorting thousands takes a millisecond
_MINUTE = 60.0
_BUCKETS = 15


@dataclass(frozen=True, slots=True)
class Stats:
    """The calls of the last quarter of an hour.

    Attributes
    ----------
    p50, p95 : seconds of the good ones, None before one
    errors : share of all that failed, a fraction, None before one
    calls : how many that rests on
    """

    p50: float | None = None
    p95: float | None = None
    errors: float | None = None
    calls: int = 0


class Window:
    """Calls with their durations; bounded. Not safe from threads: its cell has the lock."""

    def __init__(self) -> None:
        self._calls: deque[tuple[float, float | None, bool]] = deque(maxlen=_KEPT)
        self._known = Stats()
        self._counted = -inf

    def add(self, now: float, seconds: float | None, *, failed: bool) -> None:
        """Note a call that ended at ``now`` (monotonic seconds)."""
        self._calls.append((now, seconds, failed))

    def stats(self, now: float) -> Stats:
        """Return what is known of the last quarter of an hour."""
        while self._calls and now - self._calls[0][0] > _SPAN:
            self._calls.popleft()
        if len(self._calls) < _MANY or now - self._counted >= 1.0:
            self._known, self._counted = self._count(), now
        return self._known

    def _count(self) -> Stats:
        calls = len(self._calls)
        if not calls:
            return Stats()
        good = sorted(s for _, s, failed in self._calls if not failed and s is not None)
        errors = sum(failed for _, _, failed in self._calls) / calls
        return Stats(_quantile(good, 0.5), _quantile(good, 0.95), errors, calls)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest rank: the smallest value that ``share`` of all do not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


class Rate:
    """Count calls by the minute; safe from every thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.monotonic()
        self._buckets: deque[tuple[int, int]] = deque(maxlen=_BUCKETS)
        self._lock = Lock()

    def count(self) -> None:
        """Note one call."""
        with self._lock:
            minute = int(self._clock.monotonic() // _MINUTE)
            if self._buckets and self._buckets[-1][0] == minute:
                self._buckets[-1] = (minute, self._buckets[-1][1] + 1)
            else:
                self._buckets.append((minute, 1))

    def per_minute(self) -> float:
        """Return calls a minute over the last quarter of an hour, or since the start if that is shorter."""
        with self._lock:
            now = self._clock.monotonic()
            first = int(now // _MINUTE) - _BUCKETS + 1
            calls = sum(n for minute, n in self._buckets if minute >= first)
        span = now - max(self._start, first * _MINUTE)
        return calls * _MINUTE / max(span, _MINUTE)
