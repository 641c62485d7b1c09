"""Days on which results are due, as a vendor gives them: read one by one, those past and unreadable left out."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from marketpulse.errors import BadData, NoData
from marketpulse.types import Instrument
from marketpulse.types.earnings import Earnings

__all__ = ["AHEAD", "days_of", "exchange_day", "read_day"]

AHEAD = timedelta(days=100)
"""How far ahead is asked: results come every quarter."""

_NEW_YORK = ZoneInfo("America/New_York")
_FARTHEST = timedelta(days=400)  # a day beyond this is a slip of the pen


def exchange_day(now: datetime) -> date:
    """Return today's date at the exchanges of the United States."""
    return now.astimezone(_NEW_YORK).date()


def read_day(text: Any) -> date | None:
    """Read a date, as text or as one; None where it is none."""
    if isinstance(text, datetime):
        return text.date()
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


def days_of(
    instrument: Instrument, days: Iterable[date | None], source: str, now: datetime, *, estimated: bool
) -> Sequence[Earnings]:
    """Keep the days from today on, the earliest first.

    Raises
    ------
    BadData
        Days were given, and not one of them could be read.
    NoData
        None is from today on.
    """
    given = list(days)
    read = [day for day in given if day is not None]
    if given and not read:
        raise BadData(f"{source}: no day of results could be read")
    today = exchange_day(now)
    kept = sorted({day for day in read if today <= day <= today + _FARTHEST})
    if not kept:
        raise NoData(f"{source}: no day of results of {instrument.symbol}")
    return tuple(Earnings(instrument.symbol, day, source, estimated) for day in kept)
