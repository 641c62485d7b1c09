"""Numbers and times out of a vendor's answer, each checked before anybody else sees it.

Whether a number is plausible is for the market room to judge; here it only has to be one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite, nan
from typing import Any

import numpy as np

from marketpulse.errors import BadData
from marketpulse.types import FloatArray

__all__ = ["iso_moment", "moment", "number", "positive", "positive_or_none", "table"]


_WORDS = {"c": "the price", "p": "the price", "t": "its time"}
"""What a vendor's one-letter names mean."""


def number(fields: Any, key: str, source: str) -> float:
    """Read one finite number of an answer; ``source`` begins the sentence of the error."""
    value = fields.get(key) if isinstance(fields, dict) else None
    said = _WORDS.get(key, key)
    if value is None:
        raise BadData(f"{source}: {said} is missing")
    found = _float(value)
    if found is None:
        raise BadData(f"{source}: {said} is not a number")
    if not isfinite(found):
        raise BadData(f"{source}: {said} is not a finite number")
    return found


def positive(fields: Any, key: str, source: str) -> float:
    """Read one number of an answer that must be above zero: a price, a time."""
    found = number(fields, key, source)
    if found <= 0:
        raise BadData(f"{source}: {_WORDS.get(key, key)} is {'zero' if found == 0 else 'negative'}")
    return found


def positive_or_none(fields: Any, key: str) -> float | None:
    """Read a number that may be left out; zero is many vendors' word for "none"."""
    value = fields.get(key) if isinstance(fields, dict) else None
    found = _float(value)
    return found if found is not None and isfinite(found) and found > 0 else None


def moment(seconds: float, source: str) -> datetime:
    """Return the moment ``seconds`` after 1970, aware UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise BadData(f"{source}: a time could not be read") from None


def iso_moment(text: Any, source: str) -> datetime:
    """Return the moment that ``text`` names with its offset, aware UTC."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (OverflowError, TypeError, ValueError):
        pass
    raise BadData(f"{source}: a time could not be read")


def table(records: Sequence[Any], keys: Sequence[str], source: str) -> FloatArray:
    """Read one row of each record; a value left out becomes NaN, which the market room takes out."""
    rows = np.empty((len(records), len(keys)))
    for i, record in enumerate(records):
        if not isinstance(record, dict):
            raise BadData(f"{source}: the bars had an unexpected shape")
        for j, key in enumerate(keys):
            value = record.get(key)
            found = nan if value is None else _float(value)
            if found is None:
                raise BadData(f"{source}: a number of a bar could not be read")
            rows[i, j] = found
    return rows


def _float(value: Any) -> float | None:
    """Return a float of a number or its digits; JSON's true and false are neither."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return None
