"""What the market room needs of a store; ``storage.MarketStore`` offers it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from marketpulse.types import Bars, CorporateAction, Interval, Quote

__all__ = ["Store"]


class Store(Protocol):
    """Keeps what can be asked again, so that a restart without a network still has prices."""

    def save_bars(self, bars: Bars) -> None:
        """Replace the block of one instrument and interval."""

    def load_bars(self, symbol: str, interval: Interval) -> Bars | None:
        """Return the block, None when there is none."""

    def save_actions(self, symbol: str, actions: Sequence[CorporateAction]) -> None:
        """Replace the actions of one instrument."""

    def load_actions(self, symbol: str) -> Sequence[CorporateAction]:
        """Return the actions, oldest first."""

    def save_quotes(self, quotes: Iterable[Quote]) -> None:
        """Keep the newest good quote of each symbol."""

    def last_quotes(self) -> Mapping[str, Quote]:
        """Return the newest good quotes by symbol."""

    def quarantine(self, quote: Quote, reason: str) -> None:
        """Keep what was not believed, and why."""
