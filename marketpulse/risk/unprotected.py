"""Which positions have no confirmed stop under all of their units."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isfinite, nan

from marketpulse.risk.limits import RESTING
from marketpulse.types import Order, Position

__all__ = ["unprotected"]


def unprotected(
    positions: Mapping[str, Position], orders: Iterable[Order], prices: Mapping[str, float]
) -> dict[str, Decimal]:
    """Units held that no resting sell stop covers, by symbol; only what the venue has confirmed covers.

    A trailing stop that waits for its activation price covers nothing before it is there.

    Parameters
    ----------
    prices : last good price by symbol, in the instrument's currency
    """
    covered: dict[str, Decimal] = {}
    for order in orders:
        request = order.request
        if request.protective and order.state in RESTING and _begun(order, prices):
            covered[request.symbol] = covered.get(request.symbol, Decimal(0)) + order.remaining
    bare = {
        symbol: position.quantity - covered.get(symbol, Decimal(0)) for symbol, position in positions.items()
    }
    return {symbol: units for symbol, units in bare.items() if units > 0}


def _begun(order: Order, prices: Mapping[str, float]) -> bool:
    at = order.request.activation_price
    if at is None:
        return True
    price = prices.get(order.request.symbol, nan)
    return isfinite(price) and price >= float(at)
