"""The gates that look at the instrument's market: is there a price, and may it be believed."""

from math import isfinite

from marketpulse.risk.verdict import granted, refused
from marketpulse.types import Check, MarketDatum, OrderRequest, OrderType, SessionState, Side, TimeInForce

__all__ = ["agreed", "exits", "fresh", "post_only", "price_known", "session"]

_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})

_PRICE = granted("NO_PRICE", "Last price", "There is a price to compare with.")
_FRESH = granted("STALE_QUOTE", "Fresh price", "The price is fresh.")
_AGREED = granted("DISPUTED_QUOTE", "Sources agree", "No second source contradicts the price.")
_OPEN = granted("MARKET_CLOSED", "Session", "The market is open.")
_RESTS = granted("MARKET_CLOSED", "Session", "The market is closed; the order rests until it opens.")
_MAKES = granted("POST_ONLY", "Rests", "The order rests and takes nothing.")
_AROUND = granted("EXIT_SIDE", "Exits", "The exits are on either side of the price.")


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
    if request.time_in_force in _AT_ONCE:
        sentence = f"The market is closed: an order that is {request.time_in_force} cannot trade at once."
        return refused("MARKET_CLOSED", "Session", sentence)
    if request.type is not OrderType.MARKET:
        return _RESTS
    sentence = "The market is closed: a market order is refused, any other kind rests until the open."
    return refused("MARKET_CLOSED", "Session", sentence)


def post_only(request: OrderRequest, bid: float, ask: float) -> Check:
    """Tell whether a limit order that must not take would rest."""
    buys = request.side is Side.BUY
    limit = None if request.limit_price is None else float(request.limit_price)
    if limit is not None and (limit < ask if buys else limit > bid):
        return _MAKES
    facing, named = (ask, "ask") if buys else (bid, "bid")
    sentence = f"At {request.limit_price} it would trade at once with the {named} of {facing:,.8g}."
    return refused("POST_ONLY", "Rests", sentence, str(request.limit_price), f"{facing:,.8g}")


def exits(request: OrderRequest, bid: float, ask: float, entry: float) -> Check:
    """Tell whether the exits stand on either side of where the order fills, or of where the market is.

    Parameters
    ----------
    entry : where a buy is expected to fill
    """
    low, high, where = bid, bid, "the bid"
    stop, target = request.stop_price, request.take_profit_price
    if request.side is Side.BUY:
        stop, high = request.stop_loss_price, entry
        # What trades at once is sold again at the bid; a stop above that would be hit as it is placed.
        low, where = (bid, "the bid") if bid < entry <= ask else (entry, "the expected fill")
    if stop is not None and not float(stop) < low:
        sentence = f"A stop at {stop} is not below {where} of {low:,.8g}: it would sell at once."
        return refused("EXIT_SIDE", "Exits", sentence, str(stop), f"{low:,.8g}")
    if target is not None and not float(target) > high:
        where = "the expected fill" if request.side is Side.BUY else "the bid"
        sentence = f"A target at {target} is not above {where} of {high:,.8g}: it would gain nothing."
        return refused("EXIT_SIDE", "Exits", sentence, str(target), f"{high:,.8g}")
    return _AROUND
