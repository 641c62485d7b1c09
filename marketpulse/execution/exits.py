"""Brackets and OCO: the desk keeps the exits of a position itself, at most one of them at the venue.

The stop rests as protection. When the last trade reaches the target the stop is canceled, its end is
confirmed, and what is left is offered at the target; when the price falls to the stop meanwhile, the offer is
canceled in the same way and what is left is sold at the market. What to do next follows from the ledger
alone (``portfolio.families``), so a crash anywhere repeats nothing.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from marketpulse.execution.asking import DAY_OVER
from marketpulse.execution.ending import Ender
from marketpulse.execution.kin import Deriver, Kin
from marketpulse.execution.kit import Kit
from marketpulse.portfolio.families import TARGET_REACHED, Bracket
from marketpulse.portfolio.line import REPLACED, Line
from marketpulse.types import (
    OPEN_STATES,
    Instrument,
    MarketDatum,
    OrderRequest,
    OrderState,
    OrderType,
    Reason,
    SessionState,
    Side,
    TimeInForce,
)

__all__ = ["TRIES", "Exits"]

TRIES = 3
"""How often in a row an exit of one kind may fail before a person must act."""

_WAIT = 5.0  # seconds to the second try; four times as long to the third
_STOP_REACHED, _RESIZED, _SOLD = "STOP_REACHED", "RESIZED", "SOLD_OTHERWISE"
_OURS = frozenset(
    {TARGET_REACHED, _STOP_REACHED, _RESIZED, _SOLD, REPLACED, DAY_OVER, "HALTED", "SPLIT", "FLATTENED"}
    | {"CANCELED", "NOT_SENT", "REDUCE_ONLY", "LATE_ACCEPT"}
)
"""Ends of an exit that the desk or a person wanted; every other one is a failure."""

_ZERO = Decimal(0)


class _Sight(NamedTuple):
    """What a decision about one bracket rests on.

    Attributes
    ----------
    price : the last trade, None where it prices nothing now
    open : the exchange trades
    halted : sales at the target are not wanted
    """

    instrument: Instrument
    price: Decimal | None
    open: bool
    halted: bool


class Exits:
    """Keeps the brackets of its kit's accounts. Only the account's own turn calls it."""

    def __init__(self, kit: Kit, ender: Ender, deriver: Deriver) -> None:
        self._kit = kit
        self._ender = ender
        self._deriver = deriver
        self._alarmed: set[str] = set()

    def turn(self, market: Mapping[str, MarketDatum]) -> None:
        """Take each bracket one step further; asks no venue."""
        journal = self._kit.journal
        with journal.holding() as books:
            families = books.families
            if not families.active or families.flatten is not None:
                return
            halt = journal.halt
            halted = halt is not None and not halt.reducing
            for bracket in list(families.active.values()):
                if bracket.parent.account in self._kit.venues and bracket.symbol in self._kit.instruments:
                    self._keep(bracket, self._sight(bracket, market, halted=halted), market)

    def _sight(self, bracket: Bracket, market: Mapping[str, MarketDatum], *, halted: bool) -> _Sight:
        instrument = self._kit.instruments[bracket.symbol]
        datum = market.get(bracket.symbol)
        trades = datum is not None and datum.session is SessionState.OPEN
        if datum is None or not trades or datum.stale or datum.disputed:
            return _Sight(instrument, None, trades, halted)
        return _Sight(instrument, Decimal(repr(datum.quote.price)), trades, halted)

    def _keep(self, bracket: Bracket, sight: _Sight, market: Mapping[str, MarketDatum]) -> None:
        leg, parent = bracket.working, bracket.parent
        if bracket.either and not bracket.taken:
            self._either(bracket, sight)
        elif leg is not None:
            self._watch(bracket, leg, sight)
        elif not bracket.due or _given_up(bracket) or not sight.instrument.quantity(bracket.due):
            if parent.state not in OPEN_STATES:
                del self._kit.books.families.active[parent.id]
        else:
            self._next(bracket, sight, market)

    def _either(self, bracket: Bracket, sight: _Sight) -> None:
        """OCO: the parent itself is the stop until the target is reached."""
        parent, target = bracket.parent, bracket.target
        if parent.state not in OPEN_STATES:
            del self._kit.books.families.active[parent.id]
        elif not sight.halted and target is not None and sight.price is not None and sight.price >= target:
            self._want(parent, TARGET_REACHED, "The target was reached; what is left is offered there.")

    def _watch(self, bracket: Bracket, leg: Line, sight: _Sight) -> None:
        """An exit is at work: cancel it where it does not fit any more, or is not the right one."""
        if leg.unwanted or leg.state is OrderState.PENDING_CANCEL:
            return
        left, price = leg.request.quantity - leg.filled, sight.price
        due = bracket.due - self._excess(bracket)
        if left > due:
            self._want(leg, _SOLD, "Some of what it would sell was sold otherwise.")
        elif leg.request.type is OrderType.STOP:
            if _at_target(bracket, sight):
                self._want(leg, TARGET_REACHED, "The target was reached; what is left is offered there.")
            elif left < sight.instrument.quantity(due):
                self._want(leg, _RESIZED, "More was bought; the exit is placed anew for all of it.")
        elif leg.request.type is OrderType.LIMIT:
            if bracket.stop is not None and price is not None and price <= bracket.stop:
                self._want(
                    leg, _STOP_REACHED, "The price fell to the stop; what is left is sold at the market."
                )
            elif left < sight.instrument.quantity(due):
                self._want(leg, _RESIZED, "More was bought; the exit is placed anew for all of it.")

    def _excess(self, bracket: Bracket) -> Decimal:
        """Units of this bracket that were sold otherwise: the oldest lose theirs first."""
        books, symbol, account = self._kit.books, bracket.symbol, bracket.parent.account
        owed = books.families.due(symbol, account)
        excess = sum((b.due for b in owed), _ZERO) - max(_ZERO, books.held(symbol, account))
        for other in owed:
            if other is bracket or excess <= 0:
                break
            excess -= other.due
        return min(bracket.due, max(_ZERO, excess))

    def _next(self, bracket: Bracket, sight: _Sight, market: Mapping[str, MarketDatum]) -> None:
        """No exit is at work: place the one that fits."""
        excess = self._excess(bracket)
        if excess:
            reason = Reason(_SOLD, "The position was sold otherwise: this exit has nothing left to sell.")
            self._place(bracket, _exit("stop", bracket, excess), market, (reason,))
            return
        kind = self._kind(bracket, sight)
        if kind is None or not self._may_try(bracket, kind):
            return
        books, account = self._kit.books, bracket.parent.account
        free = books.held(bracket.symbol, account) - books.working_sells(bracket.symbol, account)
        units = sight.instrument.quantity(max(_ZERO, min(bracket.due, free)))
        force = self._force(account)
        if not units or (force is TimeInForce.DAY and not sight.open):
            return
        role, request = _request(bracket, kind, units, sight.instrument, force)
        self._place(bracket, (role, request), market)

    def _kind(self, bracket: Bracket, sight: _Sight) -> OrderType | None:
        """Which exit belongs at the venue now; None: the desk watches the price itself, or waits."""
        last, price, stop, target = _last(bracket), sight.price, bracket.stop, bracket.target
        code, kind = ("", None) if last is None else (_end(last), last.request.type)
        sold = last is not None and last.state is OrderState.FILLED
        fell = price is not None and stop is not None and price <= stop
        if stop is not None and (fell or code == _STOP_REACHED or (kind is OrderType.MARKET and not sold)):
            return OrderType.MARKET
        if target is not None and not sight.halted:
            again = kind is OrderType.LIMIT and code in {_RESIZED, REPLACED, DAY_OVER}
            begun = again or code == TARGET_REACHED or (last is None and bracket.taken)
            if stop is None or begun or _at_target(bracket, sight):
                return OrderType.LIMIT
        types = self._kit.venues[bracket.parent.account].broker.capabilities.types
        return OrderType.STOP if stop is not None and OrderType.STOP in types else None

    def _may_try(self, bracket: Bracket, kind: OrderType) -> bool:
        """After a failure: raise the alarm once, wait, and give up after a few."""
        failed = _failures(bracket, kind)
        if not failed:
            return True
        leg, last = failed[-1], len(failed) >= TRIES
        self._alarm(bracket, leg, last=last)
        wait = timedelta(seconds=_WAIT * 4.0 ** (len(failed) - 1))
        return not last and self._kit.clock.now() - leg.updated >= wait

    def _alarm(self, bracket: Bracket, leg: Line, *, last: bool) -> None:
        why = leg.reasons[0].sentence if leg.reasons else "The venue ended it."
        then = "It is not tried again: place a stop yourself." if last else "It is tried again."
        code = "EXIT_FAILED" if bracket.stop is None else "UNPROTECTED"
        sentence = f"{bracket.due.normalize():f} {bracket.symbol} have no exit at the venue: {why} {then}"
        key = f"alert:unprotected:{leg.id}"
        if key in self._alarmed:
            return
        with self._kit.journal.writing() as draft:
            draft.alert(code, sentence, bracket.parent.id, key)
        self._alarmed.add(key)

    def _force(self, account: str) -> TimeInForce:
        """Exits stay; where a venue has no such orders they are renewed each session."""
        forces = self._kit.venues[account].broker.capabilities.forces
        return TimeInForce.GTC if TimeInForce.GTC in forces else TimeInForce.DAY

    def _place(
        self,
        bracket: Bracket,
        leg: tuple[str, OrderRequest],
        market: Mapping[str, MarketDatum],
        reasons: tuple[Reason, ...] = (),
    ) -> None:
        (role, request), parent = leg, bracket.parent
        number = self._kit.books.families.count(parent.id, role) + 1
        kin = Kin(f"leg:{parent.id}:{role}:{number}", parent.id, role, parent.account)
        self._deriver.derive(request, kin, market.get(bracket.symbol), reasons)

    def _want(self, leg: Line, code: str, sentence: str) -> None:
        order = self._kit.books.order(leg.id)
        if order is None or leg.unwanted or leg.state is OrderState.PENDING_CANCEL:
            return
        with self._kit.journal.writing() as draft:
            self._ender.want(draft, order, code, sentence)
            self._kit.probe("exit.appended")
        self._kit.probe("exit.committed")


def _at_target(bracket: Bracket, sight: _Sight) -> bool:
    target, price = bracket.target, sight.price
    return not sight.halted and target is not None and price is not None and price >= target


def _last(bracket: Bracket) -> Line | None:
    """The newest exit that was placed."""
    return next((leg for leg in reversed(bracket.legs) if leg.state is not OrderState.DENIED), None)


def _end(leg: Line) -> str:
    """Why it ended before it was done; empty when it did not."""
    return leg.code if leg.state in {OrderState.CANCELED, OrderState.EXPIRED} else ""


def _given_up(bracket: Bracket) -> bool:
    """A person canceled the exit: the desk does not put it back."""
    last = _last(bracket)
    return last is not None and last.state is OrderState.CANCELED and last.code == "CANCELED"


def _failures(bracket: Bracket, kind: OrderType) -> list[Line]:
    """Exits of this kind that failed in a row, oldest first."""
    found: list[Line] = []
    for leg in reversed(bracket.legs):
        if leg.state is OrderState.DENIED or leg.intent.request.type is not kind:
            continue
        if leg.state is OrderState.FILLED or _end(leg) in _OURS:
            break
        found.append(leg)
    return found[::-1]


def _exit(role: str, bracket: Bracket, units: Decimal) -> tuple[str, OrderRequest]:
    """An exit as it stands in the ledger where nothing is left for it."""
    return role, OrderRequest(bracket.symbol, Side.SELL, OrderType.MARKET, units, reduce_only=True)


def _request(
    bracket: Bracket, kind: OrderType, units: Decimal, instrument: Instrument, force: TimeInForce
) -> tuple[str, OrderRequest]:
    """The exit of a kind, and its role."""
    price = bracket.target if kind is OrderType.LIMIT else bracket.stop
    stepped = None if price is None else instrument.price(price, Side.SELL)
    request = OrderRequest(
        bracket.symbol,
        Side.SELL,
        kind,
        units,
        limit_price=stepped if kind is OrderType.LIMIT else None,
        stop_price=stepped if kind is OrderType.STOP else None,
        time_in_force=force,
        reduce_only=True,
    )
    return "target" if kind is OrderType.LIMIT else "stop", request
