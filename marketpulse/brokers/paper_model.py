"""What the paper venue's fill engine is given and gives back: orders, moments of a market, executions. All immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from marketpulse.risk.costs import Liquidity
from marketpulse.types import Instrument, Level, OrderRequest, OrderState, OrderType, Side

__all__ = ["Activity", "Part", "Pool", "Tick", "Working"]

_ZERO = Decimal(0)
_WAITS = frozenset(
    {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP}
)  # for the last trade to reach a price


@dataclass(frozen=True, slots=True)
class Activity:
    """How much trades now.

    Attributes
    ----------
    bar : start of the bar whose volume counts, seconds since 1970 UTC; our share of it is counted by this
    volume : units in that bar
    daily : units a day and volatility, None where they are not known
    """

    bar: int
    volume: float
    daily: Liquidity | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """One moment of one instrument's market, believable and in session.

    Attributes
    ----------
    last : price of the last trade
    bid, ask : best prices, quoted, or assumed around ``last``
    received : aware UTC, when the newest part of it was received, by the instrument's clock
    bids, asks : the order book that holds now, best first; empty without one
    activity : None where no volume is known
    printed : units are known to have traded since the moment before
    traded : how many of them at ``last``, 0 where that is not certain
    move : how far the middle moved since the moment before; of a bar: how far it may still go against the order
    opening : the session, or the bar, begins with it
    """

    last: float
    bid: float
    ask: float
    received: datetime
    source: str
    assumed: bool = False
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    activity: Activity | None = None
    printed: bool = False
    traded: float = 0.0
    move: float = 0.0
    opening: bool = False

    def touch(self, side: Side) -> float:
        """The price at which somebody who trades in this direction is served first."""
        return self.ask if side is Side.BUY else self.bid

    def facing(self, side: Side) -> tuple[Level, ...]:
        """What somebody who trades in this direction can take."""
        return self.asks if side is Side.BUY else self.bids

    def beside(self, side: Side) -> tuple[Level, ...]:
        """Those who want the same."""
        return self.bids if side is Side.BUY else self.asks


@dataclass(frozen=True, slots=True)
class Working:
    """An order at the venue.

    Attributes
    ----------
    placed, arrives : by the clock its instrument trades on; nothing received before ``arrives`` fills it
    seed : of its latency
    paid : quantity times price of what has filled
    rests : it has met the market and stands in it; from then on a limit waits for others to trade
    first : the last trade when it began to rest; a trade may be older than the order until another is seen
    moved : another was seen
    met : when the newest moment it has met was received
    triggered : the last trade has reached its stop price
    active, best : of a trailing stop: it follows, and the best last trade since
    ahead : units that stand before it at its price, None while they are not known
    group : orders of one group: the first that fills ends the others
    """

    client_id: str
    instrument: Instrument
    request: OrderRequest
    placed: datetime
    arrives: datetime
    seed: int
    filled: Decimal = _ZERO
    paid: Decimal = _ZERO
    fees: Decimal = _ZERO
    trades: int = 0
    state: OrderState = OrderState.ACCEPTED
    code: str = ""
    sentence: str = ""
    rests: bool = False
    first: float | None = None
    moved: bool = False
    met: datetime | None = None
    triggered: bool = False
    active: bool = False
    best: Decimal | None = None
    ahead: float | None = None
    group: str = ""

    @property
    def left(self) -> Decimal:
        """Units that may still trade."""
        return self.request.quantity - self.filled

    @property
    def open(self) -> bool:
        """It rests at the venue."""
        return self.state in {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}

    @property
    def waits(self) -> bool:
        """It is not in the market yet: its stop price has not been reached."""
        return self.request.type in _WAITS and not self.triggered


@dataclass(frozen=True, slots=True)
class Pool:
    """What our own orders have used up of one instrument's market.

    Attributes
    ----------
    taken : by side and price: units that stood there, and how many of them are ours already
    bar, used : the bar of ``Activity``, and units of it that are ours
    """

    taken: Mapping[tuple[Side, float], tuple[float, Decimal]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    bar: int | None = None
    used: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Part:
    """One execution.

    Attributes
    ----------
    trade : its number within the order, from 1
    price, optimistic, pessimistic : on the tick, rounded against the trader
    note : model, rule, inputs and seed, JSON text; ``paper_note.recompute`` reads it
    """

    client_id: str
    trade: int
    quantity: Decimal
    price: Decimal
    optimistic: Decimal
    pessimistic: Decimal
    fee: Decimal
    maker: bool
    note: str
