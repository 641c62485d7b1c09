"""The one door through which fills enter: each execution once, for ever."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from marketpulse.execution.ids import is_ours
from marketpulse.execution.journal import Draft
from marketpulse.execution.kit import Kit
from marketpulse.execution.lifecycle import ENDED, after_fill
from marketpulse.execution.venue import Venue
from marketpulse.portfolio import fill_key
from marketpulse.portfolio.codec import Booking, write_booking
from marketpulse.portfolio.sums import currency_of
from marketpulse.types import EventKind, Fill, Instrument, Order, OrderState

__all__ = ["Booker"]

_BACK = timedelta(days=1)
_LOST = "its order bears this desk's mark, but the ledger does not know it, so it is not booked."
_UNSENT = ENDED | {OrderState.NEW}


class Booker:
    """Asks venues for executions and books them. Only the account's own turn calls it."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._strange: set[tuple[str, str]] = set()  # judged, under the name of its order

    def sweep(self, venue: Venue, instruments: Iterable[Instrument] | None = None) -> None:
        """Book whatever the venue has executed; repeats change nothing.

        Parameters
        ----------
        instruments : of which; all of this account when left out

        Raises
        ------
        NoAnswer
            The venue was silent; nothing was booked.
        """
        since = self._since()
        known = tuple(self._kit.instruments.values() if instruments is None else instruments)
        self.book(venue.ask("fills", lambda: venue.broker.fills(since, known)))

    def _since(self) -> datetime:
        """How far back to ask: before the oldest open order and a day before the last event.

        A venue may tell executions late and out of order; asking again costs little, since what is
        booked is recognised. Executions of orders that the ledger lost are found by it as well.
        """
        moments = [order.created for order in self._kit.open_orders]
        moments.append(self._kit.books.updated or self._kit.clock.now())
        return min(moments) - _BACK

    def book(self, fills: Iterable[Fill]) -> None:
        """Book what is new, several in one transaction; what makes no sense becomes an alert."""
        journal = self._kit.journal
        with journal.holding() as books:
            new = {
                key: fill
                for fill in fills
                if not books.has_fill(fill.venue, fill.trade_id)
                and ((key := fill_key(fill.venue, fill.trade_id)), fill.client_order_id) not in self._strange
            }
            if not new:
                return
            self._kit.probe("fills.found")
            strange = set()
            with journal.writing() as draft:
                filled: dict[str, tuple[OrderState, Decimal]] = {}
                for key, fill in sorted(new.items(), key=lambda item: (item[1].time, item[0])):
                    if not self._one(draft, key, fill, filled):
                        strange.add((key, fill.client_order_id))
                    self._kit.probe("fills.appended")
            self._strange |= strange
        self._kit.probe("fills.committed")

    def _one(self, draft: Draft, key: str, fill: Fill, filled: dict[str, tuple[OrderState, Decimal]]) -> bool:
        order = self._kit.books.by_client(fill.client_order_id)
        wrong = _wrong(fill, order)
        if order is None or wrong:
            lost = order is None and is_ours(fill.client_order_id)
            sentence = f"{fill.venue} reports trade {fill.trade_id}: {_LOST if lost else wrong}"
            draft.alert("ORPHAN" if lost else "STRANGE_FILL", sentence, key, f"alert:{key}")
            return False
        state, before = filled.get(order.id, (order.state, order.filled_quantity))
        total = before + fill.quantity
        to = after_fill(state, total, order.request.quantity)
        payload = write_booking(Booking(fill, to, self._currency(fill.symbol)))
        draft.add(EventKind.FILL, order.id, payload, key, account=order.account)
        filled[order.id] = to, total
        name = f"Order {order.client_order_id} in {fill.symbol}"
        if total > order.request.quantity:
            draft.alert("OVERFILL", f"{name} was filled with {total} of {order.request.quantity}.", order.id)
        if state in _UNSENT:
            draft.alert("LATE_FILL", f"{name} was filled although it was {state}.", order.id)
        return True

    def _currency(self, symbol: str) -> str:
        """Name the currency of the price where the symbol alone does not say it."""
        instrument = self._kit.instruments.get(symbol)
        if instrument is None or instrument.currency == currency_of(symbol):
            return ""
        return instrument.currency


def _wrong(fill: Fill, order: Order | None) -> str:
    """Say why an execution is not one of ours, or no execution at all; empty for a good one."""
    if order is None:
        return "it belongs to no order of this desk and is not booked."
    if fill.symbol != order.request.symbol or fill.side is not order.request.side:
        return "its symbol or side is not that of its order, and it is not booked."
    numbers = (fill.quantity, fill.price, fill.fee)
    if not all(n.is_finite() for n in numbers) or fill.quantity <= 0 or fill.price <= 0:
        return "its numbers are not those of a trade, and it is not booked."
    return ""
