"""Changing an order in place, with the same care as placing one: looked at first, sent once, looked at again.

A change whose answer was lost may still arrive and undo a later one, so until it is seen, or the venue's grace is
over, no other change of that order leaves.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from marketpulse.clock import Clock
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Throttled, Uncertain
from marketpulse.ports import Ack, OrderRef, Terms, VenueOrder
from marketpulse.types import WORKING_STATES

__all__ = ["Amending", "not_open"]

_BLIND = 2.0  # seconds until the next try when the order could not be looked at before its change


class Amending:
    """The changes one venue was asked for.

    Parameters
    ----------
    name : begins every sentence on doubt
    grace : seconds after which a change that is not seen has not arrived
    """

    def __init__(self, name: str, clock: Clock, grace: float) -> None:
        self._name = name
        self._clock = clock
        self._grace = timedelta(seconds=grace)
        self._doubts: dict[str, tuple[Terms, datetime]] = {}

    def change(
        self,
        ref: OrderRef,
        terms: Terms,
        look: Callable[[OrderRef], VenueOrder | None],
        send: Callable[[VenueOrder], None],
    ) -> Ack:
        """Make one change; an order that is as it shall be already is left alone.

        Parameters
        ----------
        look : the venue's view of the order now
        send : puts the change on the wire, once; it may refuse it before

        Raises
        ------
        Rejected
            The order is as it was.
        Uncertain
            The change may have arrived, or may yet.
        """
        if terms == Terms():
            raise Rejected("NOTHING_TO_CHANGE", "The change names no quantity and no price.")
        view = self._before(ref, look)
        if _met(view, terms):
            return self._ack(view)
        _fitting(view, terms)
        self._doubts[ref.client_id] = (terms, self._clock.now())
        try:
            send(view)
        except (Rejected, Throttled, AuthExpired):
            del self._doubts[ref.client_id]  # it has not arrived for certain
            raise
        return self._after(ref, terms, look)

    def _before(self, ref: OrderRef, look: Callable[[OrderRef], VenueOrder | None]) -> VenueOrder:
        """Look at the order; without that nothing is sent, nor while an earlier change is in doubt."""
        doubt = self._doubt(ref.client_id)
        try:
            view = look(ref)
        except (Uncertain, Throttled, AuthExpired) as error:
            if doubt is not None:
                raise self._pending() from None
            if isinstance(error, Uncertain):
                said = f"{self._name}: the change was not sent, since the order could not be looked at first"
                raise Throttled(said, _BLIND) from None
            raise
        if view is None or view.state not in WORKING_STATES:
            raise not_open()
        if doubt is not None:
            if not _met(view, doubt):
                raise self._pending()
            del self._doubts[ref.client_id]
        return view

    def _doubt(self, client_id: str) -> Terms | None:
        terms, asked = self._doubts.get(client_id, (None, None))
        if asked is not None and self._clock.now() - asked > self._grace:
            del self._doubts[client_id]
            return None
        return terms

    def _after(self, ref: OrderRef, terms: Terms, look: Callable[[OrderRef], VenueOrder | None]) -> Ack:
        """See the change; a venue's "yes" means only that it has been asked."""
        try:
            view = look(ref)
        except BrokerError:
            view = None
        if view is None or not _met(view, terms):
            raise self._pending()
        del self._doubts[ref.client_id]
        return self._ack(view)

    def _ack(self, view: VenueOrder) -> Ack:
        return Ack(view.ref.client_id, view.ref.venue_id or "", self._clock.now())

    def _pending(self) -> Uncertain:
        return Uncertain(f"{self._name}: a change of the order was sent and is not shown yet")


def not_open() -> Rejected:
    """Return the refusal of a change, or of a cancel, that comes too late."""
    return Rejected("NOT_OPEN", "The venue has no open order of this name.")


def _met(view: VenueOrder, terms: Terms) -> bool:
    shown = (
        (terms.quantity, view.quantity),
        (terms.limit_price, view.limit_price),
        (terms.stop_price, view.stop_price),
    )
    return all(wanted is None or wanted == there for wanted, there in shown)


def _fitting(view: VenueOrder, terms: Terms) -> None:
    prices = (
        ("limit", terms.limit_price, view.limit_price),
        ("stop", terms.stop_price, view.stop_price),
    )
    for words, wanted, there in prices:
        if wanted is not None and there is None:
            raise Rejected("NO_SUCH_PRICE", f"The order has no {words} price that could be changed.")
        if wanted is not None and not (wanted.is_finite() and wanted > 0):
            raise Rejected("INVALID_PRICE", f"The new {words} price must be above zero.")
    quantity = terms.quantity
    if quantity is not None and not (quantity.is_finite() and quantity > view.filled_quantity):
        sentence = "The new quantity must be above what has filled already: cancel the order instead."
        raise Rejected("INVALID_QUANTITY", sentence)
