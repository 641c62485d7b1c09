"""An account with twenty positions, made up, and an order for one of them."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from marketpulse.risk import Liquidity, OrderContext, Scenarios
from marketpulse.risk.exposures import Bounds
from marketpulse.types import (
    AssetClass,
    Bars,
    Instrument,
    Interval,
    MarketDatum,
    OrderRequest,
    OrderType,
    Portfolio,
    Position,
    Quote,
    SessionState,
    Side,
)

__all__ = ["INSTRUMENTS", "NOW", "SYMBOLS", "context", "request", "walks"]

SYMBOLS = tuple(f"S{i:02}" for i in range(20))
NOW = datetime(2012, 6, 1, 15, tzinfo=UTC)
INSTRUMENTS = {
    s: Instrument(s, s, AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1)) for s in SYMBOLS
}


def walks(days: int = 2_520) -> dict[str, Bars]:
    """Ten years of daily bars for each symbol, from one seed."""
    rng = np.random.default_rng(7)
    time = 86_400 * np.arange(days, dtype=np.int64)
    found = {}
    for symbol in SYMBOLS:
        close = 100 * np.exp(np.cumsum(rng.standard_t(4, days) * 0.01))
        volume = np.full(days, 1e6)
        found[symbol] = Bars(
            symbol, Interval.DAY, time, close, close, close, close, volume, "made up", adjusted=True
        )
    return found


def context(scenarios: Scenarios | None = None) -> OrderContext:
    """The desk as an order for the fourth symbol sees it."""
    symbol = SYMBOLS[3]
    quote = Quote(symbol, 100.0, 99.99, 100.01, 1e6, NOW, NOW, "made up")
    positions = {s: Position(s, Decimal(10), Decimal(100)) for s in SYMBOLS}
    return OrderContext(
        instrument=INSTRUMENTS[symbol],
        datum=MarketDatum(quote, 1.0, stale=False, session=SessionState.OPEN),
        portfolio=Portfolio("paper:1", cash=Decimal(80_000), positions=positions),
        orders=(),
        equity=100_000.0,
        halt=None,
        recovered=True,
        prices=dict.fromkeys(SYMBOLS, 100.0),
        instruments=INSTRUMENTS,
        scenarios=scenarios,
        market=Liquidity(adv=1e6, sigma=0.02),
        locks=(),
        drawdown=0.0,
        bounds=Bounds(),
        usual=1e6,
    )


def request() -> OrderRequest:
    """Buy ten at the market."""
    return OrderRequest(SYMBOLS[3], Side.BUY, OrderType.MARKET, Decimal(10))
