"""One immutable picture of the whole desk; every door reads this and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from marketpulse.types.accounts import AccountView, Balance, Mode, Rate, Trading
from marketpulse.types.alert import AlertView
from marketpulse.types.event import Event
from marketpulse.types.feeds import Agreement, FeedsView, ProviderHealth, Witness
from marketpulse.types.instrument import Instrument
from marketpulse.types.lock import Lock
from marketpulse.types.lots import ClosedLot, Lot, Quality
from marketpulse.types.market import Headline, Interval, Quote, SessionState
from marketpulse.types.models import ModelView
from marketpulse.types.order import OPEN_STATES, Fill, Order
from marketpulse.types.orderbook import Book
from marketpulse.types.proposal import Conduct, Proposal
from marketpulse.types.risk import RiskView
from marketpulse.types.scoring import Issued, SignalStatistics
from marketpulse.types.signal import ModelStage, ModelStatus, Signal

__all__ = [
    "DeskStatus",
    "Feed",
    "Halt",
    "MarketDatum",
    "PositionView",
    "ReplayInfo",
    "SessionInfo",
    "Snapshot",
    "Valuation",
]


class Feed(StrEnum):
    """Where prices come from."""

    REPLAY = "replay"
    LIVE = "live"


class DeskStatus(StrEnum):
    """The desk in one word."""

    OK = "ok"
    DEGRADED = "degraded"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class MarketDatum:
    """A quote with all that is needed to believe it or not.

    Attributes
    ----------
    quote : the last good quote
    age : seconds since ``quote.time`` by the desk's clock
    stale : older than its feed allows; never prices an order
    session : of the instrument's exchange
    why : why it is stale or held, else empty
    change : since the previous session's close, a fraction; None when unknown
    simulated : made up by a seeded simulator
    spark : the last closes, oldest first, for the small picture
    agreement : whether a second source tells the same price; a disputed one prices no order
    witnesses : what the other sources last said
    """

    quote: Quote
    age: float
    stale: bool
    session: SessionState
    why: str = ""
    change: float | None = None
    simulated: bool = False
    spark: tuple[float, ...] = ()
    agreement: Agreement = Agreement.ALONE
    witnesses: tuple[Witness, ...] = ()

    @property
    def disputed(self) -> bool:
        """Two sources tell different prices."""
        return self.agreement is Agreement.DISPUTED


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One calendar now; ``changes`` is the next open or close, aware UTC, None for 24/7."""

    calendar: str
    state: SessionState
    changes: datetime | None


@dataclass(frozen=True, slots=True)
class ReplayInfo:
    """The replay clock; ``speed`` is tape seconds per real second."""

    start: datetime
    end: datetime
    speed: float
    ended: bool
    banner: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Trading is stopped until somebody types RESUME.

    Attributes
    ----------
    reducing : orders that make a position smaller still pass
    kept : protective stops that were left at their venue, by order id
    """

    since: datetime
    why: str
    reducing: bool = False
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PositionView:
    """A position with its mark.

    Attributes
    ----------
    average_price, realized, last : in ``currency``; ``last`` is None when there is no price at all
    value, unrealized, day_pnl : estimates in the base currency; None when there is no mark or no rate
    weight : value as a fraction of equity
    currency : in which the account holds the instrument
    own_value, own_unrealized : the same estimates in ``currency``
    """

    symbol: str
    quantity: Decimal
    average_price: Decimal
    realized: Decimal
    last: float | None
    value: float | None
    unrealized: float | None
    day_pnl: float | None
    weight: float | None
    stale: bool = False
    stop: Decimal | None = None
    currency: str = "USD"
    own_value: float | None = None
    own_unrealized: float | None = None


@dataclass(frozen=True, slots=True)
class Valuation:
    """What the account is worth now.

    Attributes
    ----------
    cash : base currency, owed
    equity : base currency; None when a held instrument has no price
    buying_power : cash not reserved by working buys, base currency
    day_pnl, open_pnl : base currency; day P&L counts from the session's start
    drawdown : 1 - equity / highest equity so far, a fraction, positive
    peak : highest equity so far
    curve : (time, equity) samples for the pictures, oldest first
    equity_low, equity_high : equity had every paper fill been at its pessimistic or optimistic price
    band : (low, high) for each sample of ``curve``; empty where no fill has another price
    balances : cash by account and currency
    rates : what was used to add them up
    unknown : why equity is not known, one sentence each
    realized_in, fees_in, dividends_in, deposits_in : owed numbers by currency; without ``_in`` they are
        those of the base currency
    """

    currency: str
    cash: Decimal
    deposits: Decimal
    realized: Decimal
    fees: Decimal
    equity: float | None
    buying_power: float
    day_pnl: float | None
    open_pnl: float | None
    drawdown: float
    peak: float
    positions: tuple[PositionView, ...] = ()
    curve: tuple[tuple[datetime, float], ...] = ()
    equity_low: float | None = None
    equity_high: float | None = None
    band: tuple[tuple[float, float], ...] = ()
    balances: tuple[Balance, ...] = ()
    rates: tuple[Rate, ...] = ()
    unknown: tuple[str, ...] = ()
    realized_in: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    fees_in: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    dividends_in: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    deposits_in: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a door may show, as of ``time`` by the desk's clock.

    Attributes
    ----------
    number : grows by one with each Snapshot
    time : the desk's clock (tape time on replay), aware UTC
    wall : the wall clock when it was made, aware UTC
    orders : newest first
    events : the last ledger events, newest first
    notes : sentences a person should read (bad settings, a missing provider)
    books : order books by symbol, the one the desk prefers first; only those that hold now
    headlines : news by symbol, newest first
    feeds : failover, quarantine, budgets and the store, for the market page
    intervals : which bars can be had of each instrument, the longest first; constant while the desk runs
    accounts : the accounts of the set that is shown, with what the venues say of them
    lots, closed : tax lots by FIFO; ``closed`` newest first and not all of them
    quality : how orders were executed, the whole first, then by venue, type and symbol
    alerts : those that nobody has acknowledged, newest first
    locks : protections that hold now
    models : what serves each class of instruments, shares first
    issued : frozen signals with what became of them, newest first and not all of them
    scores : the scoreboard of all that was ever issued
    conduct : what the desk does with its signals in this run
    practice : it plays calls without a shown edge as if they had one, on paper
    proposals : its decisions about signals, newest first and not all of them
    """

    number: int
    time: datetime
    wall: datetime
    started: datetime
    version: str
    mode: Mode
    feed: Feed
    account: str
    status: DeskStatus
    halt: Halt | None
    sessions: Mapping[str, SessionInfo]
    instruments: Mapping[str, Instrument]
    market: Mapping[str, MarketDatum]
    providers: tuple[ProviderHealth, ...]
    valuation: Valuation
    risk: RiskView
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    signals: Mapping[str, Signal] = field(default_factory=lambda: MappingProxyType({}))
    model: ModelStatus = field(default_factory=lambda: ModelStatus(ModelStage.WAITING, 0.0, ""))
    events: tuple[Event, ...] = ()
    replay: ReplayInfo | None = None
    notes: tuple[str, ...] = ()
    books: Mapping[str, tuple[Book, ...]] = field(default_factory=lambda: MappingProxyType({}))
    headlines: Mapping[str, tuple[Headline, ...]] = field(default_factory=lambda: MappingProxyType({}))
    feeds: FeedsView = field(default_factory=FeedsView)
    intervals: Mapping[str, tuple[Interval, ...]] = field(default_factory=lambda: MappingProxyType({}))
    accounts: tuple[AccountView, ...] = ()
    lots: tuple[Lot, ...] = ()
    closed: tuple[ClosedLot, ...] = ()
    quality: tuple[Quality, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    locks: tuple[Lock, ...] = ()
    models: tuple[ModelView, ...] = ()
    issued: tuple[Issued, ...] = ()
    scores: SignalStatistics = field(default_factory=SignalStatistics)
    conduct: Conduct = Conduct.SUGGEST
    practice: bool = False
    proposals: tuple[Proposal, ...] = ()

    @property
    def trading(self) -> Trading:
        """What the desk lets through."""
        if self.halt is None:
            return Trading.ACTIVE
        return Trading.REDUCING if self.halt.reducing else Trading.HALTED

    @property
    def working(self) -> tuple[Order, ...]:
        """Orders that may still trade, newest first."""
        return tuple(o for o in self.orders if o.state in OPEN_STATES)

    def order(self, order_id: str) -> Order | None:
        """One order by its id."""
        return next((o for o in self.orders if o.id == order_id), None)

    def age(self, moment: datetime) -> float:
        """Seconds since ``moment``, never negative, on the clock that it was read from.

        On replay shares live on the tape's clock and simulated pairs on the wall's; the nearer one is meant.
        """
        return max(0.0, min(((clock - moment).total_seconds() for clock in (self.time, self.wall)), key=abs))
