"""What the account was worth: samples for the pictures, the day's start, the highest value."""

from collections import deque
from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["EquityLog", "EquityStore"]

_SLOT = 1_200.0  # seconds of the desk's time between two samples: about twenty a session
_KEPT = 4_000
_MARKET_TIME = ZoneInfo("America/New_York")  # the day a person means; P&L of the day starts with it


class EquityStore(Protocol):
    """Where samples outlive the process."""

    def save_metric(self, time: datetime, name: str, value: float) -> None:
        """Keep one number."""

    def metrics(self, name: str) -> Sequence[tuple[datetime, float]]:
        """Return what was kept, oldest first."""


class EquityLog:
    """Samples of one account's equity in base currency; only the loop's thread adds."""

    def __init__(self, store: EquityStore, account: str, deposits: float) -> None:
        self._store = store
        self._name = f"equity {account}"
        self._samples = deque(store.metrics(self._name), maxlen=_KEPT)
        self._deposits = deposits
        self.peak = max([deposits, *(value for _, value in self._samples)])

    def add(self, moment: datetime, equity: float) -> None:
        """Note the present value; a sample is kept when its time slot is new."""
        self.peak = max(self.peak, equity)
        if self._samples and moment.timestamp() // _SLOT <= self._samples[-1][0].timestamp() // _SLOT:
            return
        self._samples.append((moment, equity))
        self._store.save_metric(moment, self._name, equity)

    @property
    def curve(self) -> tuple[tuple[datetime, float], ...]:
        """All samples held, oldest first."""
        return tuple(self._samples)

    def day_start(self, now: datetime) -> float:
        """Return the last value before the present market day, or what was paid in."""
        today = _day(now)
        return next((v for t, v in reversed(self._samples) if _day(t) < today), self._deposits)

    def day_began(self, now: datetime) -> datetime:
        """Return the first moment of the present market day."""
        return datetime.combine(_day(now), datetime.min.time(), _MARKET_TIME)

    def daily(self) -> list[tuple[date, float]]:
        """Return the last value of each market day, oldest first."""
        days: dict[date, float] = {}
        for moment, value in self._samples:
            days[_day(moment)] = value
        return list(days.items())


def _day(moment: datetime) -> date:
    return moment.astimezone(_MARKET_TIME).date()
