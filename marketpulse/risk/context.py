"""Everything the gates look at, gathered once so that they are a pure function of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import nan
from types import MappingProxyType

from marketpulse.ports import BrokerCapabilities
from marketpulse.risk.costs import Liquidity
from marketpulse.risk.currency import ASSUMED
from marketpulse.risk.exposures import Bounds
from marketpulse.risk.prospect import Standing
from marketpulse.risk.var import Scenarios
from marketpulse.types import Halt, Instrument, Lock, MarketDatum, Order, Portfolio, Rate
from marketpulse.types.earnings import Upcoming

__all__ = ["DAILY_LOSS", "ON_PAPER", "ORDERS_PER_MINUTE", "Day", "Offer", "Opinion", "OrderContext"]

ORDERS_PER_MINUTE = 30
"""Buys within 60 seconds, where the setting says nothing else."""

DAILY_LOSS = 0.03
"""Loss of the day that ends its buying, a fraction of the equity it began with; likewise."""

ON_PAPER: Mapping[str, str] = MappingProxyType({"USDT": "USD"})
"""On paper one USDT is kept as one US dollar."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The venue that an order goes to, and what it takes."""

    name: str
    can: BrokerCapabilities


@dataclass(frozen=True, slots=True)
class Day:
    """The account's day, as the daily loss is measured.

    Attributes
    ----------
    start : equity when it began and what was paid in since, base currency; None is not known
    most : the loss that ends the day's buying, a fraction of ``start``
    over : it was reached on this day already
    unsure : what is held and has no fresh price though its market is open, so that a loss may hide
    """

    start: float | None
    most: float = DAILY_LOSS
    over: bool = False
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a signal says of the instrument.

    Attributes
    ----------
    chance : calibrated chance of a rise over ``horizon`` bars; None where no edge is shown
    why : in words
    right : chance that the call is right, of the meta-model; it can only make a size smaller
    """

    chance: float | None
    horizon: int
    why: str
    right: float | None = None


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The desk as one order sees it.

    Attributes
    ----------
    instrument : what the order is about
    datum : its last good quote, None when there never was one
    portfolio : the books of all accounts that are shown
    orders : their orders; those that cannot trade any more are ignored
    equity : base currency, None when something held has no price or no rate
    halt : set while trading is stopped
    recovered : the venue has been asked about every order left over from before the start
    prices : last good price of all that is held or being bought, in the instrument's currency
    instruments : the same symbols' instruments
    scenarios : for the VaR before and after; None makes it unknown
    market : how much of the instrument trades in a day; None leaves out the price impact
    account : where the order goes; None takes all accounts for one
    held : units held there; None takes what the portfolio says
    now : the clock the instrument trades on, aware UTC; None knows no time
    venue : None leaves open what is offered
    rates : into the base currency, by currency
    aliases : currencies that the accounts keep as another
    recent : buys placed within the last 60 seconds
    per_minute : the most of them
    day : None leaves the daily loss out, for a desk that has no days
    locks : protections that hold now; None leaves them out, for a desk that has none
    standing : what the background has measured; None leaves out the limits that need it
    drawdown : fall from the highest equity, a fraction; None leaves its limit out
    opinion : the newest signal, None when there is none
    bounds : the limits of where money may lie; None leaves them out
    usual : units of the instrument that are traded on a usual day; NaN is not known
    event : what is known of its next earnings; None leaves the gate out
    event_days : sessions before them in which nothing more of it is bought; 0 is off
    """

    instrument: Instrument
    datum: MarketDatum | None
    portfolio: Portfolio
    orders: tuple[Order, ...]
    equity: float | None
    halt: Halt | None
    recovered: bool
    prices: Mapping[str, float]
    instruments: Mapping[str, Instrument]
    scenarios: Scenarios | None = None
    market: Liquidity | None = None
    account: str | None = None
    held: Decimal | None = None
    now: datetime | None = None
    venue: Offer | None = None
    rates: Mapping[str, Rate] = field(default_factory=lambda: ASSUMED)
    aliases: Mapping[str, str] = field(default_factory=lambda: ON_PAPER)
    recent: int = 0
    per_minute: int = ORDERS_PER_MINUTE
    day: Day | None = None
    standing: Standing | None = None
    drawdown: float | None = None
    opinion: Opinion | None = None
    locks: tuple[Lock, ...] | None = None
    bounds: Bounds | None = None
    usual: float = nan
    event: Upcoming | None = None
    event_days: int = 0

    @property
    def units(self) -> Decimal:
        """Units held where the order goes."""
        return self.portfolio.held(self.instrument.symbol) if self.held is None else self.held

    @property
    def currency(self) -> str:
        """What the order is paid in: the instrument's currency, or what the accounts keep it as."""
        return self.aliases.get(self.instrument.currency, self.instrument.currency)
