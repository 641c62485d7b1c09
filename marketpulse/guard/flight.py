"""Identical requests that run at the same time share one call."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from marketpulse.errors import Unavailable

__all__ = ["Flight"]

T = TypeVar("T")


class Flight(Generic[T]):
    """One call per key at a time; who comes while it runs gets its result or its error.

    Nothing is kept: who comes after it has ended starts a call of its own. Safe from every thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[Hashable, Future[T]] = {}

    def run(self, key: Hashable, op: Callable[[], T]) -> T:
        """Return what ``op`` returns or raise what it raises, in this thread or in the one that runs it."""
        with self._lock:
            running = self._running.get(key)
            if running is None:
                mine: Future[T] = Future()
                self._running[key] = mine
        if running is not None:
            return running.result()
        return self._lead(key, op, mine)

    def _lead(self, key: Hashable, op: Callable[[], T], mine: Future[T]) -> T:
        try:
            result = op()
        except Exception as error:
            self._land(key)
            mine.set_exception(error)
            raise
        except BaseException:  # this thread is being ended; those who wait are not
            self._land(key)
            mine.set_exception(Unavailable("the request was given up"))
            raise
        self._land(key)
        mine.set_result(result)
        return result

    def _land(self, key: Hashable) -> None:
        with self._lock:
            del self._running[key]
