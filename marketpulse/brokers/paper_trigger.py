"""When an order that waits for a price wakes up: stops, take-profits and trailing stops, by the last trade."""

from dataclasses import replace
from decimal import Decimal

from marketpulse.brokers.paper_model import Working
from marketpulse.types import OrderType, Side

__all__ = ["distance", "look", "trigger_of"]

_PERCENT = Decimal(100)


def look(order: Working, last: float) -> Working:
    """Let a waiting order see a trade: it may begin to follow, follow further, or be triggered."""
    trades = Decimal(repr(last))
    if order.request.type is OrderType.TRAILING_STOP:
        order = _follow(order, trades)
    at = trigger_of(order)
    return replace(order, triggered=True) if at is not None and _reached(order, at, trades) else order


def trigger_of(order: Working) -> Decimal | None:
    """The trade that wakes the order up; None for a trailing stop that does not follow yet.

    A trailing stop's is put on the tick away from the market, so that rounding never sells higher
    or buys lower.
    """
    if order.request.type is not OrderType.TRAILING_STOP:
        return order.request.stop_price
    if not order.active or order.best is None:
        return None
    at = order.best + order.request.side.sign * distance(order)
    try:
        return order.instrument.price(at, Side.BUY if order.request.side is Side.SELL else Side.SELL)
    except ValueError:
        return None  # further away than the price itself: it can never be reached


def distance(order: Working) -> Decimal:
    """How far a trailing stop stays behind its best price, in the instrument's currency."""
    request = order.request
    if request.trail_amount is not None:
        return request.trail_amount
    return (order.best or Decimal(0)) * (request.trail_percent or Decimal(0)) / _PERCENT


def _follow(order: Working, trades: Decimal) -> Working:
    begins = order.request.activation_price
    sells = order.request.side is Side.SELL
    if not order.active:
        if begins is not None and (trades < begins if sells else trades > begins):
            return order
        return replace(order, active=True, best=trades)
    best = trades if order.best is None else (max if sells else min)(order.best, trades)
    return order if best == order.best else replace(order, best=best)


def _reached(order: Working, at: Decimal, trades: Decimal) -> bool:
    """A stop waits for a worse price, a take-profit for a better one."""
    rising = order.request.side is Side.BUY
    if order.request.type is OrderType.TAKE_PROFIT:
        rising = not rising
    return trades >= at if rising else trades <= at
