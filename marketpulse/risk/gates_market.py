"""The gates that look at the instrument's market: is there a price, and may it be believed."""

from math import isfinite

from marketpulse.risk.verdict import granted, refused
from marketpulse.types import Check, MarketDatum, OrderRequest, OrderType, SessionState

__all__ = ["agreed", "fresh", "price_known", "session"]

_PRICE = granted("NO_PRICE", "Last price", "There is a price to compare with.")
_FRESH = granted("STALE_QUOTE", "Fresh price", "The price is fresh.")
_AGREED = granted("DISPUTED_QUOTE", "Sources agree", "No second source contradicts the price.")
_OPEN = granted("MARKET_CLOSED", "Session", "The market is open.")
_RESTS = granted("MARKET_CLOSED", "Session", "The market is closed; the order rests until it opens.")


def price_known(datum: MarketDatum | None, symbol: str) -> Check:
    """Tell whether there is a quote to compare with, and one that makes sense."""
    if datum is None:
        return refused("NO_PRICE", "Last price", f"No price of {symbol} has been seen yet.")
    quote = datum.quote
    if not (quote.symbol == symbol and isfinite(quote.price) and quote.price > 0):
        return refused("NO_PRICE", "Last price", f"The last price of {symbol} is not a price.")
    bid, ask = quote.bid, quote.ask
    if bid is not None and ask is not None and not 0 < bid <= ask < float("inf"):
        return refused("NO_PRICE", "Last price", f"Bid and ask of {symbol} contradict each other.")
    return _PRICE


def fresh(datum: MarketDatum) -> Check:
    """Tell whether the quote is young enough to price an order."""
    if datum.stale is False and isfinite(datum.age):
        return _FRESH
    age = f"{datum.age:,.0f} s old" if isfinite(datum.age) else "of unknown age"
    why = f" ({datum.why})" if datum.why else ""
    return refused(
        "STALE_QUOTE", "Fresh price", f"The last price is {age}{why}; a stale price prices no order."
    )


def agreed(datum: MarketDatum) -> Check:
    """Tell whether the sources that were heard tell the same price."""
    if not datum.disputed:
        return _AGREED
    against = next((w for w in datum.witnesses if abs(w.difference) > w.tolerance), None)
    said = f": {against.source} says {against.price:,.8g}, {against.difference:+.2%}" if against else ""
    return refused(
        "DISPUTED_QUOTE",
        "Sources agree",
        f"{datum.quote.source} says {datum.quote.price:,.8g}{said}; a disputed price prices no order.",
    )


def session(request: OrderRequest, datum: MarketDatum) -> Check:
    """Tell whether the order can trade or rest now."""
    if datum.session is SessionState.OPEN:
        return _OPEN
    if request.type is not OrderType.MARKET:
        return _RESTS
    sentence = "The market is closed: a market order is refused, a limit or stop order rests until the open."
    return refused("MARKET_CLOSED", "Session", sentence)
