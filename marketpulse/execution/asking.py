"""What became of an order in doubt: the venue is asked until it is known, and nothing is sent again."""

from dataclasses import replace

from marketpulse.execution.booking import Booker
from marketpulse.execution.ids import is_ours
from marketpulse.execution.kit import Kit
from marketpulse.execution.lifecycle import ENDED
from marketpulse.execution.venue import Venue
from marketpulse.portfolio.codec import Change
from marketpulse.ports import Terms, VenueOrder
from marketpulse.types import OPEN_STATES, WORKING_STATES, ExternalOrder, Order, OrderState, TimeInForce

__all__ = ["AT_ONCE", "DAY_OVER", "REMAINDER", "TIME_OVER", "Asker"]

DAY_OVER = "DAY_OVER"
"""The code of a cancel that ends a day order: it becomes expired, not canceled."""

TIME_OVER = "GOOD_TILL_OVER"
"""The same of a gtd order."""

REMAINDER = "REMAINDER"
"""The same of what an ioc or fok order could not trade at once."""

AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})

_FIRST_WAIT = 0.1
_LONGEST_WAIT = 10.0
_RESTS = WORKING_STATES | {OrderState.NEW, OrderState.SUBMITTING}
_EXPIRES = frozenset({DAY_OVER, TIME_OVER, REMAINDER})
_GIVEN_UP = "What could not trade at once was given up."
_PENDING = frozenset({OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE})
_ABSENT = "The venue does not have this order and can no longer receive it: nothing was traded. Place it again if it is still wanted."


class Asker:
    """Resolves orders by what their venue says. Only the account's own turn calls it.

    Attributes
    ----------
    external : orders that rest at the venue and are not in the ledger, as of the last comparison
    """

    def __init__(self, kit: Kit, booker: Booker) -> None:
        self._kit = kit
        self._booker = booker
        self.external: tuple[ExternalOrder, ...] = ()
        self._asked: dict[str, tuple[float, float, float]] = {}  # first, next, wait; monotonic seconds
        self._foreign: set[str] = set()

    def due(self, order: Order) -> bool:
        """Whether it is time to ask about the order (again)."""
        asked = self._asked.get(order.id)
        return asked is None or self._kit.clock.monotonic() >= asked[1]

    def settle(self, order: Order) -> None:
        """Ask about one order and record what is certain.

        "Not found" is final only when the question was put later than the venue's grace after this
        process first had a doubt: a request can be accepted after its connection has died.

        Raises
        ------
        NoAnswer
            The venue was silent.
        """
        view, certain, order = self.look(order)
        if view is not None:
            self.follow(order, view)
        elif certain:
            self.absent(order)

    def look(self, order: Order) -> tuple[VenueOrder | None, bool, Order]:
        """Ask about one order: the venue's view, whether its answer is final, and the order after its fills."""
        venue, now = self._kit.venue(order), self._kit.clock.monotonic()
        first, _, wait = self._asked.get(order.id, (now, now, _FIRST_WAIT))
        grace = venue.broker.capabilities.grace
        certain = now - first >= grace
        soon = max(first + grace, now) if not certain else now + _LONGEST_WAIT
        self._asked[order.id] = first, min(now + wait, soon), min(2 * wait, _LONGEST_WAIT)
        view = self._find(venue, order)
        self._kit.probe("settle.asked")
        if view is None or view.filled_quantity > order.filled_quantity:
            self._booker.sweep(venue, (self._kit.instrument(order),))
            order = self._fresh(order)
        return view, certain, order

    def forget(self, order: Order) -> None:
        """Nothing about the order is in doubt any more."""
        self._asked.pop(order.id, None)

    def _find(self, venue: Venue, order: Order) -> VenueOrder | None:
        ref = venue.ref(order, self._kit.instrument(order))
        return venue.ask("an order", lambda: venue.broker.find(ref))

    def _fresh(self, order: Order) -> Order:
        return self._kit.books.order(order.id) or order

    def follow(self, order: Order, view: VenueOrder) -> None:
        """Record what the venue's own view of the order means for us."""
        if order.state not in OPEN_STATES:
            return  # its fills have just ended it
        if view.state in _RESTS:
            self._resting(order, view)
        elif view.filled_quantity > order.filled_quantity:
            # Its end must wait for its fills, or they would be late ones.
            self._kit.meter.fault(
                "fills", f"{order.client_order_id} has fills that the venue does not list yet"
            )
        elif view.state is OrderState.FILLED and 0 < view.quantity <= order.filled_quantity:
            # It was amended to less, and nobody had told us.
            terms = Terms(quantity=view.quantity)
            self._move(order, Change(OrderState.FILLED, "the venue changed it", terms=terms))
        elif view.state is OrderState.REJECTED and not order.filled_quantity:
            code, sentence = view.code or "REJECTED", view.sentence or "The venue refused the order."
            self._move(order, Change(OrderState.REJECTED, "the venue refused it", code, sentence))
        elif view.state is OrderState.REJECTED or view.state in ENDED:
            self._over(order, view.state, view.code, view.sentence)

    def _resting(self, order: Order, view: VenueOrder) -> None:
        if order.state in _PENDING:
            return  # the cancel is asked for again; a change of terms is judged by who asked for it
        to = OrderState.PARTIALLY_FILLED if order.filled_quantity else OrderState.ACCEPTED
        if order.state is not to:
            self._move(order, Change(to, "the venue has it", venue_id=view.ref.venue_id))

    def absent(self, order: Order) -> None:
        """Record that the venue does not have the order and will not."""
        if order.state in _PENDING or order.filled_quantity:
            self._over(order, OrderState.CANCELED, "", "")
        else:
            self._move(order, Change(OrderState.REJECTED, "not at the venue", "NOT_AT_VENUE", _ABSENT))

    def _over(self, order: Order, state: OrderState, code: str, sentence: str) -> None:
        """It rests no more. What was filled stays; why it ended is what we asked for, or the venue's word."""
        line = self._kit.books.line(order.id)
        ours = line.code if line and order.state is OrderState.PENDING_CANCEL else ""
        if not ours and order.request.time_in_force in AT_ONCE:
            ours, state, sentence = REMAINDER, OrderState.EXPIRED, _GIVEN_UP
        elif ours:
            sentence = order.reasons[0].sentence
        expired = state is OrderState.EXPIRED or ours in _EXPIRES
        to = OrderState.EXPIRED if expired else OrderState.CANCELED
        if code in {"", "CANCELED"}:  # that one is kept for what a person has asked for
            code = "EXPIRED" if expired else "CANCELED_BY_VENUE"
        code = ours or code
        self._move(order, Change(to, "the venue ended it", code, sentence or f"The venue has {to} it."))

    def _move(self, order: Order, change: Change) -> None:
        with self._kit.journal.writing() as draft:
            fresh = self._fresh(order)
            if fresh.state is order.state:
                draft.move(fresh, change)
        if change.to is not OrderState.UNKNOWN:
            self._asked.pop(order.id, None)
        self._kit.probe("settle.committed")

    def compare(self, venue: Venue) -> None:
        """Compare what the venue shows with what the books say rests there.

        Raises
        ------
        NoAnswer
            The venue was silent.
        """
        known = self._kit.instruments.values()
        shown = {
            v.ref.client_id: v for v in venue.ask("open orders", lambda: venue.broker.open_orders(known))
        }
        self._kit.probe("compare.asked")
        self._asked = {o.id: self._asked[o.id] for o in self._kit.open_orders if o.id in self._asked}
        self._booker.sweep(venue)  # after the list: what filled in between is filled, not vanished
        for order in self._kit.open_orders:
            resting = order.state in WORKING_STATES - _PENDING
            if resting and order.account == venue.account and order.client_order_id not in shown:
                sentence = "The venue does not show this order any more and is being asked why."
                self._move(order, Change(OrderState.UNKNOWN, "not shown", "NOT_SHOWN", sentence))
        for client_id, view in shown.items():
            self._shown(venue, client_id, view)
        by_client = self._kit.books.by_client
        self.external = tuple(_external(view) for name, view in shown.items() if by_client(name) is None)

    def _shown(self, venue: Venue, client_id: str, view: VenueOrder) -> None:
        order = self._kit.books.by_client(client_id)
        if order is None:
            key, name = f"alert:foreign:{venue.account}:{client_id}", view.ref.instrument.symbol
            if key not in self._foreign:
                ours = is_ours(client_id)
                whose = (
                    "bears this desk's mark and is not in its ledger" if ours else "this desk did not place"
                )
                sentence = f"{venue.broker.name} shows an order in {name} that {whose}."
                with self._kit.journal.writing() as draft:
                    draft.alert("ORPHAN" if ours else "FOREIGN_ORDER", sentence, client_id, key)
                self._foreign.add(key)
        elif order.state in ENDED:
            self._revive(order, view)
        elif order.state in {OrderState.UNKNOWN, OrderState.NEW}:
            self._resting(order, view)

    def _revive(self, order: Order, view: VenueOrder) -> None:
        """Deal with a late accept: nobody counts on this order any more, so it is known again and canceled."""
        sentence = f"The venue accepted order {order.client_order_id} after all; it is being canceled."
        accepted = Change(OrderState.ACCEPTED, "late accept", venue_id=view.ref.venue_id)
        with self._kit.journal.writing() as draft:
            draft.move(order, accepted)
            draft.alert("LATE_ACCEPT", sentence, order.id)
            again = replace(order, state=OrderState.ACCEPTED)
            draft.move(again, Change(OrderState.PENDING_CANCEL, "late accept", "LATE_ACCEPT", sentence))


def _external(view: VenueOrder) -> ExternalOrder:
    client_id = view.ref.client_id
    return ExternalOrder(
        client_id,
        view.ref.venue_id or "",
        view.ref.instrument.symbol,
        view.quantity,
        view.filled_quantity,
        view.side,
        view.limit_price,
        view.stop_price,
        ours=is_ours(client_id),
    )
