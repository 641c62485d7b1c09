"""An order in Binance's words, on its way out, and its kind on the way back."""

from typing import Any

from marketpulse.brokers.ccxt_line import Pair
from marketpulse.brokers.offered import given_up
from marketpulse.brokers.spot import exact, price_of
from marketpulse.errors import Rejected
from marketpulse.types import OrderRequest, OrderState, OrderType, TimeInForce

__all__ = ["end_of", "order_of", "type_of"]

_NAME = "binance"
_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
}
_SHOWN = {word: kind for kind, word in _TYPES.items()} | {"LIMIT_MAKER": OrderType.LIMIT}
_FORCES = {TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}  # every other is GTC there: the desk ends it
_BASIS_POINTS = 100  # in a percent


def order_of(client_id: str, pair: Pair, request: OrderRequest) -> dict[str, Any]:
    """Write an order in the venue's words.

    Raises
    ------
    Rejected
        ``TRAIL``: a distance the venue cannot be told.
    """
    return _terms(request) | {
        "symbol": pair.id,
        "side": request.side.value.upper(),
        "quantity": exact(request.quantity),
        "newClientOrderId": client_id,
        "newOrderRespType": "ACK",
    }


def _terms(request: OrderRequest) -> dict[str, str]:
    """Write the kind of order and its prices; the venue refuses a field that a kind does not have."""
    if request.type is OrderType.TRAILING_STOP:
        return _trailing(request)
    if request.post_only and request.limit_price is not None:
        return {"type": "LIMIT_MAKER", "price": exact(request.limit_price)}
    fields = {"type": _TYPES[request.type]}
    if request.limit_price is not None:
        force = _FORCES.get(request.time_in_force, "GTC")
        fields |= {"price": exact(request.limit_price), "timeInForce": force}
    if request.stop_price is not None:
        fields["stopPrice"] = exact(request.stop_price)
    return fields


def _trailing(request: OrderRequest) -> dict[str, str]:
    """Write a trailing stop, which is another order with a distance in hundredths of a percent.

    With an activation it is sent as a take-profit, since that kind waits for the better price.

    Raises
    ------
    Rejected
        ``TRAIL``: a distance the venue cannot be told.
    """
    if request.trail_percent is None:
        raise Rejected("TRAIL", "Binance follows at a distance in percent: give trail_percent.")
    points = request.trail_percent * _BASIS_POINTS
    if points != points.to_integral_value():
        raise Rejected("TRAIL", "Binance follows at a distance in steps of 0.01 percent.")
    distance = {"trailingDelta": f"{points.to_integral_value():f}"}
    if request.activation_price is None:
        return {"type": "STOP_LOSS", **distance}
    return {"type": "TAKE_PROFIT", **distance, "stopPrice": exact(request.activation_price)}


def type_of(row: dict[str, Any]) -> OrderType | None:
    """Return the kind of an order; None for one that this desk does not know."""
    trails = price_of(_NAME, row, "trailingDelta") is not None
    return OrderType.TRAILING_STOP if trails else _SHOWN.get(str(row.get("type")))


def end_of(row: dict[str, Any], state: OrderState) -> tuple[str, str]:
    """Return code and sentence for an order that ended badly; else two empty ones."""
    if state is OrderState.REJECTED:
        return "VENUE_REJECTED", "The venue refused it."
    if row.get("status") == "EXPIRED_IN_MATCH":
        return "SELF_TRADE", "It would have traded with another order of this account, so the venue ended it."
    return given_up(state, at_once=row.get("timeInForce") in _FORCES.values() or row.get("type") == "MARKET")
