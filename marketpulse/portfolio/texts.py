"""Values as the text of an event, and back: decimals, estimates and times."""

from datetime import datetime
from decimal import Decimal

from marketpulse.types import Json

__all__ = ["Payload", "as_iso", "as_repr", "as_text", "given", "to_float", "to_money", "to_time"]

Payload = dict[str, Json]


def as_text(value: object | None) -> str | None:
    """Write a decimal or another thing that is its own text."""
    return None if value is None else str(value)


def as_iso(moment: datetime | None) -> str | None:
    """Write a time."""
    return None if moment is None else moment.isoformat()


def to_time(text: str | None) -> datetime | None:
    """Read a time."""
    return None if text is None else datetime.fromisoformat(text)


def to_money(text: str | None) -> Decimal | None:
    """Read a decimal."""
    return None if text is None else Decimal(text)


def as_repr(number: float | None) -> str | None:
    """Write an estimate: the shortest text that reads back as the same float."""
    return None if number is None else repr(float(number))


def to_float(text: str | None) -> float | None:
    """Read an estimate."""
    return None if text is None else float(text)


def given(**fields: Json) -> Payload:
    """Leave out what is not said, so that plain events read as they did in the first ledgers."""
    return {name: value for name, value in fields.items() if value}
