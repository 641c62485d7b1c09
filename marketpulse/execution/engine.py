"""The order path as one object: what the desk calls, and what the loop turns."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from marketpulse.clock import Clock
from marketpulse.execution.accounts import Accounts
from marketpulse.execution.actions import book_action
from marketpulse.execution.asking import Asker
from marketpulse.execution.booking import Booker
from marketpulse.execution.ending import Ender
from marketpulse.execution.flattening import begin
from marketpulse.execution.journal import Journal
from marketpulse.execution.kit import Kit, nothing
from marketpulse.execution.placing import Placer
from marketpulse.execution.replacing import Changer
from marketpulse.execution.seat import Live, Seat
from marketpulse.execution.statements import take_statement
from marketpulse.execution.venue import Venue
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Cash, write_cash
from marketpulse.portfolio.desk_codec import write_mark
from marketpulse.ports import Broker, Terms
from marketpulse.storage import Ledger
from marketpulse.types import (
    OPEN_STATES,
    AccountView,
    CorporateAction,
    EventKind,
    Halt,
    Instrument,
    MarketDatum,
    Order,
    OrderRequest,
    Placement,
    Preview,
    SessionInfo,
    Statement,
)

__all__ = ["Execution"]


class Execution:
    """Places, sends, books, cancels, halts.

    Threads. ``place``, ``preview``, ``cancel``, ``halt``, ``resume``, ``deposit``, ``adjust``, ``arm`` and
    ``adopt`` may be called from any thread at any time; each holds the journal's lock from its first
    look at the books to its commit, so checks and what rests on them are one step, and none of them
    waits for a venue. ``turn`` talks to venues account by account (``lane.Lane``): in the loop's thread,
    or, after ``start``, on a thread of each live account's own.

    Parameters
    ----------
    ledger, books : the books hold exactly the ledger's events
    brokers : by account, ``paper:1``; nothing needs to be armed or compared there
    route : names the account among ``brokers`` that trades an instrument
    live : accounts at live venues; where there are any, ``brokers`` is empty
    gate : previews a request on the books as they stand
    verdict : refuses what ``gate`` refuses without what only a screen shows; None: ``gate`` itself
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
        verdict: Callable[..., Preview] | None = None,
        live: Sequence[Live] = (),
        probe: Callable[[str], None] = nothing,
    ) -> None:
        journal, venues = Journal(ledger, books, clock), dict[str, Venue]()
        self._kit = Kit(journal, venues, instruments, clock, meter, probe)
        for account, broker in brokers.items():
            venues[account] = Venue(account, broker, clock, meter)
        self._ender = Ender(self._kit, Asker(self._kit, Booker(self._kit)))
        seats = [Seat(account, journal.admit) for account in live]
        self._accounts = Accounts(self._kit, venues, seats, route, self.halt)
        self._placer = Placer(self._kit, ledger.installation, self._accounts, gate, verdict=verdict)
        self._changer = Changer(self._kit, self._placer)
        self._accounts.keep(self._placer)
        self._sessions: Mapping[str, SessionInfo] = {}

    @property
    def recovered(self) -> bool:
        """Every order left over from before the start has been asked about; live accounts tell by themselves."""
        return self._accounts.recovered

    @property
    def accounts(self) -> tuple[AccountView, ...]:
        """The accounts of the set as they stand now."""
        return self._accounts.views

    def venue(self, instrument: Instrument) -> tuple[str, Broker] | None:
        """Name the account that trades an instrument, and its broker; None where there is none."""
        return self._accounts.venue(instrument)

    def arm(self, broker: str, account_id: object) -> AccountView:
        """Let orders leave to a live account for the rest of this run; its id must be typed exactly.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT`` or ``NOT_ARMED``.
        """
        return self._accounts.arm(broker, account_id)

    def adopt(self, broker: str, account_id: object, typed: object) -> AccountView:
        """Believe a live venue where the books differ; ``typed`` must be the view's ``phrase``.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT``, ``NOTHING_TO_ADOPT``, ``BAD_CONFIRMATION`` or ``CHANGED``.
        """
        return self._accounts.adopt(broker, account_id, typed)

    def login(self, broker: str, request_token: object) -> AccountView:
        """Log in to a venue that wants that daily; waits for the venue.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT``, ``NO_LOGIN`` or ``LOGIN_FAILED``.
        """
        return self._accounts.login(broker, request_token)

    def start(self) -> None:
        """Turn each live account on a thread of its own from now on."""
        self._accounts.start()

    def close(self) -> None:
        """End these threads, each after the call that is under way and its record."""
        self._accounts.close()

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
        return self._placer.place(wish, key, self._sessions, recovered=self.recovered)

    def cancel(self, order_id: str) -> Order:
        """Commit the wish to cancel; the order's state tells what came of it.

        Raises
        ------
        Refused
            ``UNKNOWN_ORDER`` or ``NOT_CANCELABLE``.
        """
        return self._ender.cancel(order_id)

    def halt(self, why: str) -> Halt:
        """Refuse every order placed after this returns, and cancel all that rests but protective stops."""
        return self._ender.halt(why)

    def reduce(self, why: str) -> Halt:
        """Refuse buys placed after this returns, and cancel those that are open; a halt stays a halt."""
        return self._ender.halt(why, reducing=True)

    def flatten(self, confirm: object) -> Halt:
        """Halt, cancel all that rests and sell all that is held; ``confirm`` must be exactly ``FLATTEN``.

        Raises
        ------
        Refused
            ``BAD_CONFIRMATION``.
        """
        return begin(self._kit, self._ender, confirm)

    def replace(self, order_id: str, key: str, terms: Terms) -> Placement:
        """Commit the wish for other terms; what came of it shows in the order, or in the one in its place.

        Raises
        ------
        Refused
            ``UNKNOWN_ORDER``, ``NOT_REPLACEABLE``, ``BAD_REQUEST``, ``IDEMPOTENCY_CONFLICT``, or the code of
            a rule that the new terms break.
        """
        return self._changer.replace(order_id, key, terms, recovered=self.recovered)

    def mark(self, order_id: str, best: Decimal) -> None:
        """Write down the best price that a trailing stop has followed, so that a restart resumes it."""
        with self._kit.journal.holding() as books:
            order = books.order(order_id)
            if order is not None and order.state in OPEN_STATES:
                with self._kit.journal.writing() as draft:
                    draft.add(EventKind.MARK, order.id, write_mark(best), account=order.account)

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
        A dividend pays a paper account in cash, for what it held before that day.

        Parameters
        ----------
        since : actions before this day are passed over: the position was bought after them
        """
        if since is not None and action.day < since:
            return False
        return book_action(self._kit, self._ender.want, action)

    def statement(self, text: str, account: str, commit: str = "") -> Statement:
        """Say what a broker's statement would do to the books; with the hash of what was shown, do it.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT``, or ``CHANGED``: it is no longer what was shown.
        """
        return take_statement(self._kit, text, account, commit)

    def recover(self) -> bool:
        """Find out what became of everything that was under way; True when nothing is left unasked.

        What was being sent when the process ended may have arrived, so it is unknown and asked
        about. What was never handed over provably never left; ``turn`` sends it. Until this has
        passed, nothing new can be placed; ``turn`` tries it again. Live accounts do so in their turns.
        """
        return self._accounts.recover()

    def turn(self, market: Mapping[str, MarketDatum], sessions: Mapping[str, SessionInfo]) -> None:
        """One turn of the loop: write a halt down, then each account's expire, book, cancel, send, ask.

        Raises
        ------
        StorageError
            The ledger could not be written. Nothing is lost: what a venue did is asked for again.
        """
        self._sessions = sessions
        self._ender.insist()
        self._accounts.turn(market, sessions)
