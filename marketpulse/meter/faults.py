"""Counts and timings, and one log line per kind of fault and minute."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

__all__ = ["Meter"]

_MINUTE = 60.0
_KEPT = 512
_log = logging.getLogger("marketpulse.faults")


class Meter:
    """Count what happens; safe from every thread. ``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._said: dict[str, tuple[float, int]] = {}
        self._seconds: dict[str, deque[float]] = {}

    def fault(self, kind: str, sentence: str) -> None:
        """Count a fault and log its sentence, at most once per kind and minute."""
        now = self._monotonic()
        with self._lock:
            self._counts[kind] += 1
            last, held = self._said.get(kind, (float("-inf"), 0))
            if now - last < _MINUTE:
                self._said[kind] = (last, held + 1)
                return
            self._said[kind] = (now, 0)
        more = f" (and {held} more like it)" if held else ""
        _log.warning("%s: %s%s", kind, sentence, more)

    def observe(self, name: str, seconds: float) -> None:
        """Keep a duration; the last 512 of each name are held."""
        with self._lock:
            self._seconds.setdefault(name, deque(maxlen=_KEPT)).append(seconds)

    def quantile(self, name: str, share: float) -> float | None:
        """Return a quantile of the kept durations in seconds, None before the first."""
        with self._lock:
            values = sorted(self._seconds.get(name, ()))
        if not values:
            return None
        return values[min(len(values) - 1, int(share * len(values)))]

    def counts(self) -> Mapping[str, int]:
        """Faults so far, by kind."""
        with self._lock:
            return dict(self._counts)
