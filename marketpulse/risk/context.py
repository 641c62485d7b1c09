"""Everything the gates look at, gathered once so that they are a pure function of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from marketpulse.risk.costs import Liquidity
from marketpulse.risk.var import Scenarios
from marketpulse.types import Halt, Instrument, MarketDatum, Order, Portfolio

__all__ = ["OrderContext"]


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The desk as one order sees it.

    Attributes
    ----------
    instrument : what the order is about
    datum : its last good quote, None when there never was one
    portfolio : the account's books
    orders : the account's orders; those that cannot trade any more are ignored
    equity : base currency, None when something held has no price
    halt : set while trading is stopped
    recovered : the venue has been asked about every order left over from before the start
    prices : last good price of all that is held or being bought, in the instrument's currency
    instruments : the same symbols' instruments
    scenarios : for the VaR before and after; None makes it unknown
    market : how much of the instrument trades in a day; None leaves out the price impact
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
