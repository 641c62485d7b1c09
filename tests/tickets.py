"""Instruments, quotes, orders and books made by hand, and the context that one order sees."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from marketpulse.risk.context import OrderContext
from marketpulse.risk.var import Scenarios
from marketpulse.types import (
    AssetClass,
    Bars,
    Instrument,
    Interval,
    MarketDatum,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Portfolio,
    Position,
    Quote,
    SessionState,
    Side,
)

NOW = datetime(2012, 6, 1, 15, 0, tzinfo=UTC)
CENT = Decimal("0.01")

INSTRUMENTS = {
    "AAPL": Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", CENT, Decimal(1)),
    "IBM": Instrument("IBM", "IBM", AssetClass.EQUITY, "USD", "XNYS", CENT, Decimal(1)),
    "BTC/USDT": Instrument(
        "BTC/USDT", "Bitcoin", AssetClass.CRYPTO, "USDT", "24/7", CENT, Decimal("0.00001"), Decimal(5)
    ),
    "^GSPC": Instrument("^GSPC", "S&P 500", AssetClass.INDEX, "USD", "XNYS", CENT, Decimal(1)),
}


def bars(symbol, closes, first_day=0, every=1):
    close = np.asarray(closes, np.float64)
    time = (first_day + every * np.arange(len(close), dtype=np.int64)) * 86_400
    return Bars(symbol, Interval.DAY, time, close, close, close, close, np.full(len(close), 1e6), "x", True)


def walk(symbol, seed, n=601, first_day=0):
    steps = np.random.default_rng(seed).normal(0, 0.01, n)
    return bars(symbol, 100 * np.exp(np.cumsum(steps)), first_day)


def datum(symbol="AAPL", price=100.0, bid=99.99, ask=100.01, **changes):
    quote = Quote(symbol, price, bid, ask, 1e6, NOW, NOW, "tape")
    return replace(MarketDatum(quote, 1.0, False, SessionState.OPEN), **changes)


def order(request, state=OrderState.ACCEPTED, filled=Decimal(0), order_id="1"):
    return Order(order_id, "MP" + order_id, "paper:1", request, state, NOW, NOW, filled)


def portfolio(cash="100000", **held):
    positions = {s: Position(s, Decimal(q), Decimal(90)) for s, q in held.items()}
    return Portfolio("paper:1", cash=Decimal(cash), deposits=Decimal(100_000), positions=positions)


def context(**changes):
    """An open market, 100,000 in cash, nothing held, nothing working; any field can be changed."""
    whole = OrderContext(
        instrument=INSTRUMENTS["AAPL"],
        datum=datum(),
        portfolio=portfolio(),
        orders=(),
        equity=100_000.0,
        halt=None,
        recovered=True,
        prices={"AAPL": 100.0, "IBM": 200.0, "BTC/USDT": 5_000.0},
        instruments=INSTRUMENTS,
        scenarios=Scenarios({"AAPL": walk("AAPL", 1), "IBM": walk("IBM", 2)}),
    )
    return replace(whole, **changes)


def ask(**changes):
    """A market order for 10 AAPL; any field can be changed."""
    request = {"symbol": "AAPL", "side": Side.BUY, "type": OrderType.MARKET, "quantity": Decimal(10)}
    return OrderRequest(**(request | changes))


def limit(price, side=Side.BUY, quantity=10, **changes):
    return ask(
        type=OrderType.LIMIT, limit_price=Decimal(price), side=side, quantity=Decimal(quantity), **changes
    )


def stop(price, side=Side.SELL, quantity=10, **changes):
    return ask(
        type=OrderType.STOP, stop_price=Decimal(price), side=side, quantity=Decimal(quantity), **changes
    )


def sell(quantity=10, **changes):
    return ask(side=Side.SELL, quantity=Decimal(quantity), **changes)
