"""How orders end before they are done: canceled on request, by a halt, or at the end of their time."""

from collections.abc import Mapping
from contextlib import suppress

from marketpulse.errors import Refused, Rejected
from marketpulse.execution.asking import AT_ONCE, DAY_OVER, REMAINDER, TIME_OVER, Asker
from marketpulse.execution.day import is_over
from marketpulse.execution.journal import DESK, Draft
from marketpulse.execution.kit import Kit
from marketpulse.execution.venue import NoAnswer, Venue
from marketpulse.portfolio.codec import Change, write_halt, write_resume
from marketpulse.portfolio.families import FLATTEN
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
    TimeInForce,
)

__all__ = ["Ender"]

_RESUME = "RESUME"
_PENDING = frozenset({OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE})
_IN_DOUBT = frozenset({OrderState.SUBMITTING, OrderState.UNKNOWN})
_LONGEST = 300
_ENDS = {
    DAY_OVER: "The session it was placed for is over.",
    TIME_OVER: "The time it was good till is over.",
}
_AT_ONCE_ENDS = 5.0  # seconds after which an ioc or fok order that still rests is canceled


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

    def halt(self, why: str, *, reducing: bool = False) -> Halt:
        """Refuse all new orders from the moment this returns, and end all but protective stops.

        A halt that is there already stays, unless it is the milder one.

        Parameters
        ----------
        reducing : refuse and end buys only

        Raises
        ------
        StorageError
            The ledger could not be written. Orders are refused all the same, and each turn tries to
            write the halt down.
        """
        why = (why.strip() if isinstance(why, str) else "")[:_LONGEST] or "no reason given"
        journal = self._kit.journal
        with journal.lock:
            there = journal.halt
            if there is None or (there.reducing and not reducing):
                journal.stop = Halt(self._kit.clock.now(), why, reducing)
            if journal.stop is None:
                return there or Halt(self._kit.clock.now(), why, reducing)
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
            there = books.halt
            if there is None or (there.reducing and not halt.reducing):
                kept = () if halt.reducing else tuple(o.id for o in books.open_orders if _guards(o))
                with journal.writing() as draft:
                    payload = write_halt(halt.why, reducing=halt.reducing, kept=kept)
                    draft.add(EventKind.HALT, "halt", payload, account=DESK)
                    for order in books.open_orders:
                        if order.request.side is Side.BUY or not (halt.reducing or _guards(order)):
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
        """End day orders whose session is over, gtd orders whose time is, and what ioc and fok leave resting."""
        journal = self._kit.journal
        with journal.holding():
            over = [o for o in self._kit.open_orders if self._over(o, sessions)]
            if not over:
                return
            with journal.writing() as draft:
                for order in over:
                    code = TIME_OVER if order.request.time_in_force is TimeInForce.GTD else DAY_OVER
                    if order.state is OrderState.NEW:
                        draft.move(order, Change(OrderState.EXPIRED, "never sent", code, _ENDS[code]))
                    else:
                        self.want(draft, order, code, _ENDS[code])

    def _over(self, order: Order, sessions: Mapping[str, SessionInfo]) -> bool:
        line = self._kit.books.line(order.id)
        # In doubt: what became of it comes first. Pending: asked for already.
        if line is None or order.state in _IN_DOUBT or order.state is OrderState.PENDING_CANCEL:
            return False
        return is_over(order, line.intent, self._kit.instrument(order), sessions, self._kit.clock)

    def pass_on(self) -> None:
        """Ask venues for the cancels that are wished for, and record what came of them."""
        journal = self._kit.journal
        with journal.holding():
            late = [o for o in self._kit.open_orders if o.state in WORKING_STATES and self._unwanted(o)]
            if late:
                with journal.writing() as draft:
                    for order in late:
                        self.want(draft, order, *self._asked(order))
            pending = [o for o in self._kit.open_orders if o.state is OrderState.PENDING_CANCEL]
        for order in pending:
            venue = self._kit.venue(order)
            if venue.ready and self._asker.due(order):
                with suppress(NoAnswer):
                    self._ask(venue, order)

    def at_once(self) -> None:
        """Ask what became of ioc and fok orders; what rests all the same is canceled after a while."""
        now = self._kit.clock.now()
        for order in self._kit.open_orders:
            venue, resting = self._kit.venue(order), order.state in WORKING_STATES - _PENDING
            if order.request.time_in_force not in AT_ONCE or not resting or not venue.ready:
                continue
            if (now - order.updated).total_seconds() > _AT_ONCE_ENDS:
                with self._kit.journal.holding() as books, self._kit.journal.writing() as draft:
                    fresh = books.order(order.id) or order
                    if fresh.state is order.state:
                        self.want(draft, fresh, REMAINDER, "What could not trade at once was given up.")
            elif self._asker.due(order):
                with suppress(NoAnswer):
                    self._asker.settle(order)

    def _asked(self, order: Order) -> tuple[str, str]:
        """Return what the wish that had to wait was for."""
        line = self._kit.books.line(order.id)
        code, sentence = line.asked if line is not None else ("", "")
        return code or "CANCELED", sentence or "Canceled on request."

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


def _guards(order: Order) -> bool:
    """A halt leaves these: what sells once the price has fallen, and what a flatten sells."""
    return order.request.protective or order.role in {"stop", FLATTEN}
