"""The life of an order: a table of what may follow what, and nothing else decides.

The venue is believed over ourselves: an order that we took for canceled, expired or rejected lives
again when the venue shows it resting (a late accept) or sends a fill of it.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from marketpulse.errors import MarketPulseError
from marketpulse.types import OrderState

__all__ = ["EDGES", "ENDED", "IllegalStep", "after_fill", "step"]

_NEW, _DENIED = OrderState.NEW, OrderState.DENIED
_SUBMITTING, _UNKNOWN = OrderState.SUBMITTING, OrderState.UNKNOWN
_ACCEPTED, _PARTLY, _FILLED = OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.FILLED
_CANCELING, _REPLACING = OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE
_CANCELED, _EXPIRED, _REJECTED = OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED

_FILLS = {_PARTLY, _FILLED}
_ENDS = {_CANCELED, _EXPIRED}

ENDED = frozenset({_CANCELED, _EXPIRED, _REJECTED})
"""The desk expects nothing more of these; a fill that comes all the same is booked and alarmed."""

EDGES: Mapping[OrderState, frozenset[OrderState]] = MappingProxyType(
    {
        # Not sent, or turned away unread. A fill would prove that it was read after all.
        _NEW: frozenset({_SUBMITTING, _ACCEPTED, *_FILLS, *_ENDS}),
        # A rule of ours said no: it never left.
        _DENIED: frozenset(),
        # On its way. To itself: somebody wants it canceled, which must wait for the answer.
        _SUBMITTING: frozenset({_NEW, _SUBMITTING, _UNKNOWN, _ACCEPTED, *_FILLS, *_ENDS, _REJECTED}),
        # The answer was lost. To itself: as above.
        _UNKNOWN: frozenset({_UNKNOWN, _ACCEPTED, *_FILLS, *_ENDS, _REJECTED}),
        # Resting. Unknown: the venue no longer shows it and has not said why.
        _ACCEPTED: frozenset({_UNKNOWN, *_FILLS, _CANCELING, _REPLACING, *_ENDS, _REJECTED}),
        _PARTLY: frozenset({_UNKNOWN, *_FILLS, _CANCELING, _REPLACING, *_ENDS}),
        # A cancel races fills: more of them, or all of it, may come first; the venue may refuse.
        _CANCELING: frozenset({_UNKNOWN, _CANCELING, _ACCEPTED, *_FILLS, *_ENDS, _REJECTED}),
        # A change of terms races fills too; the venue may refuse it, or have ended the order meanwhile.
        _REPLACING: frozenset({_UNKNOWN, _REPLACING, _ACCEPTED, *_FILLS, _CANCELING, *_ENDS, _REJECTED}),
        # Over-fill: booked as it is, and alarmed.
        _FILLED: frozenset({_FILLED}),
        # Ended as far as we knew: late fills and late accepts. A partial late fill leaves it ended.
        _CANCELED: frozenset({_CANCELED, _ACCEPTED, *_FILLS}),
        _EXPIRED: frozenset({_EXPIRED, _ACCEPTED, *_FILLS}),
        _REJECTED: frozenset({_ACCEPTED, *_FILLS, *_ENDS}),
    }
)
"""What may follow each state; a state that may follow itself is named there."""


class IllegalStep(MarketPulseError):
    """An order cannot go there. Next: log it; the order stays where it is."""

    def __init__(self, state: OrderState, to: OrderState) -> None:
        super().__init__(f"an order that is {state} cannot become {to}")
        self.state = state
        self.to = to


def step(state: OrderState, to: OrderState) -> OrderState:
    """Return ``to`` if it may follow ``state``.

    Raises
    ------
    IllegalStep
        It may not.

    Examples
    --------
    >>> step(OrderState.CANCELED, OrderState.FILLED).value
    'filled'
    """
    if to not in EDGES[state]:
        raise IllegalStep(state, to)
    return to


def after_fill(state: OrderState, filled: Decimal, quantity: Decimal) -> OrderState:
    """Return the state after a fill; ``filled`` counts it in.

    Raises
    ------
    IllegalStep
        The order was denied: no venue can have it.
    """
    if filled >= quantity:
        return step(state, _FILLED)
    # A canceled or expired order with a late part stays ended, what is pending stays pending.
    # A rejected one lives again: a venue that fills a part may hold the rest.
    return step(state, state if state in {_CANCELING, _REPLACING, _CANCELED, _EXPIRED} else _PARTLY)
