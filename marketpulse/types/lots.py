"""Tax lots, and how well orders were executed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

__all__ = ["ClosedLot", "Lot", "LotMethod", "Quality"]


class LotMethod(StrEnum):
    """Which units a sale takes first."""

    FIFO = "fifo"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class Lot:
    """Units still held from one purchase.

    Attributes
    ----------
    quantity : units left, after splits
    cost : what they cost with their share of the fees, in ``currency``
    """

    account: str
    symbol: str
    opened: datetime
    quantity: Decimal
    cost: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ClosedLot:
    """Units bought and sold again; ``gain`` is proceeds less cost, both after fees, in ``currency``."""

    account: str
    symbol: str
    opened: datetime
    closed: datetime
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal
    gain: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How a group of orders was executed; None is what could not be measured.

    Attributes
    ----------
    venue, symbol, type : the group; empty stands for all
    orders, fills : how many
    fill_ratio : filled quantity / ordered quantity of orders that ended, a fraction
    slippage : mean distance of the fills from the arrival mid, a fraction of it, positive is worse
    against_vwap : the same from the volume-weighted price of the bar each fill fell in
    spread_paid : mean of (price - mid of the quote it filled on) / mid, signed as above
    seconds : mean time from intent to fill, by the desk's clock
    """

    venue: str
    symbol: str
    type: str
    orders: int
    fills: int
    fill_ratio: float | None
    slippage: float | None
    against_vwap: float | None
    spread_paid: float | None
    seconds: float | None
