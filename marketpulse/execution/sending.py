"""An intent leaves the house: committed as submitting, handed to its venue once, the answer recorded."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from marketpulse.errors import AuthExpired, Rejected, Throttled
from marketpulse.execution.asking import Asker
from marketpulse.execution.kit import Kit
from marketpulse.execution.venue import NoAnswer, Venue, say
from marketpulse.portfolio.codec import Change
from marketpulse.types import MarketDatum, Order, OrderState, OrderType, SessionState, Side

__all__ = ["Sender"]

_PATIENCE = timedelta(minutes=15)
"""How old an unsent market order may be, by the wall clock: nobody meant the price of a later hour."""

_LOST = "The venue's answer was lost; it is being asked what became of the order."


class Sender:
    """Sends new intents. Only the loop's thread calls it, so no order is ever sent by two."""

    def __init__(self, kit: Kit, asker: Asker) -> None:
        self._kit = kit
        self._asker = asker

    def send_new(self, market: Mapping[str, MarketDatum]) -> None:
        """Send every new intent whose venue may be asked and whose symbol is not in doubt."""
        with self._kit.journal.holding():
            orders = self._kit.open_orders
        doubtful = {o.request.symbol for o in orders if o.state is OrderState.UNKNOWN}
        for order in orders:
            if order.state is not OrderState.NEW:
                continue
            if order.request.side is Side.BUY and order.request.symbol in doubtful:
                continue  # it may already hold what this one would add
            if order.request.type is OrderType.MARKET and not self._timely(order, market):
                continue
            if order.request.reduce_only and not self._reduces(order):
                continue
            if self._kit.venue(order).ready and self._send(order) is OrderState.UNKNOWN:
                doubtful.add(order.request.symbol)

    def _timely(self, order: Order, market: Mapping[str, MarketDatum]) -> bool:
        """Hold a market order while its price is stale or disputed, and give it up in the end."""
        line = self._kit.books.line(order.id)
        if line is not None and self._kit.clock.wall() - line.intent.wall > _PATIENCE:
            sentence = (
                "It could not be sent in time; prices have moved. Place it again if it is still wanted."
            )
            self._record(order, Change(OrderState.EXPIRED, "never sent", "NOT_SENT", sentence))
            return False
        datum = market.get(order.request.symbol)
        return datum is None or not (datum.stale or datum.disputed or datum.session is SessionState.CLOSED)

    def _reduces(self, order: Order) -> bool:
        """Look again whether what it would sell is still held and not sold by others; if not, end it."""
        with self._kit.journal.holding() as books:
            symbol, account, others, before = order.request.symbol, order.account, Decimal(0), True
            for other in books.open_orders:  # those that left, and those that leave before it
                if other.id == order.id:
                    before = False
                elif (other.request.symbol, other.request.side, other.account) == (
                    symbol,
                    Side.SELL,
                    account,
                ):
                    others += other.remaining if before or other.state is not OrderState.NEW else 0
            if order.remaining <= books.held(symbol, account) - others:
                return True
            sentence = "What it would sell is not held any more, or other orders sell it."
            self._record(order, Change(OrderState.EXPIRED, "never sent", "REDUCE_ONLY", sentence))
            return False

    def _send(self, order: Order) -> OrderState:
        venue = self._kit.venue(order)
        line = self._kit.books.line(order.id)
        if line is not None and line.sent and self._there(venue, order):
            return OrderState.ACCEPTED
        self._kit.probe("send.deciding")
        submitting = Change(OrderState.SUBMITTING, "handed to the venue")
        if not self._record(order, submitting):
            return order.state  # canceled a moment ago
        self._kit.probe("send.submitting")
        change = self._place(venue, order)
        self._kit.probe("send.answered")
        self._record(replace(order, state=OrderState.SUBMITTING), change)
        self._kit.probe("send.recorded")
        return change.to

    def _there(self, venue: Venue, order: Order) -> bool:
        """Before a second try: believe the venue that it turned the first away, but look."""
        ref = venue.ref(order, self._kit.instrument(order))
        with suppress(NoAnswer):
            view = venue.ask("an order", lambda: venue.broker.find(ref))
            if view is None:
                return False
            accepted = Change(OrderState.ACCEPTED, "the venue had it", venue_id=view.ref.venue_id)
            self._record(order, accepted)
            self._asker.settle(replace(order, state=OrderState.ACCEPTED))
        return True

    def _place(self, venue: Venue, order: Order) -> Change:
        """Hand the order over, once, and say what the answer makes of it."""
        instrument = self._kit.instrument(order)
        try:
            ack = venue.broker.place(order.client_order_id, instrument, order.request)
        except Rejected as error:
            return Change(OrderState.REJECTED, "the venue refused it", error.code, error.sentence)
        except (Throttled, AuthExpired) as error:
            # Turned away unread, before anything was looked at: it is not there, so it may be new
            # again and be tried later. That is the one case in which an order is handed over twice.
            venue.rest(error)
            sentence = f"The venue takes no orders right now ({error}); it will be tried again."
            code = "THROTTLED" if isinstance(error, Throttled) else "LOGIN_NEEDED"
            self._kit.meter.fault("venue", sentence)
            return Change(OrderState.NEW, "turned away unread", code, sentence)
        except Exception as error:  # noqa: BLE001  whatever went wrong, the order may have arrived
            self._kit.meter.fault("venue", f"{venue.broker.name} gave no answer to an order: {say(error)}")
            return Change(OrderState.UNKNOWN, say(error), "ANSWER_LOST", _LOST)
        return Change(OrderState.ACCEPTED, "accepted", venue_id=ack.venue_id)

    def _record(self, order: Order, change: Change) -> bool:
        """Commit a change unless the order has moved on; a wish to cancel that came meanwhile follows it."""
        journal = self._kit.journal
        with journal.holding() as books:
            line, now = books.line(order.id), books.order(order.id)
            if line is None or now is None or now.state is not order.state:
                return False
            with journal.writing() as draft:
                draft.move(now, change)
                if line.unwanted and change.to is OrderState.NEW:
                    code, sentence = line.asked
                    sentence = sentence or "Canceled on request, before the venue had read it."
                    again = replace(now, state=OrderState.NEW)
                    draft.move(again, Change(OrderState.CANCELED, "not sent", code or "CANCELED", sentence))
            return True
