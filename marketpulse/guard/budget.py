"""How often a provider may be asked: a token bucket, its daily quota, and its own "too many"."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import inf, isfinite, isinf
from threading import Lock
from zoneinfo import ZoneInfo

from marketpulse.clock import Clock
from marketpulse.ports import Limits
from marketpulse.types import BudgetView

__all__ = ["Budget", "BudgetMemo"]

_BURST = 10.0  # seconds' worth of calls that may go at once
_DAY = 86_400.0  # seconds; no provider's pause is believed to be longer


@dataclass(frozen=True, slots=True)
class BudgetMemo:
    """What a restart must know of a budget.

    Attributes
    ----------
    day, used : calls made on that day of the quota's zone
    until : end of the provider's pause by the wall clock, aware UTC; None without one
    pause : seconds that pause was long, so that a jump of the wall clock makes it no longer
    """

    day: date
    used: int
    until: datetime | None = None
    pause: float = 0.0


class Budget:
    """Allow ``per_minute`` calls, a burst of ten seconds' worth, and ``per_day``; safe from every thread.

    Bucket and pauses run on monotonic time, the daily quota on the wall clock in the quota's zone.
    """

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._rate = limits.per_minute / 60.0
        self._most = max(1.0, self._rate * _BURST)
        self._tokens = self._most
        self._seen = clock.monotonic()
        self._blocked = -inf
        self._pause = 0.0
        self._zone = ZoneInfo(limits.resets)
        self._day = self._today()
        self._used = 0
        self._lock = Lock()

    def take(self) -> float:
        """Take one call; return 0, or the seconds to wait when there is none left."""
        with self._lock:
            now = self._age()
            if now < self._blocked:
                return self._blocked - now
            if self._left_day() == 0:
                return self._until_reset()
            if self._tokens < 1.0:
                return (1.0 - self._tokens) / self._rate
            self._tokens -= 1.0
            self._used += 1
            return 0.0

    def give_back(self) -> None:
        """Return a call that was not made."""
        with self._lock:
            self._tokens = min(self._most, self._tokens + 1.0)
            self._used = max(0, self._used - 1)

    def block(self, seconds: float) -> None:
        """Allow nothing for ``seconds``, a day at most: the provider said so."""
        pause = min(max(seconds, 0.0), _DAY) if isfinite(seconds) else _DAY
        with self._lock:
            until = self._clock.monotonic() + pause
            if until > self._blocked:
                self._blocked, self._pause = until, pause

    @property
    def blocked(self) -> float:
        """Seconds that the provider's own pause still lasts."""
        with self._lock:
            return max(0.0, self._blocked - self._clock.monotonic())

    @property
    def closed(self) -> float:
        """Seconds until it may be asked again after a pause or a spent daily quota, 0 for now."""
        with self._lock:
            pause = max(0.0, self._blocked - self._age())
            return max(pause, self._until_reset()) if self._left_day() == 0 else pause

    def view(self) -> BudgetView:
        """Return what may still be asked."""
        with self._lock:
            now = self._age()
            daily = self._limits.per_day is not None
            return BudgetView(
                self._limits.per_minute,
                float(int(self._tokens)) if isfinite(self._tokens) else inf,
                per_day=self._limits.per_day,
                left_day=self._left_day(),
                resets=self._reset() if daily else None,
                blocked=max(0.0, self._blocked - now),
                burst=float(int(self._most)) if isfinite(self._most) else inf,
            )

    def memo(self) -> BudgetMemo:
        """Return what ``recall`` needs after a restart."""
        with self._lock:
            left = self._blocked - self._age()
            if left <= 0.0:
                return BudgetMemo(self._day, self._used)
            return BudgetMemo(
                self._day, self._used, self._clock.wall() + timedelta(seconds=left), self._pause
            )

    def recall(self, memo: BudgetMemo) -> None:
        """Add what an earlier run used today, and take up its pause."""
        if memo.until is not None:
            left = (memo.until - self._clock.wall()).total_seconds()
            if left > 0.0:
                self.block(min(left, memo.pause))
        with self._lock:
            self._age()
            if memo.day == self._day:
                self._used += memo.used

    def _age(self) -> float:
        """Let time act on bucket and day; return the monotonic time."""
        now = self._clock.monotonic()
        if not isinf(self._rate):
            self._tokens = min(self._most, self._tokens + (now - self._seen) * self._rate)
        self._seen = now
        if self._limits.per_day is not None and self._today() != self._day:
            self._day, self._used = self._today(), 0
        return now

    def _today(self) -> date:
        return self._clock.wall().astimezone(self._zone).date()

    def _left_day(self) -> int | None:
        per_day = self._limits.per_day
        return None if per_day is None else max(0, per_day - self._used)

    def _reset(self) -> datetime:
        """The next midnight in the quota's zone; the day may have 23 or 25 hours."""
        tomorrow = self._day + timedelta(days=1)
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self._zone).astimezone(UTC)

    def _until_reset(self) -> float:
        return max(1.0, (self._reset() - self._clock.wall()).total_seconds())
