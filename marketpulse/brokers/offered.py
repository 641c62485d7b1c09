"""What a venue does not have is refused before anything is sent; what it gave up by its terms is named."""

from marketpulse.errors import Rejected
from marketpulse.ports import BrokerCapabilities
from marketpulse.types import OrderRequest, OrderState

__all__ = ["given_up", "offered"]


def offered(venue: str, can: BrokerCapabilities, request: OrderRequest) -> None:
    """Refuse a kind of order, a time in force or a flag that the venue does not declare.

    Parameters
    ----------
    venue : as people write it, the beginning of a sentence

    Raises
    ------
    Rejected
        ``TYPE_NOT_OFFERED``, ``TIME_IN_FORCE``, ``POST_ONLY`` or ``TRAIL``.
    """
    if request.type not in can.types:
        words = str(request.type).replace("_", " ")
        raise Rejected("TYPE_NOT_OFFERED", f"{venue} does not offer {words} orders here.")
    if request.time_in_force not in can.forces:
        raise Rejected("TIME_IN_FORCE", f"{venue} does not offer {request.time_in_force} orders here.")
    if request.post_only and not can.post_only:
        raise Rejected("POST_ONLY", f"{venue} has no orders that only rest: leave post_only out.")
    for distance in (request.trail_amount, request.trail_percent):
        if distance is not None and not (distance.is_finite() and distance > 0):
            raise Rejected("TRAIL", "The distance of a trailing stop must be above zero.")


def given_up(state: OrderState, *, at_once: bool) -> tuple[str, str]:
    """Return code and sentence for an order that had to trade at once and did not; else two empty ones."""
    if at_once and state in {OrderState.CANCELED, OrderState.EXPIRED}:
        return "NOT_AT_ONCE", "What could not trade at once was given up."
    return "", ""
