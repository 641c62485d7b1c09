"""The facade: every door opens this one object, reads its Snapshot and calls one of its verbs.

The running desk is kept in a registry that belongs to the process, not to this module, so that a
reload of the code can never start a second one.
"""

import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType, TracebackType
from typing import Self

from marketpulse import build
from marketpulse.errors import ConfigError, Refused
from marketpulse.execution import Execution
from marketpulse.features.full import WORDS as FEATURE_WORDS
from marketpulse.loop import Loop
from marketpulse.loop.charting import Charting
from marketpulse.loop.schooling import Schooling
from marketpulse.loop.showing import Showing
from marketpulse.loop.whys import why_now, why_then
from marketpulse.ports import Sink, Terms
from marketpulse.risk.changes import smallest_change
from marketpulse.settings import Loaded
from marketpulse.storage import Hold
from marketpulse.types import (
    AccountView,
    AlertView,
    Change,
    Check,
    Halt,
    Issued,
    Lock,
    Order,
    OrderRequest,
    Placement,
    Preview,
    Proposal,
    SignalStatistics,
    Statement,
    Why,
)

__all__ = [
    "FEATURE_WORDS",
    "Desk",
    "Raw",
    "current",
    "get_latest_signals",
    "get_signal_statistics",
    "get_signals_by_symbol",
    "use",
]

Raw = Mapping[str, object]
"""An order as a person wrote it: names and texts, not yet checked."""

_OLDEST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

_registry = sys.modules.setdefault("_marketpulse_registry", ModuleType("_marketpulse_registry"))


class Desk(Charting, Schooling, Showing):
    """The running desk; safe from every thread. Open it with ``Desk.open``."""

    def __init__(self, loop: Loop, hold: Hold) -> None:
        self._loop = loop
        self._hold = hold
        self._closing = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, loaded: Loaded, url: str = "") -> "Desk":
        """Start the desk on its data folder and make it the current one.

        A ledger that was damaged or cannot be written is served as far as it is whole, and every verb
        that would change something is refused with ``READ_ONLY``.

        Raises
        ------
        ConfigError
            Another process holds the folder, or a setting is wrong; the sentence says which.
        """
        folder = loaded.settings.data_dir.resolve()
        hold = Hold.take(folder)
        with ExitStack() as undo:
            undo.callback(hold.release)
            loop = build.assemble(loaded, folder, hold.fault)
            undo.callback(loop.close)
            hold.announce(url)
            loop.start()
            undo.pop_all()
        desk = cls(loop, hold)
        use(desk)
        return desk

    def close(self) -> None:
        """Stop the loop, note where the clock stood, and let the folder go; twice is harmless."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._loop.close()
        self._hold.release()
        if getattr(_registry, "desk", None) is self:
            _registry.desk = None  # type: ignore[attr-defined]  # a module used as a drawer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _order_path(self) -> Execution:
        """The order path, unless the ledger takes nothing."""
        sealed = self._loop.rooms.sealed
        if sealed:
            raise Refused("READ_ONLY", f"This desk only shows what its ledger holds. {sealed}")
        return self._loop.rooms.execution

    def preview(self, request: OrderRequest | Raw) -> Preview:
        """Say what an order would do; a request that cannot be read is a failed check, not an error."""
        try:
            return self._order_path.preview(request)
        except Refused as refused:
            check = Check(refused.code, "Order", passed=False, sentence=refused.sentence)
            return Preview(request=None, checks=(check,))

    def place(self, request: OrderRequest | Raw, key: str) -> Placement:
        """Commit an order's intent and answer; the venue is asked afterwards.

        Parameters
        ----------
        key : names the wish; the same key and request give the same order for ever

        Raises
        ------
        Refused
            A rule said no (the refusal is in the ledger), or the key was used for another request.
        StorageError
            The ledger could not be written; nothing was placed.
        """
        try:
            return self._order_path.place(request, key)
        finally:
            self._loop.nudge()

    def cancel(self, order_id: str) -> Order:
        """Ask for a cancel; the outcome shows in the order's state.

        Raises
        ------
        Refused
            ``UNKNOWN_ORDER`` or ``NOT_CANCELABLE``.
        """
        order = self._order_path.cancel(order_id)
        self._loop.nudge()
        return order

    def replace(
        self,
        order_id: str,
        key: str,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Placement:
        """Ask for other terms of an open order; what is left out stays as it is.

        Where the venue amends in place the order itself changes, else it is canceled and another one takes
        its place, whose ``parent`` it is.

        Parameters
        ----------
        key : names the wish; the same key and terms give the same answer for ever
        quantity : of the whole order, what has filled counted in

        Raises
        ------
        Refused
            ``UNKNOWN_ORDER``, ``NOT_REPLACEABLE``, ``BAD_REQUEST``, ``IDEMPOTENCY_CONFLICT``, or the code of
            a rule that the new terms break; the order stays what it was.
        """
        try:
            terms = Terms(quantity, limit_price, stop_price)
            return self._order_path.replace(order_id, key, terms)
        finally:
            self._loop.nudge()

    def halt(self, why: str) -> Halt:
        """Refuse every new order from now on and cancel all that rests but protective stops."""
        halt = self._order_path.halt(why)
        self._loop.nudge()
        return halt

    def reduce(self, why: str) -> Halt:
        """Refuse every buy from now on and cancel those that rest; sales pass."""
        halt = self._order_path.reduce(why)
        self._loop.nudge()
        return halt

    def flatten(self, confirm: str) -> Halt:
        """Halt, cancel all that rests, and sell all that is held; ``confirm`` must be ``FLATTEN``.

        Raises
        ------
        Refused
            ``BAD_CONFIRMATION``.
        """
        halt = self._order_path.flatten(confirm)
        self._loop.nudge()
        return halt

    def resume(self, confirm: str) -> None:
        """Trade again; ``confirm`` must be ``RESUME``.

        Raises
        ------
        Refused
            ``BAD_CONFIRMATION``.
        """
        self._order_path.resume(confirm)
        self._loop.nudge()

    def arm(self, broker: str, account_id: str) -> AccountView:
        """Let orders leave to a live account for the rest of this run; its id must be typed exactly.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT`` or ``NOT_ARMED``.
        """
        view = self._order_path.arm(broker, account_id)
        self._loop.nudge()
        return view

    def adopt(self, broker: str, account_id: str, typed: str) -> AccountView:
        """Believe a live venue where the books differ; ``typed`` must be the account's ``phrase``.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT``, ``NOTHING_TO_ADOPT``, ``BAD_CONFIRMATION`` or ``CHANGED``.
        StorageError
            The ledger could not be written; nothing was adopted.
        """
        view = self._order_path.adopt(broker, account_id, typed)
        self._loop.nudge()
        return view

    def login(self, broker: str, request_token: str) -> AccountView:
        """Log in to a venue that wants that daily; waits for the venue.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT``, ``NO_LOGIN`` or ``LOGIN_FAILED``.
        """
        view = self._order_path.login(broker, request_token)
        self._loop.nudge()
        return view

    def statement(self, text: str, account: str, commit: str = "") -> Statement:
        """Show what a broker's statement (CSV) would do; book it with the hash of what was shown.

        Raises
        ------
        Refused
            ``UNKNOWN_ACCOUNT`` or ``CHANGED``.
        StorageError
            The ledger could not be written; nothing was booked.
        """
        found = self._order_path.statement(text, account, commit)
        if found.committed:
            self._loop.nudge()
        return found

    def acknowledge(self, alert: str) -> AlertView:
        """Say that somebody has seen an alert of the Snapshot; again is harmless.

        Raises
        ------
        Refused
            ``UNKNOWN_ALERT``.
        """
        view = self._loop.alarms.acknowledge(alert)
        self._loop.nudge()
        return view

    def answer(self, proposal: str, *, approve: bool) -> Proposal:
        """Approve or decline a proposal of the Snapshot by its id; the same answer again changes nothing.

        Raises
        ------
        Refused
            ``UNKNOWN_PROPOSAL``, ``ANSWERED``, or the code of the rule that refuses its order.
        """
        try:
            return self._loop.player.answer(proposal, self._loop.rooms.market.data(), approve=approve)
        finally:
            self._loop.nudge()

    def why(self, symbol: str, at: datetime | None = None, quantity: Decimal | None = None) -> Why:
        """Say why an instrument would be bought or not, gate by gate; of a past moment what the ledger holds.

        Raises
        ------
        Refused
            ``UNKNOWN_SYMBOL``, or ``BAD_REQUEST``: a moment without a zone or a quantity that is none.
        """
        rooms = self._loop.rooms
        if symbol not in rooms.instruments:
            raise Refused("UNKNOWN_SYMBOL", f"The desk does not know {symbol[:20]!r}.")
        if at is not None:
            if at.tzinfo is None:
                raise Refused("BAD_REQUEST", "A moment needs its zone, such as 2012-06-05T16:00:00Z.")
            if not _OLDEST < at < _LAST:  # at either end there is no such day in every zone
                raise Refused("BAD_REQUEST", "A moment lies between the years 1900 and 9999.")
            return why_then(rooms, symbol, at)
        if quantity is not None and not (quantity.is_finite() and quantity > 0):
            raise Refused("BAD_REQUEST", "A quantity is a number above 0.")
        signal = self.snapshot().signals.get(symbol)
        word = self._loop.player.word(signal)
        return why_now(rooms, rooms.instruments[symbol], signal, self.preview, quantity, approval=word)

    def change(self, request: Raw) -> Change | None:
        """Find the smallest change of a refused order that would pass; None where no small change does."""
        rooms, preview = self._loop.rooms, self.preview(request)
        instrument = rooms.instruments.get(str(request.get("symbol")))
        if instrument is None:
            return None
        return smallest_change(preview, request, instrument, rooms.books.open_orders, self.preview)

    def unlock(self, name: str, confirm: str) -> Lock:
        """Lift a protection of the Snapshot; ``confirm`` must be what it wants typed.

        Raises
        ------
        Refused
            ``UNKNOWN_LOCK`` or ``BAD_CONFIRMATION``.
        """
        lock = self._loop.locks.lift(name, confirm, self.snapshot().valuation.equity)
        self._loop.nudge()
        return lock

    def attach(self, sink: Sink) -> None:
        """Tell a sink of the ledger's events, each at least once, until the desk closes."""
        self._loop.attach(sink)

    def ask_again(self, provider: str) -> None:
        """Ask a provider of prices again at once, though it rests or refused our key.

        Raises
        ------
        Refused
            ``UNKNOWN_PROVIDER``.
        """
        self._loop.rooms.market.ask_again(provider)
        self._loop.nudge()


def current() -> Desk:
    """Return the running desk.

    Raises
    ------
    ConfigError
        None is running in this process.
    """
    desk = getattr(_registry, "desk", None)
    if desk is None:
        raise ConfigError("No desk runs in this process; start it with: streamlit run app.py")
    return desk  # type: ignore[no-any-return]  # the registry's drawer holds a Desk or a test's double


def use(desk: object) -> None:
    """Make ``desk`` the current one; tests pass their double, None empties the registry."""
    _registry.desk = desk  # type: ignore[attr-defined]  # a module used as a drawer


def get_latest_signals(limit: int = 20) -> tuple[Issued, ...]:
    """Return the newest signals that the running desk has issued, newest first, with what became of each."""
    return current().get_latest_signals(limit)


def get_signals_by_symbol(symbol: str, limit: int = 100) -> tuple[Issued, ...]:
    """Return those of one instrument; raises Refused where the desk does not know it."""
    return current().get_signals_by_symbol(symbol, limit)


def get_signal_statistics() -> SignalStatistics:
    """Return the running desk's scoreboard."""
    return current().get_signal_statistics()
