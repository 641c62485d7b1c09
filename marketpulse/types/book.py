"""What is held and what it is worth: a fold of the ledger's events, and its marks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any

__all__ = ["Portfolio", "Position"]


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Position:
    """Units of one instrument, owed numbers only.

    Attributes
    ----------
    quantity : units, positive (selling more than is held is refused)
    average_price : cost per unit without fees, in the instrument's currency
    realized : closed part only, before fees, in ``currency``
    currency : in which the account holds the instrument
    """

    symbol: str
    quantity: Decimal
    average_price: Decimal
    realized: Decimal = Decimal(0)
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The books of the accounts that are shown together: exact, and nothing but what the events say.

    In each currency ``balance = deposits - fees + realized + dividends - cost of what is held``.

    Attributes
    ----------
    account : the first of them
    cash, deposits, realized, fees : in the base currency ``currency`` only, over all accounts: cash after
        fees, what was put in, what was earned before fees, and what was paid in fees
    positions : by symbol, over all accounts; a flat instrument stays listed while it has realised P&L
    balances : cash by (account, currency)
    deposits_in, realized_in, fees_in, dividends_in : by currency, over all accounts
    worse_in, better_in : by currency, what the balances would differ by had every paper fill been at its
        pessimistic or optimistic price; empty where no fill has another price
    """

    account: str
    currency: str = "USD"
    cash: Decimal = Decimal(0)
    deposits: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    positions: Mapping[str, Position] = field(default_factory=_nothing)
    balances: Mapping[tuple[str, str], Decimal] = field(default_factory=_nothing)
    deposits_in: Mapping[str, Decimal] = field(default_factory=_nothing)
    realized_in: Mapping[str, Decimal] = field(default_factory=_nothing)
    fees_in: Mapping[str, Decimal] = field(default_factory=_nothing)
    dividends_in: Mapping[str, Decimal] = field(default_factory=_nothing)
    worse_in: Mapping[str, Decimal] = field(default_factory=_nothing)
    better_in: Mapping[str, Decimal] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        """Take ``cash`` for the only balance where no balances are told."""
        if self.cash and not self.balances:
            only = MappingProxyType({(self.account, self.currency): self.cash})
            object.__setattr__(self, "balances", only)

    def held(self, symbol: str) -> Decimal:
        """Units held of ``symbol``, zero when there are none."""
        position = self.positions.get(symbol)
        return position.quantity if position else Decimal(0)

    def balance(self, currency: str, account: str | None = None) -> Decimal:
        """Cash of ``currency``, in one account or in all."""
        return sum(
            (
                amount
                for (owner, named), amount in self.balances.items()
                if named == currency and account in (None, owner)
            ),
            Decimal(0),
        )
