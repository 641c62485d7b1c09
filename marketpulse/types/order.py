"""Orders, fills and the reasons of a refusal. Everything owed is Decimal."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from marketpulse.types.instrument import Side

__all__ = [
    "OPEN_STATES",
    "WORKING_STATES",
    "Check",
    "Fill",
    "Order",
    "OrderRequest",
    "OrderState",
    "OrderType",
    "Placement",
    "Preview",
    "Reason",
    "TimeInForce",
]


class OrderType(StrEnum):
    """When an order may trade."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class TimeInForce(StrEnum):
    """How long an order stays."""

    DAY = "day"
    GTC = "gtc"


class OrderState(StrEnum):
    """Where an order is in its life; the legal edges stand in execution/lifecycle.py."""

    NEW = "new"
    DENIED = "denied"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


WORKING_STATES = frozenset(
    {
        OrderState.ACCEPTED,
        OrderState.PARTIALLY_FILLED,
        OrderState.PENDING_CANCEL,
        OrderState.PENDING_REPLACE,
    }
)
"""The venue holds the order."""

OPEN_STATES = WORKING_STATES | {OrderState.NEW, OrderState.SUBMITTING, OrderState.UNKNOWN}
"""The order may still trade, so it counts towards every limit."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a person or the loop asks for.

    Attributes
    ----------
    quantity : units, a multiple of the instrument's lot
    limit_price : in the instrument's currency; only on limit orders
    stop_price : in the instrument's currency; only on stop orders
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY

    def __post_init__(self) -> None:
        """Refuse a field that this kind of order would ignore, and a missing one it needs."""
        for field, kind in (("limit_price", OrderType.LIMIT), ("stop_price", OrderType.STOP)):
            given = getattr(self, field) is not None
            if given and self.type is not kind:
                msg = f"A {self.type} order has no {field}: leave it out."
                raise ValueError(msg)
            if not given and self.type is kind:
                msg = f"A {self.type} order needs a {field}."
                raise ValueError(msg)

    @property
    def trigger(self) -> Decimal | None:
        """The price that belongs to the order, if its kind has one."""
        return self.limit_price if self.limit_price is not None else self.stop_price


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused, rejected, or changed: a code for machines, a sentence for people."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution at a venue; (venue, trade_id) counts once for ever.

    Attributes
    ----------
    quantity : units, positive
    price : in the instrument's currency
    fee : in the account's base currency, positive when paid
    time : aware UTC at the venue
    note : how the price came about (the paper model, its inputs and seed), JSON text
    """

    venue: str
    trade_id: str
    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    time: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the ledger's events tell it.

    Attributes
    ----------
    id : the intent's id, unique in the installation
    client_order_id : what the venue sees; derived from id and installation
    account : ``broker:account id``
    filled_quantity : units so far
    average_price : volume-weighted, None before the first fill
    fees : in the account's base currency
    reasons : why it was denied, rejected, expired or canceled; empty for a healthy order
    """

    id: str
    client_order_id: str
    account: str
    request: OrderRequest
    state: OrderState
    created: datetime
    updated: datetime
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    fees: Decimal = Decimal(0)
    reasons: tuple[Reason, ...] = ()
    venue_id: str | None = None
    fills: tuple[Fill, ...] = ()

    @property
    def remaining(self) -> Decimal:
        """Units that may still trade."""
        return self.request.quantity - self.filled_quantity


@dataclass(frozen=True, slots=True)
class Placement:
    """What ``place`` answers; ``repeated`` means the key had been used: nothing new was made."""

    order: Order
    repeated: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One gate an order passes or fails, with value against limit.

    Attributes
    ----------
    code : machine code, ``POSITION_LIMIT``
    label : two or three words for the table
    passed : False refuses the order, unless ``advisory``
    sentence : what was compared, in plain words
    value, limit : the two numbers as shown, already formatted
    use : value / limit as a fraction, None where that has no meaning
    advisory : shown and warned about, refuses nothing
    """

    code: str
    label: str
    passed: bool
    sentence: str
    value: str = ""
    limit: str = ""
    use: float | None = None
    advisory: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do, computed from one Snapshot.

    Attributes
    ----------
    request : the order, or None when it could not even be read (see ``checks``)
    reference_price : the price the numbers rest on, in the instrument's currency
    notional : base currency
    weight_after : position value after the fill as a fraction of equity
    var_before, var_after : 1-day 99 % loss, base currency, positive; None is unknown
    fees, slippage : expected cost, base currency
    cash_after : buying power after the fill, base currency
    position_after : units after the fill
    """

    request: OrderRequest | None
    checks: tuple[Check, ...]
    reference_price: float | None = None
    notional: float | None = None
    weight_after: float | None = None
    var_before: float | None = None
    var_after: float | None = None
    var_note: str = ""
    fees: float | None = None
    slippage: float | None = None
    cash_after: float | None = None
    position_before: Decimal = Decimal(0)
    position_after: Decimal | None = None

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that refuse the order, in order."""
        return tuple(c for c in self.checks if not c.passed and not c.advisory)

    @property
    def ok(self) -> bool:
        """Nothing refuses it."""
        return not self.failed
