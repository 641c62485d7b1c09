"""How numbers are written in JSON: owed ones as exact text, observed ones rounded, absence as null.

A number that is not finite counts as absent; there is no sentinel.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite
from typing import Annotated

from pydantic import Field

__all__ = ["DecimalText", "estimate", "exact", "exact_or_none", "rounded"]

DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["571.53"])]


def rounded(value: float | None, places: int) -> float | None:
    """Round what was observed; null for what is not known or not finite."""
    return None if value is None or not isfinite(value) else round(value, places)


def exact(value: Decimal) -> str:
    """Write what is owed with all its digits."""
    return format(value, "f")


def exact_or_none(value: Decimal | None) -> str | None:
    """Write what is owed, or null."""
    return None if value is None else exact(value)


def estimate(value: float | None, step: Decimal) -> str | None:
    """Write an estimate in the account's currency, rounded to ``step``."""
    if value is None or not isfinite(value):
        return None
    return exact(Decimal(repr(float(value))).quantize(step, ROUND_HALF_EVEN))
