"""What a live market room still knows after it was closed and opened again on the same store."""

from datetime import timedelta

import pytest
from unit.market.doubles import MemoryStore, StandIn, chains_of
from unit.market.test_market_live import ALL, MONDAY, bars_of

from marketpulse.clock import SimClock
from marketpulse.errors import AuthFailed, RateLimited, Refused, Unavailable
from marketpulse.guard import FailoverLog, Pool
from marketpulse.market import Market
from marketpulse.meter import Meter
from marketpulse.ports import Capability, Limits
from marketpulse.types import AssetClass, Feed

OFFERED = (Capability.QUOTE, Capability.BARS)


class Room:
    """Two venues behind real guards, in the caller's thread but for the calls' own."""

    def __init__(self, store: MemoryStore, start=MONDAY) -> None:
        self.clock = SimClock(start)
        meter = Meter(self.clock.monotonic)
        self.venues = [
            StandIn(name, self.clock, (AssetClass.CRYPTO,), OFFERED) for name in ("binance", "bybit")
        ]
        for venue in self.venues:
            venue.limits = Limits(per_minute=600, deadline=5.0, per_day=200)
            venue.prices["BTC/USDT"] = 50_000.0
            venue.days["BTC/USDT"] = bars_of(
                "BTC/USDT", MONDAY.date() - timedelta(days=1), [49_000.0] * 20, venue.name
            )
        self.pool, log = Pool(self.clock, meter), FailoverLog(self.clock)
        self.market = Market(
            ALL,
            chains_of(self.pool, log, ("pairs", self.venues)),
            self.pool,
            store=store,
            clock=self.clock,
            feed=Feed.LIVE,
            meter=meter,
            log=log,
        )
        self.market._live.start(threads=0, streams=False)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            for schedule in self.market._live.schedules:
                schedule.run_due()
            self.clock.advance(1)

    def cell(self, name: str, capability: str = "quote"):
        row = next(p for p in self.market.providers() if p.name == name)
        return next(c for c in row.cells if c.capability == capability)

    def budget(self, name: str):
        return next(p for p in self.market.providers() if p.name == name).budget

    def closed(self):
        self.market.close()
        return self.clock.now()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_an_open_breaker_is_open_again_and_the_other_venue_is_asked(store):
    room = Room(store)
    room.run(5)
    room.venues[0].error = Unavailable("binance: request timed out")
    room.run(25)
    assert room.cell("binance").state == "open"
    again = Room(store, room.closed() + timedelta(seconds=2))
    assert again.cell("binance").state == "open"
    assert 0 < again.cell("binance").retry <= 600
    again.run(2)
    assert again.venues[0].asked == []
    assert again.market.data()["BTC/USDT"].quote.source == "bybit"


def test_a_quota_is_not_whole_again(store):
    room = Room(store)
    room.run(60)
    left = room.budget("binance").left_day
    assert left < 200
    again = Room(store, room.closed())
    assert again.budget("binance").left_day <= left


def test_a_wait_that_a_venue_asked_for_goes_on(store):
    room = Room(store)
    room.run(5)
    room.venues[0].error = RateLimited("binance: too many requests", 120.0)
    room.run(10)
    again = Room(store, room.closed() + timedelta(seconds=30))
    assert 60 < again.budget("binance").blocked <= 120
    again.run(5)
    assert again.venues[0].asked == []


def test_the_last_good_price_and_what_was_not_believed_are_there(store):
    room = Room(store)
    room.run(6)
    for venue in room.venues:
        venue.prices["BTC/USDT"] = 0.0
    room.run(20)
    again = Room(store, room.closed() + timedelta(minutes=10))
    datum = again.market.data()["BTC/USDT"]
    assert datum.quote.price == 50_000.0
    assert datum.stale
    assert [line.reason for line in again.market.feeds().quarantine] == ["is zero", "is zero"]


def test_a_provider_that_rests_is_asked_at_once_when_the_person_says_so(store):
    room = Room(store)
    room.run(5)
    room.venues[0].error = AuthFailed("binance: the key was refused")
    room.run(10)
    assert room.cell("binance").state == "isolated"
    room.venues[0].error = None
    room.venues[0].asked.clear()
    room.market.ask_again("binance")
    assert room.cell("binance").state == "closed"
    room.run(6)
    assert ("quote", "BTC/USDT") in room.venues[0].asked
    with pytest.raises(Refused, match="Did you mean binance"):
        room.market.ask_again("binanec")
    with pytest.raises(Refused, match="There are binance, bybit"):
        room.market.ask_again("zzz")
