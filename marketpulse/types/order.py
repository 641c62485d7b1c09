"""Orders, fills and the reasons of a refusal. Everything owed is Decimal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from marketpulse.types.instrument import Side
from marketpulse.types.prospect import Sizing, StressLoss

__all__ = [
    "OPEN_STATES",
    "PROTECTIVE_TYPES",
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
    STOP = "stop"  # a market order once the last trade is at stop_price or worse
    STOP_LIMIT = "stop_limit"  # a limit order from then on
    TAKE_PROFIT = "take_profit"  # a market order once the last trade is at stop_price or better
    TRAILING_STOP = "trailing_stop"  # a stop that follows the best price at a distance

    @property
    def words(self) -> str:
        """As written in a sentence: ``stop limit``."""
        return self.value.replace("_", " ")


class TimeInForce(StrEnum):
    """How long an order stays."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"  # what trades at once; the rest is given up
    FOK = "fok"  # all of it at once, or nothing
    GTD = "gtd"  # until good_till


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


_NEEDS: Mapping[OrderType, frozenset[str]] = MappingProxyType(
    {
        OrderType.MARKET: frozenset(),
        OrderType.LIMIT: frozenset({"limit_price"}),
        OrderType.STOP: frozenset({"stop_price"}),
        OrderType.STOP_LIMIT: frozenset({"limit_price", "stop_price"}),
        OrderType.TAKE_PROFIT: frozenset({"stop_price"}),
        OrderType.TRAILING_STOP: frozenset(),
    }
)
"""The prices that each kind of order must have; a trailing stop has a distance instead."""

_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_TAKES_AT_ONCE = frozenset({OrderType.MARKET, OrderType.LIMIT})


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a person or the loop asks for.

    Attributes
    ----------
    quantity : units, a multiple of the instrument's lot
    limit_price : in the instrument's currency; on limit and stop-limit orders
    stop_price : in the instrument's currency, the price that triggers a stop, stop-limit or take-profit order
    good_till : aware UTC, only with gtd
    trail_amount : distance of a trailing stop from the best price, in the instrument's currency
    trail_percent : the same in percent of the best price; one of the two
    activation_price : a trailing stop begins to follow once the last trade is here or better
    reduce_only : refused where it would open or enlarge a position
    post_only : a limit order that is given up rather than take what rests
    take_profit_price, stop_loss_price : on a buy, the exits that the desk keeps for what has filled (a
        bracket); take_profit_price on a sell stop is its other side (one cancels the other)
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    good_till: datetime | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    activation_price: Decimal | None = None
    reduce_only: bool = False
    post_only: bool = False
    take_profit_price: Decimal | None = None
    stop_loss_price: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse a field that this kind of order would ignore, and a missing one it needs."""
        if self.contradiction:
            raise ValueError(self.contradiction)

    @property
    def contradiction(self) -> str:
        """One sentence on what does not go together; empty for a good order."""
        needs = _NEEDS.get(self.type)
        if needs is None:
            return ""  # not a kind of order at all: the gates and the venues refuse it with their own words
        for field in ("limit_price", "stop_price"):
            given = getattr(self, field) is not None
            if given is not (field in needs):
                said = f"has no {field}: leave it out" if given else f"needs a {field}"
                return f"A {self.type.words} order {said}."
        return _distance(self) or _force(self) or _flags(self) or _exits(self)

    @property
    def trigger(self) -> Decimal | None:
        """The price that belongs to the order, if its kind has one: the limit, or else the stop."""
        return self.limit_price if self.limit_price is not None else self.stop_price

    @property
    def protective(self) -> bool:
        """A sale that only trades once the price has fallen: what guards a position through a halt."""
        return self.side is Side.SELL and self.type in PROTECTIVE_TYPES


PROTECTIVE_TYPES = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
"""Kinds that wait for a worse price."""


def _distance(request: OrderRequest) -> str:
    trails = request.type is OrderType.TRAILING_STOP
    given = [d for d in (request.trail_amount, request.trail_percent) if d is not None]
    if trails and len(given) != 1:
        return "A trailing stop order needs a trail_amount or a trail_percent, one of the two."
    if not trails and (given or request.activation_price is not None):
        return f"A {request.type.words} order has no trail: leave trail and activation_price out."
    return ""


def _force(request: OrderRequest) -> str:
    force = request.time_in_force
    if (request.good_till is not None) is not (force is TimeInForce.GTD):
        return "A gtd order needs good_till, and no other order has it."
    if request.good_till is not None and request.good_till.tzinfo is None:
        return "good_till needs a time zone."
    if force in _AT_ONCE and request.type not in _TAKES_AT_ONCE:
        return f"A {request.type.words} order waits, so it cannot be {force}."
    return ""


def _flags(request: OrderRequest) -> str:
    if request.post_only and (request.type is not OrderType.LIMIT or request.time_in_force in _AT_ONCE):
        return "Only a limit order that may rest can be post_only."
    if request.reduce_only and request.side is Side.BUY:
        return "This desk is never short, so a buy cannot be reduce_only."
    return ""


def _exits(request: OrderRequest) -> str:
    target, stop = request.take_profit_price, request.stop_loss_price
    if request.side is Side.SELL:
        if stop is not None or (target is not None and request.type is not OrderType.STOP):
            return "Exits belong to a buy; a sell stop may have a take_profit_price."
        return _apart(target, request.stop_price, "stop_price")
    return _apart(target, stop, "stop_loss_price")


def _apart(target: Decimal | None, stop: Decimal | None, name: str) -> str:
    if target is None or stop is None:
        return ""
    apart = target.is_finite() and stop.is_finite() and target > stop
    return "" if apart else f"take_profit_price must be above {name}."


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused, rejected, or changed: a code for machines, a sentence for people.

    Attributes
    ----------
    value, limit : what a gate compared, already formatted; empty where nothing was
    """

    code: str
    sentence: str
    value: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution at a venue; (venue, trade_id) counts once for ever.

    Attributes
    ----------
    quantity : units, positive
    price : in the instrument's currency
    fee : in ``fee_currency``, positive when paid
    time : aware UTC at the venue
    note : how the price came about (the paper model, its inputs and seed), JSON text
    fee_currency : empty: the currency in which the account holds the instrument's own
    optimistic, pessimistic : the paper model's other two prices, beside the expected one that is booked
    maker : it rested and was taken; None where the venue does not say
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
    fee_currency: str = ""
    optimistic: Decimal | None = None
    pessimistic: Decimal | None = None
    maker: bool | None = None


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
    parent : id of the order whose exit or replacement this is
    role : why it exists: empty for a person's own, else ``stop``, ``target``, ``replacement`` or ``flatten``
    arrival : the mid price when its intent was committed, in the instrument's currency; None was unknown
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
    parent: str | None = None
    role: str = ""
    arrival: float | None = None

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
    mid : the middle of the quote the numbers rest on, in the instrument's currency
    es_before, es_after : 1-day 99 % expected shortfall, as ``var_before``
    sizing : how large a buy should be, and why; None of a sale and where numbers are missing
    stress : the book in each scenario, as it is and with the order in
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
    mid: float | None = None
    es_before: float | None = None
    es_after: float | None = None
    sizing: Sizing | None = None
    stress: tuple[StressLoss, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that refuse the order, in order."""
        return tuple(c for c in self.checks if not c.passed and not c.advisory)

    @property
    def ok(self) -> bool:
        """Nothing refuses it."""
        return not self.failed
