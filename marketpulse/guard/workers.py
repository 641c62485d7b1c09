"""Calls with a deadline of our own, whatever the vendor's client does.

Some clients have no timeout, and none can be interrupted. So each call runs in a worker thread; when
the deadline passes the caller goes on and the thread is abandoned to come back by itself. Their
number is limited: beyond it nothing is asked until one has returned. Threads are kept for the next
call, since clients keep their connections per thread, and end when nothing came for a minute. They
are daemons, so that a hanging vendor cannot keep the process alive.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Thread
from typing import TypeVar

from marketpulse.errors import ProviderError, Unavailable
from marketpulse.meter import Meter

__all__ = ["Workers"]

T = TypeVar("T")

_IDLE = 60.0  # seconds


class Workers:
    """Run calls to one provider; none begins while ``most`` abandoned ones have not returned.

    Calls already in flight can still be abandoned, so the threads of one provider are at most
    ``most`` and as many as ask side by side.
    """

    def __init__(self, name: str, deadline: float, most: int, meter: Meter) -> None:
        self._name = name
        self._deadline = deadline
        self._most = most
        self._meter = meter
        self._changed = Condition()
        self._jobs: deque[tuple[int, Callable[[], None]]] = deque()
        self._waiting = 0
        self._number = 0
        self._running: set[int] = set()
        self._abandoned: set[int] = set()

    def run(self, op: Callable[[], T]) -> T:
        """Return what ``op`` returns, or raise what it raises, within the deadline.

        Raises
        ------
        Unavailable
            The deadline passed, or too many earlier calls still hang.
        """
        future: Future[T] = Future()
        number = self._hand_over(lambda: self._settle(op, future))
        try:
            return future.result(self._deadline)
        except TimeoutError:
            with self._changed:
                if number in self._running:
                    self._abandoned.add(number)
            raise Unavailable(f"{self._name}: no answer within {self._deadline:g} s") from None

    def _hand_over(self, job: Callable[[], None]) -> int:
        """Give a job to a waiting thread, or to a new one when none waits."""
        with self._changed:
            if len(self._abandoned) >= self._most:
                raise Unavailable(f"{self._name}: {len(self._abandoned)} earlier requests still hang")
            self._number += 1
            self._running.add(self._number)
            self._jobs.append((self._number, job))
            if self._waiting >= len(self._jobs):
                self._changed.notify()
            else:
                Thread(target=self._work, name=f"ask-{self._name}", daemon=True).start()
            return self._number

    def _work(self) -> None:
        while (job := self._next()) is not None:
            number, run = job
            run()
            with self._changed:
                self._running.discard(number)
                self._abandoned.discard(number)

    def _next(self) -> tuple[int, Callable[[], None]] | None:
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._jobs, _IDLE)
            self._waiting -= 1
            return self._jobs.popleft() if self._jobs else None

    def _settle(self, op: Callable[[], T], future: Future[T]) -> None:
        """Top of a worker thread: whatever happens goes into the future."""
        try:
            future.set_result(op())
        except ProviderError as error:
            future.set_exception(error)
        except Exception as error:  # noqa: BLE001 (thread's top: an adapter's bug must reach the meter, not vanish)
            kind = type(error).__name__
            self._meter.fault(f"adapter.{self._name}", f"{kind} left the {self._name} adapter unmapped")
            future.set_exception(Unavailable(f"{self._name}: unexpected {kind}"))
