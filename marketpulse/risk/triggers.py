"""Where an order of each kind trades: its own price, what is expected, and the worst for a buy.

Estimates, hence float. A trailing stop has no price of its own until it follows one; it is reckoned
from the last price, or from its activation price where the market has still to come there.
"""

from decimal import Decimal
from math import isfinite

from marketpulse.types import OrderRequest, OrderType, Side

__all__ = ["distance", "expected", "mark", "own_price", "resting_level", "worst"]

_PERCENT = 100.0


def distance(request: OrderRequest, best: float) -> float:
    """How far a trailing stop follows behind the best price; 0 for any other order.

    Units
    -----
    ``best`` and the result in the instrument's currency.

    References
    ----------
    None: as the order says.

    Examples
    --------
    >>> trail = OrderRequest("X", Side.SELL, OrderType.TRAILING_STOP, Decimal(1), trail_percent=Decimal(5))
    >>> distance(trail, 200.0)
    10.0
    """
    if request.trail_amount is not None:
        return float(request.trail_amount)
    return best * float(request.trail_percent) / _PERCENT if request.trail_percent is not None else 0.0


def _start(request: OrderRequest, last: float) -> float:
    """From where a trailing stop begins to follow: here, or from its activation price further on."""
    if request.activation_price is None:
        return last
    at = float(request.activation_price)
    return max(last, at) if request.side is Side.SELL else min(last, at)


def own_price(request: OrderRequest, last: float) -> float | None:
    """The price that sets the order off, None for a market order; of a stop limit its stop."""
    if request.type is OrderType.TRAILING_STOP:
        start = _start(request, last)
        return start + request.side.sign * distance(request, start)
    price = request.limit_price if request.stop_price is None else request.stop_price
    return None if price is None else float(price)


def expected(request: OrderRequest, bid: float, ask: float, last: float) -> float:
    """Where the order is expected to fill: at the market, or at its own price when that comes later.

    Units
    -----
    The instrument's currency throughout.

    References
    ----------
    None: what each kind of order means.

    Examples
    --------
    A buy stop limit that sets off at 110 and pays at most 111:

    >>> wish = OrderRequest("X", Side.BUY, OrderType.STOP_LIMIT, Decimal(1), Decimal(111), Decimal(110))
    >>> expected(wish, 99.0, 101.0, 100.0)
    110.0
    """
    buys, kind = request.side is Side.BUY, request.type
    now = ask if buys else bid
    own = own_price(request, last)
    if own is None:
        return now
    if kind is OrderType.TRAILING_STOP and _start(request, last) != last:
        return own  # it has still to come to its activation price
    # A limit or a target fills at the market or better than its price, a stop at its price or worse.
    if kind is OrderType.LIMIT or kind is OrderType.TAKE_PROFIT:
        return min(own, now) if buys else max(own, now)
    hit = max(own, now) if buys else min(own, now)
    if request.limit_price is None:
        return hit
    cap = float(request.limit_price)
    return min(hit, cap) if buys else max(hit, cap)


def worst(request: OrderRequest, ask: float) -> float:
    """The price from which a buy without a limit is reckoned, before slippage and margin.

    A trailing buy follows the lowest price down, so it never sets off above where it begins now.

    Units
    -----
    The instrument's currency throughout.

    References
    ----------
    None: what each kind of order means.

    Examples
    --------
    >>> worst(OrderRequest("X", Side.BUY, OrderType.STOP, Decimal(1), stop_price=Decimal(110)), 101.0)
    110.0
    """
    if request.type is OrderType.TRAILING_STOP:
        start = _start(request, ask)
        return start + distance(request, start)
    if request.stop_price is None:
        return ask
    stop = float(request.stop_price)
    return min(ask, stop) if request.type is OrderType.TAKE_PROFIT else max(ask, stop)


def mark(request: OrderRequest, last: float) -> float:
    """What a unit of a buy is worth when it fills: the last price, or where a rising market sets it off.

    Units
    -----
    The instrument's currency throughout.

    References
    ----------
    None: what each kind of order means.

    Examples
    --------
    >>> mark(OrderRequest("X", Side.BUY, OrderType.STOP, Decimal(1), stop_price=Decimal(110)), 100.0)
    110.0
    """
    kind = request.type
    if kind is OrderType.MARKET or kind is OrderType.LIMIT or kind is OrderType.TAKE_PROFIT:
        return last
    if request.limit_price is not None:
        return max(last, float(request.limit_price))
    return max(last, worst(request, last))


def resting_level(request: OrderRequest, last: float | None) -> Decimal | None:
    """Where a resting sell stop would sell now, None when that is not known or it does not guard yet.

    A trailing stop is at its distance below the last price or higher: the best price it has followed is
    not lower than the last.
    """
    if request.stop_price is not None:
        return request.stop_price
    if last is None or not (isfinite(last) and last > 0):
        return None
    if request.activation_price is not None and last < float(request.activation_price):
        return None
    level = last - distance(request, last)
    return Decimal(repr(level)) if level > 0 else None
