"""Tax lots: which units were bought when, and what selling them earned; a fold of the same events as the books.

Costs and proceeds are after fees, as far as a fee was paid in the lot's own currency or in the coin itself.
Two methods, and two numbers that differ by design:

- ``average`` takes a part of all units that are held, as the books do: its gains and the fees in them add
  up to the books' realised P&L to the last digit.
- ``fifo`` takes the oldest units first, as most tax offices want it. Its gains are others, but over all
  lots, open and closed, they explain the same cash.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from marketpulse.portfolio.codec import ExternalKind, read_action, read_external
from marketpulse.portfolio.holding import EXACT, tidy
from marketpulse.portfolio.sums import alias_of, currency_of, own_fee
from marketpulse.types import ActionKind, ClosedLot, Event, EventKind, Lot, LotMethod

__all__ = ["LotBook"]

_ZERO = Decimal(0)
_SHARE = Decimal("1e-12")
_KINDS = frozenset({EventKind.FILL, EventKind.EXTERNAL, EventKind.ACTION})


class _Open:
    """Units of one purchase; ``value`` and ``fee`` are what they cost, negative for units that are owed."""

    __slots__ = ("fee", "opened", "quantity", "value")

    def __init__(self, opened: datetime, quantity: Decimal, value: Decimal, fee: Decimal) -> None:
        self.opened = opened
        self.quantity = quantity
        self.value = value
        self.fee = fee

    def take(self, part: Decimal) -> tuple[Decimal, Decimal]:
        """Cut off ``part`` of the units; returns their value and fee, the last part what is left."""
        if part == self.quantity:
            value, fee = self.value, self.fee
        else:
            value = (self.value * part / self.quantity).quantize(_SHARE)
            fee = (self.fee * part / self.quantity).quantize(_SHARE)
        self.quantity -= part
        self.value -= value
        self.fee -= fee
        return value, fee


class _Shelf:
    """The lots of one instrument in one account."""

    __slots__ = ("currency", "lots")

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.lots: deque[_Open] = deque()


class LotBook:
    """Lots of every account; one thread at a time.

    Parameters
    ----------
    keep : closed lots to remember, the newest; None: all

    Attributes
    ----------
    realized, fees : by (account, currency), of what was closed: gains before fees, and the fees in them
    """

    def __init__(self, method: LotMethod, keep: int | None = None) -> None:
        self.method = method
        self.realized: dict[tuple[str, str], Decimal] = {}
        self.fees: dict[tuple[str, str], Decimal] = {}
        self._shelves: dict[tuple[str, str], _Shelf] = {}
        self._coins: dict[tuple[str, str], tuple[str, _Shelf]] = {}
        self._closed: deque[ClosedLot] = deque(maxlen=keep)

    @classmethod
    def of(cls, events: Iterable[Event], method: LotMethod, keep: int | None = None) -> "LotBook":
        """Fold a ledger from its beginning."""
        return cls(method, keep).replay(events)

    def replay(self, events: Iterable[Event]) -> "LotBook":
        """Fold committed events, oldest first, each once; returns itself."""
        with localcontext(EXACT):
            for event in events:
                if event.kind in _KINDS:
                    self._take(event)
        return self

    def lots(self, accounts: Collection[str]) -> tuple[Lot, ...]:
        """Return what is still held, by instrument, oldest first."""
        return tuple(
            Lot(account, symbol, one.opened, tidy(one.quantity, Decimal(1)), tidy(one.value + one.fee), shelf.currency)
            for (account, symbol), shelf in self._shelves.items()
            if account in accounts
            for one in shelf.lots
        )  # fmt: skip

    def closed(self, accounts: Collection[str]) -> Iterator[ClosedLot]:
        """Yield what was sold, newest first."""
        return (lot for lot in reversed(self._closed) if lot.account in accounts)

    def _take(self, event: Event) -> None:
        payload: Any = event.payload
        if event.kind is EventKind.ACTION:
            self._split(event)
            return
        if event.kind is EventKind.EXTERNAL:
            self._external(event)
            return
        units = Decimal(payload["quantity"])
        shelf = self._shelf(event.account, payload["symbol"], payload.get("currency", ""))
        self._trade(
            (event.account, payload["symbol"], shelf),
            datetime.fromisoformat(payload["time"]),
            units if payload["side"] == "buy" else -units,
            Decimal(payload["price"]),
            (Decimal(payload["fee"]), payload.get("fee_currency", "")),
        )

    def _split(self, event: Event) -> None:
        action = read_action(event.payload)
        shelf = self._shelves.get((event.account, action.symbol))
        if shelf is not None and action.kind is ActionKind.SPLIT:
            for one in shelf.lots:
                one.quantity *= action.value

    def _external(self, event: Event) -> None:
        row = read_external(event.payload)
        if not row.symbol:
            return
        place = event.account, row.symbol, self._shelf(event.account, row.symbol, row.currency)
        fee = (_ZERO, "") if row.kind is ExternalKind.OPENING else (row.fee, row.fee_currency)
        self._trade(place, row.time or event.time, row.quantity, row.price, fee)

    def _shelf(self, account: str, symbol: str, said: str) -> _Shelf:
        shelf = self._shelves.get((account, symbol))
        if shelf is None:
            currency = currency_of(symbol, said)
            shelf = _Shelf(_aliases(account).get(currency, currency))
            self._shelves[account, symbol] = shelf
            if "/" in symbol:
                self._coins.setdefault((account, symbol.partition("/")[0]), (symbol, shelf))
        return shelf

    def _trade(
        self,
        place: tuple[str, str, _Shelf],
        when: datetime,
        units: Decimal,
        price: Decimal,
        paid: tuple[Decimal, str],
    ) -> None:
        account, symbol, shelf = place
        named = _aliases(account).get(paid[1], paid[1])
        fee, coins = own_fee(symbol, shelf.currency, price, paid[0], named)
        if fee is None:
            self._elsewhere(account, named, when, paid[0])
            fee = _ZERO
        units -= coins
        self._move(place, when, units, units * price, fee)

    def _elsewhere(self, account: str, coin: str, when: datetime, fee: Decimal) -> None:
        """Take a fee in another coin: units that went for nothing, so their cost is the fee."""
        found = self._coins.get((account, coin))
        if found is None:
            return
        key = account, found[1].currency
        before = self.realized.get(key, _ZERO)
        self._move((account, *found), when, -fee, _ZERO, _ZERO)
        self.fees[key] = self.fees.get(key, _ZERO) + before - self.realized.get(key, _ZERO)
        self.realized[key] = before

    def _move(
        self, place: tuple[str, str, _Shelf], when: datetime, units: Decimal, value: Decimal, fee: Decimal
    ) -> None:
        """Open a lot with ``units``, or close older ones against them, and open one with what is left."""
        lots, left, rest_value, rest_fee = place[2].lots, units, value, fee
        while left and lots and (lots[0].quantity > 0) is not (left > 0):
            oldest = lots[0]
            part = min(abs(oldest.quantity), abs(left)) * (1 if left > 0 else -1)
            if part != left and len(lots) == 1:  # through zero: what is left opens at this price
                kept = rest_value * (left - part) / left
                share_value, share_fee = rest_value - kept, (rest_fee * part / left).quantize(_SHARE)
            elif part == left:
                share_value, share_fee = rest_value, rest_fee
            else:
                share_value = (rest_value * part / left).quantize(_SHARE)
                share_fee = (rest_fee * part / left).quantize(_SHARE)
            self._close(place, when, -part, oldest, (share_value, share_fee))
            left, rest_value, rest_fee = left - part, rest_value - share_value, rest_fee - share_fee
            if not oldest.quantity:
                lots.popleft()
        if left:
            self._open(lots, _Open(when, left, rest_value, rest_fee))
        elif rest_fee or rest_value:  # a fee as large as the trade: it bought nothing
            self._close(place, when, _ZERO, _Open(when, _ZERO, _ZERO, _ZERO), (rest_value, rest_fee))

    def _open(self, lots: deque[_Open], new: _Open) -> None:
        if lots and self.method is LotMethod.AVERAGE:
            one = lots[0]
            one.quantity += new.quantity
            one.value += new.value
            one.fee += new.fee
        else:
            lots.append(new)

    def _close(
        self,
        place: tuple[str, str, _Shelf],
        when: datetime,
        part: Decimal,
        lot: _Open,
        against: tuple[Decimal, Decimal],
    ) -> None:
        """Close ``part`` of a lot (negative: of units that were owed) against value and fee of the trade."""
        account, symbol, shelf = place
        value, fee = lot.take(part)
        here, there = value + fee, sum(against, _ZERO)
        cost, proceeds = (here, -there) if part >= 0 else (there, -here)
        key = account, shelf.currency
        self.realized[key] = self.realized.get(key, _ZERO) - value - against[0]
        self.fees[key] = self.fees.get(key, _ZERO) + fee + against[1]
        self._closed.append(
            ClosedLot(
                account, symbol, lot.opened, when, tidy(abs(part), Decimal(1)),
                tidy(cost), tidy(proceeds), tidy(proceeds - cost), shelf.currency,
            )
        )  # fmt: skip


def _aliases(account: str) -> Mapping[str, str]:
    return alias_of((account,))
