"""Exchange sessions: is it open now, when does that change, which day's session is this.

The calendars are those of exchange_calendars, loaded for a window around the time asked for, so
that one question costs a binary search. A calendar named ``24/7`` is always open and its session
is the UTC day.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock

from marketpulse.types import SessionInfo, SessionState

__all__ = ["ALWAYS", "Sessions"]

ALWAYS = "24/7"
_BEFORE = timedelta(days=45)
_AFTER = timedelta(days=400)
_MARGIN = timedelta(days=15)  # longer than any closure of a known exchange


@dataclass(frozen=True, slots=True)
class _Window:
    """Sessions of one calendar: UTC seconds of each open and close, and its date."""

    first: datetime
    last: datetime
    opens: tuple[float, ...]
    closes: tuple[float, ...]
    days: tuple[date, ...]


def _load(calendar: str, now: datetime) -> _Window:
    import exchange_calendars  # noqa: PLC0415 (0.2 s and pandas; the library imports without it)

    first, last = now - _BEFORE, now + _AFTER
    schedule = exchange_calendars.get_calendar(
        calendar, start=str(first.date()), end=str(last.date())
    ).schedule
    return _Window(
        first,
        last,
        tuple(t.timestamp() for t in schedule["open"]),
        tuple(t.timestamp() for t in schedule["close"]),
        tuple(t.date() for t in schedule.index),
    )


class Sessions:
    """Answer questions about calendars; safe from every thread."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._lock = Lock()

    def _window(self, calendar: str, now: datetime) -> _Window:
        known = self._windows.get(calendar)
        if known is None or not known.first + _MARGIN <= now <= known.last - _MARGIN:
            with self._lock:
                known = self._windows[calendar] = _load(calendar, now)
        return known

    def info(self, calendar: str, now: datetime) -> SessionInfo:
        """Tell whether ``calendar`` trades at ``now`` and when that changes next."""
        if calendar == ALWAYS:
            return SessionInfo(calendar, SessionState.OPEN, None)
        window, stamp = self._window(calendar, now), now.timestamp()
        begun = bisect_right(window.opens, stamp)
        if begun and stamp < window.closes[begun - 1]:
            changes = datetime.fromtimestamp(window.closes[begun - 1], UTC)
            return SessionInfo(calendar, SessionState.OPEN, changes)
        return SessionInfo(calendar, SessionState.CLOSED, datetime.fromtimestamp(window.opens[begun], UTC))

    def day(self, calendar: str, moment: datetime) -> date:
        """Return the date of the session running at ``moment``, or of the last one before it."""
        if calendar == ALWAYS:
            return moment.date()
        window = self._window(calendar, moment)
        return window.days[bisect_right(window.opens, moment.timestamp()) - 1]

    def last_closed(self, calendar: str, moment: datetime) -> date:
        """Return the date of the newest session that had closed by ``moment``."""
        if calendar == ALWAYS:
            return moment.date() - timedelta(days=1)
        window = self._window(calendar, moment)
        return window.days[bisect_right(window.closes, moment.timestamp()) - 1]

    def last_close(self, calendar: str, moment: datetime) -> datetime:
        """Return when the newest closed session ended."""
        if calendar == ALWAYS:
            return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        window = self._window(calendar, moment)
        return datetime.fromtimestamp(window.closes[bisect_right(window.closes, moment.timestamp()) - 1], UTC)

    def next_close(self, calendar: str, moment: datetime) -> datetime:
        """Return when the running or the next session ends."""
        if calendar == ALWAYS:
            return datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=1)
        window = self._window(calendar, moment)
        return datetime.fromtimestamp(window.closes[bisect_right(window.closes, moment.timestamp())], UTC)
