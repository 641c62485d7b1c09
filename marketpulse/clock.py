"""The only place that knows what time it is.

The desk's time is aware UTC: the wall clock on a live feed, the tape's on replay. Deadlines and
timers use monotonic time, so that no jump of a clock fires or starves them.
"""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

__all__ = ["ALWAYS", "Clock", "ReplayClock", "SimClock", "WallClock"]

ALWAYS = "24/7"
"""The calendar of what never closes."""


class Clock(Protocol):
    """The time, as an argument of everything that needs it."""

    def now(self) -> datetime:
        """The desk's time, aware UTC."""

    def wall(self) -> datetime:
        """The wall clock, aware UTC."""

    def monotonic(self) -> float:
        """Seconds for deadlines; only differences mean something."""

    def market(self, calendar: str) -> datetime:
        """The time that instruments on this calendar live by, aware UTC."""

    def tape_speed(self, calendar: str) -> float | None:
        """Seconds of that time per real second where it runs on a tape, else None."""


class WallClock:
    """Live: the desk's time is the wall clock."""

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.now(UTC)

    def wall(self) -> datetime:
        """The wall clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The system's monotonic clock."""
        return time.monotonic()

    def market(self, calendar: str) -> datetime:
        """The wall clock, for every calendar."""
        del calendar
        return self.now()

    def tape_speed(self, calendar: str) -> float | None:
        """None: there is no tape."""
        del calendar
        return None


class SimClock:
    """Tests and proofs: time stands until it is told to move."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._mono = 0.0

    def now(self) -> datetime:
        """The simulated time."""
        return self._now

    def wall(self) -> datetime:
        """The simulated time."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._mono

    def market(self, calendar: str) -> datetime:
        """The simulated time, for every calendar."""
        del calendar
        return self.now()

    def tape_speed(self, calendar: str) -> float | None:
        """None: there is no tape."""
        del calendar
        return None

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on all three clocks."""
        self._now += timedelta(seconds=seconds)
        self._mono += seconds


class ReplayClock:
    """The tape's time: it runs through sessions only and jumps from a close to the next open.

    Parameters
    ----------
    sessions : (open, close) pairs, aware UTC, in order and apart
    start : where to begin; outside a session, the next open
    speed : session seconds per real second
    wall : the clock underneath
    whole : what never closes is on the tape too; else it lives on the wall clock
    """

    def __init__(
        self,
        sessions: Sequence[tuple[datetime, datetime]],
        start: datetime,
        speed: float,
        wall: Clock,
        *,
        whole: bool = False,
    ) -> None:
        if not sessions or speed <= 0:
            msg = "a replay needs at least one session and a positive speed"
            raise ValueError(msg)
        self._open = np.array([o.timestamp() for o, _ in sessions])
        self._close = np.array([c.timestamp() for _, c in sessions])
        length = self._close - self._open
        self._before = np.concatenate([[0.0], np.cumsum(length)])
        self.speed = speed
        self._whole = whole
        self._under = wall
        self._lock = threading.Lock()
        self._origin = self._position(start.timestamp())
        self._mono = wall.monotonic()
        self._paused = False

    def _position(self, stamp: float) -> float:
        """Session seconds from the tape's first open to ``stamp``."""
        i = int(np.searchsorted(self._close, stamp, side="right"))
        if i >= len(self._open):
            return float(self._before[-1])
        return float(self._before[i] + max(0.0, stamp - self._open[i]))

    def _elapsed(self) -> float:
        run = 0.0 if self._paused else (self._under.monotonic() - self._mono) * self.speed
        return min(self._origin + run, float(self._before[-1]))

    def now(self) -> datetime:
        """The tape's time; the last close once the tape has ended."""
        with self._lock:
            position = self._elapsed()
        i = min(int(np.searchsorted(self._before, position, side="right")) - 1, len(self._open) - 1)
        return datetime.fromtimestamp(self._open[i] + position - self._before[i], UTC)

    def wall(self) -> datetime:
        """The wall clock underneath."""
        return self._under.wall()

    def monotonic(self) -> float:
        """The monotonic clock underneath."""
        return self._under.monotonic()

    def market(self, calendar: str) -> datetime:
        """The tape's time, or the wall clock for what never closes and is not on the tape."""
        return self.now() if self._holds(calendar) else self.wall()

    def tape_speed(self, calendar: str) -> float | None:
        """The tape's speed, None for what is not on it."""
        return self.speed if self._holds(calendar) else None

    def _holds(self, calendar: str) -> bool:
        return self._whole or calendar != ALWAYS

    @property
    def ended(self) -> bool:
        """The tape is over."""
        with self._lock:
            return self._elapsed() >= float(self._before[-1])

    @property
    def end(self) -> datetime:
        """The last close on the tape."""
        return datetime.fromtimestamp(float(self._close[-1]), UTC)

    def pause(self) -> None:
        """Let the tape stand still."""
        with self._lock:
            self._origin = self._elapsed()
            self._paused = True

    def resume(self) -> None:
        """Let the tape run on."""
        with self._lock:
            self._mono = self._under.monotonic()
            self._paused = False
