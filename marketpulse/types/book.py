"""What is held and what it is worth: a fold of the ledger's events, and its marks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

__all__ = ["Portfolio", "Position"]


@dataclass(frozen=True, slots=True)
class Position:
    """Units of one instrument, owed numbers only.

    Attributes
    ----------
    quantity : units, positive (selling more than is held is refused)
    average_price : cost per unit without fees, in the instrument's currency
    realized : base currency, closed part only, before fees
    """

    symbol: str
    quantity: Decimal
    average_price: Decimal
    realized: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One account's books: exact, and nothing but what the events say.

    Attributes
    ----------
    cash : base currency, after fees
    deposits : base currency put in
    realized : base currency over all instruments, before fees
    fees : base currency paid so far
    positions : by symbol; a flat instrument stays listed while it has realised P&L
    """

    account: str
    currency: str = "USD"
    cash: Decimal = Decimal(0)
    deposits: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    positions: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))

    def held(self, symbol: str) -> Decimal:
        """Units held of ``symbol``, zero when there are none."""
        position = self.positions.get(symbol)
        return position.quantity if position else Decimal(0)
