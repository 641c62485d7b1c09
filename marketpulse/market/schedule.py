"""Run jobs again and again in a few threads; each job says how long until its next turn."""

import heapq
from collections.abc import Callable
from math import inf
from threading import Condition, Thread

from marketpulse.clock import Clock
from marketpulse.meter import Meter

__all__ = ["Schedule"]

_AFTER_FAULT = 10.0  # seconds
_JOIN = 0.5  # seconds; a thread in a vendor's call is a daemon and is left behind

Job = Callable[[], float]


class Schedule:
    """Jobs in the order they fall due on monotonic time; ``start`` adds threads, tests need none."""

    def __init__(self, name: str, clock: Clock, meter: Meter) -> None:
        self._name = name
        self._clock = clock
        self._meter = meter
        self._changed = Condition()
        self._heap: list[tuple[float, int, Job]] = []
        self._number = 0
        self._stopped = False
        self._threads: list[Thread] = []

    def add(self, job: Job, delay: float = 0.0) -> None:
        """Run ``job`` in ``delay`` seconds, and then after as many seconds as it returns; inf: never again."""
        with self._changed:
            self._number += 1
            heapq.heappush(self._heap, (self._clock.monotonic() + delay, self._number, job))
            self._changed.notify()

    def start(self, threads: int) -> None:
        """Begin to work."""
        for number in range(threads):
            thread = Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Stop; jobs in progress end by themselves."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_JOIN)

    def run_due(self) -> int:
        """Run what is due now in the caller's thread, each job once; return how many."""
        with self._changed:
            now = self._clock.monotonic()
            due = []
            while self._heap and self._heap[0][0] <= now:
                due.append(heapq.heappop(self._heap)[2])
        for job in due:
            self._turn(job)
        return len(due)

    def _turn(self, job: Job) -> None:
        """Top of a thread's turn: a job that fails is metered and comes back."""
        delay = _AFTER_FAULT
        try:
            delay = job()
        except Exception as error:  # noqa: BLE001 (thread's top: one broken job must not end all asking)
            self._meter.fault(f"schedule.{self._name}", f"a job failed with {type(error).__name__}")
        if delay < inf:
            self.add(job, delay)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._turn(job)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._stopped:
                now = self._clock.monotonic()
                if self._heap and self._heap[0][0] <= now:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(self._heap[0][0] - now if self._heap else None)
            return None
