from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from unit.market.doubles import SLOW, MemoryStore, StandIn, chains_of

from marketpulse.clock import SimClock
from marketpulse.errors import StorageError, Unavailable, UnknownSymbol
from marketpulse.guard import FailoverLog, Pool
from marketpulse.market import Market, instruments
from marketpulse.meter import Meter
from marketpulse.ports import Capability
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    CorporateAction,
    Feed,
    Interval,
    SessionState,
)

ALL = {s: i for s, i in instruments(Feed.LIVE).items() if s in {"AAPL", "BTC/USDT"}}
MONDAY = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)  # 11:00 in New York, in session


def bars_of(symbol: str, last: date, closes: list[float], source: str) -> Bars:
    close = np.array(closes)
    days = [last - timedelta(days=n) for n in range(len(closes))][::-1]
    time = np.array([int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) for d in days])
    return Bars(symbol, Interval.DAY, time, close, close + 1, close - 1, close, close, source)


class House:
    """One live market on stand-ins; time moves by ``run``."""

    def __init__(self, start: datetime = MONDAY, store: MemoryStore | None = None, pairs=SLOW) -> None:
        self.clock = SimClock(start)
        self.meter = Meter(self.clock.monotonic)
        self.store = store or MemoryStore()
        self.shares = StandIn("yahoo", self.clock, (AssetClass.EQUITY, AssetClass.INDEX))
        self.pairs = StandIn("binance", self.clock, (AssetClass.CRYPTO,), pairs)
        self.shares.prices["AAPL"] = 200.0
        self.pairs.prices["BTC/USDT"] = 50_000.0
        self.shares.days["AAPL"] = bars_of("AAPL", date(2026, 3, 6), [198.0] * 20, "yahoo")
        self.pairs.days["BTC/USDT"] = bars_of("BTC/USDT", date(2026, 3, 8), [49_000.0] * 20, "binance")
        self.pool = Pool(self.clock, self.meter)
        log = FailoverLog(self.clock)
        self.market = Market(
            ALL,
            chains_of(self.pool, log, ("shares", [self.shares]), ("pairs", [self.pairs])),
            self.pool,
            store=self.store,
            clock=self.clock,
            feed=Feed.LIVE,
            meter=self.meter,
            log=log,
        )
        self.market._live.start(threads=0, streams=False)

    def run(self, seconds: float, step: float = 1.0) -> None:
        for _ in range(int(seconds / step)):
            for schedule in self.market._live.schedules:
                schedule.run_due()
            self.clock.advance(step)


@pytest.fixture
def house() -> House:
    house = House()
    house.run(2)
    return house


def test_prices_bars_and_change_come_in(house):
    data = house.market.data()
    assert {s: d.quote.price for s, d in data.items()} == {"AAPL": 200.0, "BTC/USDT": 50_000.0}
    assert data["AAPL"].change == pytest.approx(200 / 198 - 1)
    assert data["AAPL"].session is SessionState.OPEN
    assert not data["AAPL"].stale
    assert data["AAPL"].why == ""
    assert len(house.market.bars("BTC/USDT")) == 20
    assert house.store.bars["AAPL", Interval.DAY].last_day() == date(2026, 3, 6)


def test_poll_tells_each_new_price_once(house):
    assert {q.symbol for q in house.market.poll()} == {"AAPL", "BTC/USDT"}
    assert house.market.poll() == ()
    house.run(5)
    assert {q.symbol for q in house.market.poll()} == {"AAPL", "BTC/USDT"}


def test_each_is_asked_every_five_seconds(house):
    house.shares.asked.clear()
    house.pairs.asked.clear()
    house.run(20)
    assert house.shares.asked.count(("quote", "AAPL")) == 4
    assert house.pairs.asked.count(("quote", "BTC/USDT")) == 4


def test_a_failing_provider_leaves_the_last_good_price_growing_old_and_says_why(house):
    house.pairs.error = house.shares.error = Unavailable("binance: request timed out")
    house.run(12)
    datum = house.market.data()["BTC/USDT"]
    assert datum.quote.price == 50_000.0
    assert not datum.stale
    assert datum.why == "binance: request timed out; last good price 14 s ago"
    house.run(4)
    assert house.market.data()["BTC/USDT"].stale
    assert not house.market.data()["AAPL"].stale
    house.run(45)
    assert house.market.data()["AAPL"].stale
    assert house.market.data()["AAPL"].age > 60


def test_it_recovers_by_itself(house):
    house.pairs.error = Unavailable("binance: request timed out")
    house.run(120)
    house.pairs.error = None
    house.run(5)
    datum = house.market.data()["BTC/USDT"]
    assert not datum.stale
    assert datum.why == ""


@pytest.mark.parametrize("price", [0.0, -50_000.0, float("nan"), float("inf"), 5_000_000.0, 500.0, 70_000.0])
def test_an_implausible_price_is_never_shown_nor_told(house, price):
    house.market.poll()
    house.pairs.prices["BTC/USDT"] = price
    for _ in range(12):
        house.run(5)
        assert all(q.price == 200.0 for q in house.market.poll())
        assert house.market.data()["BTC/USDT"].quote.price == 50_000.0
        assert house.market.history("BTC/USDT", Interval.DAY, 1).high[0] == 50_000.0
    datum = house.market.data()["BTC/USDT"]
    assert datum.stale
    assert datum.why.startswith("binance: the price ")
    assert house.store.lines
    assert len(house.store.lines) <= 2  # one a minute
    house.pairs.prices["BTC/USDT"] = 50_100.0
    house.run(5)
    assert house.market.data()["BTC/USDT"].quote.price == 50_100.0
    assert house.market.data()["BTC/USDT"].why == ""


def test_a_jump_that_lasts_is_believed_after_five_minutes(house):
    house.pairs.prices["BTC/USDT"] = 70_000.0
    house.run(290)
    assert house.market.data()["BTC/USDT"].quote.price == 50_000.0
    assert "held until it lasts five minutes" in house.market.data()["BTC/USDT"].why
    house.run(20)
    assert house.market.data()["BTC/USDT"].quote.price == 70_000.0


def test_garbage_at_the_very_first_question_is_measured_against_the_daily_close():
    store = MemoryStore()
    store.save_bars(bars_of("BTC/USDT", date(2026, 3, 8), [49_000.0] * 20, "binance"))
    house = House(store=store)
    house.pairs.prices["BTC/USDT"] = 5_000_000.0
    house.run(10)
    assert "BTC/USDT" not in house.market.data()


def test_a_split_day_is_no_jump():
    house = House()
    house.run(2)
    house.clock.advance(86_400)
    house.shares.days["AAPL"] = bars_of("AAPL", date(2026, 3, 9), [200.0] * 20, "yahoo")
    house.shares.splits["AAPL"] = (CorporateAction("AAPL", date(2026, 3, 10), ActionKind.SPLIT, Decimal(4)),)
    house.shares.prices["AAPL"] = 50.5
    house.run(15)
    datum = house.market.data()["AAPL"]
    assert datum.quote.price == 50.5
    assert datum.change == pytest.approx(50.5 / 50 - 1)


def test_a_price_that_stops_moving_on_in_time_goes_stale(house):
    house.pairs.extra["time"] = house.clock.now()
    house.run(20)
    datum = house.market.data()["BTC/USDT"]
    assert datum.stale
    assert datum.why == "binance: no newer price; last good price 20 s ago"


def test_an_older_price_never_replaces_a_newer_one(house):
    house.pairs.extra["time"] = house.clock.now() - timedelta(days=1)
    house.pairs.prices["BTC/USDT"] = 49_500.0
    house.run(10)
    assert house.market.data()["BTC/USDT"].quote.price == 50_000.0


def test_outside_the_session_the_close_is_not_stale_and_is_asked_for_rarely():
    friday_close = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
    house = House(start=datetime(2026, 3, 7, 12, 0, tzinfo=UTC))
    house.shares.extra["time"] = friday_close
    house.run(2)
    house.shares.asked.clear()
    house.run(180)
    datum = house.market.data()["AAPL"]
    assert (datum.session, datum.stale, datum.why) == (SessionState.CLOSED, False, "")
    assert house.shares.asked.count(("quote", "AAPL")) == 3


def test_a_feed_that_died_before_the_close_is_stale_after_it():
    house = House(start=datetime(2026, 3, 7, 12, 0, tzinfo=UTC))
    house.shares.extra["time"] = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
    house.run(2)
    assert house.market.data()["AAPL"].stale


def test_a_restart_without_a_network_shows_the_last_prices_as_old():
    house = House()
    house.run(20)
    house.market.close()
    again = House(start=house.clock.now() + timedelta(minutes=10), store=house.store)
    again.shares.error = again.pairs.error = Unavailable("no network")
    again.run(2)
    data = again.market.data()
    assert data["AAPL"].quote.price == 200.0
    assert data["AAPL"].stale
    assert data["AAPL"].why == "no network; last good price 10 min ago"
    assert len(again.market.bars("AAPL")) == 20
    assert again.market.poll() == ()


def test_bad_bars_go_to_quarantine_and_the_good_ones_stay():
    house = House()
    bars = house.shares.days["AAPL"]
    bars.close[3] = 0.0
    bars.high[5] = np.nan
    bars.close[7] = 19_800.0
    house.run(2)
    assert len(house.market.bars("AAPL")) == 17
    assert len([line for line in house.store.lines if (line.symbol, line.kind) == ("AAPL", "bar")]) == 3


def test_bars_are_asked_for_again_after_the_next_close(house):
    house.shares.asked.clear()
    house.run(5 * 3600, step=60)  # to 20:00 UTC, the close
    assert ("bars", "AAPL") not in house.shares.asked
    house.run(30 * 60, step=60)
    assert ("bars", "AAPL") in house.shares.asked


def test_bars_that_lag_are_asked_for_again_in_ten_minutes():
    house = House()
    house.shares.days["AAPL"] = bars_of("AAPL", date(2026, 3, 5), [198.0] * 20, "yahoo")
    house.run(700)
    assert house.shares.asked.count(("bars", "AAPL")) == 2


def test_a_symbol_the_provider_does_not_know_is_asked_for_rarely():
    house = House()
    house.pairs.error = UnknownSymbol("binance: the pair is not known")
    house.run(600)
    assert house.pairs.asked.count(("quote", "BTC/USDT")) == 2


def test_a_symbol_it_forgot_is_back_within_a_minute_of_its_return(house):
    house.pairs.error = UnknownSymbol("binance: the pair is not known")
    house.run(600)
    house.pairs.error = None
    house.run(61)
    assert not house.market.data()["BTC/USDT"].stale


def test_a_full_disk_stops_no_prices(house):
    def full(*_):
        raise StorageError("the disk is full")

    house.store.save_quotes = house.store.quarantine = house.store.save_bars = full
    house.pairs.prices["BTC/USDT"] = 0.0
    house.run(30)
    house.pairs.prices["BTC/USDT"] = 50_500.0
    house.run(5)
    assert house.market.data()["BTC/USDT"].quote.price == 50_500.0
    assert house.meter.counts()["market.store"] > 0


def test_threads_fetch_and_close_returns():
    house = House()
    for schedule in house.market._live.schedules:
        schedule.start(2)
    deadline = 200
    while len(house.market.data()) < 2 and deadline:
        house.market._live.schedules[0]._threads[0].join(0.01)
        deadline -= 1
    house.market.close()
    assert len(house.market.data()) == 2
    assert house.store.quotes["AAPL"].price == 200.0


def test_the_open_is_not_missed():
    house = House(start=datetime(2026, 3, 9, 13, 29, 40, tzinfo=UTC))
    house.shares.extra["time"] = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
    house.run(20)
    del house.shares.extra["time"]
    house.run(3)
    datum = house.market.data()["AAPL"]
    assert (datum.session, datum.stale) == (SessionState.OPEN, False)


def test_after_closing_nothing_is_written(house):
    house.market.close()
    house.store.bars.clear()
    house.store.quotes.clear()
    house.market._live.dailies.ask(ALL["AAPL"])
    house.market._live._record()
    assert not house.store.bars
    assert not house.store.quotes


def test_a_locked_book_is_left_out_and_the_price_kept(house):
    house.pairs.extra |= {"bid": 50_010.0, "ask": 50_010.0}
    house.pairs.prices["BTC/USDT"] = 50_010.0
    house.run(5)
    quote = house.market.data()["BTC/USDT"].quote
    assert (quote.price, quote.bid, quote.ask) == (50_010.0, None, None)


def test_minutes_begin_with_what_was_seen_and_the_providers_come_with_the_next_look():
    house = House(pairs=(*SLOW, Capability.INTRADAY))
    assert house.market.intervals() == {
        "AAPL": (Interval.DAY,),
        "BTC/USDT": (Interval.DAY, Interval.HOUR, Interval.MINUTE),
    }
    house.run(2)
    close = np.array([49_000.0, 49_100.0])
    time = int(MONDAY.timestamp()) - 60 * np.array([2, 1])
    house.pairs.minutes["BTC/USDT"] = Bars(
        "BTC/USDT", Interval.MINUTE, time, close, close, close, close, close, "binance"
    )
    first = house.market.history("BTC/USDT", Interval.MINUTE, 500)
    assert first.close.tolist() == [50_000.0]
    assert first.source == "binance"
    house.run(2)
    assert house.market.history("BTC/USDT", Interval.MINUTE, 500).close.tolist() == [*close, 50_000.0]
    assert house.market.history("BTC/USDT", Interval.MINUTE, 2).close.tolist() == [49_100.0, 50_000.0]
