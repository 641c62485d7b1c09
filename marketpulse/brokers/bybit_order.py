"""An order in Bybit's words, on its way out and on its way back."""

from decimal import Decimal
from typing import Any

from marketpulse.brokers.bybit_codes import end_of
from marketpulse.brokers.ccxt_line import Pair
from marketpulse.brokers.spot import Execution, exact, moment, number, price_of, side_of, side_shown, text
from marketpulse.errors import Uncertain
from marketpulse.ports import OrderRef, VenueOrder
from marketpulse.types import Instrument, OrderRequest, OrderState, OrderType, Side, TimeInForce

__all__ = ["SPOT", "execution_of", "order_of", "view_of"]

SPOT = {"category": "spot"}
"""What every request about spot names."""

_NAME = "bybit"
_FORCES = {TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}  # every other is GTC there: the desk ends it
_RISES, _FALLS = "1", "2"  # the venue's words for which way the price reaches a trigger
_STATES = {
    "Created": OrderState.ACCEPTED,
    "New": OrderState.ACCEPTED,
    "Untriggered": OrderState.ACCEPTED,
    "Triggered": OrderState.ACCEPTED,
    "PartiallyFilled": OrderState.PARTIALLY_FILLED,
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELED,
    "PartiallyFilledCanceled": OrderState.CANCELED,
    "Deactivated": OrderState.CANCELED,
    "Rejected": OrderState.REJECTED,
}


def order_of(client_id: str, pair: Pair, request: OrderRequest) -> dict[str, Any]:
    """Write an order in the venue's words."""
    order = {
        **SPOT,
        "symbol": pair.id,
        "side": request.side.value.capitalize(),
        "orderType": "Market" if request.limit_price is None else "Limit",
        "qty": exact(request.quantity),
        "orderLinkId": client_id,
    }
    if request.limit_price is not None:
        force = "PostOnly" if request.post_only else _FORCES.get(request.time_in_force, "GTC")
        order |= {"price": exact(request.limit_price), "timeInForce": force}
    else:
        order["marketUnit"] = "baseCoin"  # else a market buy's quantity is what it may cost
    if request.stop_price is not None:
        order |= {"orderFilter": "StopOrder", "triggerPrice": exact(request.stop_price)}
    return order


def view_of(row: dict[str, Any], pair: Pair, instrument: Instrument) -> VenueOrder:
    """Read an order, ours or not."""
    if text(_NAME, row, "symbol") != pair.id:
        raise Uncertain(f"{_NAME}: the answer was about another pair")
    state = _STATES.get(text(_NAME, row, "orderStatus"))
    if state is None:
        raise Uncertain(f"{_NAME}: an order in a state that is not known")
    venue_id = text(_NAME, row, "orderId")
    side, filled = side_shown(row), number(_NAME, row, "cumExecQty")
    # An order by value, which this desk never places, says in qty what it may cost.
    by_value = row.get("marketUnit") == "quoteCoin"
    code, sentence = end_of(row.get("rejectReason"), state)
    return VenueOrder(
        ref=OrderRef(_client_id(row, venue_id), venue_id, instrument),
        state=state,
        quantity=filled if by_value else number(_NAME, row, "qty"),
        filled_quantity=filled,
        code=code,
        sentence=sentence,
        side=side,
        type=_type_of(row, side),
        limit_price=price_of(_NAME, row, "price") if row.get("orderType") == "Limit" else None,
        stop_price=price_of(_NAME, row, "triggerPrice"),
    )


def _type_of(row: dict[str, Any], side: Side | None) -> OrderType | None:
    """Return the kind of an order, None where the venue does not say which way a trigger is reached."""
    limit = row.get("orderType") == "Limit"
    if price_of(_NAME, row, "triggerPrice") is None:
        return OrderType.LIMIT if limit else OrderType.MARKET
    way = str(row.get("triggerDirection"))
    if side is None or way not in {_RISES, _FALLS}:
        return None
    if (way == _RISES) is (side is Side.BUY):
        return OrderType.STOP_LIMIT if limit else OrderType.STOP
    return None if limit else OrderType.TAKE_PROFIT


def _client_id(row: dict[str, Any], venue_id: str) -> str:
    """Return the order's name, or for one placed by hand, which has none, the venue's number."""
    return str(row.get("orderLinkId") or f"bybit:{venue_id}")


def execution_of(row: dict[str, Any], pair: Pair, instrument: Instrument) -> Execution:
    """Read a trade."""
    if text(_NAME, row, "execType") != "Trade":
        raise Uncertain(f"{_NAME}: an execution that is no trade")
    order = text(_NAME, row, "orderId")
    side, fee = side_of(_NAME, text(_NAME, row, "side")), number(_NAME, row, "execFee")
    return Execution(
        trade_id=text(_NAME, row, "execId"),
        order_id=order,
        client_id=_client_id(row, order),
        instrument=instrument,
        side=side,
        quantity=number(_NAME, row, "execQty"),
        price=number(_NAME, row, "execPrice"),
        fee=fee,
        fee_currency=str(row.get("feeCurrency") or _received(side, fee, pair)),
        time=moment(_NAME, row, "execTime"),
        maker=row["isMaker"] if isinstance(row.get("isMaker"), bool) else None,
    )


def _received(side: Side, fee: Decimal, pair: Pair) -> str:
    """Return the coin of a fee where the row names none: by the venue's own rule what is received, a rebate the other."""
    return pair.base if (side is Side.BUY) is (fee >= 0) else pair.quote
