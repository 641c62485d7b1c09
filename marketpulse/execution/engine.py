"""The order path as one object: what the desk calls, and what the loop turns."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal

from marketpulse.clock import Clock
from marketpulse.execution.asking import Asker
from marketpulse.execution.booking import Booker
from marketpulse.execution.ending import Ender
from marketpulse.execution.journal import Journal
from marketpulse.execution.kit import Kit, nothing
from marketpulse.execution.placing import Placer
from marketpulse.execution.sending import Sender
from marketpulse.execution.venue import NoAnswer, Venue
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Cash, Change, write_action, write_cash
from marketpulse.ports import Broker
from marketpulse.storage import Ledger
from marketpulse.types import (
    ActionKind,
    CorporateAction,
    EventKind,
    Halt,
    Instrument,
    MarketDatum,
    Order,
    OrderRequest,
    OrderState,
    Placement,
    Preview,
    SessionInfo,
)

__all__ = ["Execution"]

_COMPARE = 30.0  # seconds between two comparisons with what the venues show


class Execution:
    """Places, sends, books, cancels, halts.

    Threads. ``place``, ``preview``, ``cancel``, ``halt``, ``resume``, ``deposit`` and ``adjust``
    may be called from any thread at any time; each holds the journal's lock from its first look at
    the books to its commit, so checks and what rests on them are one step, and none of them waits
    for a venue. ``recover`` and ``turn`` talk to venues; they belong to the loop's thread and a
    lock of their own keeps a second caller out, so an order is never sent by two. They hold the
    journal's lock only around each decision and commit, never while a venue is asked.

    Parameters
    ----------
    ledger, books : the books hold exactly the ledger's events
    brokers : by account, ``paper:1``
    route : names the account that trades an instrument
    gate : previews a request on the books as they stand
    probe : called with a name at each point where a crash is interesting
    """

    def __init__(
        self,
        ledger: Ledger,
        books: Books,
        *,
        brokers: Mapping[str, Broker],
        route: Callable[[Instrument], str],
        instruments: Mapping[str, Instrument],
        clock: Clock,
        gate: Callable[[OrderRequest], Preview],
        meter: Meter,
        probe: Callable[[str], None] = nothing,
    ) -> None:
        venues = {account: Venue(account, broker, clock, meter) for account, broker in brokers.items()}
        self._kit = Kit(Journal(ledger, books, clock), venues, instruments, clock, meter, probe)
        self._booker = Booker(self._kit)
        self._asker = Asker(self._kit, self._booker)
        self._ender = Ender(self._kit, self._asker)
        self._sender = Sender(self._kit, self._asker)
        self._placer = Placer(self._kit, ledger.installation, route, gate)
        self._sessions: Mapping[str, SessionInfo] = {}
        self._turning = threading.Lock()
        self._compared = clock.monotonic()
        self._recovered = False

    @property
    def recovered(self) -> bool:
        """Every order left over from before the start has been asked about."""
        return self._recovered

    def preview(self, request: OrderRequest | Mapping[str, object]) -> Preview:
        """Say what an order would do.

        Raises
        ------
        Refused
            It cannot be read.
        """
        return self._placer.preview(self._placer.read(request))

    def place(self, request: OrderRequest | Mapping[str, object], key: str) -> Placement:
        """Commit an order's intent and return; the loop sends it.

        The same key and request give the same answer for ever, a refusal by a rule included.

        Raises
        ------
        Refused
            A rule said no, the request cannot be read, the key was used for another request
            (``IDEMPOTENCY_CONFLICT``), or the desk is still recovering (``RECOVERING``).
        StorageError
            The ledger could not be written; ask again with the same key.
        """
        wish = self._placer.read(request)
        return self._placer.place(wish, key, self._sessions, recovered=self._recovered)

    def cancel(self, order_id: str) -> Order:
        """Commit the wish to cancel; the order's state tells what came of it.

        Raises
        ------
        Refused
            ``UNKNOWN_ORDER`` or ``NOT_CANCELABLE``.
        """
        return self._ender.cancel(order_id)

    def halt(self, why: str) -> Halt:
        """Refuse every order placed after this returns, and cancel the buys that are open."""
        return self._ender.halt(why)

    def resume(self, confirm: str) -> None:
        """Trade again; ``confirm`` must be exactly ``RESUME``.

        Raises
        ------
        Refused
            ``BAD_CONFIRMATION``.
        """
        self._ender.resume(confirm)

    def deposit(self, amount: Decimal, why: str, key: str) -> None:
        """Put cash in (or take it out, when negative), once for each key; base currency."""
        with self._kit.journal.writing() as draft:
            if draft.fresh(f"cash:{key}"):
                cash = Cash(amount, self._kit.books.currency, why)
                draft.add(EventKind.CASH, why, write_cash(cash), f"cash:{key}")

    def adjust(self, action: CorporateAction, since: date | None = None) -> bool:
        """Work a split or dividend of something held into the books, once; tells whether it was new.

        Orders of a split share are canceled: their quantity and price mean something else now.
        A dividend is written down but moves no cash in this release.

        Parameters
        ----------
        since : actions before this day are passed over: the position was bought after them
        """
        if since is not None and action.day < since:
            return False
        key = f"action:{action.symbol}:{action.day.isoformat()}:{action.kind}"
        with self._kit.journal.holding() as books:
            if not books.held(action.symbol):
                return False
            with self._kit.journal.writing() as draft:
                if not draft.fresh(key):
                    return False
                draft.add(EventKind.ACTION, action.symbol, write_action(action), key)
                if action.kind is ActionKind.SPLIT:
                    for order in books.open_orders:
                        if order.request.symbol == action.symbol:
                            self._ender.want(draft, order, "SPLIT", "The share was split; place it again.")
            return True

    def recover(self) -> bool:
        """Find out what became of everything that was under way; True when nothing is left unasked.

        What was being sent when the process ended may have arrived, so it is unknown and asked
        about. What was never handed over provably never left; ``turn`` sends it. Until this has
        passed, nothing new can be placed; ``turn`` tries it again.
        """
        with self._turning:
            return self._recover()

    def _recover(self) -> bool:
        self._interrupted()
        kit = self._kit
        kit.probe("recover.begun")
        doubtful = {OrderState.UNKNOWN, OrderState.PENDING_CANCEL}
        try:
            for venue in kit.venues.values():
                self._asker.compare(venue)
            for order in kit.books.open_orders:
                if order.state in doubtful:
                    self._asker.settle(order)
        except NoAnswer:
            return False
        self._recovered = True
        kit.probe("recover.done")
        return True

    def _interrupted(self) -> None:
        """Doubt what was being sent while nobody is sending."""
        journal = self._kit.journal
        with journal.holding() as books:
            lost = [order for order in books.open_orders if order.state is OrderState.SUBMITTING]
            if lost:
                sentence = "The desk stopped while it was sending this; the venue is being asked."
                change = Change(OrderState.UNKNOWN, "interrupted", "INTERRUPTED", sentence)
                with journal.writing() as draft:
                    for order in lost:
                        draft.move(order, change)

    def turn(self, market: Mapping[str, MarketDatum], sessions: Mapping[str, SessionInfo]) -> None:
        """One turn of the loop: expire, book, cancel, send, ask.

        Raises
        ------
        StorageError
            The ledger could not be written. Nothing is lost: what a venue did is asked for again.
        """
        self._sessions = sessions
        with self._turning:
            self._ender.insist()
            if not self._recovered and not self._recover():
                return
            self._interrupted()
            self._ender.expire(sessions)
            self._sweep()
            self._ender.pass_on()
            self._sender.send_new(market)
            self._settle()
            self._compare()

    def _sweep(self) -> None:
        for venue in self._kit.venues.values():
            if venue.ready:
                with suppress(NoAnswer):
                    self._booker.sweep(venue)

    def _settle(self) -> None:
        for order in self._kit.books.open_orders:
            unknown = order.state is OrderState.UNKNOWN
            if unknown and self._kit.venue(order).ready and self._asker.due(order):
                with suppress(NoAnswer):
                    self._asker.settle(order)

    def _compare(self) -> None:
        now = self._kit.clock.monotonic()
        if now - self._compared < _COMPARE:
            return
        self._compared = now
        for venue in self._kit.venues.values():
            if venue.ready:
                with suppress(NoAnswer):
                    self._asker.compare(venue)
