"""The gates that look at the order and its instrument only."""

from datetime import datetime, timedelta
from decimal import Decimal

from marketpulse.risk.verdict import good, granted, plain, refused
from marketpulse.types import Check, Instrument, OrderRequest, OrderType, Side, TimeInForce

__all__ = ["good_till", "lot", "prices", "quantity", "readable", "tick"]

_STEPPED = (
    "limit_price",
    "stop_price",
    "trail_amount",
    "activation_price",
    "take_profit_price",
    "stop_loss_price",
)
_NAMED = (*_STEPPED, "trail_percent")
_WHOLE = Decimal(100)
_MOST_UNITS = Decimal(10) ** 12
_MOST_PRICE = Decimal(10) ** 9

_YEAR = timedelta(days=366)
_SOON = granted("GOOD_TILL", "Good till", "The order ends within a year.")
_READABLE = granted("NOT_TRADABLE", "Instrument", "The instrument can be traded.")
_QUANTITY = granted("BAD_QUANTITY", "Quantity", "The quantity is a positive number.")
_PRICES = granted("BAD_PRICE", "Price", "The order's prices are positive numbers.")
_TICK = granted("OFF_TICK", "Price step", "The price is a multiple of the price step.")
_LOT = granted("OFF_LOT", "Lot", "The quantity is a multiple of the lot.")


def readable(request: OrderRequest, instrument: Instrument) -> Check:
    """Tell whether the order says what it must, and is about something that trades."""
    known = (
        isinstance(request.side, Side)
        and isinstance(request.type, OrderType)
        and isinstance(request.time_in_force, TimeInForce)
        and request.symbol == instrument.symbol
    )
    if not known:
        return refused(
            "BAD_REQUEST", "Order", "The order's symbol, side, type or time in force cannot be read."
        )
    if not instrument.tradable:
        return refused("NOT_TRADABLE", "Instrument", f"{instrument.symbol} is an index: shown, never traded.")
    return _READABLE


def quantity(request: OrderRequest) -> Check:
    """Tell a quantity from anything else."""
    if good(request.quantity, _MOST_UNITS):
        return _QUANTITY
    return refused(
        "BAD_QUANTITY", "Quantity", f"The quantity must be a positive number up to {_MOST_UNITS:,}."
    )


def prices(request: OrderRequest) -> Check:
    """Tell whether what is given as a price is one; which of them belong, the request itself has said."""
    if request.contradiction:
        return refused("BAD_PRICE", "Price", request.contradiction)
    for name in _NAMED:
        price = getattr(request, name)
        if price is not None and not good(price, _MOST_PRICE):
            said = name.replace("_", " ")
            return refused(
                "BAD_PRICE", "Price", f"The {said} must be a positive number up to {_MOST_PRICE:,}."
            )
    if request.trail_percent is not None and request.trail_percent >= _WHOLE:
        return refused("BAD_PRICE", "Price", "The trail percent must be below 100.")
    return _PRICES


def tick(request: OrderRequest, instrument: Instrument) -> Check:
    """Tell whether the price is one the venue takes."""
    off = (p for n in _STEPPED if (p := getattr(request, n)) is not None and p % instrument.tick)
    price = next(off, None)
    if price is None:
        return _TICK
    step = plain(instrument.tick)
    return refused(
        "OFF_TICK",
        "Price step",
        f"{plain(price)} is not a multiple of {step}, the price step of {instrument.symbol}.",
        plain(price),
        step,
    )


def lot(request: OrderRequest, instrument: Instrument) -> Check:
    """Tell whether the quantity is one the venue takes."""
    if request.quantity % instrument.lot == 0:
        return _LOT
    step = plain(instrument.lot)
    shown = plain(request.quantity)
    return refused(
        "OFF_LOT", "Lot", f"{shown} is not a multiple of {step}, the lot of {instrument.symbol}.", shown, step
    )


def good_till(request: OrderRequest, now: datetime | None) -> Check:
    """Tell whether a gtd order ends after now and within a year, by the clock its instrument trades on."""
    till = request.good_till
    if till is not None and now is not None and now < till <= now + _YEAR:
        return _SOON
    if till is None or now is None:
        return refused("GOOD_TILL", "Good till", "When the order shall end cannot be compared with now.")
    shown, clock = f"{till:%Y-%m-%d %H:%M} UTC", f"{now:%Y-%m-%d %H:%M} UTC"
    code, why = (
        ("GOOD_TILL_OVER", "is over") if till <= now else ("GOOD_TILL_FAR", "is more than a year away")
    )
    return refused(code, "Good till", f"good_till, {shown}, {why}; it is {clock}.", shown, clock)
