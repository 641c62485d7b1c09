"""What a source answers to a question it does not declare: shared functions, used as class attributes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from marketpulse.errors import NotEntitled
from marketpulse.ports import Put
from marketpulse.types import Bars, Book, CorporateAction, Headline, Instrument, Interval, Quote
from marketpulse.types.earnings import Earnings

__all__ = ["no_actions", "no_bars", "no_book", "no_events", "no_news", "no_quote", "no_stream"]


class _Named(Protocol):
    @property
    def name(self) -> str:
        """Shown beside every number."""


def _declined(source: _Named, what: str) -> NotEntitled:
    return NotEntitled(f"{source.name}: {what} are not offered")


def no_quote(self: _Named, instrument: Instrument) -> Quote:
    """Decline."""
    del instrument
    raise _declined(self, "quotes")


def no_bars(self: _Named, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
    """Decline."""
    del instrument, interval, start, end
    raise _declined(self, "bars")


def no_actions(
    self: _Named, instrument: Instrument, start: datetime, end: datetime
) -> Sequence[CorporateAction]:
    """Decline."""
    del instrument, start, end
    raise _declined(self, "splits and dividends")


def no_book(self: _Named, instrument: Instrument, depth: int) -> Book:
    """Decline."""
    del instrument, depth
    raise _declined(self, "order books")


def no_news(self: _Named, instrument: Instrument) -> Sequence[Headline]:
    """Decline."""
    del instrument
    raise _declined(self, "news")


def no_events(self: _Named, instrument: Instrument) -> Sequence[Earnings]:
    """Decline."""
    del instrument
    raise _declined(self, "days of results")


async def no_stream(self: _Named, instruments: Sequence[Instrument], put: Put) -> None:
    """Decline."""
    del instruments, put
    raise _declined(self, "streams")
