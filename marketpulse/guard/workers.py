"""Calls with a deadline of our own, whatever the vendor's client does.

Some clients have no timeout, and none can be interrupted. So each call runs in a thread of its own;
when the deadline passes the caller goes on and the thread is abandoned to end by itself. Their
number is limited: beyond it nothing is asked until one has returned. The threads are daemons, so
that a hanging vendor cannot keep the process alive.
"""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TypeVar

from marketpulse.errors import ProviderError, Unavailable
from marketpulse.meter import Meter

__all__ = ["Workers"]

T = TypeVar("T")


class Workers:
    """Run calls to one provider; at most ``most`` of them may have been abandoned."""

    def __init__(self, name: str, deadline: float, most: int, meter: Meter) -> None:
        self._name = name
        self._deadline = deadline
        self._most = most
        self._meter = meter
        self._lock = Lock()
        self._running: set[int] = set()
        self._abandoned: set[int] = set()
        self._number = 0

    @property
    def abandoned(self) -> int:
        """Calls that missed their deadline and have not returned yet."""
        with self._lock:
            return len(self._abandoned)

    def run(self, op: Callable[[], T]) -> T:
        """Return what ``op`` returns, or raise what it raises, within the deadline.

        Raises
        ------
        Unavailable
            The deadline passed, or too many earlier calls still hang.
        """
        with self._lock:
            if len(self._abandoned) >= self._most:
                raise Unavailable(f"{self._name}: {len(self._abandoned)} earlier requests still hang")
            self._number += 1
            number = self._number
            self._running.add(number)
        future: Future[T] = Future()
        Thread(target=self._work, args=(number, op, future), name=f"ask-{self._name}", daemon=True).start()
        try:
            return future.result(self._deadline)
        except TimeoutError:
            with self._lock:
                if number in self._running:
                    self._abandoned.add(number)
            raise Unavailable(f"{self._name}: no answer within {self._deadline:g} s") from None

    def _work(self, number: int, op: Callable[[], T], future: Future[T]) -> None:
        """Top of a worker thread: whatever happens goes into the future."""
        try:
            result = op()
        except ProviderError as error:
            self._finish(number)
            future.set_exception(error)
        except Exception as error:  # noqa: BLE001 (thread's top: an adapter's bug must reach the meter, not vanish)
            kind = type(error).__name__
            self._meter.fault(f"adapter.{self._name}", f"{kind} left the {self._name} adapter unmapped")
            self._finish(number)
            future.set_exception(Unavailable(f"{self._name}: unexpected {kind}"))
        else:
            self._finish(number)
            future.set_result(result)

    def _finish(self, number: int) -> None:
        with self._lock:
            self._running.discard(number)
            self._abandoned.discard(number)
