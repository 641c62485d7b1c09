from datetime import UTC, datetime

import numpy as np
import pytest
from unit.market.doubles import MemoryStore, StandIn, chains_of

from marketpulse.clock import SimClock
from marketpulse.errors import Unavailable
from marketpulse.guard import Pool
from marketpulse.market.instruments import instruments
from marketpulse.market.intraday import Intraday
from marketpulse.market.isolation import Isolation
from marketpulse.market.keeping import Keeping
from marketpulse.market.kit import Kit
from marketpulse.market.routes import Routes
from marketpulse.market.state import State
from marketpulse.market.thrift import Thrift
from marketpulse.meter import Meter
from marketpulse.ports import Capability
from marketpulse.types import AssetClass, Bars, Feed, Interval, Quote

BTC = instruments(Feed.LIVE)["BTC/USDT"]
NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
TEN_TO = NOON.timestamp() - 600


def minutes(closes, first=TEN_TO, source="binance") -> Bars:
    close = np.array(closes, dtype=float)
    time = (first + 60 * np.arange(len(close))).astype(np.int64)
    return Bars("BTC/USDT", Interval.MINUTE, time, close, close + 1, close - 1, close, close, source)


class House:
    def __init__(self, store=None) -> None:
        self.clock = SimClock(NOON)
        self.meter = Meter(self.clock.monotonic)
        self.store = store or MemoryStore()
        offered = (Capability.QUOTE, Capability.INTRADAY)
        self.venue = StandIn("binance", self.clock, (AssetClass.CRYPTO,), offered)
        self.venue.minutes["BTC/USDT"] = minutes([100.0] * 10)
        self.jobs = []
        self.lines = []
        self.thrift = Thrift()
        state = State(self.clock)
        self.board = state.board
        kit = Kit(
            Routes(chains_of(Pool(self.clock, self.meter), None, ("pairs", [self.venue]))),
            state,
            Keeping(self.store, self.meter),
            Isolation(self.clock, self.lines.append),
            self.thrift,
            self.meter,
        )
        self.intraday = Intraday(kit, later=self.jobs.append)

    def run(self) -> None:
        for job in self.jobs:
            assert job() == float("inf")
        self.jobs.clear()


@pytest.fixture
def house() -> House:
    return House()


def test_a_reader_never_waits_and_the_bars_come_with_the_next_look(house):
    assert len(house.intraday.bars(BTC, Interval.MINUTE)) == 0
    assert house.venue.asked == []
    house.run()
    bars = house.intraday.bars(BTC, Interval.MINUTE)
    assert len(bars) == 10
    assert house.jobs == []  # current: nothing to fetch
    assert len(house.store.minutes["BTC/USDT", Interval.MINUTE]) == 10


def test_old_bars_are_fetched_again_but_only_once_a_minute(house):
    house.intraday.bars(BTC, Interval.MINUTE)
    house.run()
    house.clock.advance(120)
    for _ in range(5):
        house.intraday.bars(BTC, Interval.MINUTE)
    assert len(house.jobs) == 1
    house.venue.error = Unavailable("binance: no network")
    house.run()
    assert len(house.intraday.bars(BTC, Interval.MINUTE)) == 10
    assert house.jobs == []
    assert house.meter.counts()["market.bars"] == 1


def test_a_streamed_bar_is_added_and_garbage_is_not(house):
    house.intraday.put(minutes([100.0], first=NOON.timestamp() - 120))
    house.intraday.put(minutes([0.0], first=NOON.timestamp() - 60))
    house.intraday.put(minutes([100.0], first=NOON.timestamp() + 600))
    bars = house.intraday.bars(BTC, Interval.MINUTE)
    assert bars.close.tolist() == [100.0]
    assert {line.reason for line in house.lines} == {
        "a price is zero or negative",
        "the bar lies in the future",
    }


def test_what_the_store_kept_answers_first():
    store = MemoryStore()
    store.save_intraday(minutes([100.0] * 10))
    house = House(store)
    assert len(house.intraday.bars(BTC, Interval.MINUTE)) == 10
    assert house.jobs == []
    assert house.thrift.view().hit_rate == 1.0


def test_memory_is_bounded(house):
    house.intraday.put(minutes([100.0] * 6000, first=NOON.timestamp() - 60 * 6001))
    assert len(house.intraday.bars(BTC, Interval.MINUTE)) == 5000


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_a_streamed_minute_a_hundred_times_off_the_price_is_not_kept(factor):
    house = House()
    now = house.clock.now()
    house.board.put(Quote("BTC/USDT", 500.0, None, None, None, now, now, "binance"))
    house.intraday.put(minutes([500.0 * factor]))
    assert house.store.minutes == {}
    assert len(house.intraday.bars(BTC, Interval.MINUTE)) == 0
    assert "a hundred" in house.lines[-1].reason
