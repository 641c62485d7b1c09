"""One order while its events are being folded: mutable inside Books, immutable outside."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketpulse.portfolio.codec import Change, Intent, read_booking, read_intent, read_reasons
from marketpulse.portfolio.holding import EXACT, average
from marketpulse.ports import Terms
from marketpulse.types import (
    OPEN_STATES,
    PROTECTIVE_TYPES,
    Event,
    Fill,
    Order,
    OrderRequest,
    OrderState,
    Reason,
    Side,
)

__all__ = ["CANCEL_REQUESTED", "HANDED", "REPLACED", "UNREAD", "Line", "amended"]

CANCEL_REQUESTED = "CANCEL_REQUESTED"
"""The code of a change that moves nothing: the wish waits until the venue is known to have the order."""

REPLACED = "REPLACED"
"""The code of a change of terms: of a cancel that makes room for another order, or of one made in place."""

HANDED = "handed to the venue"
"""The cause of the change that is committed before a venue is asked to amend an order."""

UNREAD = "turned away unread"
"""The cause of the change after a venue has not looked at it."""

_PROTECTIVE = frozenset(kind.value for kind in PROTECTIVE_TYPES)
_ZERO = Decimal(0)
_BEFORE_CANCEL = OPEN_STATES - {OrderState.PENDING_CANCEL}
_RESTS = frozenset({OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.FILLED})
_LEAVING = frozenset({OrderState.PENDING_CANCEL, OrderState.CANCELED, OrderState.EXPIRED})


def amended(request: OrderRequest, terms: Terms) -> OrderRequest:
    """Give a request other terms.

    Raises
    ------
    ValueError
        It has no such price.
    """
    return replace(
        request,
        quantity=request.quantity if terms.quantity is None else terms.quantity,
        limit_price=request.limit_price if terms.limit_price is None else terms.limit_price,
        stop_price=request.stop_price if terms.stop_price is None else terms.stop_price,
    )


class Line:
    """The numbers of one order.

    Attributes
    ----------
    filled, paid, fees : units, quantity times price, and fees so far
    code : of the last change, says what a pending cancel is for
    sent : it has been handed to a venue at least once
    unwanted : somebody asked for a cancel that could not be passed on yet
    asked : code and sentence of that cancel
    wish : the terms that a replace wants and the order does not have yet
    handed : the terms that the venue may have been asked for, until it is known whether it took them
    best : the best price a trailing stop has followed, as last written down
    """

    __slots__ = (
        "_amended",
        "_intent",
        "_payload",
        "_reserve",
        "_view",
        "_wished",
        "account",
        "asked",
        "best",
        "bookings",
        "code",
        "created",
        "fees",
        "filled",
        "handed",
        "id",
        "paid",
        "reasons",
        "sent",
        "state",
        "unwanted",
        "updated",
        "venue_id",
        "wish",
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
        self.handed: Terms | None = None
        self.asked = ("", "")
        self.wish: Terms | None = None
        self.best: Decimal | None = None
        self._amended: OrderRequest | None = None
        self._reserve: Decimal | None = None
        self._wished: Decimal | None = None
        self.bookings: list[Event] = []
        self._view: Order | None = None

    @property
    def intent(self) -> Intent:
        """What was asked for, read when somebody looks: most orders of a long ledger are history."""
        if self._intent is None:
            self._intent = read_intent(self._payload)
        return self._intent

    @property
    def protective(self) -> bool:
        """Whether it is a sale that waits for a worse price; told without reading the whole wish."""
        payload: Any = self._payload
        return payload["side"] == Side.SELL.value and payload["type"] in _PROTECTIVE

    def change(self, time: datetime, change: Change) -> None:
        """Take over a STATE event."""
        self._view = None
        self.updated = time
        self.unwanted = change.to in _BEFORE_CANCEL and (self.unwanted or change.code == CANCEL_REQUESTED)
        if change.code == CANCEL_REQUESTED:
            self.asked = change.cause, change.sentence
        self.sent = self.sent or change.to is OrderState.SUBMITTING
        self.state = change.to
        self.code = change.code
        self.reasons = (Reason(change.code, change.sentence),) if change.code else ()
        self.venue_id = change.venue_id or self.venue_id
        if change.terms is not None or self.wish is not None or self.handed is not None:
            self._replace(change)

    def _replace(self, change: Change) -> None:
        """Keep what a replace wants, make the order that, or let the wish go."""
        if change.to in _RESTS:
            if change.terms is not None:
                self._amended = amended(self._base, change.terms)
                self._reserve = self._reserve if self._wished is None else self._wished
            self.wish = self._wished = None
        elif change.terms is not None:
            self.wish, self._wished = change.terms, change.reserve
        elif change.to in _LEAVING and change.code != REPLACED:
            self.wish = None
            self._wished = self._wished if self.handed is not None else None
        if change.cause == HANDED:
            self.handed = self.wish
        elif change.to in _RESTS or change.cause == UNREAD or change.to not in OPEN_STATES:
            self.handed = None

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
    def _base(self) -> OrderRequest:
        return self._amended or self.intent.request

    @property
    def request(self) -> OrderRequest:
        """What the order is now; while a venue may have amended it, the larger of both counts."""
        base = self._amended or self.intent.request
        if self.wish is None and self.handed is None:
            return base  # all but a few orders
        terms = self._possible
        if terms is None:
            return base
        other = amended(base, terms)
        buys = base.side is Side.BUY
        return replace(
            base,
            quantity=max(base.quantity, other.quantity),
            limit_price=_dearer(base.limit_price, other.limit_price) if buys else base.limit_price,
            stop_price=_dearer(base.stop_price, other.stop_price) if buys else base.stop_price,
        )

    @property
    def _possible(self) -> Terms | None:
        return self.wish if self.state is OrderState.PENDING_REPLACE else self.handed

    @property
    def reserved(self) -> Decimal:
        """Cash held back for what has not filled yet, in proportion."""
        reserve = self.intent.reserve if self._reserve is None else self._reserve
        if self._possible is not None and self._wished is not None:
            reserve = max(reserve, self._wished)
        quantity = self.request.quantity
        left = quantity - self.filled
        return EXACT.divide(reserve * left, quantity) if left > 0 else _ZERO

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
                request=self.request,
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


def _dearer(price: Decimal | None, other: Decimal | None) -> Decimal | None:
    return price if price is None or other is None else max(price, other)
