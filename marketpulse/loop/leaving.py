"""When a position that the desk has entered on a signal is left, and how: its stop goes first, then the sale."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from marketpulse.errors import Refused
from marketpulse.execution.ids import intent_id
from marketpulse.loop.proposals import lean, usual_end
from marketpulse.loop.register import Register, order_key
from marketpulse.loop.rooms import Rooms
from marketpulse.portfolio.families import EXITS
from marketpulse.types import (
    OPEN_PROPOSALS,
    OPEN_STATES,
    Bars,
    Call,
    Conduct,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Proposal,
    ProposalState,
    Purpose,
    Side,
    Signal,
    signal_name,
)

__all__ = ["Leaver"]

_OFFERED = frozenset({"INSUFFICIENT_POSITION", "REDUCE_ONLY"})
"""What refuses a sale as long as the stop is at work."""


class Leaver:
    """Proposes sales and makes room for them; only the player calls it.

    Parameters
    ----------
    bars : closed bars of a symbol
    until : the close of the session that is running or comes next
    practice : the playbook's
    probe : called with a name where a crash is interesting
    """

    def __init__(
        self,
        rooms: Rooms,
        register: Register,
        bars: Callable[[str], Bars],
        until: Callable[[str, datetime], datetime],
        *,
        practice: bool,
        probe: Callable[[str], None],
    ) -> None:
        self._rooms, self._register = rooms, register
        self._bars, self._until = bars, until
        self._practice, self._probe = practice, probe
        self._told: set[str] = set()

    def turn(self, signals: Mapping[str, Signal], mode: Conduct) -> None:
        """Propose to leave what has been held long enough, or what a newer signal calls DOWN."""
        fold = self._register.fold
        for order_id, units in list(self._register.stakes.units.items()):
            bought = fold.get(order_id)
            if bought is None or not self._free_to_try(bought):
                continue
            why = self._due(bought, signals.get(bought.symbol))
            if why:
                self._propose(bought, units, mode, why)

    def abandon(self, signal: Signal, mode: Conduct) -> None:
        """Propose to leave what a person had bought, when a signal calls it DOWN."""
        books, symbol = self._rooms.books, signal.symbol
        mine = self._register.fold
        ours = any(
            (found := mine.get(one)) is not None and found.symbol == symbol
            for one in self._register.stakes.units
        )
        free = books.held(symbol) - books.working_sells(symbol)
        units = self._rooms.instruments[symbol].quantity(max(Decimal(0), free))
        name = signal_name(signal)
        if ours or not units or mine.sales(name):
            return
        self._begin(
            name, symbol, signal.bar, mode, units, f"the signal of {signal.bar} calls DOWN", signal.horizon, 1
        )

    def ready(self, proposal: Proposal) -> tuple[OrderRequest | None, str]:
        """Return the sale, once nothing else offers its units; else what it waits for, empty when it is over."""
        books, symbol = self._rooms.books, proposal.symbol
        units = self._units(proposal)
        if units <= 0 or books.held(symbol) <= 0:
            self._register.move(proposal, ProposalState.SUPERSEDED, "Nothing of it is held any more.")
            return None, ""
        halt = books.halt
        if halt is not None and not halt.reducing:
            return None, "Trading is halted."
        instrument = self._rooms.instruments[symbol]
        request = _sale(symbol, instrument.quantity(units))
        failed = [c for c in self._rooms.execution.preview(request).failed if c.code not in _OFFERED]
        if failed:
            return None, failed[0].sentence
        if self._make_room(proposal):
            return None, "Its stop is being canceled first."
        free = books.held(symbol) - books.working_sells(symbol)
        left = instrument.quantity(max(Decimal(0), min(units, free)))
        return (_sale(symbol, left), "") if left else (None, "All of it is offered by another order.")

    def watch(self, mode: Conduct) -> None:
        """Somebody must know where the stop is gone and its sale has come to nothing, for whatever reason."""
        fold = self._register.fold
        for order_id, units in list(self._register.stakes.units.items()):
            bought = fold.get(order_id)
            sales = () if bought is None else fold.sales(bought.signal)
            if not sales or sales[-1].id in self._told or not self._failed(sales[-1]):
                continue
            if all(leg.state is OrderState.PENDING_CANCEL for leg in self._legs(order_id)):
                self._register.bare(sales[-1], units, again=mode is not Conduct.SUGGEST)
            self._told.add(sales[-1].id)

    def _failed(self, sale: Proposal) -> bool:
        """Nothing of it can leave any more, and not because a person wanted it so."""
        order = self._rooms.books.order(sale.id)
        if order is None or sale.state is not ProposalState.ORDERED:
            return sale.state not in OPEN_PROPOSALS | {ProposalState.DECLINED, ProposalState.ORDERED}
        return order.state not in OPEN_STATES and order.filled_quantity < order.request.quantity

    def _units(self, proposal: Proposal) -> Decimal:
        bought = self._register.fold.bought(proposal.signal)
        if bought is not None and bought.request is not None:
            return self._register.stakes.units.get(bought.id, Decimal(0))
        return proposal.request.quantity if proposal.request is not None else Decimal(0)

    def _make_room(self, proposal: Proposal) -> bool:
        """Cancel the exit of what was bought; tells whether one is still at work."""
        bought = self._register.fold.bought(proposal.signal)
        legs = [] if bought is None else self._legs(bought.id)
        for leg in legs:
            if leg.state is not OrderState.PENDING_CANCEL:
                try:
                    self._rooms.execution.cancel(leg.id)
                except Refused:
                    continue  # it has just ended by itself
                self._probe("play.canceled")
        return bool(legs)

    def _legs(self, order_id: str) -> list[Order]:
        return [o for o in self._rooms.books.open_orders if o.role in EXITS and self._root(o) == order_id]

    def _root(self, order: Order) -> str:
        found: Order | None = order
        while found is not None and found.parent:
            order, found = found, self._rooms.books.order(found.parent)
        return order.id if found is None else found.id

    def _free_to_try(self, bought: Proposal) -> bool:
        """No sale of it is under way, a person has not declined one, and this session has not seen a try."""
        books = self._rooms.books
        order = books.order(bought.id)
        if books.held(bought.symbol) <= 0 or order is None or order.state in OPEN_STATES:
            return False
        sales = self._register.fold.sales(bought.signal)
        if not sales:
            return True
        last, selling = sales[-1], books.order(sales[-1].id)
        if last.state in OPEN_PROPOSALS or last.state is ProposalState.DECLINED:
            return False
        under_way = selling is not None and selling.state in OPEN_STATES
        return not under_way and (last.expires is None or self._now(bought.symbol) >= last.expires)

    def _due(self, bought: Proposal, newest: Signal | None) -> str:
        """Why it is left; empty when it is not."""
        first = int((usual_end(bought.bar) - timedelta(days=1)).timestamp())
        closed = int((self._bars(bought.symbol).time > first).sum())
        if closed >= bought.horizon:
            return f"the {bought.horizon} bars of the signal of {bought.bar} are over"
        turned = newest is not None and newest.bar > bought.bar
        if newest is not None and turned and lean(newest, practice=self._practice).call is Call.DOWN:
            return f"the signal of {newest.bar} calls DOWN"
        return ""

    def _propose(self, bought: Proposal, units: Decimal, mode: Conduct, why: str) -> None:
        number = len(self._register.fold.sales(bought.signal)) + 1
        whole = self._rooms.instruments[bought.symbol].quantity(units)
        if whole:
            self._begin(bought.signal, bought.symbol, bought.bar, mode, whole, why, bought.horizon, number)

    def _begin(  # noqa: PLR0917 - all that a sale is made of
        self,
        name: str,
        symbol: str,
        bar: str,
        mode: Conduct,
        units: Decimal,
        why: str,
        horizon: int,
        number: int,
    ) -> None:
        key = order_key(name, Purpose.CLOSE, number)
        self._register.begin(
            Proposal(
                id=intent_id(key),
                key=key,
                signal=name,
                symbol=symbol,
                bar=bar,
                purpose=Purpose.CLOSE,
                mode=mode,
                time=self._register.now(),
                state=ProposalState.PENDING,
                sentence=f"Sell {units.normalize():f} {symbol} at the market: {why}.",
                horizon=horizon,
                expires=self._until(symbol, self._now(symbol)),
                practice=self._practice,
                request=_sale(symbol, units),
            )
        )
        self._probe("play.begun")

    def _now(self, symbol: str) -> datetime:
        return self._rooms.clock.market(self._rooms.instruments[symbol].calendar).astimezone(UTC)


def _sale(symbol: str, units: Decimal) -> OrderRequest:
    return OrderRequest(symbol, Side.SELL, OrderType.MARKET, units, reduce_only=True)
