"""Do the books and the venue agree? Asked at the start and every minute, by two looks where they do not.

Fills are swept, the account is asked, and where the two differ fills are swept again: what was executed in
between is no difference. One that stands through two looks halts all trading, with its numbers. A person
may then believe the venue: the difference is booked as what it is, units and cash from outside.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from types import MappingProxyType

from marketpulse.errors import Refused
from marketpulse.execution.booking import Booker
from marketpulse.execution.kit import Kit
from marketpulse.execution.seat import Seat
from marketpulse.execution.venue import NoAnswer, Venue
from marketpulse.portfolio.codec import External, ExternalKind, write_external
from marketpulse.ports import AccountState
from marketpulse.types import (
    WORKING_STATES,
    AssetClass,
    Difference,
    EventKind,
    Instrument,
    MarketDatum,
    Order,
    OrderState,
    Side,
)

__all__ = ["Reconciler"]

_EVERY = 60.0  # seconds between two comparisons that agreed
_AGAIN = 4.0  # seconds to the second look; longer than a venue needs to list a fill
_SILENT = 2.0  # seconds to the next try after no answer
_CENT = Decimal("0.01")
_SMALLEST = Decimal("0.00000001")  # of a coin
_ZERO = Decimal(0)
_IN_FLIGHT = frozenset(
    {OrderState.SUBMITTING, OrderState.UNKNOWN, OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE}
)
_ROUNDINGS = 4  # smallest units an execution may be off by: value, fee, and each balance after it
_SHOWN = 8  # numbers named in the sentence of a halt
_UNITS, _CASH = "units", "cash"

_Found = tuple[tuple[str, Difference], ...]
"""What differs: units or cash, and the two numbers."""


class Reconciler:
    """Compares one account. Only the account's own turn calls ``turn``.

    Parameters
    ----------
    halt : stops all trading, with the reason
    """

    def __init__(
        self, kit: Kit, booker: Booker, venue: Venue, seat: Seat, halt: Callable[[str], object]
    ) -> None:
        self._kit = kit
        self._booker = booker
        self._venue = venue
        self._seat = seat
        self._halt = halt
        self._next = kit.clock.monotonic()
        self._first: _Found = ()  # what the first of two looks found
        self._standing: _Found = ()  # what stood through both
        self._prices: Mapping[str, MarketDatum] = MappingProxyType({})
        self._coins = any(i.asset_class is AssetClass.CRYPTO for i in kit.instruments.values())

    def hurry(self) -> None:
        """Compare at the next turn."""
        self._next = self._kit.clock.monotonic()

    def turn(self, market: Mapping[str, MarketDatum]) -> None:
        """Compare, if it is time to."""
        self._prices = market or self._prices
        now = self._kit.clock.monotonic()
        if now < self._next or not self._venue.ready:
            return
        self._next = now + _SILENT
        try:
            found = self._look()
        except NoAnswer:
            return  # nothing follows from silence; the account stays what it was
        with self._kit.journal.holding():  # a person may adopt at the same time
            self._conclude(found, now)

    def _look(self) -> _Found:
        venue = self._venue
        self._booker.sweep(venue)
        state = venue.ask("the account", venue.broker.account)
        self._kit.probe("reconcile.asked")
        self._seat.cash = MappingProxyType(dict(state.cash))
        found = self._differences(state)
        if found:
            known = self._kit.instruments
            which = [known[row.what] for kind, row in found if kind is _UNITS and row.what in known]
            self._booker.sweep(venue, which or None)
            found = self._differences(state)
        return found

    def _differences(self, state: AccountState) -> _Found:
        """Compare units by symbol and cash by currency, but for what is on its way."""
        with self._kit.journal.holding():
            flying = [o for o in self._kit.open_orders if o.state in _IN_FLIGHT]
            moving = {o.request.symbol for o in flying}
            held_back = [o for o in self._kit.open_orders if _buys(o)] if state.holds_back else []
            spending = {self._kit.instrument(o).currency for o in (*flying, *held_back)}
            units, cash = self._held()
            dust, cent = self._tolerance()
        return (
            *((_UNITS, row) for row in _apart(units, state.positions, moving, dust)),
            *((_CASH, row) for row in _apart(cash, state.cash, spending, cent)),
        )

    def _tolerance(self) -> tuple[Decimal, Decimal]:
        """Return what units and cash may differ by: venues of coins round at each execution."""
        if not self._coins:
            return _ZERO, _CENT
        dust = _SMALLEST * max(1, _ROUNDINGS * self._kit.books.executions(self._seat.account))
        return dust, dust

    def _passing(self) -> bool:
        """Tell whether something is on its way that will soon have arrived; doubt may last, and has its own rule."""
        passing = _IN_FLIGHT - {OrderState.UNKNOWN}
        return any(order.state in passing for order in self._kit.open_orders)

    def _held(self) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
        """Units by symbol and cash by currency, as the books have them."""
        books, account = self._kit.books, self._seat.account
        balances = books.portfolio.balances.items()
        return books.units(account), {currency: n for (whose, currency), n in balances if whose == account}

    def _conclude(self, found: _Found, now: float) -> None:
        seat = self._seat
        if not found and self._passing():
            self._next = now + _AGAIN  # agreement in part only: what is on its way hides the rest
        elif not found:
            self._first = self._standing = ()
            seat.difference, seat.reconciled, seat.checked = (), True, self._kit.clock.now()
            self._next = now + _EVERY
        elif found != self._first:
            self._first = found
            self._next = now + _AGAIN
        else:
            self._next = now + _EVERY
            seat.checked = self._kit.clock.now()
            if self._standing != found:
                named = tuple(row for _, row in found)
                seat.reconciled = False
                self._halt(self._sentence(named))
                self._standing, seat.difference = found, named  # shown once the halt is written down

    def _sentence(self, found: tuple[Difference, ...]) -> str:
        named = "; ".join(f"{d.what} {d.books:f} here, {d.venue:f} there" for d in found[:_SHOWN])
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"The books and {self._seat.account} disagree: {named}{more}"

    def adopt(self, typed: object) -> None:
        """Believe the venue: book the difference that is shown as units and cash from outside.

        Raises
        ------
        Refused
            ``NOTHING_TO_ADOPT``, ``BAD_CONFIRMATION``, or ``CHANGED``: the books have moved since.
        """
        seat = self._seat
        with self._kit.journal.holding():
            shown = self._standing
            if not shown or not seat.difference:
                raise Refused("NOTHING_TO_ADOPT", f"No difference with {seat.live.broker} stands.")
            if typed != seat.phrase:
                raise Refused("BAD_CONFIRMATION", f"Type {seat.phrase} to believe the venue.")
            units, cash = self._held()
            if any((units if k is _UNITS else cash).get(row.what, _ZERO) != row.books for k, row in shown):
                self.hurry()
                raise Refused("CHANGED", "The books have moved since; look at the new difference.")
            with self._kit.journal.writing() as draft:
                for kind, row in shown:
                    payload = write_external(self._external(kind, row))
                    draft.add(EventKind.EXTERNAL, row.what, payload, account=seat.account)
                self._kit.probe("adopt.appended")
            self._first = self._standing = ()
            seat.difference, seat.reconciled = (), True
        self.hurry()

    def _external(self, kind: str, row: Difference) -> External:
        more, name = row.venue - row.books, self._seat.live.broker
        if kind is _CASH:
            return External(ExternalKind.OPENING, currency=row.what, cash=more, why=f"adopted from {name}")
        instrument = self._kit.instruments.get(row.what)
        price, why = self._price(instrument)
        return External(
            ExternalKind.OPENING,
            symbol=row.what,
            quantity=more,
            price=price,
            currency=instrument.currency if instrument else self._kit.books.currency,
            why=f"adopted from {name}, {why}",
        )

    def _price(self, instrument: Instrument | None) -> tuple[Decimal, str]:
        """Return what adopted units count as having cost: nobody here knows what was paid."""
        datum = self._prices.get(instrument.symbol) if instrument else None
        if datum is None or instrument is None:
            return _ZERO, "at no known price"
        price = Decimal(repr(float(datum.quote.price))).quantize(instrument.tick)
        return price, "at the price of that moment"


def _apart(
    books: Mapping[str, Decimal], venue: Mapping[str, Decimal], leave: Collection[str], within: Decimal
) -> list[Difference]:
    """Return where two sets of numbers differ by more than ``within``."""
    names = sorted((books.keys() | venue.keys()) - set(leave))
    rows = (Difference(name, books.get(name, _ZERO), venue.get(name, _ZERO)) for name in names)
    return [row for row in rows if abs(row.books - row.venue) > within]


def _buys(order: Order) -> bool:
    return order.request.side is Side.BUY and order.state in WORKING_STATES
