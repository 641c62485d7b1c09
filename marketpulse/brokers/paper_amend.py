"""How a resting order becomes another one in place, and what it keeps of its turn."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from marketpulse.brokers.paper_latency import delay, seed_of
from marketpulse.brokers.paper_model import Working
from marketpulse.errors import Rejected
from marketpulse.ports import Terms
from marketpulse.types import OrderRequest

__all__ = ["amend"]


def amend(order: Working, terms: Terms, now: datetime, count: int) -> Working:
    """Return the order with new terms.

    A smaller quantity alone keeps its turn. Anything else arrives anew: it travels again, stands at
    the end of the queue, and takes where it crosses.

    Parameters
    ----------
    now : by the clock its instrument trades on
    count : how often it was amended before, plus one: its latency is another one each time

    Raises
    ------
    Rejected
        The order is as it was: ``NOT_RESTING``, ``ALREADY_TRIGGERED`` or ``BAD_TERMS``.
    """
    if not order.open:
        raise Rejected(
            "NOT_RESTING", f"The order is {order.state.value.replace('_', ' ')}: nothing rests to change."
        )
    quantity = _quantity(order, terms.quantity)
    request = _request(order, terms, quantity)
    if request == order.request:
        return order
    smaller = quantity < order.request.quantity
    if smaller and replace(request, quantity=order.request.quantity) == order.request:
        return replace(order, request=request)
    seed = seed_of(order.client_id, count)
    fresh = replace(order, request=request, placed=now, seed=seed, arrives=now + delay(seed), met=None)
    return replace(fresh, rests=False, first=None, moved=False, ahead=None)


def _quantity(order: Working, wanted: Decimal | None) -> Decimal:
    if wanted is None:
        return order.request.quantity
    if not wanted.is_finite() or wanted <= order.filled or wanted % order.instrument.lot:
        raise Rejected(
            "BAD_TERMS",
            f"The quantity must be whole lots, and more than the {order.filled} that have filled.",
        )
    return wanted


def _request(order: Working, terms: Terms, quantity: Decimal) -> OrderRequest:
    request = order.request
    for name in ("limit_price", "stop_price"):
        wanted, had = getattr(terms, name), getattr(request, name)
        if wanted is None or wanted == had:
            continue
        if had is None:
            raise Rejected("BAD_TERMS", f"A {request.type.words} order has no {name}.")
        if name == "stop_price" and order.triggered:
            raise Rejected(
                "ALREADY_TRIGGERED", "Its stop price has been reached: it cannot be moved any more."
            )
        if not wanted.is_finite() or wanted <= 0 or wanted % order.instrument.tick:
            raise Rejected("BAD_TERMS", f"{name} must be positive, in steps of {order.instrument.tick}.")
        request = replace(request, **{name: wanted})
    return replace(request, quantity=quantity)
