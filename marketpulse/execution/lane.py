"""One account's own part of the order path: its turn, and the thread that runs it where the venue is slow."""

import logging
import threading
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import replace

from marketpulse.errors import MarketPulseError, Refused
from marketpulse.execution.asking import Asker
from marketpulse.execution.booking import Booker
from marketpulse.execution.ending import Ender
from marketpulse.execution.keeping import Keeper
from marketpulse.execution.kit import Kit
from marketpulse.execution.placing import Placer
from marketpulse.execution.reconciling import Reconciler
from marketpulse.execution.seat import Seat
from marketpulse.execution.sending import Sender
from marketpulse.execution.venue import NoAnswer, Venue
from marketpulse.portfolio.codec import Change
from marketpulse.types import ExternalOrder, Instrument, MarketDatum, OrderState, SessionInfo

__all__ = ["Lane"]

_COMPARE = 30.0  # seconds between two comparisons with what the venue shows
_ALL = 60.0  # seconds between two sweeps of everything, where sweeps are paced
_RECENT = 60.0  # seconds an order counts as recent after its last change
_TURN = 1.0  # seconds a thread waits at most when nobody wakes it
_LONGEST_CALL = 45.0  # seconds; no adapter's call lasts longer
_DOUBTFUL = frozenset({OrderState.UNKNOWN, OrderState.PENDING_CANCEL})
_log = logging.getLogger("marketpulse.execution")


class Lane:
    """Turns one account.

    Threads. ``turn`` belongs to one thread at a time, the loop's or the lane's own; a lock keeps a
    second caller out, so an order is never sent by two. It holds the journal's lock only around each
    decision and commit, never while the venue is asked. Lanes share nothing but the journal, so a venue
    that is slow or silent holds up its own orders only.

    Parameters
    ----------
    kit : of the whole order path
    everywhere : the venues of the whole order path, where this one comes in once its account is known
    halt : stops all trading, with the reason
    seat : whose account it is and what may be done there, None where nothing needs to be asked (paper)
    """

    def __init__(
        self,
        kit: Kit,
        venue: Venue,
        everywhere: MutableMapping[str, Venue],
        *,
        halt: Callable[[str], object],
        seat: Seat | None = None,
    ) -> None:
        self.venue = venue
        self.seat = seat
        self._everywhere = everywhere
        self._venues = {venue.account: venue} if venue.account in everywhere else {}
        mine = {s: i for s, i in kit.instruments.items() if seat is None or seat.live.trades(i)}
        self._kit = replace(kit, venues=self._venues, instruments=mine)
        self._booker = Booker(self._kit)
        self._asker = Asker(self._kit, self._booker)
        self._ender = Ender(self._kit, self._asker)
        self._sender = Sender(self._kit, self._asker)
        self._reconciler = Reconciler(self._kit, self._booker, venue, seat, halt) if seat else None
        self._keeper: Keeper | None = None
        self._halt = halt
        self._turning = threading.Lock()
        now = kit.clock.monotonic()
        self._compared = now
        self._swept = self._swept_all = now - _ALL
        self._recovered = False
        self._thread: threading.Thread | None = None
        self._wake, self._stop = threading.Event(), threading.Event()
        self._seen: tuple[Mapping[str, MarketDatum], Mapping[str, SessionInfo]] = ({}, {})

    def keep(self, placer: Placer, instruments: Mapping[str, Instrument]) -> None:
        """Keep exits, replaces and flattens from now on."""
        self._keeper = Keeper(self._kit, self._asker, self._ender, placer, instruments)

    @property
    def recovered(self) -> bool:
        """Every order left over from before the start has been asked about."""
        return self._recovered

    @property
    def threaded(self) -> bool:
        """It runs on a thread of its own."""
        return self._thread is not None

    @property
    def external(self) -> tuple[ExternalOrder, ...]:
        """Orders that rest at the venue and are not in the ledger."""
        return self._asker.external

    def adopt(self, typed: object) -> None:
        """Believe the venue where the books differ.

        Raises
        ------
        Refused
            ``NOTHING_TO_ADOPT``, ``BAD_CONFIRMATION`` or ``CHANGED``.
        """
        if self._reconciler is None:
            raise Refused("NOTHING_TO_ADOPT", "Nothing is adopted on paper.")
        self._reconciler.adopt(typed)
        self._wake.set()

    def recover(self) -> bool:
        """Find out what became of everything that was under way; True when nothing is left unasked."""
        with self._turning:
            return self._met() and self._recover()

    def turn(self, market: Mapping[str, MarketDatum], sessions: Mapping[str, SessionInfo]) -> None:
        """Expire, book, cancel, reconcile, send, ask.

        Raises
        ------
        StorageError
            The ledger could not be written. Nothing is lost: what the venue did is asked for again.
        """
        with self._turning:
            if not self._met() or not (self._recovered or self._recover()):
                return
            self._interrupted()
            self._ender.expire(sessions)
            self._sweep()
            self._ender.pass_on()
            if self._reconciler is not None:
                self._reconciler.turn(market)
            if self.seat is None or self.seat.open:
                if self._keeper is not None:
                    self._keeper.turn(market, sessions)
                self._sender.send_new(market)
            self._settle()
            self._compare()

    def _met(self) -> bool:
        """The venue has said whose account this is, and it is the one that is meant."""
        if self.seat is None or self.seat.told:
            return True
        if not self.venue.ready:
            return False
        with suppress(NoAnswer):
            state = self.venue.ask("the account", self.venue.broker.account)
            if self.seat.meet(state.account_id):
                self.venue.account = self.seat.account
                self._venues[self.seat.account] = self._everywhere[self.seat.account] = self.venue
        return self.seat.told

    def _recover(self) -> bool:
        self._interrupted()
        kit = self._kit
        kit.probe("recover.begun")
        try:
            self._asker.compare(self.venue)
            for order in kit.open_orders:
                if order.state in _DOUBTFUL:
                    self._asker.settle(order)
        except NoAnswer:
            return False
        self._recovered = True
        kit.probe("recover.done")
        return True

    def _interrupted(self) -> None:
        """Doubt what was being sent while nobody is sending."""
        journal = self._kit.journal
        with journal.holding():
            lost = [order for order in self._kit.open_orders if order.state is OrderState.SUBMITTING]
            if lost:
                sentence = "The desk stopped while it was sending this; the venue is being asked."
                change = Change(OrderState.UNKNOWN, "interrupted", "INTERRUPTED", sentence)
                with journal.writing() as draft:
                    for order in lost:
                        draft.move(order, change)

    def _sweep(self) -> None:
        """Book what was executed: each turn, or as often as a venue that counts its answers allows.

        There, what has open or recent orders is asked for often, and everything once a minute.
        """
        if not self.venue.ready:
            return
        with suppress(NoAnswer):
            pace = self.venue.pace
            if not pace.seconds:
                self._booker.sweep(self.venue)
                return
            now = self._kit.clock.monotonic()
            if now - self._swept_all >= _ALL:
                self._swept = self._swept_all = now
                self._booker.sweep(self.venue)
                return
            busy = self._busy()
            if busy and now - self._swept >= pace.seconds + pace.each * len(busy):
                self._swept = now
                self._booker.sweep(self.venue, busy)

    def _busy(self) -> tuple[Instrument, ...]:
        now, kit = self._kit.clock.now(), self._kit
        recent = [
            order
            for order in kit.books.newest(50)
            if order.account in self._venues and (now - order.updated).total_seconds() < _RECENT
        ]
        symbols = {order.request.symbol for order in (*kit.open_orders, *recent)}
        return tuple(kit.instruments[symbol] for symbol in sorted(symbols) if symbol in kit.instruments)

    def _settle(self) -> None:
        for order in self._kit.open_orders:
            if order.state is OrderState.UNKNOWN and self.venue.ready and self._asker.due(order):
                with suppress(NoAnswer):
                    self._asker.settle(order)

    def _compare(self) -> None:
        now = self._kit.clock.monotonic()
        if now - self._compared < _COMPARE:
            return
        self._compared = now
        if self.venue.ready:
            with suppress(NoAnswer):
                self._asker.compare(self.venue)

    def start(self) -> None:
        """Turn on a thread of its own from now on."""
        self._thread = threading.Thread(
            target=self._run, name=f"account {self.venue.broker.name}", daemon=True
        )
        self._thread.start()

    def show(self, market: Mapping[str, MarketDatum], sessions: Mapping[str, SessionInfo]) -> None:
        """Hand the thread the newest prices and wake it; returns at once."""
        self._seen = market, sessions
        self._wake.set()

    def ask_now(self) -> None:
        """Ask the venue at once, although it was left alone or not due: somebody has logged in or adopted."""
        self.venue.wake()
        if self._reconciler is not None:
            self._reconciler.hurry()
        self._wake.set()

    def stop(self) -> None:
        """Let the thread end after the call that is under way and its record; does not wait."""
        self._stop.set()
        self._wake.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        if self._thread is not None:
            self._thread.join(_LONGEST_CALL)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._guarded()
            self._wake.wait(_TURN)
            self._wake.clear()

    def _guarded(self) -> None:
        """One turn; what goes wrong stops trading, not the desk."""
        try:
            self.turn(*self._seen)
        except MarketPulseError as error:
            self._stopped(f"{type(error).__name__}: {error}")
        except Exception:  # noqa: BLE001  the thread's top level
            _log.exception("a turn of the account at %s failed", self.venue.broker.name)
            self._stopped(f"An unforeseen fault with {self.venue.broker.name}; the log has its details.")

    def _stopped(self, why: str) -> None:
        self._kit.meter.fault("account", why)
        try:
            self._halt(why)
        except MarketPulseError as error:
            self._kit.meter.fault("halt", str(error))
