"""The gates that look at the desk: does it trade at all, and what else is under way."""

from marketpulse.risk.context import OrderContext
from marketpulse.risk.verdict import granted, refused
from marketpulse.types import Check, OrderRequest, OrderState, Side

__all__ = ["settled", "trading"]

_TRADING = granted("HALTED", "Trading", "Trading is not halted.")
_RECOVERED = granted("RECOVERING", "Recovery", "No order from before the start is unexplained.")
_SETTLED = granted("UNRESOLVED_ORDER", "Open questions", "No order of this symbol is in doubt.")


def trading(context: OrderContext) -> tuple[Check, Check]:
    """Tell whether the desk sends orders at all: not halted, and recovered."""
    halted = context.halt
    first = (
        _TRADING
        if halted is None
        else refused("HALTED", "Trading", f"Trading is halted: {halted.why}. Resume it first.")
    )
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
