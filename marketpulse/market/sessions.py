"""Exchange sessions: is it open now, when does that change, which day's session is this.

The calendars are those of exchange_calendars, loaded a year at a time and kept, so that one question
costs a binary search. A calendar named ``24/7`` is always open and its session is the UTC day.

Some exchanges publish their holidays a year ahead only (XBOM): such a calendar is known to the end of
that year, and what opens after it is not known, so it stays closed until the package knows more.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock

from marketpulse.clock import ALWAYS
from marketpulse.types import SessionInfo, SessionState

__all__ = ["ALWAYS", "Sessions"]

_MARGIN = timedelta(days=31)  # beside the year; longer than any closure of a known exchange


@dataclass(frozen=True, slots=True)
class _Year:
    """One year's sessions and a month on each side: UTC seconds of opens and closes, and dates."""

    opens: tuple[float, ...]
    closes: tuple[float, ...]
    days: tuple[date, ...]


def _load(calendar: str, year: int) -> _Year:
    import exchange_calendars  # noqa: PLC0415 (0.2 s and pandas; the library imports without it)

    first, end = date(year, 1, 1) - _MARGIN, date(year, 12, 31)
    for last in (end + _MARGIN, end, date(year - 1, 12, 31)):
        try:
            schedule = exchange_calendars.get_calendar(calendar, start=str(first), end=str(last)).schedule
            break
        except ValueError:  # its holidays are not known so far ahead
            continue
    else:
        raise LookupError(f"the sessions of {calendar} are not known for {year}")
    return _Year(
        tuple(t.timestamp() for t in schedule["open"]),
        tuple(t.timestamp() for t in schedule["close"]),
        tuple(t.date() for t in schedule.index),
    )


class Sessions:
    """Answer questions about calendars; safe from every thread."""

    def __init__(self) -> None:
        self._years: dict[tuple[str, int], _Year] = {}
        self._lock = Lock()

    def _year(self, calendar: str, moment: datetime) -> _Year:
        key = (calendar, moment.year)
        known = self._years.get(key)
        if known is None:
            with self._lock:
                known = self._years[key] = _load(*key)
        return known

    def info(self, calendar: str, now: datetime) -> SessionInfo:
        """Tell whether ``calendar`` trades at ``now`` and when that changes next."""
        if calendar == ALWAYS:
            return SessionInfo(calendar, SessionState.OPEN, None)
        year, stamp = self._year(calendar, now), now.timestamp()
        begun = bisect_right(year.opens, stamp)
        if begun and stamp < year.closes[begun - 1]:
            changes = datetime.fromtimestamp(year.closes[begun - 1], UTC)
            return SessionInfo(calendar, SessionState.OPEN, changes)
        known = begun < len(year.opens)
        opens = datetime.fromtimestamp(year.opens[begun], UTC) if known else None
        return SessionInfo(calendar, SessionState.CLOSED, opens)

    def day(self, calendar: str, moment: datetime) -> date:
        """Return the date of the session running at ``moment``, or of the last one before it."""
        if calendar == ALWAYS:
            return moment.date()
        year = self._year(calendar, moment)
        return year.days[bisect_right(year.opens, moment.timestamp()) - 1]

    def last_closed(self, calendar: str, moment: datetime) -> date:
        """Return the date of the newest session that had closed by ``moment``."""
        if calendar == ALWAYS:
            return moment.date() - timedelta(days=1)
        year = self._year(calendar, moment)
        return year.days[bisect_right(year.closes, moment.timestamp()) - 1]

    def last_close(self, calendar: str, moment: datetime) -> datetime:
        """Return when the newest closed session ended."""
        if calendar == ALWAYS:
            return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        year = self._year(calendar, moment)
        return datetime.fromtimestamp(year.closes[bisect_right(year.closes, moment.timestamp()) - 1], UTC)

    def opened(self, calendar: str, moment: datetime) -> datetime:
        """Return when the running session began, or the last one before ``moment``."""
        if calendar == ALWAYS:
            return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        year = self._year(calendar, moment)
        return datetime.fromtimestamp(year.opens[bisect_right(year.opens, moment.timestamp()) - 1], UTC)

    def count(self, calendar: str, first: date, last: date) -> int:
        """Return how many sessions lie between two dates, both counted."""
        if calendar == ALWAYS:
            return max(0, (last - first).days + 1)
        found = 0
        for year in range(first.year, last.year + 1):
            days = self._year(calendar, datetime(year, 7, 1, tzinfo=UTC)).days
            found += sum(first <= day <= last and day.year == year for day in days)
        return found

    def next_close(self, calendar: str, moment: datetime) -> datetime:
        """Return when the running or the next session ends; a day later where that is not known."""
        if calendar == ALWAYS:
            return datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=1)
        year = self._year(calendar, moment)
        ended = bisect_right(year.closes, moment.timestamp())
        if ended == len(year.closes):
            return moment + timedelta(days=1)
        return datetime.fromtimestamp(year.closes[ended], UTC)
