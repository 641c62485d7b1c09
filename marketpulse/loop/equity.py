"""What the account was worth: samples for the pictures, the day's start, the highest value."""

from collections import deque
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["EquityLog", "EquityStore", "day_began", "market_day", "week_began"]

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
    """Samples of the equity of one set of accounts in base currency; only the loop's thread adds.

    Beside a sample may stand what it had been at the paper fills' pessimistic and optimistic prices.
    """

    def __init__(self, store: EquityStore, account: str, deposits: float) -> None:
        self._store = store
        self._name = f"equity {account}"
        self._samples = deque(store.metrics(self._name), maxlen=_KEPT)
        self._bands = {
            time: (low, high)
            for (time, low), (_, high) in zip(
                store.metrics(self._low), store.metrics(self._high), strict=False
            )
        }
        self._deposits = deposits
        self._last: tuple[datetime, float, tuple[float, float] | None] | None = None
        self.peak = max([deposits, *(value for _, value in self._samples)])

    @property
    def _low(self) -> str:
        return f"{self._name} low"

    @property
    def _high(self) -> str:
        return f"{self._name} high"

    def add(self, moment: datetime, equity: float, band: tuple[float, float] | None = None) -> None:
        """Note the present value; a sample is kept when its time slot is new, and so is each day's last one.

        What a day began with is what the day before ended with: a slot's first value would count what was
        lost or won in the minutes before midnight towards the next day as well.
        """
        self.peak = max(self.peak, equity)
        last, self._last = self._last, (moment, equity, band)
        if self._samples and moment.timestamp() // _SLOT <= self._samples[-1][0].timestamp() // _SLOT:
            return
        ended = last is not None and market_day(last[0]) < market_day(moment)
        if last is not None and ended and (not self._samples or self._samples[-1][0] < last[0]):
            self._keep(*last)
        self._keep(moment, equity, band)

    def _keep(self, moment: datetime, equity: float, band: tuple[float, float] | None) -> None:
        if len(self._samples) == _KEPT:
            self._bands.pop(self._samples[0][0], None)
        self._samples.append((moment, equity))
        self._store.save_metric(moment, self._name, equity)
        if band is not None:
            self._bands[moment] = band
            for name, value in zip((self._low, self._high), band, strict=True):
                self._store.save_metric(moment, name, value)

    @property
    def curve(self) -> tuple[tuple[datetime, float], ...]:
        """All samples held, oldest first."""
        return tuple(self._samples)

    @property
    def band(self) -> tuple[tuple[float, float], ...]:
        """Low and high of each sample of the curve; empty while no sample has them."""
        if not self._bands:
            return ()
        return tuple(self._bands.get(moment, (value, value)) for moment, value in self._samples)

    def day_start(
        self, now: datetime, paid_in: float | None = None, since: float | None = 0.0
    ) -> float | None:
        """Return what the present market day began with.

        Parameters
        ----------
        paid_in : all that was ever put in; the day began with it when there is no day before. None: what
            had been put in when the desk started
        since : what was put in since the day began

        Returns
        -------
        float or None
            The last value of a day before, and what was put in since; None where that is not known.
        """
        return self._start(market_day(now), paid_in, since)

    def week_start(self, now: datetime, paid_in: float | None, since: float | None) -> float | None:
        """Return what the present market week began with, as ``day_start`` does."""
        return self._start(market_day(week_began(now)), paid_in, since)

    def _start(self, first: date, paid_in: float | None, since: float | None) -> float | None:
        before = next((v for t, v in reversed(self._samples) if market_day(t) < first), None)
        if before is None:
            return self._deposits if paid_in is None else paid_in
        return None if since is None else before + since

    def day_began(self, now: datetime) -> datetime:
        """Return the first moment of the present market day."""
        return day_began(now)

    def daily(self) -> list[tuple[date, float]]:
        """Return the last value of each market day, oldest first."""
        days: dict[date, float] = {}
        for moment, value in self._samples:
            days[market_day(moment)] = value
        return list(days.items())


def market_day(moment: datetime) -> date:
    """Return the day of the market that a moment belongs to; it ends at midnight in New York."""
    return moment.astimezone(_MARKET_TIME).date()


def day_began(moment: datetime) -> datetime:
    """Return the first moment of the market day that a moment belongs to."""
    return datetime.combine(market_day(moment), datetime.min.time(), _MARKET_TIME)


def week_began(moment: datetime) -> datetime:
    """Return the first moment of its market week: Monday's, in New York."""
    day = market_day(moment)
    return datetime.combine(day - timedelta(days=day.weekday()), datetime.min.time(), _MARKET_TIME)
