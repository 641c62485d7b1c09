"""The gates of one order, each a question with a code and one plain sentence.

A gate never lets a number through that is not finite: every comparison is written so that NaN
fails it. The first group looks at the order alone, the second at its market; the third needs
numbers that the first two have found good, and is left out where they have not: the order is
refused already.
"""

from decimal import Decimal
from math import isfinite
from typing import NamedTuple

from marketpulse.risk.context import OrderContext
from marketpulse.types import (
    Check,
    Instrument,
    MarketDatum,
    OrderRequest,
    OrderState,
    OrderType,
    SessionState,
    Side,
    TimeInForce,
)

__all__ = [
    "FAT_FINGER",
    "FAT_NOTIONAL",
    "Sizes",
    "agreed",
    "cash",
    "fat_finger",
    "fresh",
    "holding",
    "lot",
    "min_notional",
    "price_known",
    "prices",
    "quantity",
    "readable",
    "session",
    "settled",
    "tick",
    "trading",
]

FAT_FINGER = 0.20
"""How far a limit or stop may be from the last price, a fraction of it."""

FAT_NOTIONAL = 10.0
"""Largest order value, a multiple of equity."""

_STEPPED = (
    "limit_price",
    "stop_price",
    "trail_amount",
    "activation_price",
    "take_profit_price",
    "stop_loss_price",
)
_NAMED = (*_STEPPED, "trail_percent")
_MOST_UNITS = Decimal(10) ** 12
_MOST_PRICE = Decimal(10) ** 9
_DIGITS = 20


class Sizes(NamedTuple):
    """The numbers the last gates compare, all finite.

    Attributes
    ----------
    price : the mark, in the instrument's currency
    reference : where the order is expected to fill, in the instrument's currency
    half : half the spread, a fraction of the price
    notional : order value at ``reference``, base currency
    need : cash the order must find, fee included; 0 for a sell
    free_cash : cash that no working buy holds back; None when one of them has no price
    held : units held
    selling : units that working sells may still take
    """

    price: float
    reference: float
    half: float
    notional: float
    need: Decimal
    free_cash: Decimal | None
    held: Decimal
    selling: Decimal


def _passed(code: str, label: str, sentence: str) -> Check:
    return Check(code, label, passed=True, sentence=sentence)


# Gates without numbers say the same each time they pass; made once, they cost nothing.
_TRADING = _passed("HALTED", "Trading", "Trading is not halted.")
_RECOVERED = _passed("RECOVERING", "Recovery", "No order from before the start is unexplained.")
_READABLE = _passed("NOT_TRADABLE", "Instrument", "The instrument can be traded.")
_QUANTITY = _passed("BAD_QUANTITY", "Quantity", "The quantity is a positive number.")
_PRICES = _passed("BAD_PRICE", "Price", "The order's prices are positive numbers.")
_TICK = _passed("OFF_TICK", "Price step", "The price is a multiple of the price step.")
_LOT = _passed("OFF_LOT", "Lot", "The quantity is a multiple of the lot.")
_PRICE = _passed("NO_PRICE", "Last price", "There is a price to compare with.")
_FRESH = _passed("STALE_QUOTE", "Fresh price", "The price is fresh.")
_AGREED = _passed("DISPUTED_QUOTE", "Sources agree", "No second source contradicts the price.")
_OPEN = _passed("MARKET_CLOSED", "Session", "The market is open.")
_RESTS = _passed("MARKET_CLOSED", "Session", "The market is closed; the order rests until it opens.")
_SETTLED = _passed("UNRESOLVED_ORDER", "Open questions", "No order of this symbol is in doubt.")
_MINIMUM = _passed("MIN_NOTIONAL", "Smallest order", "There is no smallest order value.")
_FINGER = _passed("FAT_FINGER", "Plausible", "Price and size are plausible.")
_COVERED = _passed("INSUFFICIENT_CASH", "Cash", "Free cash covers the order.")
_PROCEEDS = _passed("INSUFFICIENT_CASH", "Cash", "A sale needs no cash.")
_NO_SALE = _passed("INSUFFICIENT_POSITION", "Holding", "A buy needs no holding.")


def _refused(code: str, label: str, sentence: str, value: str = "", limit: str = "") -> Check:
    return Check(code, label, passed=False, sentence=sentence, value=value, limit=limit)


def _plain(number: Decimal) -> str:
    """Decimal text without an exponent, unless that would be a line of zeros."""
    if abs(number.adjusted()) > _DIGITS or len(number.as_tuple().digits) > _DIGITS:
        return f"{number:.6E}"
    return f"{number.normalize():f}"


def _good(number: object, most: Decimal) -> bool:
    """Tell a usable Decimal from anything else: a float, a bool, text, NaN, infinity, zero, a huge one."""
    return isinstance(number, Decimal) and number.is_finite() and 0 < number <= most


def trading(context: OrderContext) -> tuple[Check, Check]:
    """Tell whether the desk sends orders at all: not halted, and recovered."""
    halted = context.halt
    first = (
        _TRADING
        if halted is None
        else _refused("HALTED", "Trading", f"Trading is halted: {halted.why}. Resume it first.")
    )
    if context.recovered is True:
        return first, _RECOVERED
    sentence = "The desk is still asking what became of earlier orders; try again in a moment."
    return first, _refused("RECOVERING", "Recovery", sentence)


def readable(request: OrderRequest, instrument: Instrument) -> Check:
    """Tell whether the order says what it must, and is about something that trades."""
    known = (
        isinstance(request.side, Side)
        and isinstance(request.type, OrderType)
        and isinstance(request.time_in_force, TimeInForce)
        and request.symbol == instrument.symbol
    )
    if not known:
        return _refused(
            "BAD_REQUEST", "Order", "The order's symbol, side, type or time in force cannot be read."
        )
    if not instrument.tradable:
        return _refused(
            "NOT_TRADABLE", "Instrument", f"{instrument.symbol} is an index: shown, never traded."
        )
    return _READABLE


def quantity(request: OrderRequest) -> Check:
    """Tell a quantity from anything else."""
    if _good(request.quantity, _MOST_UNITS):
        return _QUANTITY
    return _refused(
        "BAD_QUANTITY", "Quantity", f"The quantity must be a positive number up to {_MOST_UNITS:,}."
    )


def prices(request: OrderRequest) -> Check:
    """Tell whether what is given as a price is one; which of them belong, the request itself has said."""
    if request.contradiction:
        return _refused("BAD_PRICE", "Price", request.contradiction)
    for name in _NAMED:
        price = getattr(request, name)
        if price is not None and not _good(price, _MOST_PRICE):
            said = name.replace("_", " ")
            return _refused(
                "BAD_PRICE", "Price", f"The {said} must be a positive number up to {_MOST_PRICE:,}."
            )
    return _PRICES


def tick(request: OrderRequest, instrument: Instrument) -> Check:
    """Tell whether the price is one the venue takes."""
    off = (p for n in _STEPPED if (p := getattr(request, n)) is not None and p % instrument.tick)
    price = next(off, None)
    if price is None:
        return _TICK
    step = _plain(instrument.tick)
    return _refused(
        "OFF_TICK",
        "Price step",
        f"{_plain(price)} is not a multiple of {step}, the price step of {instrument.symbol}.",
        _plain(price),
        step,
    )


def lot(request: OrderRequest, instrument: Instrument) -> Check:
    """Tell whether the quantity is one the venue takes."""
    if request.quantity % instrument.lot == 0:
        return _LOT
    step = _plain(instrument.lot)
    shown = _plain(request.quantity)
    return _refused(
        "OFF_LOT", "Lot", f"{shown} is not a multiple of {step}, the lot of {instrument.symbol}.", shown, step
    )


def price_known(datum: MarketDatum | None, symbol: str) -> Check:
    """Tell whether there is a quote to compare with, and one that makes sense."""
    if datum is None:
        return _refused("NO_PRICE", "Last price", f"No price of {symbol} has been seen yet.")
    quote = datum.quote
    if not (quote.symbol == symbol and isfinite(quote.price) and quote.price > 0):
        return _refused("NO_PRICE", "Last price", f"The last price of {symbol} is not a price.")
    bid, ask = quote.bid, quote.ask
    if bid is not None and ask is not None and not 0 < bid <= ask < float("inf"):
        return _refused("NO_PRICE", "Last price", f"Bid and ask of {symbol} contradict each other.")
    return _PRICE


def fresh(datum: MarketDatum) -> Check:
    """Tell whether the quote is young enough to price an order."""
    if datum.stale is False and isfinite(datum.age):
        return _FRESH
    age = f"{datum.age:,.0f} s old" if isfinite(datum.age) else "of unknown age"
    why = f" ({datum.why})" if datum.why else ""
    return _refused(
        "STALE_QUOTE", "Fresh price", f"The last price is {age}{why}; a stale price prices no order."
    )


def agreed(datum: MarketDatum) -> Check:
    """Tell whether the sources that were heard tell the same price."""
    if not datum.disputed:
        return _AGREED
    against = next((w for w in datum.witnesses if abs(w.difference) > w.tolerance), None)
    said = f": {against.source} says {against.price:,.8g}, {against.difference:+.2%}" if against else ""
    return _refused(
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
    return _refused("MARKET_CLOSED", "Session", sentence)


def settled(request: OrderRequest, context: OrderContext) -> Check:
    """Tell whether nobody knows of an earlier order in the symbol; that blocks buying more of it.

    A sale stays possible: units that the doubtful order may sell are held back by ``holding``.
    """
    if request.side is Side.SELL:
        return _SETTLED
    for order in context.orders:
        if order.request.symbol == request.symbol and order.state is OrderState.UNKNOWN:
            return _refused(
                "UNRESOLVED_ORDER",
                "Open questions",
                f"The venue has not said what became of order {order.client_order_id} in {request.symbol}.",
            )
    return _SETTLED


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
    """Compare the order's price with the last one, and its value with equity."""
    trigger = request.trigger
    if trigger is not None:
        away = abs(float(trigger) / sizes.price - 1.0)
        if not away <= FAT_FINGER:
            return _refused(
                "FAT_FINGER",
                "Plausible",
                f"The price {_plain(trigger)} is {away:.0%} away from the last price {sizes.price:,.8g}; "
                f"more than {FAT_FINGER:.0%} is taken for a slip.",
                f"{away:.0%}",
                f"{FAT_FINGER:.0%}",
            )
    sized = request.side is Side.BUY and equity is not None and isfinite(equity)  # a sale: see holding
    if sized and equity is not None and not sizes.notional <= FAT_NOTIONAL * equity:
        return _refused(
            "FAT_FINGER",
            "Plausible",
            f"An order of {sizes.notional:,.0f} is more than {FAT_NOTIONAL:g} times equity; "
            "that is taken for a slip.",
            f"{sizes.notional:,.0f}",
            f"{FAT_NOTIONAL * equity:,.0f}",
        )
    return _FINGER


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
        return _refused("INSUFFICIENT_CASH", "Cash", "A working buy has no price, so free cash is not known.")
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
    free = max(Decimal(0), sizes.held - sizes.selling)
    passed = request.quantity <= free
    wants, has = _plain(request.quantity), _plain(free)
    if passed:
        sentence = f"{has} {request.symbol} are held and free to sell."
    elif sizes.selling:
        sentence = f"Only {has} {request.symbol} are free to sell; working orders sell the rest."
    else:
        sentence = f"Only {has} {request.symbol} are held; selling more than is held is refused."
    return Check("INSUFFICIENT_POSITION", "Holding", passed, sentence, wants, has)
