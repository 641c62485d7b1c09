"""How orders end before they are done: canceled on request, by a halt, or at the end of their day."""

from collections.abc import Mapping
from contextlib import suppress

from marketpulse.errors import Refused, Rejected
from marketpulse.execution.asking import DAY_OVER, Asker
from marketpulse.execution.day import is_over
from marketpulse.execution.journal import DESK, Draft
from marketpulse.execution.kit import Kit
from marketpulse.execution.venue import NoAnswer, Venue
from marketpulse.portfolio.codec import Change, write_halt, write_resume
from marketpulse.portfolio.line import CANCEL_REQUESTED
from marketpulse.types import (
    OPEN_STATES,
    WORKING_STATES,
    EventKind,
    Halt,
    Order,
    OrderState,
    SessionInfo,
    Side,
)

__all__ = ["Ender"]

_RESUME = "RESUME"
_IN_DOUBT = frozenset({OrderState.SUBMITTING, OrderState.UNKNOWN})
_LONGEST = 300


class Ender:
    """Commits the wish to end an order; the loop's thread passes it on to the venue."""

    def __init__(self, kit: Kit, asker: Asker) -> None:
        self._kit = kit
        self._asker = asker

    def cancel(self, order_id: str) -> Order:
        """Commit the wish; a second one for the same order changes nothing.

        Raises
        ------
        Refused
            ``UNKNOWN_ORDER`` or ``NOT_CANCELABLE``.
        """
        with self._kit.journal.holding() as books:
            order = books.order(order_id)
            if order is None:
                raise Refused("UNKNOWN_ORDER", "The desk has no order with this id.")
            if order.state not in OPEN_STATES:
                state = order.state.value.replace("_", " ")
                raise Refused("NOT_CANCELABLE", f"The order is {state}: there is nothing left to cancel.")
            with self._kit.journal.writing() as draft:
                self.want(draft, order, "CANCELED", "Canceled on request.")
                self._kit.probe("cancel.appended")
            self._kit.probe("cancel.committed")
            return books.order(order_id) or order

    def want(self, draft: Draft, order: Order, code: str, sentence: str) -> None:
        """Write the wish down in the way that fits where the order is."""
        if order.state is OrderState.NEW:
            draft.move(order, Change(OrderState.CANCELED, "before it was sent", code, sentence))
        elif order.state in _IN_DOUBT:
            # Whether there is anything to cancel is not known; the wish waits for the answer.
            line = self._kit.books.line(order.id)
            if line is not None and not line.unwanted:
                draft.move(order, Change(order.state, code, CANCEL_REQUESTED, sentence))
        elif order.state is not OrderState.PENDING_CANCEL:
            draft.move(order, Change(OrderState.PENDING_CANCEL, "asked for", code, sentence))

    def halt(self, why: str) -> Halt:
        """Refuse all new orders from the moment this returns, and end what would add exposure.

        Raises
        ------
        StorageError
            The ledger could not be written. Orders are refused all the same, and each turn tries to
            write the halt down.
        """
        why = (why.strip() if isinstance(why, str) else "")[:_LONGEST] or "no reason given"
        journal = self._kit.journal
        with journal.lock:
            if journal.books.halt is not None:
                return journal.books.halt
            journal.stop = journal.stop or Halt(self._kit.clock.now(), why)
            return self._write_halt(journal.stop)

    def insist(self) -> None:
        """Write down a halt that could not be committed when it was called for."""
        journal = self._kit.journal
        with journal.lock:
            if journal.stop is not None:
                self._write_halt(journal.stop)

    def _write_halt(self, halt: Halt) -> Halt:
        journal = self._kit.journal
        with journal.holding() as books:
            if books.halt is None:
                with journal.writing() as draft:
                    draft.add(EventKind.HALT, "halt", write_halt(halt.why), account=DESK)
                    for order in books.open_orders:
                        if order.request.side is Side.BUY:
                            self.want(draft, order, "HALTED", f"Trading was halted: {halt.why}")
                    self._kit.probe("halt.appended")
                self._kit.probe("halt.committed")
            journal.stop = None
            return books.halt or halt

    def resume(self, confirm: str) -> None:
        """Allow orders again.

        Raises
        ------
        Refused
            ``BAD_CONFIRMATION``: ``confirm`` is not exactly ``RESUME``.
        """
        if confirm != _RESUME:
            raise Refused("BAD_CONFIRMATION", "Type RESUME, in capitals, to trade again.")
        with self._kit.journal.holding() as books:
            self._kit.journal.stop = None
            if books.halt is None:
                return
            with self._kit.journal.writing() as draft:
                draft.add(EventKind.RESUME, "halt", write_resume(), account=DESK)

    def expire(self, sessions: Mapping[str, SessionInfo]) -> None:
        """End day orders whose session is over."""
        journal = self._kit.journal
        with journal.holding() as books:
            over = [o for o in books.open_orders if self._over(o, sessions)]
            if not over:
                return
            with journal.writing() as draft:
                for order in over:
                    sentence = "The session it was placed for is over."
                    if order.state is OrderState.NEW:
                        draft.move(order, Change(OrderState.EXPIRED, "never sent", DAY_OVER, sentence))
                    else:
                        self.want(draft, order, DAY_OVER, sentence)

    def _over(self, order: Order, sessions: Mapping[str, SessionInfo]) -> bool:
        line = self._kit.books.line(order.id)
        # In doubt: what became of it comes first. Pending: asked for already.
        if line is None or order.state in _IN_DOUBT or order.state is OrderState.PENDING_CANCEL:
            return False
        return is_over(order, line.intent, self._kit.instrument(order), sessions, self._kit.clock)

    def pass_on(self) -> None:
        """Ask venues for the cancels that are wished for, and record what came of them."""
        journal = self._kit.journal
        with journal.holding() as books:
            late = [o for o in books.open_orders if o.state in WORKING_STATES and self._unwanted(o)]
            if late:
                with journal.writing() as draft:
                    for order in late:
                        self.want(draft, order, "CANCELED", "Canceled on request.")
            pending = [o for o in books.open_orders if o.state is OrderState.PENDING_CANCEL]
        for order in pending:
            venue = self._kit.venue(order)
            if venue.ready and self._asker.due(order):
                with suppress(NoAnswer):
                    self._ask(venue, order)

    def _unwanted(self, order: Order) -> bool:
        line = self._kit.books.line(order.id)
        return line is not None and line.unwanted

    def _ask(self, venue: Venue, order: Order) -> None:
        ref = venue.ref(order, self._kit.instrument(order))

        def cancel() -> None:
            with suppress(Rejected):  # nothing to cancel: what it is instead, the next question tells
                venue.broker.cancel(ref)

        self._kit.probe("cancel.asking")
        venue.ask("a cancel", cancel)
        self._kit.probe("cancel.asked")
        self._asker.settle(order)
