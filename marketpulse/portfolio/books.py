"""The books of one account: a fold of the ledger's events, exact to the last digit.

Nothing is kept here that the events do not say; folding the same ledger again gives the same books.
Every method may be called from any thread; what it returns is immutable.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Any

from marketpulse.portfolio.codec import (
    read_action,
    read_booking,
    read_cash,
    read_change,
    read_halt,
)
from marketpulse.portfolio.holding import EXACT, Holding, tidy
from marketpulse.portfolio.line import Line
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
_FOR_ALL = frozenset({EventKind.HALT, EventKind.RESUME})


def fill_key(venue: str, trade_id: str) -> str:
    """Name an execution for ever: the ledger refuses a second one."""
    return f"fill:{venue}:{trade_id}"


@dataclass(frozen=True, slots=True)
class Flow:
    """What was traded of one symbol: net units bought, and net value paid for them without fees."""

    units: Decimal
    paid: Decimal


class Books:
    """Cash, positions, orders and the halt of one account.

    Attributes
    ----------
    account : ``broker:account id``; events of other accounts are passed over
    seq : number of the last event folded, 0 before the first; older events are passed over
    updated : time of that event, None before the first
    """

    def __init__(self, account: str, currency: str = "USD") -> None:
        self.account = account
        self.currency = currency
        self.seq = 0
        self.updated: datetime | None = None
        self._lock = threading.RLock()
        self._cash = self._deposits = self._fees = _ZERO
        self._holdings: dict[str, Holding] = {}
        self._lines: dict[str, Line] = {}
        self._clients: dict[str, str] = {}
        self._open: dict[str, Line] = {}
        self._bookings: list[Event] = []
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
            EventKind.HALT: self._halted,
            EventKind.RESUME: self._resumed,
        }

    @classmethod
    def of(cls, account: str, events: Iterable[Event]) -> "Books":
        """Fold a ledger from its beginning."""
        return cls(account).replay(events)

    def apply(self, event: Event) -> None:
        """Fold one committed event."""
        self.replay((event,))

    def replay(self, events: Iterable[Event]) -> "Books":
        """Fold committed events, oldest first; returns itself."""
        fold, account = self._fold, self.account
        with self._lock, localcontext(EXACT):
            for event in events:
                if event.seq <= self.seq:
                    continue
                take = fold.get(event.kind)
                if take is not None and (event.account == account or event.kind in _FOR_ALL):
                    take(event)
                self.seq = event.seq
                self.updated = event.time
            self._orders = self._portfolio = None
        return self

    def _deposit(self, event: Event) -> None:
        amount = read_cash(event.payload).amount
        self._cash += amount
        self._deposits += amount

    def _order(self, event: Event) -> None:
        payload: Any = event.payload
        self._lines[event.ref] = self._open[event.ref] = Line(event, OrderState.NEW)
        self._clients[payload["client_order_id"]] = event.ref

    def _denied(self, event: Event) -> None:
        self._lines[event.ref] = Line(event, OrderState.DENIED)

    def _state(self, event: Event) -> None:
        line = self._lines[event.ref]
        line.change(event.time, read_change(event.payload))
        self._list(line)

    def _fill(self, event: Event) -> None:
        payload: Any = event.payload
        quantity, price, fee = (
            Decimal(payload["quantity"]),
            Decimal(payload["price"]),
            Decimal(payload["fee"]),
        )
        value = quantity * price
        symbol = payload["symbol"]
        holding = self._holdings.get(symbol)
        if holding is None:
            holding = self._holdings[symbol] = Holding(symbol)
        if payload["side"] == "buy":
            holding.trade(quantity, value)
            self._cash -= value + fee
        else:
            holding.trade(-quantity, -value)
            self._cash += value - fee
        self._fees += fee
        self._bookings.append(event)
        self._seen.add(event.key or "")
        line = self._lines[event.ref]
        before, to = line.state, _STATES[payload["to"]]
        line.book(event, quantity, value, fee, to)
        if to is not before:
            self._list(line)

    def _list(self, line: Line) -> None:
        """Keep the index of open orders."""
        if line.state in OPEN_STATES:
            self._open[line.id] = line
        else:
            self._open.pop(line.id, None)

    def _action(self, event: Event) -> None:
        action = read_action(event.payload)
        holding = self._holdings.get(action.symbol)
        if action.kind is ActionKind.SPLIT and holding is not None:
            holding.split(action.value)

    def _halted(self, event: Event) -> None:
        self._halt = Halt(event.time, read_halt(event.payload))

    def _resumed(self, event: Event) -> None:
        del event
        self._halt = None

    @property
    def portfolio(self) -> Portfolio:
        """Cash and positions, immutable."""
        with self._lock:
            if self._portfolio is None:
                held = {symbol: holding.view for symbol, holding in self._holdings.items()}
                with localcontext(EXACT):
                    realized = sum((h.realized for h in self._holdings.values()), _ZERO)
                self._portfolio = Portfolio(
                    account=self.account,
                    currency=self.currency,
                    cash=tidy(self._cash),
                    deposits=tidy(self._deposits),
                    realized=tidy(realized),
                    fees=tidy(self._fees),
                    positions=MappingProxyType(held),
                )
            return self._portfolio

    @property
    def cash(self) -> Decimal:
        """Base currency, after fees, not less what working buys hold back."""
        return self._cash

    @property
    def halt(self) -> Halt | None:
        """Set while trading is stopped."""
        return self._halt

    def held(self, symbol: str) -> Decimal:
        """Units of ``symbol``."""
        holding = self._holdings.get(symbol)
        return holding.quantity if holding else _ZERO

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

    @property
    def fills(self) -> tuple[Fill, ...]:
        """All executions, oldest first."""
        return self.last_fills(len(self._bookings))

    def last_fills(self, count: int) -> tuple[Fill, ...]:
        """Return the last ``count`` executions, oldest first."""
        with self._lock:
            events = self._bookings[len(self._bookings) - min(count, len(self._bookings)) :]
        return tuple(read_booking(event.payload).fill for event in events)

    def has_fill(self, venue: str, trade_id: str) -> bool:
        """Tell whether this execution is booked."""
        return fill_key(venue, trade_id) in self._seen

    @property
    def reserved_cash(self) -> Decimal:
        """Cash that open buys hold back, as previewed when they were placed."""
        with self._lock, localcontext(EXACT):
            buys = (line for line in self._open.values() if line.intent.request.side is Side.BUY)
            return sum((line.reserved for line in buys), _ZERO)

    def working_sells(self, symbol: str) -> Decimal:
        """Units of ``symbol`` that open sales may still take."""
        with self._lock:
            return sum(
                (
                    line.intent.request.quantity - line.filled
                    for line in self._open.values()
                    if line.intent.request.symbol == symbol and line.intent.request.side is Side.SELL
                ),
                _ZERO,
            )
