"""A live market room on sources that answer from memory, for the programs that measure it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import sin
from pathlib import Path

import numpy as np

from marketpulse.clock import Clock
from marketpulse.guard import Chain, FailoverLog, Pool
from marketpulse.market import Market, Pace, instruments
from marketpulse.meter import Meter
from marketpulse.ports import Capability, Limits, Put
from marketpulse.storage import MarketStore
from marketpulse.types import (
    AssetClass,
    Bars,
    Book,
    CorporateAction,
    Feed,
    Headline,
    Instrument,
    Interval,
    Quote,
)

OFFERED = (Capability.QUOTE, Capability.BARS, Capability.BOOK)


def pairs(n: int) -> dict[str, Instrument]:
    """The eight pairs, and made-up ones up to ``n``."""
    known = {s: i for s, i in instruments(Feed.LIVE).items() if i.asset_class is AssetClass.CRYPTO}
    first = known["BTC/USDT"]
    more = {
        f"C{k}/USDT": replace(first, symbol=f"C{k}/USDT", name=f"Coin {k}") for k in range(n - len(known))
    }
    return {**known, **more} if n > len(known) else dict(list(known.items())[:n])


class Venue:
    """Prices that wander a little around a level of their own; every answer is new."""

    def __init__(self, name: str, clock: Clock, per_minute: float = 6_000.0) -> None:
        self.name = name
        self.capabilities = frozenset((c, AssetClass.CRYPTO) for c in OFFERED)
        self.limits = Limits(per_minute=per_minute, deadline=float("inf"))
        self.clock = clock
        self.asked = 0

    def price(self, symbol: str) -> float:
        level = 100.0 + (hash(symbol) % 1000)
        return level * (1.0 + 0.001 * sin(self.clock.now().timestamp() / 60.0))

    def quote(self, instrument: Instrument) -> Quote:
        self.asked += 1
        now, price = self.clock.now(), self.price(instrument.symbol)
        return Quote(instrument.symbol, price, price * 0.9999, price * 1.0001, 1000.0, now, now, self.name)

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        del start
        days = 400
        last = datetime(end.year, end.month, end.day, tzinfo=UTC)
        time = np.array([int((last - timedelta(days=days - k)).timestamp()) for k in range(days)])
        close = self.price(instrument.symbol) * (1.0 + 0.02 * np.sin(np.arange(days)))
        return Bars(
            instrument.symbol, interval, time, close, close * 1.01, close * 0.99, close, close, self.name
        )

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        del instrument, start, end
        return ()

    def book(self, instrument: Instrument, depth: int) -> Book:
        self.asked += 1
        now, price = self.clock.now(), self.price(instrument.symbol)
        steps = [1e-4 * (k + 1) for k in range(depth)]
        return Book(
            instrument.symbol,
            tuple((price * (1 - s), 1.0) for s in steps),
            tuple((price * (1 + s), 1.0) for s in steps),
            now,
            now,
            self.name,
            int(now.timestamp() * 1000),
        )

    def news(self, instrument: Instrument) -> Sequence[Headline]:
        del instrument
        return ()

    async def stream(self, instruments: Sequence[Instrument], put: Put) -> None:
        del instruments, put


def market(
    clock: Clock, folder: Path, n: int = 8
) -> tuple[Market, MarketStore, dict[str, Instrument], Venue]:
    """Two venues, ``n`` pairs and a real store; nothing has been started."""
    known, meter = pairs(n), Meter(clock.monotonic)
    pool, log = Pool(clock, meter), FailoverLog(clock)
    venues = [Venue("binance", clock), Venue("bybit", clock)]
    for venue in venues:
        pool.add(venue)
    chains = [Chain(f"{c} pairs", c, venues, pool, log=log) for c in OFFERED]
    store = MarketStore.open(folder / "market.db")
    made = Market(
        known, chains, pool, store=store, clock=clock, feed=Feed.LIVE, meter=meter, log=log, pace=Pace()
    )
    return made, store, known, venues[0]


def tick(symbol: str, price: float, now: datetime, source: str = "binance") -> Quote:
    """What a stream decodes."""
    return Quote(symbol, price, price * 0.9999, price * 1.0001, 1000.0, now, now, source)


CASH = Decimal(100_000)
