"""The gates that look at the desk: does it trade at all, and what is under way or has happened today."""

from math import isfinite

from marketpulse.risk.context import Day, Offer, OrderContext
from marketpulse.risk.currency import factor
from marketpulse.risk.verdict import granted, refused
from marketpulse.types import Check, OrderRequest, OrderState, Side

__all__ = ["WINDOW", "daily_loss", "offered", "pace", "rate", "settled", "trading"]

WINDOW = 60.0
"""Seconds of the wall clock in which buys are counted."""

_TRADING = granted("HALTED", "Trading", "Trading is not halted.")
_REDUCES = granted("REDUCING", "Trading", "Only sales pass now, and this is one.")
_RECOVERED = granted("RECOVERING", "Recovery", "No order from before the start is unexplained.")
_SETTLED = granted("UNRESOLVED_ORDER", "Open questions", "No order of this symbol is in doubt.")
_TAKEN = granted("TYPE_NOT_OFFERED", "Offered", "The venue takes this kind of order.")
_SALE_PACE = granted("ORDER_RATE", "Buys a minute", "A sale makes a position smaller and is not counted.")
_SALE_DAY = granted("DAILY_LOSS", "Day's loss", "A sale passes whatever the day has lost.")
_SALE_RATE = granted("NO_RATE", "Exchange rate", "A sale passes whether its currency has a rate or not.")
_UNDER = granted("ORDER_RATE", "Buys a minute", "The last minute had room for one more buy.")
_EARNED = granted("DAILY_LOSS", "Day's loss", "The day's loss is within its limit.")
_RATED = granted("NO_RATE", "Exchange rate", "The instrument's currency has a rate to the base currency.")


def trading(context: OrderContext, side: Side) -> tuple[Check, Check]:
    """Tell whether the desk sends such an order at all: not halted, and recovered."""
    halt = context.halt
    if halt is None:
        first = _TRADING
    elif side is Side.SELL and halt.reducing:
        first = _REDUCES
    elif halt.reducing:
        first = refused(
            "REDUCING", "Trading", f"Only sales pass: {halt.why}. Resume trading before buying again."
        )
    else:
        first = refused("HALTED", "Trading", f"Trading is halted: {halt.why.rstrip('.')}. Resume it first.")
    if context.recovered is True:
        return first, _RECOVERED
    sentence = "The desk is still asking what became of earlier orders; try again in a moment."
    return first, refused("RECOVERING", "Recovery", sentence)


def settled(request: OrderRequest, context: OrderContext) -> Check:
    """Tell whether nobody knows of an earlier order in the symbol; that blocks buying more of it.

    A sale stays possible: units that the doubtful order may sell are held back by ``holding``.
    """
    if request.side is Side.SELL:
        return _SETTLED
    for order in context.orders:
        if order.request.symbol == request.symbol and order.state is OrderState.UNKNOWN:
            return refused(
                "UNRESOLVED_ORDER",
                "Open questions",
                f"The venue has not said what became of order {order.client_order_id} in {request.symbol}.",
            )
    return _SETTLED


def offered(request: OrderRequest, venue: Offer) -> Check:
    """Tell whether the order's venue takes such an order, and say what it takes instead."""
    can, force = venue.can, request.time_in_force
    if request.type not in can.types:
        kinds = sorted(kind.words for kind in can.types)
        sentence = f"{venue.name} takes no {request.type.words} orders; it takes {', '.join(kinds)}."
        return refused("TYPE_NOT_OFFERED", "Offered", sentence, request.type.words, ", ".join(kinds))
    if force not in can.forces:
        forces = sorted(can.forces)
        sentence = f"{venue.name} takes no {force} orders; it takes {', '.join(forces)}."
        return refused("TYPE_NOT_OFFERED", "Offered", sentence, str(force), ", ".join(forces))
    if request.post_only and not can.post_only:
        sentence = f"{venue.name} takes no post-only orders; a limit order away from the price rests as well."
        return refused("TYPE_NOT_OFFERED", "Offered", sentence, "post-only", "limit")
    return _TAKEN


def pace(request: OrderRequest, recent: int, most: int, *, brief: bool = False) -> Check:
    """Compare the buys of the last minute with the most that are let through.

    Only what adds exposure counts. On a desk that is never short every sale makes a position smaller,
    so a person, a stop or a flatten gets out whatever a program has done before.
    """
    if request.side is Side.SELL:
        return _SALE_PACE
    passed = 0 <= recent < most
    if passed and brief:
        return _UNDER
    count = f"{recent} buy{'' if recent == 1 else 's'} within the last {WINDOW:.0f} s"
    sentence = (
        f"{count} and this one are within the {most} allowed."
        if passed
        else f"{count}; {most} are allowed. Wait a moment; sales pass."
    )
    use = (recent + 1) / most if most > 0 else None
    return Check("ORDER_RATE", "Buys a minute", passed, sentence, f"{recent + 1}", f"{most}", use)


def daily_loss(request: OrderRequest, equity: float | None, day: Day, *, brief: bool = False) -> Check:
    """Compare what the account has lost today with the loss that ends the day's buying."""
    if request.side is Side.SELL:
        return _SALE_DAY
    label = "Day's loss"
    start = day.start
    if day.unsure:
        sentence = f"{day.unsure} is held and its price is stale, so the day's loss is not known."
        return refused("DAILY_LOSS", label, sentence, "unknown", f"{day.most:.1%}")
    known = equity is not None and isfinite(equity) and start is not None and isfinite(start) and start > 0
    if not known or equity is None or start is None or not isfinite(day.most):
        sentence = "The day's loss is not known, because equity, or what it began the day with, is not."
        return refused("DAILY_LOSS", label, sentence, "unknown", f"{day.most:.1%}")
    gain, floor = equity - start, -day.most * start
    passed = gain > floor and not day.over
    if passed and brief:
        return _EARNED
    numbers = f"{gain:+,.0f}", f"{floor:+,.0f}", max(0.0, -gain) / (day.most * start)
    if passed:
        sentence = f"The day stands at {gain / start:+.2%}; at {-day.most:.1%} buying ends until the next."
    elif gain > floor:
        sentence = (
            f"The day was down {day.most:.1%} already; nothing is bought until the next day. Sales pass."
        )
    else:
        sentence = (
            f"The day stands at {gain / start:+.2%}, at or below {-day.most:.1%}: "
            "nothing is bought until the next day. Sales pass."
        )
    return Check("DAILY_LOSS", label, passed, sentence, *numbers)


def rate(request: OrderRequest, context: OrderContext) -> tuple[Check, float]:
    """Tell whether the order's money can be put into the base currency, and the rate (NaN: unknown)."""
    currency, base = context.currency, context.portfolio.currency
    if currency == base:
        return _RATED, 1.0
    value = factor(currency, base, context.rates)
    if isfinite(value):
        return _RATED, value
    if request.side is Side.SELL:
        return _SALE_RATE, value
    told = context.rates.get(currency)
    why = f" ({told.source})" if told is not None and told.source else ""
    sentence = (
        f"{currency} has no rate to {base}{why}, so what the order adds cannot be compared with any limit; "
        "nothing is bought in it. Sales pass."
    )
    return refused("NO_RATE", "Exchange rate", sentence, currency, base), value
