"""The desk's proposals, folded from their events, and what is still held of what they bought."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from marketpulse.portfolio.codec import read_action, read_booking, read_external
from marketpulse.portfolio.external import ExternalKind
from marketpulse.portfolio.proposal_codec import read_proposal, read_step
from marketpulse.types import (
    OPEN_PROPOSALS,
    ActionKind,
    Event,
    EventKind,
    Order,
    Proposal,
    ProposalState,
    Purpose,
    Rung,
    Side,
)

__all__ = ["Proposals", "Stakes"]

_ZERO = Decimal(0)


def _kept(symbol: str, fee: Decimal, named: str) -> Decimal:
    """Units that never arrive, or leave too, because a venue takes its fee in the coin itself."""
    base, _, quote = symbol.partition("/")
    return fee if quote and named == base else _ZERO


class Proposals:
    """All of them; folding the same events again gives the same."""

    def __init__(self) -> None:
        self._all: dict[str, Proposal] = {}
        self._open: dict[str, Proposal] = {}
        self._decided: set[str] = set()
        self._bought: dict[str, str] = {}
        self._sales: dict[str, list[str]] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Proposals":
        """Fold a ledger from its beginning; other kinds of events are passed over."""
        found = cls()
        for event in events:
            if event.kind is EventKind.PROPOSAL:
                found.apply(event)
        return found

    def apply(self, event: Event) -> Proposal:
        """Fold one committed event and return the proposal as it is then."""
        payload: Mapping[str, Any] = event.payload
        step = read_step(payload)
        if step is None:
            made = read_proposal(event.ref, event.time, payload)
            self._begin(made)
        else:
            old = self._all[event.ref]
            rung = old.rung
            if step.state is ProposalState.REFUSED:
                label = step.code.replace("_", " ").capitalize()
                rung = Rung(step.code, label, passed=False, sentence=step.note)
            made = replace(old, state=step.state, ended=event.time, note=step.note, rung=rung)
        self._all[made.id] = made
        if made.state in OPEN_PROPOSALS:
            self._open[made.id] = made
        else:
            self._open.pop(made.id, None)
        return made

    def _begin(self, made: Proposal) -> None:
        if made.purpose is Purpose.OPEN:
            self._decided.add(made.signal)
            self._bought[made.signal] = made.id
        else:
            self._sales.setdefault(made.signal, []).append(made.id)

    def get(self, order_id: str) -> Proposal | None:
        """Return one by its id."""
        return self._all.get(order_id)

    def decided(self, signal: str) -> bool:
        """Tell whether it has been decided what to do with a signal."""
        return signal in self._decided

    def bought(self, signal: str) -> Proposal | None:
        """Return the decision about a signal."""
        return self._all.get(self._bought.get(signal, ""))

    def sales(self, signal: str) -> tuple[Proposal, ...]:
        """Return the proposals to leave what was bought on a signal, oldest first."""
        return tuple(self._all[one] for one in self._sales.get(signal, ()))

    @property
    def open(self) -> tuple[Proposal, ...]:
        """Those of which an order may still come, oldest first."""
        return tuple(self._open.values())

    def latest(self, signal: str) -> Proposal | None:
        """Return what was proposed last on a signal: to leave, or else to enter."""
        sales = self._sales.get(signal)
        return self._all[sales[-1]] if sales else self.bought(signal)

    def shown(self, count: int) -> tuple[Proposal, ...]:
        """Return the last ``count``, newest first, and all older ones of which an order may still come."""
        newest = self.newest(count)
        known = {one.id for one in newest}
        return (*newest, *(one for one in reversed(self.open) if one.id not in known))

    def newest(self, count: int) -> tuple[Proposal, ...]:
        """Return the last ``count``, newest first."""
        return tuple(one for one, _ in zip(reversed(self._all.values()), range(count), strict=False))


class Stakes:
    """Units that are still held of what each proposal has bought.

    What was sold otherwise is taken from the oldest first, so that the desk never sells what is not its own.

    Attributes
    ----------
    units : by the id of the proposal that bought them, oldest first; nothing that is gone
    seq : number of the last event taken over
    """

    def __init__(self, proposals: Proposals, order: Callable[[str], Order | None]) -> None:
        self._proposals, self._order = proposals, order
        self._held: dict[str, Decimal] = {}
        self.units: dict[str, Decimal] = {}
        self.seq = 0

    def take(self, moved: Iterable[Event]) -> None:
        """Take over what has moved units, oldest first."""
        for event in moved:
            self.seq = event.seq
            match event.kind:
                case EventKind.FILL:
                    self._fill(event)
                case EventKind.ACTION:
                    self._split(event)
                case EventKind.EXTERNAL:
                    row = read_external(event.payload)
                    paid = _ZERO if row.kind is ExternalKind.OPENING else row.fee
                    self._move(row.symbol, row.quantity - _kept(row.symbol, paid, row.fee_currency))
                case _:
                    pass

    def _fill(self, event: Event) -> None:
        fill = read_booking(event.payload).fill
        owner = self._owner(event.ref)
        moved = fill.quantity * fill.side.sign - _kept(fill.symbol, fill.fee, fill.fee_currency)
        if owner is not None:
            left = self.units.get(owner, _ZERO) + moved
            self.units[owner] = max(_ZERO, left)
            if not self.units[owner]:
                del self.units[owner]
        self._move(fill.symbol, moved)

    def _owner(self, order_id: str) -> str | None:
        """The proposal whose units an order moves: its own purchase, an exit of that, or a sale of its own."""
        order = self._order(order_id)
        while order is not None and order.parent:
            order = self._order(order.parent)
        made = None if order is None else self._proposals.get(order.id)
        if made is None or made.request is None:
            return None
        if made.request.side is Side.BUY:
            return made.id
        bought = self._proposals.bought(made.signal)
        return None if bought is None else bought.id

    def _move(self, symbol: str, units: Decimal) -> None:
        held = self._held[symbol] = self._held.get(symbol, _ZERO) + units
        mine = [one for one in self.units if self._symbol(one) == symbol]
        excess = sum((self.units[one] for one in mine), _ZERO) - max(_ZERO, held)
        for one in mine:
            if excess <= 0:
                break
            gone = min(excess, self.units[one])
            excess -= gone
            self.units[one] -= gone
            if not self.units[one]:
                del self.units[one]

    def _split(self, event: Event) -> None:
        action = read_action(event.payload)
        if action.kind is ActionKind.SPLIT:
            self._held[action.symbol] = self._held.get(action.symbol, _ZERO) * action.value
            for one in self.units:
                if self._symbol(one) == action.symbol:
                    self.units[one] *= action.value

    def _symbol(self, order_id: str) -> str:
        made = self._proposals.get(order_id)
        return "" if made is None else made.symbol
