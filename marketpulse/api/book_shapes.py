"""The JSON of tax lots and of execution quality."""

from datetime import datetime

from pydantic import BaseModel, Field

from marketpulse.api.numbers import DecimalText, exact, rounded
from marketpulse.types import ClosedLot, Lot, Quality, Snapshot

__all__ = [
    "ClosedLotReply",
    "LotReply",
    "LotsReply",
    "QualitiesReply",
    "QualityReply",
    "lots_reply",
    "quality_reply",
]

_DIGITS = 8


class LotReply(BaseModel):
    """Units still held from one purchase; ``cost`` with its share of the fees."""

    account: str
    symbol: str
    opened: datetime
    quantity: DecimalText
    cost: DecimalText
    currency: str


class ClosedLotReply(LotReply):
    """Units bought and sold again; ``gain`` after fees."""

    closed: datetime
    proceeds: DecimalText
    gain: DecimalText


class LotsReply(BaseModel):
    """Lots by first in, first out: those held, and the newest of those sold."""

    held: list[LotReply]
    sold: list[ClosedLotReply]


class QualityReply(BaseModel):
    """How a group of orders was executed; distances are fractions of the reference, positive is worse."""

    venue: str = Field(description="empty stands for all")
    symbol: str
    type: str
    orders: int
    fills: int
    fill_ratio: float | None
    slippage: float | None = Field(description="from the mid price when the order was wanted")
    against_vwap: float | None = Field(description="from the price of the bar the fill fell in")
    spread_paid: float | None = Field(description="from the mid of the quote it filled on")
    seconds: float | None = Field(description="from intent to fill")


class QualitiesReply(BaseModel):
    """The whole first, then by venue, type and symbol."""

    quality: list[QualityReply]


def _lot(lot: Lot | ClosedLot) -> LotReply:
    return LotReply(
        account=lot.account,
        symbol=lot.symbol,
        opened=lot.opened,
        quantity=exact(lot.quantity),
        cost=exact(lot.cost),
        currency=lot.currency,
    )


def _closed(lot: ClosedLot) -> ClosedLotReply:
    return ClosedLotReply(
        **_lot(lot).model_dump(),
        closed=lot.closed,
        proceeds=exact(lot.proceeds),
        gain=exact(lot.gain),
    )


def lots_reply(snapshot: Snapshot) -> LotsReply:
    """Say what is held and what was sold, lot by lot."""
    return LotsReply(
        held=[_lot(lot) for lot in snapshot.lots], sold=[_closed(lot) for lot in snapshot.closed]
    )


def quality_reply(snapshot: Snapshot) -> QualitiesReply:
    """Say how orders were executed."""
    return QualitiesReply(quality=[_row(row) for row in snapshot.quality])


def _row(row: Quality) -> QualityReply:
    return QualityReply(
        venue=row.venue,
        symbol=row.symbol,
        type=row.type,
        orders=row.orders,
        fills=row.fills,
        fill_ratio=rounded(row.fill_ratio, _DIGITS),
        slippage=rounded(row.slippage, _DIGITS),
        against_vwap=rounded(row.against_vwap, _DIGITS),
        spread_paid=rounded(row.spread_paid, _DIGITS),
        seconds=rounded(row.seconds, 3),
    )
