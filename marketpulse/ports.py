"""The sockets of the house: what a provider, a model, a venue and a door for alerts must offer.

No inheritance: a plug-in is any object with these members. Errors come from ``errors``; a vendor's
own exception never leaves its adapter.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from marketpulse.types import (
    AssetClass,
    Bars,
    Book,
    CorporateAction,
    Event,
    Fill,
    Headline,
    Instrument,
    Interval,
    OrderRequest,
    OrderState,
    OrderType,
    Quote,
    Side,
    TimeInForce,
)
from marketpulse.types.earnings import Earnings

__all__ = [
    "AccountState",
    "Ack",
    "Broker",
    "BrokerCapabilities",
    "Capability",
    "Limits",
    "OrderRef",
    "Put",
    "Sink",
    "Source",
    "Terms",
    "VenueOrder",
]


class Capability(StrEnum):
    """What a source declares it can answer; never guessed from its name."""

    QUOTE = "quote"
    BARS = "bars"
    ACTIONS = "actions"
    BOOK = "book"
    NEWS = "news"
    STREAM = "stream"
    EVENTS = "events"  # days on which results are due
    INTRADAY = "intraday"  # bars shorter than a day, through ``bars``


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows and how long we wait for it.

    Attributes
    ----------
    per_minute : calls a minute we allow ourselves
    deadline : seconds after which a call counts as failed, whatever the client does
    per_day : calls a day its plan allows, None where there is no daily quota; counted over restarts
        and whole again at 00:00 in ``resets``
    resets : time zone whose midnight renews the daily quota
    """

    per_minute: float
    deadline: float
    per_day: int | None = None
    resets: str = "UTC"


Put = Callable[[Quote | Book | Bars], None]
"""Takes what a stream decoded; returns at once and never raises."""


class Source(Protocol):
    """A provider of market data. Every method raises ProviderError only, and blocks but for ``stream``.

    What a source does not declare among its capabilities raises NotEntitled.
    """

    @property
    def name(self) -> str:
        """Shown beside every number."""

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """What it answers, per asset class."""

    @property
    def limits(self) -> Limits:
        """How often and how long it may be asked."""

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last price."""

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Raw bars that had closed by ``end``, oldest first; raises NoData rather than return none."""

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Splits and dividends in force in the period, oldest first; may be empty."""

    def book(self, instrument: Instrument, depth: int) -> Book:
        """Return the best ``depth`` levels of each side."""

    def news(self, instrument: Instrument) -> Sequence[Headline]:
        """Return the newest headlines, newest first; may be empty."""

    def events(self, instrument: Instrument) -> Sequence[Earnings]:
        """Return the days from today on which results are due, the earliest first; NoData rather than none."""

    async def stream(self, instruments: Sequence[Instrument], put: Put) -> None:
        """Hand over quotes, books and closed minute bars as they come, until canceled.

        It runs on the wire thread. A connection that ends, or a message that cannot be read, raises;
        silence need not be noticed here. Whatever way it ends, its sockets are closed.
        """


@dataclass(frozen=True, slots=True)
class OrderRef:
    """All three names, since each venue needs another one."""

    client_id: str
    venue_id: str | None
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Ack:
    """The venue has the order."""

    client_id: str
    venue_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """The venue's own view of one order.

    Attributes
    ----------
    code, sentence : why it ended badly
    side, type, limit_price, stop_price : as the venue shows them, None where it does not say; an
        order that is not ours is shown by them, and an amended one is recognised by them
    """

    ref: OrderRef
    state: OrderState
    quantity: Decimal
    filled_quantity: Decimal
    code: str = ""
    sentence: str = ""
    side: Side | None = None
    type: OrderType | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order that rests shall become; None leaves a part of it as it is.

    Attributes
    ----------
    quantity : the whole order's, what has filled counted in
    """

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AccountState:
    """The venue's own view of the account: cash by currency, units by symbol.

    Attributes
    ----------
    holds_back : ``cash`` is told without what resting orders hold back
    """

    account_id: str
    cash: dict[str, Decimal]
    positions: dict[str, Decimal]
    holds_back: bool = False


@dataclass(frozen=True, slots=True)
class BrokerCapabilities:
    """What a venue can do.

    Attributes
    ----------
    grace : seconds after which "not found" is final, longer than the venue's slowest accept
    live : moves real money
    forces : times in force it takes; the desk itself ends day and gtd orders where they are sent as gtc
    post_only : takes limit orders that must not take
    amends : ``replace`` changes an order in place; else the desk cancels, confirms and places anew
    """

    types: frozenset[OrderType]
    asset_classes: frozenset[AssetClass]
    grace: float
    live: bool
    forces: frozenset[TimeInForce] = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD})
    post_only: bool = False
    amends: bool = False


class Broker(Protocol):
    """A venue. Raises Rejected (final), Uncertain (ask), Throttled, AuthExpired; nothing else."""

    @property
    def name(self) -> str:
        """``paper``, later ``alpaca`` ..."""

    @property
    def capabilities(self) -> BrokerCapabilities:
        """What it can do."""

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once. Uncertain when nobody knows whether it arrived."""

    def cancel(self, ref: OrderRef) -> None:
        """Ask for a cancel; the outcome is seen by ``find`` and ``fills``."""

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Amend a resting order in place, where ``capabilities.amends``; else Rejected ``NOT_OFFERED``.

        Rejected leaves the order as it was. Uncertain when nobody knows; ``find`` tells by its prices
        and quantity.
        """

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Return the venue's view; None means: not found now (final only after ``grace``)."""

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All resting orders, ours or not."""

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Executions from ``since`` on; repeats are welcome."""

    def account(self) -> AccountState:
        """Cash and positions as the venue sees them."""


class Sink(Protocol):
    """A door that is told of events: the phone, a log. One thread calls it."""

    @property
    def name(self) -> str:
        """Shown in faults, and in the name of the file that keeps its place."""

    def wants(self, event: Event) -> bool:
        """Tell whether this event is for it."""

    def send(self, events: Sequence[Event]) -> int:
        """Deliver from the first event on, and return how many were delivered, at least one.

        Raises Undelivered when it is not certain that they arrived; the same are sent again later.
        """

    def close(self) -> None:
        """Let go of threads and sockets; again is harmless."""
