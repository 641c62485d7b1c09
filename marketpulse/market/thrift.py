"""What the store saved the providers: how many requests for bars it answered, and how much faster."""

from collections import deque
from statistics import median
from threading import Lock

from marketpulse.types import StoreView

__all__ = ["Thrift"]

_KEPT = 500  # newest timings


class Thrift:
    """Count answers; safe from every thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._store: deque[float] = deque(maxlen=_KEPT)
        self._provider: deque[float] = deque(maxlen=_KEPT)
        self._asked = 0
        self._answered = 0

    def stored(self, seconds: float) -> None:
        """The store answered a request in ``seconds``."""
        with self._lock:
            self._asked += 1
            self._answered += 1
            self._store.append(seconds)

    def fetched(self, seconds: float) -> None:
        """A provider had to answer one, and took ``seconds``."""
        with self._lock:
            self._asked += 1
            self._provider.append(seconds)

    def view(self) -> StoreView:
        """Return the counts and the median times."""
        with self._lock:
            return StoreView(
                self._asked,
                self._answered,
                median(self._store) if self._store else None,
                median(self._provider) if self._provider else None,
            )
