"""A token bucket: how often a provider may be asked, on monotonic time."""

from math import inf
from threading import Lock

from marketpulse.clock import Clock

__all__ = ["Budget"]

_BURST = 10.0  # seconds' worth of calls that may go at once


class Budget:
    """Allow ``per_minute`` calls, a burst of ten seconds' worth; safe from every thread."""

    def __init__(self, clock: Clock, per_minute: float) -> None:
        self._clock = clock
        self._rate = per_minute / 60.0
        self._most = max(1.0, self._rate * _BURST)
        self._tokens = self._most
        self._seen = clock.monotonic()
        self._blocked = -inf
        self._lock = Lock()

    def take(self) -> float:
        """Take one call; return 0, or the seconds to wait when there is none left."""
        if self._rate == inf:
            return 0.0
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._most, self._tokens + (now - self._seen) * self._rate)
            self._seen = now
            if now < self._blocked:
                return self._blocked - now
            if self._tokens >= 1.0:
                self._tokens -= 1.0
                return 0.0
            return (1.0 - self._tokens) / self._rate

    def give_back(self) -> None:
        """Return a call that was not made."""
        with self._lock:
            self._tokens = min(self._most, self._tokens + 1.0)

    def block(self, seconds: float) -> None:
        """Allow nothing for ``seconds``: the provider said so."""
        with self._lock:
            self._blocked = max(self._blocked, self._clock.monotonic() + seconds)
