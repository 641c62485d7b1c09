"""Where a resting limit stands among those who came before it, and how much of what trades is its own."""

from dataclasses import replace
from decimal import Decimal

from marketpulse.brokers.paper_model import Tick, Working
from marketpulse.types import Side

__all__ = ["advance", "join", "through"]


def join(order: Working, tick: Tick) -> Working:
    """Stand at the end of the queue at the order's price, as soon as a book shows it.

    Inside the spread nobody stands before us. Where the book does not reach our price the queue is
    not known, and the order waits for trades beyond its price.
    """
    levels = tick.beside(order.request.side)
    if order.ahead is not None or not levels:
        return order
    limit = float(order.request.limit_price or 0)
    deepest = levels[-1][0]
    if limit < deepest if order.request.side is Side.BUY else limit > deepest:
        return order
    return replace(order, ahead=sum(size for at, size in levels if _same(order, at)))


def advance(order: Working, tick: Tick, ours: Decimal) -> tuple[Working, Decimal]:
    """Let what traded at our price take those before us away; return what is left of it for us.

    Who cancels is taken to stand behind us: nobody tells.

    Parameters
    ----------
    ours : units of these trades that went to other orders of this desk
    """
    if order.ahead is None or not tick.traded or not _same(order, tick.last):
        return order, Decimal(0)
    over = Decimal(repr(tick.traded)) - Decimal(repr(order.ahead)) - ours
    return replace(order, ahead=max(0.0, order.ahead - tick.traded)), max(Decimal(0), over)


def through(order: Working, tick: Tick) -> bool:
    """Others have traded beyond the order's price: then it must have been served before them."""
    limit = float(order.request.limit_price or 0)
    beyond = (limit - tick.last) * order.request.side.sign
    return order.moved and beyond > 0 and not _same(order, tick.last)


def _same(order: Working, at: float) -> bool:
    """Within half a tick: prices come as float64."""
    return abs(at - float(order.request.limit_price or 0)) < 0.5 * float(order.instrument.tick)
