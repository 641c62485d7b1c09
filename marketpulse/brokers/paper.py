"""The paper venue: real prices, imaginary money, and never a better fill than a real venue would give.

It lives in the desk's process and forgets everything with it; what rested is taken up again from the books. The
rules are those of ``paper_fill``; here are only the clock, the market's latest words, and the port. Only the loop's
thread calls it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf
from types import MappingProxyType

from marketpulse.brokers.paper_activity import History, activity
from marketpulse.brokers.paper_amend import amend
from marketpulse.brokers.paper_fill import end, meet
from marketpulse.brokers.paper_latency import delay, seed_of
from marketpulse.brokers.paper_model import Activity, Part, Pool, Tick, Working
from marketpulse.brokers.paper_note import pool_of
from marketpulse.brokers.paper_tick import Before, believable, tick_of
from marketpulse.brokers.paper_trigger import distance
from marketpulse.clock import Clock
from marketpulse.errors import Rejected
from marketpulse.portfolio import Books
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.types import (
    OPEN_STATES,
    WORKING_STATES,
    AssetClass,
    Book,
    Fill,
    Instrument,
    MarketDatum,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    SessionState,
    TimeInForce,
)

__all__ = ["PaperBroker"]

_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_FRESH = 5  # seconds for which the volume of the minute is not looked up again
_TENTH = Decimal("0.1")  # of its distance that a trailing stop's best price moves before it is told again
_REMEMBERED = 500  # fills, and
_RECENT = timedelta(hours=1)  # by its instrument's clock: what an older one took from a market has come back
_NO_BOOKS: Mapping[str, tuple[Book, ...]] = MappingProxyType({})


class PaperBroker:
    """A venue that fills at the first quote or book received after an order arrived, or later.

    ``grace`` is zero: place, find and the orders are one object in one thread, so what is not found
    was never accepted, and nothing can arrive late.

    Parameters
    ----------
    books : of the account; what rests there is restored, and the account is what they say
    instruments : what can be traded
    clock : the desk's
    history : where bars are looked up; without it no volume is known, and only an order book fills
    marks : by client id, where the books do not say: the best price that a trailing stop had followed, or
        the trade that woke another waiting order up
    on_mark : is told the order's id and such a price, so that a restart does not forget it
    """

    def __init__(
        self,
        books: Books,
        instruments: Mapping[str, Instrument],
        clock: Clock,
        *,
        history: History | None = None,
        marks: Mapping[str, Decimal] | None = None,
        on_mark: Callable[[str, Decimal], None] | None = None,
    ) -> None:
        self._books = books
        self._instruments = instruments
        self._clock = clock
        self._history = history
        self.on_mark = on_mark
        self._orders: dict[str, Working] = {}
        self._resting: dict[str, None] = {}  # client ids, by arrival
        self._amended: dict[str, int] = {}
        self._marked: dict[str, Decimal] = {}
        self._pools: dict[str, Pool] = {}
        self._before: dict[str, Before] = {}
        self._activity: dict[str, tuple[int, Activity | None]] = {}
        self._fills: list[Fill] = []
        for symbol, fills in _by_symbol(books.last_fills(_REMEMBERED)).items():
            if symbol in instruments:
                since = clock.market(instruments[symbol].calendar) - _RECENT
                self._pools[symbol] = pool_of(fills, since)
        for order in books.open_orders:
            # Only what the venue had acknowledged: what was on its way when the desk died never came.
            if order.state in WORKING_STATES and order.request.symbol in instruments:
                self._restore(order, (marks or {}).get(order.client_order_id))

    def _restore(self, order: Order, mark: Decimal | None) -> None:
        """Take an order up again: it arrives anew, so no price from before the restart fills it.

        A limit takes nothing at once, for it had met the market, and who stands before it is not known
        any more: it waits for trades beyond its price. What has filled in part was triggered. What was
        for one moment only is over.
        """
        request, filled = order.request, order.filled_quantity
        fresh = self._arrive(order.client_order_id, self._instruments[request.symbol], request)
        line = self._books.line(order.id)
        best = mark if mark is not None or line is None else line.best
        trails = request.type is OrderType.TRAILING_STOP
        woken = filled > 0 or (best is not None and not trails)
        rests = request.type is OrderType.LIMIT or (request.type is OrderType.STOP_LIMIT and woken)
        resting = replace(
            fresh,
            filled=filled,
            paid=sum((f.quantity * f.price for f in order.fills), Decimal(0)),
            fees=order.fees,
            trades=len(order.fills),
            state=OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED,
            rests=rests,
            ahead=inf if rests else None,
            triggered=woken,
            active=trails and best is not None,
            best=best if trails else None,
        )
        if request.time_in_force in _AT_ONCE:
            sentence = "The desk was started again, and its moment is over."
            resting = end(resting, "NOT_AT_ONCE", sentence, OrderState.EXPIRED)
        if best is not None or woken:
            self._marked[fresh.client_id] = best or Decimal(0)
        self._keep(resting)

    def _arrive(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Working:
        now, seed = self._clock.market(instrument.calendar), seed_of(client_id)  # its quotes carry that time
        return Working(client_id, instrument, request, placed=now, arrives=now + delay(seed), seed=seed)

    def _keep(self, order: Working) -> None:
        self._orders[order.client_id] = order
        if order.open:
            self._resting.setdefault(order.client_id)
        else:
            self._resting.pop(order.client_id, None)

    @property
    def name(self) -> str:
        """``paper``."""
        return "paper"

    @property
    def capabilities(self) -> BrokerCapabilities:
        """All there is, for shares and crypto, without grace or real money."""
        return BrokerCapabilities(
            types=frozenset(OrderType),
            asset_classes=frozenset({AssetClass.EQUITY, AssetClass.CRYPTO}),
            grace=0.0,
            live=False,
            forces=frozenset(TimeInForce),
            post_only=True,
            amends=True,
        )

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Accept; the same client id again is the same order."""
        if client_id not in self._orders:
            if not instrument.tradable:
                raise Rejected("NOT_TRADABLE", f"{instrument.symbol} cannot be traded.")
            if any(d is not None and not d > 0 for d in (request.trail_amount, request.trail_percent)):
                raise Rejected("TRAIL", "The distance of a trailing stop must be above zero.")
            self._keep(self._arrive(client_id, instrument, request))
        return self._ack(client_id)

    def _ack(self, client_id: str) -> Ack:
        return Ack(client_id, _venue_id(client_id), self._clock.now())

    def cancel(self, ref: OrderRef) -> None:
        """Take the order off; one that has ended is left as it is."""
        order = self._orders.get(ref.client_id)
        if order is not None:
            self._keep(end(order, "", ""))

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Change a resting order; all but a smaller quantity alone costs its place in the queue."""
        order = self._orders.get(ref.client_id)
        if order is None:
            raise Rejected("NOT_RESTING", "The venue has no order of this name.")
        count = self._amended.get(ref.client_id, 0) + 1
        changed = amend(order, terms, self._clock.market(order.instrument.calendar), count)
        if changed.seed != order.seed:
            self._amended[ref.client_id] = count
            self._resting.pop(ref.client_id)  # behind our own others too
        self._keep(changed)
        return self._ack(ref.client_id)

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Return the order, or what the books say of one that ended before this start."""
        order = self._orders.get(ref.client_id)
        if order is not None:
            return _view(order)
        old = self._books.by_client(ref.client_id)
        if old is None or old.state in OPEN_STATES or old.venue_id is None:
            return None
        return VenueOrder(ref, old.state, old.request.quantity, old.filled_quantity)

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests."""
        wanted = {instrument.symbol for instrument in instruments}
        resting = (self._orders[client_id] for client_id in self._resting)
        return [_view(order) for order in resting if order.instrument.symbol in wanted]

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Executions of this process from ``since`` on."""
        wanted = {instrument.symbol for instrument in instruments}
        return [f for f in self._fills if f.time >= since and f.symbol in wanted]

    def account(self) -> AccountState:
        """The books: a paper account has no second truth."""
        portfolio, account = self._books.portfolio, self._books.account
        held = {s: p.quantity for s, p in portfolio.positions.items() if p.quantity}
        cash = {
            currency: amount for (owner, currency), amount in portfolio.balances.items() if owner == account
        }
        return AccountState(account.partition(":")[2], cash, held)

    def match(
        self, market: Mapping[str, MarketDatum], books: Mapping[str, tuple[Book, ...]] = _NO_BOOKS
    ) -> None:
        """Let the resting orders meet the newest quotes and order books.

        Parameters
        ----------
        books : those that hold now, the preferred source's first
        """
        waiting: dict[str, list[Working]] = {}
        for client_id in self._resting:
            order = self._orders[client_id]
            waiting.setdefault(order.instrument.symbol, []).append(order)
        for symbol, datum in market.items():
            orders = waiting.get(symbol, [])
            if datum.session is SessionState.CLOSED:
                self._shut(orders, datum)
            book = next(iter(books.get(symbol, ())), None)
            tick = self._tick(symbol, datum, book, busy=bool(orders))
            if tick is not None and orders:
                self._meet(symbol, orders, tick)

    def _tick(self, symbol: str, datum: MarketDatum, book: Book | None, *, busy: bool) -> Tick | None:
        """Make one moment of it, and remember it for the next one."""
        instrument = self._instruments.get(symbol)
        if instrument is None or not believable(datum):
            self._before.pop(symbol, None)  # what comes next is compared with nothing
            return None
        quote, volume = datum.quote, self._volume(instrument) if busy else None
        tick = tick_of(quote, book, instrument, self._before.get(symbol), volume)
        if tick is not None:
            self._before[symbol] = Before(0.5 * (tick.bid + tick.ask), quote.price, quote.volume)
        return tick

    def _volume(self, instrument: Instrument) -> Activity | None:
        if self._history is None:
            return None
        now = self._clock.market(instrument.calendar)
        turn = int(now.timestamp()) // _FRESH
        known = self._activity.get(instrument.symbol)
        if known is None or known[0] != turn:
            known = self._activity[instrument.symbol] = turn, activity(self._history, instrument, now)
        return known[1]

    def _shut(self, orders: Iterable[Working], datum: MarketDatum) -> None:
        """A closed exchange takes what can wait for the open, and nothing that is for this moment only."""
        for order in orders:
            if order.request.time_in_force in _AT_ONCE and datum.quote.received > order.arrives:
                sentence = "The exchange is closed, and the order could not wait."
                self._keep(end(order, "NOT_IN_SESSION", sentence, OrderState.EXPIRED))

    def _meet(self, symbol: str, orders: Sequence[Working], tick: Tick) -> None:
        met = meet(orders, tick, self._pools.get(symbol, Pool()))
        self._pools[symbol] = met.pool
        for order in met.orders:
            self._keep(order)
        self._fills += [self._fill(self._orders[part.client_id], part) for part in met.parts]
        for order in met.orders:
            self._tell(order, Decimal(repr(tick.last)))

    def _tell(self, order: Working, last: Decimal) -> None:
        """Have written down how far a trailing stop has followed, and that another waiting order woke up."""
        told = self._marked.get(order.client_id)
        if order.request.type is OrderType.TRAILING_STOP:
            best = order.best if order.active else None
            if best is None or (told is not None and abs(best - told) < _TENTH * distance(order)):
                return
        elif order.triggered and told is None:
            best = last
        else:
            return
        known = self._books.by_client(order.client_id)
        if order.open and known is not None and self.on_mark is not None:
            self.on_mark(known.id, best)
            self._marked[order.client_id] = best

    def _fill(self, order: Working, part: Part) -> Fill:
        return Fill(
            venue=self.name,
            # Counted per order, so a fill that was made but not booked before a crash is made
            # again under the same name, and one that was booked is recognised.
            trade_id=f"{part.client_id}-{part.trade}",
            client_order_id=part.client_id,
            symbol=order.instrument.symbol,
            side=order.request.side,
            quantity=part.quantity,
            price=part.price,
            fee=part.fee,
            time=self._clock.now(),
            note=part.note,
            optimistic=part.optimistic,
            pessimistic=part.pessimistic,
            maker=part.maker,
        )


def _by_symbol(fills: Iterable[Fill]) -> dict[str, list[Fill]]:
    found: dict[str, list[Fill]] = {}
    for fill in fills:
        found.setdefault(fill.symbol, []).append(fill)
    return found


def _venue_id(client_id: str) -> str:
    return f"paper-{client_id}"


def _view(order: Working) -> VenueOrder:
    request = order.request
    return VenueOrder(
        OrderRef(order.client_id, _venue_id(order.client_id), order.instrument),
        order.state,
        request.quantity,
        order.filled,
        order.code,
        order.sentence,
        request.side,
        request.type,
        request.limit_price,
        request.stop_price,
    )
