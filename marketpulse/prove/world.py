"""A desk in a world that is simulated but for its storage: clock, venue and chance are arguments.

Nothing here reads a real clock or draws from a chance without a seed, so a life can be repeated bit for bit.
"""

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from marketpulse.clock import SimClock
from marketpulse.prove.life import desk
from marketpulse.prove.venue import CASH, Luck, Venue, WireBroker
from marketpulse.storage import Ledger
from marketpulse.storage.failing import Plan, christen, failing

__all__ = ["GRACE", "OPENING", "Killed", "World"]

GRACE = 5.0
"""Seconds of the simulated clock; the venue accepts at most 4 s late."""

OPENING = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


class Killed(BaseException):
    """Stands for SIGKILL where the process is simulated too: nothing catches it."""


class World:
    """One ledger and one venue; the desk between them may be started again and again.

    Attributes
    ----------
    plan : what the database does wrong
    dice : chance, for what the desk is asked to do
    die_at : the probe point that the desk does not outlive, empty for none; spent by dying
    """

    def __init__(self, folder: Path, seed: int, luck: Luck) -> None:
        self.path = folder / "ledger.db"
        self._amends = seed % 2 == 0
        self.clock = SimClock(OPENING)
        self.plan = Plan()
        self.die_at = ""
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.dice = random.Random(f"{seed} desk")
        self.venue = Venue(random.Random(seed), luck, self._later, self.clock.now)
        if not self.path.exists():
            Ledger.open(self.path, self.clock).close()
            christen(self.path, f"{seed:032x}")
        self.start()
        self.execution.deposit(CASH, "start", "start")

    def start(self) -> None:
        """Begin a desk on what the ledger holds."""
        self.ledger = Ledger.open(self.path, self.clock, failing(self.plan))
        broker = WireBroker(self.venue.answer, GRACE, amends=self._amends)
        self.execution, self.books = desk(self.ledger, broker, self.clock, self._probe)

    def restart(self) -> None:
        """End the desk where it stands and begin another one."""
        self.ledger.close()
        self.start()

    def advance(self, seconds: float) -> None:
        """Let time pass; what the venue had put off happens at its moment."""
        until = self.clock.monotonic() + seconds
        while self._due and self._due[0][0] <= until:
            moment, _, call = heapq.heappop(self._due)
            self.clock.advance(max(0.0, moment - self.clock.monotonic()))
            call()
        self.clock.advance(until - self.clock.monotonic())

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (self.clock.monotonic() + seconds, self._number, call))

    def _probe(self, point: str) -> None:
        if point == self.die_at:
            self.die_at = ""
            raise Killed
