"""A broker's statement as it was understood, before anything of it is booked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from marketpulse.types.instrument import Side

__all__ = ["RefusedRow", "Statement", "StatementRow"]


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One trade of a statement.

    Attributes
    ----------
    line : in the file, from 1
    key : under which it is booked, once for ever
    fee : in ``fee_currency``; empty: in the instrument's own
    """

    line: int
    key: str
    time: datetime
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    currency: str
    fee: Decimal = Decimal(0)
    fee_currency: str = ""
    trade_id: str = ""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that is not booked, and why."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file would do to the books of one account.

    Attributes
    ----------
    kind : whose form it was taken for: ``marketpulse``, ``alpaca``, ``binance``, ``kite`` or ``generic``
    rows : trades that are new
    refused : lines that could not be read
    duplicates : lines whose trade is booked already
    units, cash : by how much they change, by symbol and by currency
    notes : what a person should know before saying yes
    hash : what must be given to book exactly this; empty when there is nothing to book
    committed : it has been booked
    """

    account: str
    kind: str
    rows: tuple[StatementRow, ...] = ()
    refused: tuple[RefusedRow, ...] = ()
    duplicates: tuple[RefusedRow, ...] = ()
    units: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    cash: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    hash: str = ""
    committed: bool = False
