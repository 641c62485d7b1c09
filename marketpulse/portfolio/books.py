"""The books of one account or several: a fold of the ledger's events, exact to the last digit.

Nothing is kept here that the events do not say; folding the same ledger again gives the same books.
Every method may be called from any thread; what it returns is immutable.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import chain, islice, takewhile
from types import MappingProxyType
from typing import Any

from marketpulse.portfolio.codec import (
    read_action,
    read_booking,
    read_cash,
    read_change,
    read_external,
    read_halt,
    read_paid,
)
from marketpulse.portfolio.desk_codec import read_flatten, read_halt_terms, read_mark
from marketpulse.portfolio.families import Families
from marketpulse.portfolio.holding import EXACT
from marketpulse.portfolio.line import Line
from marketpulse.portfolio.pace import Pace
from marketpulse.portfolio.sums import Sums, alias_of
from marketpulse.types import (
    OPEN_STATES,
    ActionKind,
    Event,
    EventKind,
    Fill,
    Halt,
    Order,
    OrderState,
    Portfolio,
    Side,
)

__all__ = ["Books", "Flow", "fill_key"]

_ZERO = Decimal(0)
_STATES = {state.value: state for state in OrderState}
_FOR_ALL = frozenset({EventKind.HALT, EventKind.RESUME, EventKind.FLATTEN})


def fill_key(venue: str, trade_id: str) -> str:
    """Name an execution for ever: the ledger refuses a second one."""
    return f"fill:{venue}:{trade_id}"


def _symbol(event: Event) -> str:
    payload: Any = event.payload
    return str(payload["symbol"])


@dataclass(frozen=True, slots=True)
class Flow:
    """What was traded of one symbol: net units bought, and net value paid for them without fees."""

    units: Decimal
    paid: Decimal


class Books:
    """Cash, positions, orders and the halt of the accounts that are shown together.

    Attributes
    ----------
    accounts : ``broker:account id`` each; events of other accounts are passed over
    currency : the base currency
    aliases : currencies kept under another's name
    seq : number of the last event folded, 0 before the first; older events are passed over
    updated : time of that event, None before the first
    families : which orders belong together; for the order path, which holds the journal

    Parameters
    ----------
    aliases : None: on paper one USDT is one US dollar
    """

    def __init__(
        self, accounts: str | Sequence[str], currency: str = "USD", aliases: Mapping[str, str] | None = None
    ) -> None:
        self.accounts = (accounts,) if isinstance(accounts, str) else tuple(accounts)
        self.currency = currency
        self.seq = 0
        self.updated: datetime | None = None
        self.families = Families()
        self._own = frozenset(self.accounts)
        self._lock = threading.RLock()
        self._aliases = aliases
        self.aliases = alias_of(self.accounts) if aliases is None else aliases
        self._sums = Sums(self.aliases)
        self._lines: dict[str, Line] = {}
        self._clients: dict[str, str] = {}
        self._pace = Pace()
        self._open: dict[str, Line] = {}
        self._bookings: list[Event] = []
        self._rest: list[Event] = []
        self._seen: set[str] = set()
        self._halt: Halt | None = None
        self._orders: Mapping[str, Order] | None = None
        self._portfolio: Portfolio | None = None
        self._fold: Mapping[EventKind, Any] = {
            EventKind.FILL: self._fill,
            EventKind.STATE: self._state,
            EventKind.ORDER: self._order,
            EventKind.DENIED: self._denied,
            EventKind.CASH: self._deposit,
            EventKind.ACTION: self._action,
            EventKind.EXTERNAL: self._external,
            EventKind.HALT: self._halted,
            EventKind.RESUME: self._resumed,
            EventKind.FLATTEN: self._flatten,
            EventKind.MARK: self._mark,
        }

    @property
    def account(self) -> str:
        """The first of the accounts."""
        return self.accounts[0]

    @classmethod
    def of(
        cls,
        accounts: str | Sequence[str],
        events: Iterable[Event],
        currency: str = "USD",
        aliases: Mapping[str, str] | None = None,
    ) -> "Books":
        """Fold a ledger from its beginning."""
        return cls(accounts, currency, aliases).replay(events)

    def admit(self, unknown: str, account: str, events: Iterable[Event]) -> None:
        """Show ``account`` in the place of ``unknown``, whose venue had not told its id.

        Parameters
        ----------
        events : the ledger from its beginning: what the account did in earlier runs counts again
        """
        accounts = tuple(account if name == unknown else name for name in self.accounts)
        fresh = Books.of(accounts, events, self.currency, self._aliases)
        with self._lock:
            for name, value in vars(fresh).items():
                if name not in {"_lock", "_fold"}:  # the folding functions are this object's own
                    setattr(self, name, value)

    def apply(self, event: Event) -> None:
        """Fold one committed event."""
        self.replay((event,))

    def replay(self, events: Iterable[Event]) -> "Books":
        """Fold committed events, oldest first; returns itself."""
        last: Event | None = None
        with self._lock, localcontext(EXACT):
            fold, own, fill, seq = self._fold, self._own, EventKind.FILL, self.seq
            try:
                for event in events:
                    if event.seq <= seq:
                        continue
                    if event.kind is fill:  # nearly all of a long ledger
                        if event.account in own:
                            self._fill(event)
                    else:
                        take = fold.get(event.kind)
                        if take is not None and (event.account in own or event.kind in _FOR_ALL):
                            take(event)
                    last, seq = event, event.seq
            finally:
                if last is not None:
                    self.seq, self.updated = last.seq, last.time
                self._orders = self._portfolio = None
        return self

    def _deposit(self, event: Event) -> None:
        cash = read_cash(event.payload)
        self._sums.deposit(event.account, cash.currency, cash.amount)

    def _order(self, event: Event) -> None:
        payload: Any = event.payload
        line = self._lines[event.ref] = self._open[event.ref] = Line(event, OrderState.NEW)
        self._clients[payload["client_order_id"]] = event.ref
        self.families.ordered(line, payload)
        self._pace.note(payload)

    def _denied(self, event: Event) -> None:
        line = self._lines[event.ref] = Line(event, OrderState.DENIED)
        self.families.ordered(line, event.payload)

    def _state(self, event: Event) -> None:
        line = self._lines[event.ref]
        line.change(event.time, read_change(event.payload))
        self._list(line)
        self.families.moved(line)

    def _fill(self, event: Event) -> None:
        payload: Any = event.payload
        quantity, value, fee = self._sums.fill(event.account, payload)
        self._bookings.append(event)
        self._seen.add(event.key or "")
        line = self._lines[event.ref]
        before, to = line.state, _STATES[payload["to"]]
        line.book(event, quantity, value, fee, to)
        if to is not before:
            self._list(line)
        self.families.filled(line, quantity)

    def _external(self, event: Event) -> None:
        self._sums.external(event.account, read_external(event.payload))
        self._seen.add(event.key or "")
        self._rest.append(event)

    def _list(self, line: Line) -> None:
        """Keep the index of open orders."""
        if line.state in OPEN_STATES:
            self._open[line.id] = line
        else:
            self._open.pop(line.id, None)

    def _action(self, event: Event) -> None:
        action = read_action(event.payload)
        self._sums.action(event.account, action, read_paid(event.payload))
        if action.kind is ActionKind.SPLIT:
            self.families.split(action.symbol, action.value)
        self._seen.add(event.key or "")
        self._rest.append(event)

    def _halted(self, event: Event) -> None:
        self._halt = Halt(event.time, read_halt(event.payload), *read_halt_terms(event.payload))

    def _resumed(self, event: Event) -> None:
        del event
        self._halt = self.families.flatten = None

    def _flatten(self, event: Event) -> None:
        self.families.flatten = None if read_flatten(event.payload) else event.seq

    def _mark(self, event: Event) -> None:
        self._lines[event.ref].best = read_mark(event.payload)

    @property
    def portfolio(self) -> Portfolio:
        """Cash and positions, immutable."""
        with self._lock:
            if self._portfolio is None:
                with localcontext(EXACT):
                    self._portfolio = self._sums.portfolio(self.account, self.currency)
            return self._portfolio

    @property
    def cash(self) -> Decimal:
        """Base currency, after fees, not less what working buys hold back."""
        return self.balance(self.currency)

    def balance(self, currency: str, account: str | None = None) -> Decimal:
        """Cash of ``currency``, in one account or in all."""
        if len(self.accounts) == 1:  # nothing to add up
            return self._sums.balance(currency, account or self.accounts[0])
        with self._lock, localcontext(EXACT):
            return self._sums.balance(currency, account)

    @property
    def halt(self) -> Halt | None:
        """Set while trading is stopped."""
        return self._halt

    def held(self, symbol: str, account: str | None = None) -> Decimal:
        """Units of ``symbol``, in one account or in all."""
        if len(self.accounts) == 1:
            return self._sums.held(symbol, account or self.accounts[0])
        with self._lock, localcontext(EXACT):
            return self._sums.held(symbol, account)

    def units(self, account: str) -> Mapping[str, Decimal]:
        """What one account holds, by symbol; nothing that is flat."""
        with self._lock:
            return self._sums.units(account)

    @property
    def orders(self) -> Mapping[str, Order]:
        """All orders by id, oldest first, denied ones too."""
        with self._lock:
            if self._orders is None:
                self._orders = MappingProxyType({key: line.view for key, line in self._lines.items()})
            return self._orders

    def newest(self, count: int) -> tuple[Order, ...]:
        """Return the last ``count`` orders, newest first."""
        with self._lock:
            keys = [key for key, _ in zip(reversed(self._lines), range(count), strict=False)]
            return tuple(self._lines[key].view for key in keys)

    def order(self, order_id: str) -> Order | None:
        """Return one order."""
        with self._lock:
            line = self._lines.get(order_id)
            return line.view if line else None

    def by_client(self, client_order_id: str) -> Order | None:
        """Return the order that a venue knows by this id."""
        order_id = self._clients.get(client_order_id)
        return self.order(order_id) if order_id else None

    def line(self, order_id: str) -> Line | None:
        """What only the order path asks for: intent, wishes, the cause of a pending cancel."""
        return self._lines.get(order_id)

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """Orders that may still trade, by the time they opened."""
        with self._lock:
            return tuple(line.view for line in self._open.values())

    def recent_buys(self, wall: datetime) -> int:
        """Count the buys placed within 60 seconds before ``wall``, by the wall clock."""
        with self._lock:
            return self._pace.count(wall)

    @property
    def fills(self) -> tuple[Fill, ...]:
        """All executions, oldest first."""
        return self.last_fills(len(self._bookings))

    def last_fills(self, count: int) -> tuple[Fill, ...]:
        """Return the last ``count`` executions, oldest first."""
        with self._lock:
            events = self._bookings[len(self._bookings) - min(count, len(self._bookings)) :]
        return tuple(read_booking(event.payload).fill for event in events)

    def moves(self, symbol: str, account: str) -> tuple[Event, ...]:
        """Return what moved units of ``symbol`` in one account, oldest first: fills, actions, external events."""
        with self._lock:
            found = [
                e for e in (*self._bookings, *self._rest) if e.account == account and _symbol(e) == symbol
            ]
        return tuple(sorted(found, key=lambda event: event.seq))

    @property
    def history(self) -> tuple[Event, ...]:
        """Everything that moved units, oldest first: fills, actions, external events."""
        with self._lock:
            return tuple(sorted((*self._bookings, *self._rest), key=lambda event: event.seq))

    def moved(self, after: int) -> tuple[Event, ...]:
        """Return what moved units after event number ``after``, oldest first; asked often, it costs the new ones."""
        with self._lock:
            new = (
                takewhile(lambda e: e.seq > after, reversed(kept)) for kept in (self._bookings, self._rest)
            )
            return tuple(sorted(chain.from_iterable(new), key=lambda event: event.seq))

    def last_traded(self, symbol: str) -> datetime | None:
        """Return when ``symbol`` was last bought or sold, here or elsewhere; None: never."""
        with self._lock:
            fills = (e for e in reversed(self._bookings) if _symbol(e) == symbol)
            rest = (e for e in self._rest if e.kind is EventKind.EXTERNAL and _symbol(e) == symbol)
            payloads: list[Any] = [e.payload for e in islice(fills, 1)]
            times = [datetime.fromisoformat(payload["time"]) for payload in payloads]
            return max([*times, *(read_external(e.payload).time or e.time for e in rest)], default=None)

    def has_key(self, key: str) -> bool:
        """Tell whether a fill, an action or an external event with this key is booked."""
        return key in self._seen

    def executions(self, account: str) -> int:
        """Count the executions of one account."""
        with self._lock:
            return sum(event.account == account for event in self._bookings)

    def has_fill(self, venue: str, trade_id: str) -> bool:
        """Tell whether this execution is booked."""
        return fill_key(venue, trade_id) in self._seen

    @property
    def reserved_cash(self) -> Decimal:
        """Cash that open buys hold back, as previewed when they were placed."""
        with self._lock, localcontext(EXACT):
            buys = (line for line in self._open.values() if line.intent.request.side is Side.BUY)
            return sum((line.reserved for line in buys), _ZERO)

    def working_sells(self, symbol: str, account: str | None = None) -> Decimal:
        """Units of ``symbol`` that open sales may still take, in one account or in all."""
        with self._lock:
            return sum(
                (
                    line.request.quantity - line.filled
                    for line in self._open.values()
                    if line.intent.request.symbol == symbol
                    and line.intent.request.side is Side.SELL
                    and account in (None, line.account)
                ),
                _ZERO,
            )
