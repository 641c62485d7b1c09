"""The gates that compare numbers, once the ones before have found them good.

A gate never lets a number through that is not finite: every comparison is written so that NaN
fails it. What looks at the order alone stands in ``gates_order``, at its market in
``gates_market``, at the desk in ``gates_desk``; the ones here are left out where those have refused.
"""

from decimal import Decimal
from math import isfinite
from typing import NamedTuple

from marketpulse.risk.triggers import distance
from marketpulse.risk.verdict import granted, plain, refused
from marketpulse.types import Check, Instrument, OrderRequest, OrderType, Side

__all__ = ["FAT_FINGER", "FAT_NOTIONAL", "Sizes", "cash", "fat_finger", "holding", "min_notional", "reduces"]

FAT_FINGER = 0.20
"""How far a limit or stop may be from the last price, a fraction of it."""

FAT_NOTIONAL = 10.0
"""Largest order value, a multiple of equity."""

_MINIMUM = granted("MIN_NOTIONAL", "Smallest order", "There is no smallest order value.")
_FINGER = granted("FAT_FINGER", "Plausible", "Price and size are plausible.")
_COVERED = granted("INSUFFICIENT_CASH", "Cash", "Free cash covers the order.")
_PROCEEDS = granted("INSUFFICIENT_CASH", "Cash", "A sale needs no cash.")
_SMALLER = granted("REDUCE_ONLY", "Only reduces", "The order makes the position smaller.")
_NO_SALE = granted("INSUFFICIENT_POSITION", "Holding", "A buy needs no holding.")


class Sizes(NamedTuple):
    """The numbers the last gates compare, all finite but a sale's rate, which may not be known.

    Attributes
    ----------
    price : the mark, in the instrument's currency
    bid, ask : as quoted, or with the assumed half spread around the mark
    reference : where the order is expected to fill, in the instrument's currency
    half : half the spread, a fraction of the price
    value : order value at ``reference``, in the instrument's currency
    need : cash the order must find, fee included, in the instrument's currency; 0 for a sell
    free_cash : cash in that currency that no working buy holds back; None when one of them has no price
    held : units held
    selling : units that working sells may still take
    rate : base currency for each unit of the instrument's
    """

    price: float
    bid: float
    ask: float
    reference: float
    half: float
    value: float
    need: Decimal
    free_cash: Decimal | None
    held: Decimal
    selling: Decimal
    rate: float = 1.0


def min_notional(request: OrderRequest, instrument: Instrument, sizes: Sizes) -> Check:
    """Compare the order's value with the venue's smallest."""
    least = instrument.min_notional
    if not least:
        return _MINIMUM
    trigger = request.trigger
    value = float(request.quantity) * (sizes.price if trigger is None else float(trigger))
    passed = value >= float(least)
    verb = "is at least" if passed else "is below"
    shown, floor = f"{value:,.2f}", f"{least:,.2f}"
    sentence = f"The order's value of {shown} {verb} the smallest of {floor} {instrument.currency}."
    return Check("MIN_NOTIONAL", "Smallest order", passed, sentence, shown, floor)


def fat_finger(request: OrderRequest, sizes: Sizes, equity: float | None) -> Check:
    """Compare every price of the order with the last one, and its value with equity."""
    if request.type is not OrderType.MARKET or request.take_profit_price or request.stop_loss_price:
        slip = _slip(request, sizes)
        if slip is not None:
            return slip
    sized = request.side is Side.BUY and equity is not None and isfinite(equity)  # a sale: see holding
    notional = sizes.value * sizes.rate
    if sized and equity is not None and not notional <= FAT_NOTIONAL * equity:
        return refused(
            "FAT_FINGER",
            "Plausible",
            f"An order of {notional:,.0f} is more than {FAT_NOTIONAL:g} times equity; that is taken for a slip.",
            f"{notional:,.0f}",
            f"{FAT_NOTIONAL * equity:,.0f}",
        )
    return _FINGER


def _slip(request: OrderRequest, sizes: Sizes) -> Check | None:
    """The first price that is too far away: of the order from the last price, of an exit from the fill."""
    last, fill = (sizes.price, "last price"), (sizes.reference, "expected fill")
    against = last if request.side is Side.SELL else fill
    for given, (price, named) in (
        (request.limit_price, last),
        (request.stop_price, last),
        (request.activation_price, last),
        (request.take_profit_price, against),
        (request.stop_loss_price, against),
    ):
        away = 0.0 if given is None else abs(float(given) / price - 1.0)
        if given is not None and not away <= FAT_FINGER:
            sentence = (
                f"The price {plain(given)} is {away:.0%} away from the {named} {price:,.8g}; "
                f"more than {FAT_FINGER:.0%} is taken for a slip."
            )
            return refused("FAT_FINGER", "Plausible", sentence, f"{away:.0%}", f"{FAT_FINGER:.0%}")
    trail = distance(request, sizes.price) / sizes.price
    if not trail <= FAT_FINGER:
        sentence = f"The trail is {trail:.0%} of the last price {sizes.price:,.8g}; "
        sentence += f"more than {FAT_FINGER:.0%} is taken for a slip."
        return refused("FAT_FINGER", "Plausible", sentence, f"{trail:.0%}", f"{FAT_FINGER:.0%}")
    return None


def cash(request: OrderRequest, sizes: Sizes, *, brief: bool = False) -> Check:
    """Compare what a buy must find with the cash that nothing else holds back.

    Parameters
    ----------
    brief : leave the numbers out where it passes
    """
    if request.side is Side.SELL:
        return _PROCEEDS
    free, need = sizes.free_cash, sizes.need
    if free is None:
        return refused("INSUFFICIENT_CASH", "Cash", "A working buy has no price, so free cash is not known.")
    passed = need <= free
    if passed and brief:
        return _COVERED
    verb = "covers" if passed else "does not cover"
    has, wants = f"{free:,.2f}", f"{need:,.2f}"
    sentence = f"Free cash of {has} {verb} the {wants} this order may need with fees and slippage."
    use = float(need) / float(free) if free > 0 else None
    return Check("INSUFFICIENT_CASH", "Cash", passed, sentence, wants, has, use)


def holding(request: OrderRequest, sizes: Sizes) -> Check:
    """Compare a sale with what is held and not already for sale."""
    if request.side is Side.BUY:
        return _NO_SALE
    free = _free(sizes)
    passed = request.quantity <= free
    wants, has = plain(request.quantity), plain(free)
    if passed:
        sentence = f"{has} {request.symbol} are held and free to sell."
    elif sizes.selling:
        sentence = f"Only {has} {request.symbol} are free to sell; working orders sell the rest."
    else:
        sentence = f"Only {has} {request.symbol} are held; selling more than is held is refused."
    return Check("INSUFFICIENT_POSITION", "Holding", passed, sentence, wants, has)


def reduces(request: OrderRequest, sizes: Sizes) -> Check:
    """Tell whether an order that shall only reduce does: its units are held and not already for sale."""
    free = _free(sizes)
    if request.side is Side.SELL and request.quantity <= free:
        return _SMALLER
    wants, has = plain(request.quantity), plain(free)
    sentence = f"Of {request.symbol} {has} can be reduced (held less what working orders sell), not {wants}."
    return refused("REDUCE_ONLY", "Only reduces", sentence, wants, has)


def _free(sizes: Sizes) -> Decimal:
    return max(Decimal(0), sizes.held - sizes.selling)
