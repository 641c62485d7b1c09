"""Other terms for an order: amended in place where the venue does that, else canceled, confirmed, placed anew.

The wish is committed first, with the order's own event. Limits are asked before anything is canceled, as if
the old order were not there. A venue is asked to amend an order once; what became of a lost answer is told
by the order's prices and quantity there.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from marketpulse.errors import AuthExpired, Refused, Rejected, Throttled
from marketpulse.execution.asking import Asker
from marketpulse.execution.kin import Kin
from marketpulse.execution.kit import Kit
from marketpulse.execution.placing import Placer, check_key
from marketpulse.execution.venue import NoAnswer, Venue, say
from marketpulse.portfolio.codec import Change
from marketpulse.portfolio.desk_codec import read_terms
from marketpulse.portfolio.families import EXITS, FLATTEN, REPLACEMENT
from marketpulse.portfolio.line import HANDED, REPLACED, UNREAD, Line, amended
from marketpulse.ports import Terms, VenueOrder
from marketpulse.types import (
    OPEN_STATES,
    Event,
    EventKind,
    Order,
    OrderRequest,
    OrderState,
    Placement,
    Reason,
    SessionInfo,
)

__all__ = ["Changer", "Replacer"]

_NEW, _RESTS = OrderState.NEW, frozenset({OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED})
_AT_VENUE = _RESTS | {OrderState.FILLED, OrderState.NEW, OrderState.SUBMITTING}
_ASKED = "It is being changed: the old order ends first, and another one takes its place."
_LOST = "The venue did not take the new terms over; the order is what it was."
_DROPPED = "The order had filled before it could be changed: nothing is left to place."
_ZERO = Decimal(0)


class Changer:
    """Commits the wish for other terms; any thread may call it."""

    def __init__(self, kit: Kit, placer: Placer) -> None:
        self._kit = kit
        self._placer = placer

    def replace(self, order_id: str, key: str, terms: Terms, *, recovered: bool) -> Placement:
        """Commit the wish, or repeat what the key was answered before.

        Raises
        ------
        Refused
            ``UNKNOWN_ORDER``, ``NOT_REPLACEABLE``, ``BAD_REQUEST``, ``IDEMPOTENCY_CONFLICT``, or the code of
            a rule that the new terms break.
        """
        check_key(key)
        name = f"amend:{key}"
        with self._kit.journal.holding(), self._kit.journal.writing() as draft:
            known = draft.find(name)
            if known is not None:
                return self._again(known, order_id, terms)
            order, line = self._old(order_id, recovered=recovered)
            rest = self._new(order, line, terms)
            preview, reasons = self._placer.judge(rest, instead=order.id)
            if reasons:
                kin = Kin(name, order.id, REPLACEMENT, order.account)
                self._placer.deny(draft, rest, kin, preview, reasons)
            else:
                reserve = self._placer.reserve(rest, preview)
                draft.move(order, self._change(order, terms, reserve), name)
                self._kit.probe("replace.appended")
        self._kit.probe("replace.committed")
        if reasons:
            raise Refused(reasons[0].code, reasons[0].sentence)
        return Placement(self._kit.books.order(order.id) or order, repeated=False)

    def _again(self, known: Event, order_id: str, terms: Terms) -> Placement:
        books = self._kit.books
        if known.kind is EventKind.DENIED:
            denied = books.order(known.ref)
            if denied is not None and denied.parent == order_id:
                raise Refused(denied.reasons[0].code, denied.reasons[0].sentence)
        order = books.order(order_id)
        if order is None or known.ref != order_id or read_terms(known.payload) != terms:
            raise Refused(
                "IDEMPOTENCY_CONFLICT", "This key was used for another wish; a new one needs a new key."
            )
        last = books.families.last(order_id, REPLACEMENT)
        return Placement(last.view if last is not None else order, repeated=True)

    def _old(self, order_id: str, *, recovered: bool) -> tuple[Order, Line]:
        books = self._kit.books
        order, line = books.order(order_id), books.line(order_id)
        if order is None or line is None:
            raise Refused("UNKNOWN_ORDER", "The desk has no order with this id.")
        state = order.state.value.replace("_", " ")
        if order.state not in OPEN_STATES:
            raise Refused("NOT_REPLACEABLE", f"The order is {state}: there is nothing left to change.")
        if not recovered:
            raise Refused(
                "RECOVERING", "The desk is still asking what became of earlier orders; try again soon."
            )
        if order.state not in _RESTS | {_NEW} or line.unwanted:
            raise Refused("NOT_REPLACEABLE", f"The order is {state}; it can be changed once it rests.")
        if order.role == FLATTEN:
            raise Refused("NOT_REPLACEABLE", "The order belongs to a flatten, which sells all that is held.")
        return order, line

    def _new(self, order: Order, line: Line, terms: Terms) -> OrderRequest:
        """What would be placed: all of the new order but what the old one has filled."""
        if order.role in EXITS and terms.quantity is not None:
            raise Refused(
                "NOT_REPLACEABLE", "The desk keeps this exit's quantity; only its price can be changed."
            )
        try:
            whole = self._placer.read(amended(line.request, terms))
        except ValueError as error:
            raise Refused("BAD_REQUEST", str(error)) from None
        if whole == line.request:
            raise Refused("BAD_REQUEST", "Nothing would change.")
        left = whole.quantity - order.filled_quantity
        if left <= 0:
            filled = f"{order.filled_quantity.normalize():f}"
            raise Refused(
                "BAD_REQUEST", f"{filled} have filled already: the new quantity must be above that."
            )
        return replace(whole, quantity=left)

    def _change(self, order: Order, terms: Terms, reserve: Decimal) -> Change:
        amends = self._kit.venue(order).broker.capabilities.amends
        if order.state is _NEW:
            return Change(OrderState.CANCELED, "before it was sent", REPLACED, _ASKED, terms=terms)
        if not amends or order.role in EXITS:
            return Change(OrderState.PENDING_CANCEL, "asked for", REPLACED, _ASKED, terms=terms)
        # what the whole order may need, for what has filled of it is taken off in proportion
        quantity = order.request.quantity if terms.quantity is None else terms.quantity
        whole = reserve * quantity / (quantity - order.filled_quantity)
        sentence = "The venue is being asked to change it."
        return Change(
            OrderState.PENDING_REPLACE, "asked for", "REPLACE", sentence, terms=terms, reserve=whole
        )


class Replacer:
    """Passes the wishes on. Only the account's own turn calls it."""

    def __init__(self, kit: Kit, asker: Asker, placer: Placer) -> None:
        self._kit = kit
        self._asker = asker
        self._placer = placer

    def turn(self, sessions: Mapping[str, SessionInfo]) -> None:
        """Ask venues to amend, ask what became of it, and place what takes the place of what has ended."""
        for order in self._kit.open_orders:
            if order.state is OrderState.PENDING_REPLACE:
                venue, line = self._kit.venue(order), self._kit.books.line(order.id)
                if line is not None and venue.ready and self._asker.due(order):
                    with suppress(NoAnswer):
                        self._amend(venue, order, line)
        with self._kit.journal.holding() as books:
            for line in list(books.families.wishes.values()):
                if line.account in self._kit.venues:
                    self._instead(line, sessions)

    def _amend(self, venue: Venue, order: Order, line: Line) -> None:
        wish = line.wish
        if line.handed is not None or wish is None:
            view, certain, now = self._asker.look(order)
            self._judge(now, line, view, certain=certain)
            return
        if not self._record(
            order, Change(OrderState.PENDING_REPLACE, HANDED, "REPLACE", "The venue is asked.")
        ):
            return
        self._kit.probe("replace.asking")
        change = self._ask(venue, order, wish)
        self._kit.probe("replace.asked")
        if change is not None:
            self._record(order, change)

    def _ask(self, venue: Venue, order: Order, wish: Terms) -> Change | None:
        """Ask once, and say what the answer makes of the order; None: nobody knows yet."""
        ref = venue.ref(order, self._kit.instrument(order))
        try:
            ack = venue.broker.replace(ref, wish)
        except Rejected as error:
            if error.code == "NOT_OFFERED":
                return Change(OrderState.PENDING_CANCEL, UNREAD, REPLACED, _ASKED, terms=wish)
            sentence = f"It could not be changed and is what it was: {error.sentence}"
            return Change(_rest(order), "the venue refused to change it", "REPLACE_REFUSED", sentence)
        except (Throttled, AuthExpired) as error:
            venue.rest(error)
            sentence = f"The venue takes no changes right now ({error}); it will be asked again."
            return Change(OrderState.PENDING_REPLACE, UNREAD, "REPLACE", sentence)
        except Exception as error:  # noqa: BLE001  whatever went wrong, the change may have been made
            self._kit.meter.fault("venue", f"{venue.broker.name} gave no answer to a change: {say(error)}")
            return None
        return self._made(order, wish, ack.venue_id)

    def _judge(self, order: Order, line: Line, view: VenueOrder | None, *, certain: bool) -> None:
        """Tell from the venue's view whether the change was made."""
        wish = line.wish
        if order.state is not OrderState.PENDING_REPLACE:
            return  # its fills have just ended it
        if view is None:
            if certain:
                self._asker.absent(order)
            return
        if view.state not in _AT_VENUE or wish is None or view.filled_quantity > order.filled_quantity:
            self._asker.follow(order, view)
            return
        same = _shows(view, wish)
        if same:
            self._record(order, self._made(order, wish, view.ref.venue_id))
        elif certain and same is None:
            change = Change(OrderState.PENDING_CANCEL, "it cannot be told", REPLACED, _ASKED, terms=wish)
            self._record(order, change)
        elif certain:
            self._record(order, Change(_rest(order), "not changed", "REPLACE_LOST", _LOST))

    def _made(self, order: Order, wish: Terms, venue_id: str | None) -> Change:
        line = self._kit.books.line(order.id)
        filled = _ZERO if line is None else line.filled
        full = wish.quantity is not None and filled >= wish.quantity
        to = OrderState.FILLED if full else OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED
        return Change(to, "the venue changed it", "", "", venue_id, wish)

    def _record(self, order: Order, change: Change) -> bool:
        """Commit a change unless the order has moved on."""
        journal = self._kit.journal
        with journal.holding() as books:
            now = books.order(order.id)
            if now is None or now.state is not OrderState.PENDING_REPLACE:
                return False
            if change.to in _RESTS:
                change = replace(change, to=_rest(now))
            with journal.writing() as draft:
                draft.move(now, change)
            if change.to is not OrderState.PENDING_REPLACE:
                self._asker.forget(order)
            return True

    def _instead(self, line: Line, sessions: Mapping[str, SessionInfo]) -> None:
        """Place what takes the order's place, for what is left; or write down why nothing does."""
        families, wish = self._kit.books.families, line.wish
        if wish is None:
            return
        number = families.count(line.id, REPLACEMENT) + 1
        kin = Kin(f"replace:{line.id}:{number}", line.id, REPLACEMENT, line.account)
        whole = amended(line.request, wish)
        left = whole.quantity - line.filled
        reasons = () if left > 0 else (Reason("REPLACE_DROPPED", _DROPPED),)
        left = left if left > 0 else whole.quantity
        with suppress(Refused):  # RECOVERING: it passes
            self._placer.replacement(replace(whole, quantity=left), kin, sessions, reasons)


def _rest(order: Order) -> OrderState:
    return OrderState.PARTIALLY_FILLED if order.filled_quantity else OrderState.ACCEPTED


def _shows(view: VenueOrder, wish: Terms) -> bool | None:
    """Tell whether the venue shows the new terms; None: it does not say."""
    pairs = (
        (wish.quantity, view.quantity),
        (wish.limit_price, view.limit_price),
        (wish.stop_price, view.stop_price),
    )
    asked = [(wanted, shown) for wanted, shown in pairs if wanted is not None]
    if any(shown is not None and shown != wanted for wanted, shown in asked):
        return False
    return None if any(shown is None for _, shown in asked) else True
