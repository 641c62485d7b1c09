"""A paper venue, a clock and a market made by hand, and single moments for the engine underneath."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from unit.portfolio import folding

from marketpulse.brokers import PaperBroker
from marketpulse.brokers.paper_latency import seed_of
from marketpulse.brokers.paper_model import Activity, Tick, Working
from marketpulse.clock import SimClock
from marketpulse.errors import Refused
from marketpulse.market import instruments
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Intent, write_intent
from marketpulse.ports import OrderRef
from marketpulse.types import (
    Agreement,
    Bars,
    Book,
    EventKind,
    Feed,
    Interval,
    MarketDatum,
    OrderRequest,
    OrderType,
    Quote,
    SessionState,
    Side,
    TimeInForce,
)

KNOWN = instruments(Feed.REPLAY)
AAPL, BTC = KNOWN["AAPL"], KNOWN["BTC/USDT"]
T0 = datetime(2012, 6, 1, 15, 0, tzinfo=UTC)
PLENTY = 1e12
PRICES = ("limit_price", "stop_price", "trail_amount", "trail_percent", "activation_price")


def order(side="buy", kind="market", price=None, quantity=10, *, symbol="AAPL", force="gtc", **more):
    """An order; ``price`` is the limit of a limit order and else the stop."""
    more = {name: Decimal(value) if name in PRICES else value for name, value in more.items()}
    if price is not None:
        more["limit_price" if kind == "limit" else "stop_price"] = Decimal(price)
    return OrderRequest(
        symbol, Side(side), OrderType(kind), Decimal(quantity), time_in_force=TimeInForce(force), **more
    )


def at_venue(request, client="C1", instrument=AAPL, **more):
    """An order that arrived at T0, as the engine sees it."""
    return Working(client, instrument, request, placed=T0, arrives=T0, seed=seed_of(client), **more)


def moment(last, bid=None, ask=None, *, after=1.0, volume=PLENTY, daily=None, bar=0, **more):
    """A moment of the market, ``after`` seconds past T0."""
    activity = None if volume is None else Activity(bar, volume, daily)
    return Tick(
        last, bid or last, ask or last, T0 + timedelta(seconds=after), "tape", activity=activity, **more
    )


def bars(interval, rows, symbol="AAPL"):
    """Bars of (seconds, close, volume)."""
    columns = np.array(rows, dtype=float).reshape(-1, 3).T
    price = columns[1]
    return Bars(symbol, interval, columns[0].astype(np.int64), price, price, price, price, columns[2], "tape")


def days(volume, count=1, wobble=0.0):
    """A history that holds daily bars only: each of the same volume, closing up and down in turn."""
    rows = [(86_400 * i, 100.0 * (1.0 + wobble * (i % 2)), volume) for i in range(count)]

    def history(symbol, interval, n):
        if interval is not Interval.DAY:
            raise Refused("BAD_REQUEST", "No source offers these bars.")
        return bars(interval, rows[-n:], symbol)

    return history


def book(asks, bids=((99.0, 1e6),), *, received=T0, symbol="AAPL"):
    """An order book."""
    return Book(symbol, tuple(bids), tuple(asks), received, received, "binance")


class Paper:
    """A paper venue and a clock, fed quotes by hand."""

    def __init__(self, books=None, history=None, **more):
        self.clock = SimClock(T0)
        self.broker = PaperBroker(
            books or Books("paper:1"), KNOWN, self.clock, history=history or days(PLENTY), **more
        )

    def place(self, request, client="C1"):
        self.broker.place(client, KNOWN[request.symbol], request)
        return self

    def quote(
        self, last, bid=None, ask=None, *, after=1.0, symbol="AAPL", stale=False, shut=False,
        disputed=False, received=None, volume=None, depth=None,
    ):  # fmt: skip
        """Let time pass, and the orders meet a quote; ``depth`` is asks, or asks and bids, of a book."""
        self.clock.advance(after)
        now = self.clock.now()
        quote = Quote(symbol, last, bid, ask, volume, now, received or now, "tape")
        session = SessionState.CLOSED if shut else SessionState.OPEN
        agreement = Agreement.DISPUTED if disputed else Agreement.ALONE
        datum = MarketDatum(quote, 0.0, stale, session, agreement=agreement)
        shown = {} if depth is None else {symbol: (book(*depth, received=now, symbol=symbol),)}
        self.broker.match({symbol: datum}, shown)
        return self

    @property
    def fills(self):
        return self.broker.fills(T0 - timedelta(days=1), KNOWN.values())

    @property
    def prices(self):
        return [fill.price for fill in self.fills]

    @property
    def traded(self):
        return [(fill.quantity, fill.price) for fill in self.fills]

    def view(self, client="C1"):
        return self.broker.find(OrderRef(client, None, AAPL))

    def state(self, client="C1"):
        return self.view(client).state


class Script(folding.Script):
    """Events for books, with orders of any kind."""

    def request(self, order_id, request):
        intent = Intent(f"C-{order_id}", request, "body", Decimal(0), T0)
        return self.add(EventKind.ORDER, order_id, write_intent(intent), f"order:{order_id}")
