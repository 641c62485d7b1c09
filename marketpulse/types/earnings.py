"""When a company tells its results: what a provider says, and what the desk knows of the next ones."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

__all__ = ["Earnings", "Upcoming"]

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Earnings:
    """A day on which results are due, as a provider gives it.

    Attributes
    ----------
    day : the exchange's date
    estimated : the provider does not call it settled
    """

    symbol: str
    day: date
    source: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What is known of the next earnings of one instrument.

    Attributes
    ----------
    day : when they are due, by the exchange's date; None is not known
    sessions : sessions from today to that day, today's or the next one counted as 0; None is not known
    source : who said so
    asked : when, aware UTC; None: nobody has been asked yet
    now : the same clock's time of this question
    why : in a sentence, where ``day`` is None
    estimated : the provider calls it an estimate
    """

    day: date | None = None
    sessions: int | None = None
    source: str = ""
    asked: datetime | None = None
    now: datetime | None = None
    why: str = ""
    estimated: bool = False

    @property
    def age(self) -> str:
        """How long ago the provider said so, in words."""
        if self.asked is None or self.now is None:
            return "not asked yet"
        passed = max(timedelta(0), self.now - self.asked)
        if passed < _HOUR:
            return f"asked {passed // _MINUTE} min ago"
        return f"asked {passed // _HOUR} h ago" if passed < 2 * _DAY else f"asked {passed // _DAY} days ago"
