"""What every part of the order path works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from marketpulse.clock import Clock
from marketpulse.execution.journal import Journal
from marketpulse.execution.venue import Venue
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.types import Instrument, Order

__all__ = ["LIVE_POINTS", "POINTS", "Kit", "market_time", "nothing"]

POINTS = (
    "place.appended",
    "place.committed",
    "send.deciding",
    "send.submitting",
    "send.answered",
    "send.recorded",
    "fills.found",
    "fills.appended",
    "fills.committed",
    "cancel.appended",
    "cancel.committed",
    "cancel.asking",
    "cancel.asked",
    "settle.asked",
    "settle.committed",
    "compare.asked",
    "exit.appended",
    "exit.committed",
    "replace.appended",
    "replace.committed",
    "replace.asking",
    "replace.asked",
    "flatten.appended",
    "flatten.committed",
    "halt.appended",
    "halt.committed",
    "recover.begun",
    "recover.done",
)
"""Every name a probe is called with; the kill test dies at each of them."""

LIVE_POINTS = ("reconcile.asked", "adopt.appended")
"""Names that only an account at a live venue passes; the tests of reconciling die there."""


def nothing(point: str) -> None:
    """Probe nothing; tests and proofs kill the process or raise at the named point instead."""
    del point


def market_time(instrument: Instrument, clock: Clock) -> datetime:
    """Now, by the clock the instrument trades on: what never closes lives on the wall clock."""
    return clock.market(instrument.calendar)


@dataclass(frozen=True, slots=True)
class Kit:
    """Journal, venues and instruments, with clock and meter.

    There is one for the whole order path, and one for each account's own part of it.

    Attributes
    ----------
    venues : by account; an account whose venue has not told its id yet is not among them
    probe : called with a name at each point where a crash is interesting
    """

    journal: Journal
    venues: Mapping[str, Venue]
    instruments: Mapping[str, Instrument]
    clock: Clock
    meter: Meter
    probe: Callable[[str], None] = nothing

    @property
    def books(self) -> Books:
        """The books; decide on them only while holding the journal."""
        return self.journal.books

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """Orders that may still trade, of the accounts of this kit only: others have turns of their own."""
        return tuple(order for order in self.books.open_orders if order.account in self.venues)

    def venue(self, order: Order) -> Venue:
        """Where the order lives."""
        return self.venues[order.account]

    def instrument(self, order: Order) -> Instrument:
        """What the order is about."""
        return self.instruments[order.request.symbol]
