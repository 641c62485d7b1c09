"""One order while its events are being folded: mutable inside Books, immutable outside."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from marketpulse.portfolio.codec import Change, Intent, read_booking, read_intent, read_reasons
from marketpulse.portfolio.holding import EXACT, average
from marketpulse.types import OPEN_STATES, Event, Fill, Order, OrderState, Reason

__all__ = ["CANCEL_REQUESTED", "Line"]

CANCEL_REQUESTED = "CANCEL_REQUESTED"
"""The code of a change that moves nothing: the wish waits until the venue is known to have the order."""

_ZERO = Decimal(0)
_BEFORE_CANCEL = OPEN_STATES - {OrderState.PENDING_CANCEL}


class Line:
    """The numbers of one order.

    Attributes
    ----------
    filled, paid, fees : units, quantity times price, and fees so far
    code : of the last change, says what a pending cancel is for
    sent : it has been handed to a venue at least once
    unwanted : somebody asked for a cancel that could not be passed on yet
    """

    __slots__ = (
        "_intent",
        "_payload",
        "_view",
        "account",
        "bookings",
        "code",
        "created",
        "fees",
        "filled",
        "id",
        "paid",
        "reasons",
        "sent",
        "state",
        "unwanted",
        "updated",
        "venue_id",
    )

    def __init__(self, event: Event, state: OrderState) -> None:
        self.id = event.ref
        self.account = event.account
        self.state = state
        self.created = self.updated = event.time
        self.filled = self.paid = self.fees = _ZERO
        self.reasons: tuple[Reason, ...] = ()
        self._payload = event.payload
        self._intent: Intent | None = None
        self.code = ""
        self.venue_id: str | None = None
        self.sent = self.unwanted = False
        self.bookings: list[Event] = []
        self._view: Order | None = None

    @property
    def intent(self) -> Intent:
        """What was asked for, read when somebody looks: most orders of a long ledger are history."""
        if self._intent is None:
            self._intent = read_intent(self._payload)
        return self._intent

    def change(self, time: datetime, change: Change) -> None:
        """Take over a STATE event."""
        self._view = None
        self.updated = time
        self.unwanted = change.to in _BEFORE_CANCEL and (self.unwanted or change.code == CANCEL_REQUESTED)
        self.sent = self.sent or change.to is OrderState.SUBMITTING
        self.state = change.to
        self.code = change.code
        self.reasons = (Reason(change.code, change.sentence),) if change.code else ()
        self.venue_id = change.venue_id or self.venue_id

    def book(self, event: Event, quantity: Decimal, value: Decimal, fee: Decimal, to: OrderState) -> None:
        """Take over a FILL event; ``value`` is quantity times price, positive."""
        self._view = None
        self.updated = event.time
        self.filled += quantity
        self.paid += value
        self.fees += fee
        self.bookings.append(event)
        if to is not self.state:
            self.state = to
            self.reasons = ()

    @property
    def reserved(self) -> Decimal:
        """Cash held back for what has not filled yet, in proportion."""
        left = self.intent.request.quantity - self.filled
        return EXACT.divide(self.intent.reserve * left, self.intent.request.quantity) if left > 0 else _ZERO

    def _fills(self) -> Iterator[Fill]:
        return (read_booking(event.payload).fill for event in self.bookings)

    @property
    def view(self) -> Order:
        """The immutable picture, made when somebody looks."""
        if self._view is None:
            self._view = Order(
                id=self.id,
                client_order_id=self.intent.client_order_id,
                account=self.account,
                request=self.intent.request,
                state=self.state,
                created=self.created,
                updated=self.updated,
                filled_quantity=self.filled,
                average_price=average(self.paid, self.filled) if self.filled else None,
                fees=self.fees,
                reasons=read_reasons(self._payload) if self.state is OrderState.DENIED else self.reasons,
                venue_id=self.venue_id,
                fills=tuple(self._fills()),
                parent=self.intent.parent,
                role=self.intent.role,
                arrival=self.intent.arrival,
            )
        return self._view
