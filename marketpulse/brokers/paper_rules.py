"""At what price the paper venue fills an order: one function for each kind, the argument beside each line.

Unsure means the worse price for the trader: a paper account that flatters teaches nothing.
"""

from dataclasses import dataclass
from math import isfinite

from marketpulse.risk.costs import half_spread
from marketpulse.types import Instrument, OrderRequest, OrderType, Quote, Side

__all__ = ["Hit", "Market", "hit", "market_of"]


@dataclass(frozen=True, slots=True)
class Market:
    """One believable quote: last trade, and bid and ask, quoted or assumed."""

    last: float
    bid: float
    ask: float
    assumed: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A fill's price before rounding, and the rule it follows."""

    price: float
    rule: str


def market_of(quote: Quote, instrument: Instrument) -> Market | None:
    """Read a quote, or None when its numbers cannot be a market."""
    last, bid, ask = quote.price, quote.bid, quote.ask
    if not (isfinite(last) and last > 0):
        return None
    if bid is None or ask is None:
        # No book: half an assumed spread on either side of the last trade.
        half = half_spread(instrument)
        return Market(last, last * (1.0 - half), last * (1.0 + half), assumed=True)
    # A crossed or broken book prices nothing; the next quote will be better.
    if not (isfinite(bid) and isfinite(ask) and 0 < bid <= ask):
        return None
    return Market(last, bid, ask, assumed=False)


def hit(request: OrderRequest, market: Market, seen: float | None) -> Hit | None:
    """Tell whether and at what price the order fills.

    Parameters
    ----------
    seen : the last trade in the first quote the order met; None on that quote itself
    """
    buys = request.side is Side.BUY
    # Who takes, pays the spread: a buy the ask, a sale the bid.
    take = market.ask if buys else market.bid
    if request.type is OrderType.MARKET:
        return Hit(take, "market at ask or bid")
    trigger = float(request.trigger or 0)
    if request.type is OrderType.STOP:
        reached = market.last >= trigger if buys else market.last <= trigger
        # Triggered by the last trade; through a gap it fills where the market is, never at the stop.
        worse = max(trigger, take) if buys else min(trigger, take)
        return Hit(worse, "stop at the worse of stop and market") if reached else None
    if seen is None:
        # It crosses the book when it arrives, so it takes what is there, as on any venue. The last
        # trade may be older than the order and fills nothing yet.
        crosses = take <= trigger if buys else take >= trigger
        return Hit(take, "limit crossing on arrival, at ask or bid") if crosses else None
    # Resting: others stand before us in the queue at our price, so a trade at the limit is not
    # ours; only when the price has gone through it must we have been filled, at our own limit.
    # A last trade that has not changed since the order arrived may have been before it.
    through = market.last < trigger if buys else market.last > trigger
    through = through and market.last != seen
    return Hit(trigger, "limit traded through, at the limit") if through else None
