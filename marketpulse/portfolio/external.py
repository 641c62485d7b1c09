"""What an EXTERNAL event carries: units and cash that came from no order of this desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marketpulse.portfolio.texts import Payload, as_iso, given, to_time

__all__ = ["External", "ExternalKind", "read_external", "write_external"]

_ZERO = Decimal(0)


class ExternalKind(StrEnum):
    """What it does to the books."""

    OPENING = "opening"  # units and cash that were there already: put in, at this price
    TRADE = "trade"  # bought or sold elsewhere: cash moves against units
    CASH = "cash"  # paid in or out


@dataclass(frozen=True, slots=True)
class External:
    """One thing adopted from a venue, or read from a statement.

    Attributes
    ----------
    symbol : empty when only cash moves
    quantity : units, negative when they leave
    price : cost per unit, in ``currency``
    currency : of price and cash
    cash : what comes in beside the trade, negative when it leaves; in ``currency``
    fee : in ``fee_currency`` (empty: as for a Fill), positive when paid
    trade_id : the venue's name of the trade, where it has one
    why : one sentence for people
    time : when it happened there, aware UTC; None: when it was booked
    """

    kind: ExternalKind
    symbol: str = ""
    quantity: Decimal = _ZERO
    price: Decimal = _ZERO
    currency: str = ""
    cash: Decimal = _ZERO
    fee: Decimal = _ZERO
    fee_currency: str = ""
    trade_id: str = ""
    why: str = ""
    time: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that no books can hold."""
        if not all(n.is_finite() for n in (self.quantity, self.price, self.cash, self.fee)):
            raise ValueError("external units and cash must be finite numbers")
        if self.price < 0:
            raise ValueError("the price of external units is below zero")
        if self.quantity and not self.symbol:
            raise ValueError("external units need a symbol")


def write_external(external: External) -> Payload:
    """EXTERNAL."""
    return {
        "kind": external.kind.value,
        "symbol": external.symbol,
        "quantity": str(external.quantity),
        "price": str(external.price),
        "currency": external.currency,
        "cash": str(external.cash),
        "fee": str(external.fee),
        "why": external.why,
        **given(fee_currency=external.fee_currency, trade_id=external.trade_id, time=as_iso(external.time)),
    }


def read_external(payload: Mapping[str, Any]) -> External:
    """EXTERNAL."""
    return External(
        kind=ExternalKind(payload["kind"]),
        symbol=payload["symbol"],
        quantity=Decimal(payload["quantity"]),
        price=Decimal(payload["price"]),
        currency=payload["currency"],
        cash=Decimal(payload["cash"]),
        fee=Decimal(payload["fee"]),
        fee_currency=payload.get("fee_currency", ""),
        trade_id=payload.get("trade_id", ""),
        why=payload["why"],
        time=to_time(payload.get("time")),
    )
