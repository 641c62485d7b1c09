"""Column types that a STRICT SQLite table accepts and that lose nothing.

SQLModel's own text, boolean, date and Decimal columns are refused by STRICT or rounded by SQLite;
these store plain TEXT, INTEGER, REAL and BLOB.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

__all__ = ["DateText", "DecimalText", "UtcText", "from_utc_text", "to_utc_text"]


def to_utc_text(moment: datetime) -> str:
    """Write an aware time as UTC text of fixed width, so that text order is time order.

    Raises
    ------
    ValueError
        ``moment`` has no time zone.

    Examples
    --------
    >>> to_utc_text(datetime(2012, 6, 1, 13, 30, tzinfo=UTC))
    '2012-06-01T13:30:00.000000+00:00'
    """
    if moment.tzinfo is None:
        raise ValueError(f"the time {moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_utc_text(text: str) -> datetime:
    """Read what ``to_utc_text`` wrote."""
    return datetime.fromisoformat(text)


class UtcText(TypeDecorator[datetime]):
    """An aware time as UTC text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write."""
        del dialect
        return None if value is None else to_utc_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read."""
        del dialect
        return None if value is None else from_utc_text(value)


class DateText(TypeDecorator[date]):
    """A date as ISO text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        """Write."""
        del dialect
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        """Read."""
        del dialect
        return None if value is None else date.fromisoformat(value)


class DecimalText(TypeDecorator[Decimal]):
    """A Decimal as text, digit for digit."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Read."""
        del dialect
        return None if value is None else Decimal(value)
