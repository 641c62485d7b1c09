"""What the market room needs of a store; ``storage.MarketStore`` offers it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from marketpulse.types import Bars, Book, CorporateAction, Coverage, Interval, Quarantined, Quote

__all__ = ["Store"]


class Store(Protocol):
    """Keeps what can be asked again, so that a restart without a network still has prices."""

    def save_bars(self, bars: Bars) -> None:
        """Replace all bars of one instrument and interval."""

    def load_bars(self, symbol: str, interval: Interval) -> Bars | None:
        """Return the bars, None when there are none."""

    def load_many(self, symbols: Iterable[str], interval: Interval) -> Mapping[str, Bars]:
        """Return the bars of those instruments that have some."""

    def save_intraday(self, bars: Bars) -> None:
        """Add closed bars shorter than a day; one that is held already stays as it is."""

    def load_intraday(self, symbol: str, interval: Interval, start: datetime, end: datetime) -> Bars | None:
        """Return the bars that open from ``start`` to before ``end``, None when there are none."""

    def held_bars(self, interval: Interval) -> Mapping[str, tuple[int, datetime, datetime]]:
        """Return by symbol how many bars are held, and where the first block and the last bar begin."""

    def save_actions(self, symbol: str, actions: Sequence[CorporateAction]) -> None:
        """Replace the actions of one instrument."""

    def load_actions(self, symbol: str) -> Sequence[CorporateAction]:
        """Return the actions, oldest first."""

    def save_quotes(self, quotes: Iterable[Quote]) -> None:
        """Keep good quotes until they are pruned."""

    def last_quotes(self) -> Mapping[str, Quote]:
        """Return the newest good quotes by symbol."""

    def save_book(self, book: Book) -> None:
        """Keep one good order book until it is pruned."""

    def save_books(self, books: Iterable[Book]) -> None:
        """Keep several, all or none."""

    def last_books(self) -> Mapping[str, Book]:
        """Return the newest order books by symbol."""

    def prune(self, before: datetime) -> None:
        """Drop quotes and books from before a moment, but for each symbol's newest."""

    def quarantine(self, datum: Quarantined) -> None:
        """Keep what was not believed, and why."""

    def quarantined(self, limit: int = 100) -> tuple[Quarantined, ...]:
        """Return what was not believed, newest first."""

    def save_provider_states(self, states: Mapping[str, str]) -> None:
        """Keep what providers' budgets and breakers must remember over a restart, all or none."""

    def provider_states(self) -> Mapping[str, str]:
        """Return what was kept, by name."""

    def coverage(self) -> Sequence[Coverage]:
        """Return what is held of each kind of data, in words."""
