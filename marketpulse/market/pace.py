"""How often the market room does things."""

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Pace"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are done.

    Attributes
    ----------
    quotes, books : seconds between two quotes, or two order books, of one instrument
    keep : how long recorded quotes and books stay
    """

    quotes: float = 5.0
    books: float = 10.0
    keep: timedelta = timedelta(days=7)
