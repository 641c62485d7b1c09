"""An order book at one moment, and what can be read from it. All float64 estimates."""

from dataclasses import dataclass
from datetime import datetime

from marketpulse.types.instrument import Side

__all__ = ["Book", "Level", "Walk"]

Level = tuple[float, float]
"""Price in the instrument's currency, quantity in units."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What trading a size at once would cost.

    Attributes
    ----------
    quantity : units asked for
    average : price paid or received, None when the book shown is too thin for the size
    worst : price of the last level touched, None likewise
    slippage : distance of ``average`` from the mid, a fraction, positive is a cost; None likewise
    """

    quantity: float
    average: float | None
    worst: float | None
    slippage: float | None


@dataclass(frozen=True, slots=True)
class Book:
    """The best levels of one instrument's order book, best first on both sides.

    Attributes
    ----------
    bids, asks : (price, quantity) levels, best first, neither side empty
    time : aware UTC, at the venue
    received : aware UTC, when the desk got it, by the desk's clock
    source : who said so
    sequence : the venue's number of the last change in it, None where it gives none
    """

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    time: datetime
    received: datetime
    source: str
    sequence: int | None = None

    @property
    def spread(self) -> float:
        """Best ask minus best bid, in the instrument's currency."""
        return self.asks[0][0] - self.bids[0][0]

    @property
    def mid(self) -> float:
        """Half-way between best bid and best ask."""
        return 0.5 * (self.asks[0][0] + self.bids[0][0])

    def depth(self, side: Side, levels: int | None = None) -> float:
        """Units offered to somebody who trades in direction ``side``, over the best ``levels``."""
        ladder = self.asks if side is Side.BUY else self.bids
        return sum(quantity for _, quantity in ladder[:levels])

    def imbalance(self, levels: int = 10) -> float:
        """(bid units - ask units) / (their sum) over the best ``levels``: -1 to 1.

        Examples
        --------
        >>> from datetime import UTC, datetime
        >>> now = datetime(2026, 1, 5, tzinfo=UTC)
        >>> Book("X", ((9.0, 3.0),), ((10.0, 1.0),), now, now, "x").imbalance()
        0.5
        """
        bids, asks = self.depth(Side.SELL, levels), self.depth(Side.BUY, levels)
        return (bids - asks) / (bids + asks) if bids + asks > 0 else 0.0

    def walk(self, side: Side, quantity: float) -> Walk:
        """Trade ``quantity`` units through the levels, best first.

        Examples
        --------
        >>> from datetime import UTC, datetime
        >>> now = datetime(2026, 1, 5, tzinfo=UTC)
        >>> book = Book("X", ((9.0, 3.0),), ((10.0, 1.0), (12.0, 1.0)), now, now, "x")
        >>> book.walk(Side.BUY, 2.0).average
        11.0
        """
        left, paid, worst = quantity, 0.0, None
        for price, offered in self.asks if side is Side.BUY else self.bids:
            taken = min(left, offered)
            paid, left, worst = paid + taken * price, left - taken, price
            if left <= 0:
                average = paid / quantity
                return Walk(quantity, average, worst, side.sign * (average / self.mid - 1.0))
        return Walk(quantity, None, None, None)
