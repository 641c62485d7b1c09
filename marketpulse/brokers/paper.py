"""The paper venue: real prices, imaginary money, and never a better fill than a real venue would give.

It lives in the desk's process and forgets everything with it; what rested is taken up again from the
books. Only the loop's thread calls it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import nan

from marketpulse.brokers.paper_rules import Hit, Market, hit, market_of
from marketpulse.clock import Clock
from marketpulse.errors import Rejected
from marketpulse.portfolio import Books
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.risk.costs import fee
from marketpulse.types import (
    OPEN_STATES,
    WORKING_STATES,
    AssetClass,
    Fill,
    Instrument,
    MarketDatum,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Quote,
    SessionState,
    Side,
)

__all__ = ["PaperBroker"]

_MODEL = "paper 1"
_ZERO = Decimal(0)


@dataclass(slots=True)
class _Resting:
    """An order at the venue.

    Attributes
    ----------
    arrived : by the clock its instrument trades on
    seen : the last trade in the first quote it met, None before that, NaN once another was seen
    """

    client_id: str
    instrument: Instrument
    request: OrderRequest
    arrived: datetime
    filled: Decimal = _ZERO
    trades: int = 0
    state: OrderState = OrderState.ACCEPTED
    seen: float | None = None

    @property
    def view(self) -> VenueOrder:
        ref = OrderRef(self.client_id, _venue_id(self.client_id), self.instrument)
        return VenueOrder(ref, self.state, self.request.quantity, self.filled)


def _venue_id(client_id: str) -> str:
    return f"paper-{client_id}"


class PaperBroker:
    """A venue that fills at the first quote received after an order arrived, or later.

    ``grace`` is zero: place, find and the orders are one object in one thread, so what is not found
    was never accepted, and nothing can arrive late.

    Parameters
    ----------
    books : of the account; what rests there is restored, and the account is what they say
    instruments : what can be traded
    clock : the desk's
    """

    def __init__(self, books: Books, instruments: Mapping[str, Instrument], clock: Clock) -> None:
        self._books = books
        self._instruments = instruments
        self._clock = clock
        self._orders: dict[str, _Resting] = {}
        self._resting: dict[str, _Resting] = {}
        self._fills: list[Fill] = []
        for order in books.open_orders:
            # Only what the venue had acknowledged: what was on its way when the desk died never came.
            if order.state in WORKING_STATES and order.request.symbol in instruments:
                self._restore(order)

    def _restore(self, order: Order) -> None:
        # It arrives anew: no quote from before the restart fills it.
        instrument = self._instruments[order.request.symbol]
        resting = self._arrive(order.client_order_id, instrument, order.request)
        resting.filled, resting.trades = order.filled_quantity, len(order.fills)
        if order.filled_quantity:
            resting.state = OrderState.PARTIALLY_FILLED

    def _arrive(self, client_id: str, instrument: Instrument, request: OrderRequest) -> _Resting:
        resting = _Resting(client_id, instrument, request, self._now(instrument))
        self._orders[client_id] = self._resting[client_id] = resting
        return resting

    def _now(self, instrument: Instrument) -> datetime:
        return self._clock.market(instrument.calendar)  # its quotes carry that time

    @property
    def name(self) -> str:
        """``paper``."""
        return "paper"

    @property
    def capabilities(self) -> BrokerCapabilities:
        """All order types, shares and crypto, no grace, no real money."""
        return BrokerCapabilities(
            types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP}),
            asset_classes=frozenset({AssetClass.EQUITY, AssetClass.CRYPTO}),
            grace=0.0,
            live=False,
        )

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Accept; the same client id again is the same order."""
        if client_id not in self._orders:
            if not instrument.tradable:
                raise Rejected("NOT_TRADABLE", f"{instrument.symbol} cannot be traded.")
            self._arrive(client_id, instrument, request)
        return Ack(client_id, _venue_id(client_id), self._clock.now())

    def cancel(self, ref: OrderRef) -> None:
        """Take the order off; one that has ended is left as it is."""
        resting = self._resting.pop(ref.client_id, None)
        if resting is not None:
            resting.state = OrderState.CANCELED

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Refuse: it amends nothing in place."""
        del ref, terms
        raise Rejected("NOT_OFFERED", f"{self.name} does not change an order in place.")

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Return the order, or what the books say of one that ended before this start."""
        order = self._orders.get(ref.client_id)
        if order is not None:
            return order.view
        old = self._books.by_client(ref.client_id)
        if old is None or old.state in OPEN_STATES or old.venue_id is None:
            return None
        return VenueOrder(ref, old.state, old.request.quantity, old.filled_quantity)

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests."""
        wanted = {instrument.symbol for instrument in instruments}
        return [r.view for r in self._resting.values() if r.instrument.symbol in wanted]

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Executions of this process from ``since`` on."""
        wanted = {instrument.symbol for instrument in instruments}
        return [f for f in self._fills if f.time >= since and f.symbol in wanted]

    def account(self) -> AccountState:
        """The books: a paper account has no second truth."""
        portfolio = self._books.portfolio
        held = {s: p.quantity for s, p in portfolio.positions.items() if p.quantity}
        return AccountState(self._books.account.partition(":")[2], {portfolio.currency: portfolio.cash}, held)

    def match(self, market: Mapping[str, MarketDatum]) -> None:
        """Let the resting orders meet the newest quotes; each order fills whole or not at all."""
        for resting in list(self._resting.values()):
            datum = market.get(resting.instrument.symbol)
            # A stale or disputed price or a closed exchange fills nothing.
            if datum is None or datum.stale or datum.disputed or datum.session is not SessionState.OPEN:
                continue
            # A quote from before the order arrived is a price nobody could have had.
            if datum.quote.received <= resting.arrived:
                continue
            prices = market_of(datum.quote, resting.instrument)
            if prices is None:
                continue
            found = hit(resting.request, prices, resting.seen)
            resting.seen = prices.last if resting.seen in {None, prices.last} else nan
            if found is not None:
                self._fill(resting, found, prices, datum.quote)

    def _fill(self, resting: _Resting, found: Hit, prices: Market, quote: Quote) -> None:
        request, instrument = resting.request, resting.instrument
        # Instrument.price rounds in the trader's favour for a limit; here the other way: a buy pays
        # the tick above, a sale gets the tick below.
        against = Side.SELL if request.side is Side.BUY else Side.BUY
        try:
            price = instrument.price(found.price, against)
        except ValueError:
            return  # a sale below the smallest price step: no price can be paid
        quantity = request.quantity - resting.filled
        resting.trades += 1
        self._fills.append(
            Fill(
                venue=self.name,
                # Counted per order, so a fill that was made but not booked before a crash is made
                # again under the same name, and one that was booked is recognised.
                trade_id=f"{resting.client_id}-{resting.trades}",
                client_order_id=resting.client_id,
                symbol=instrument.symbol,
                side=request.side,
                quantity=quantity,
                price=price,
                fee=fee(instrument, quantity, price),
                time=self._clock.now(),
                note=_note(found, prices, quote),
            )
        )
        resting.filled, resting.state = request.quantity, OrderState.FILLED
        del self._resting[resting.client_id]


def _note(found: Hit, prices: Market, quote: Quote) -> str:
    """Say how the price came about, so that it can be checked later."""
    return json.dumps(
        {
            "model": _MODEL,
            "rule": found.rule,
            "price": repr(prices.last),
            "bid": repr(prices.bid),
            "ask": repr(prices.ask),
            "assumed_spread": prices.assumed,
            "time": quote.time.isoformat(),
            "received": quote.received.isoformat(),
            "source": quote.source,
        },
        separators=(",", ":"),
    )
