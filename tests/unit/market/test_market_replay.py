from datetime import UTC, date, datetime

import numpy as np
import pytest
from unit.market.doubles import MemoryStore, chains_of

from marketpulse.clock import ReplayClock, SimClock
from marketpulse.errors import Refused
from marketpulse.guard import Pool
from marketpulse.market import Market, instruments
from marketpulse.meter import Meter
from marketpulse.sources.recording import load_recording
from marketpulse.sources.simulated import SimulatedSource
from marketpulse.sources.tape import TapeSource
from marketpulse.types import Feed, Interval, SessionState

SPEED = 390.0  # a trading day a minute


@pytest.fixture
def wall() -> SimClock:
    return SimClock(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))


@pytest.fixture
def clock(wall) -> ReplayClock:
    return ReplayClock(load_recording().sessions, datetime(2012, 6, 1, tzinfo=UTC), SPEED, wall)


@pytest.fixture
def market(clock):
    meter = Meter()
    pool = Pool(clock, meter)
    market = Market(
        instruments(Feed.REPLAY),
        chains_of(pool, None, ("shares", [TapeSource(clock)]), ("pairs", [SimulatedSource(clock)])),
        pool,
        store=MemoryStore(),
        clock=clock,
        feed=Feed.REPLAY,
        meter=meter,
    )
    market.start()
    yield market
    market.close()


def test_every_instrument_has_a_price_at_once(market):
    data = market.data()
    assert list(data) == list(instruments(Feed.REPLAY))
    assert data["AAPL"].quote.price == 569.16
    assert not any(d.stale or d.why for d in data.values())
    assert all(d.session is SessionState.OPEN for d in data.values())
    assert data["BTC/USDT"].simulated
    assert not data["AAPL"].simulated


def test_poll_tells_only_what_is_new(market, wall):
    assert len(market.poll()) == 14
    assert market.poll() == ()
    wall.advance(0.25)
    assert {q.symbol for q in market.poll()} == set(instruments(Feed.REPLAY))


def test_the_change_counts_from_the_last_close(market):
    # 577.73 was Apple's close of 31 May 2012.
    assert market.data()["AAPL"].change == pytest.approx(569.16 / 577.73 - 1)
    assert market.data()["AAPL"].spark[-2:] == (577.73, 569.16)
    assert len(market.data()["AAPL"].spark) == 31


def test_the_forming_bar_grows_into_the_days_bar(market, wall):
    for _ in range(119):
        wall.advance(0.5)
        market.poll()
    forming = market.history("AAPL", Interval.DAY, 2)
    assert forming.last_day() == date(2012, 6, 1)
    assert (forming.open[-1], forming.high[-1], forming.low[-1]) == (569.16, 572.65, 560.52)
    wall.advance(0.6)
    market.poll()
    now = market.history("AAPL", Interval.DAY, 3)
    assert now.last_day() == date(2012, 6, 4)
    assert now.close[-2] == 560.99
    assert market.bars("AAPL").last_day() == date(2012, 6, 1)


def test_history_is_adjusted_and_its_last_price_is_raw(market):
    bars = market.history("AAPL", Interval.DAY, 4000)
    assert bars.adjusted
    assert bars.close[-1] == 569.16
    # 88.99 before the 2:1 split of 2005-02-28
    at = int(np.searchsorted(bars.time, datetime(2005, 2, 25, tzinfo=UTC).timestamp()))
    assert bars.close[at] == pytest.approx(88.99 / 2)
    assert market.bars("AAPL").close[at] == 88.99


def test_history_returns_as_many_bars_as_asked(market):
    assert [len(market.history("AAPL", Interval.DAY, n)) for n in (1, 2, 400)] == [1, 2, 400]


def test_an_unknown_symbol_is_refused_with_the_nearest(market):
    with pytest.raises(Refused, match="AAPL") as refused:
        market.history("APPL", Interval.DAY, 10)
    assert refused.value.code == "UNKNOWN_SYMBOL"


def test_facebook_appears_on_its_listing_day(wall):
    clock = ReplayClock(load_recording().sessions, datetime(2012, 5, 17, tzinfo=UTC), SPEED, wall)
    pool = Pool(clock, Meter())
    market = Market(
        instruments(Feed.REPLAY),
        chains_of(pool, None, ("shares", [TapeSource(clock)])),
        pool,
        store=MemoryStore(),
        clock=clock,
        feed=Feed.REPLAY,
        meter=Meter(),
    )
    market.start()
    assert "FB" not in market.data()
    assert len(market.history("FB", Interval.DAY, 10)) == 0
    wall.advance(61)
    market.poll()
    assert market.data()["FB"].change is None
    assert len(market.history("FB", Interval.DAY, 10)) == 1


def test_sessions_name_the_next_change(market):
    sessions = market.sessions()
    assert sessions["XNYS"].changes == datetime(2012, 6, 1, 20, 0, tzinfo=UTC)
    assert sessions["24/7"].changes is None


def test_a_loop_that_stops_lets_prices_grow_stale(market, wall):
    wall.advance(14)
    assert not market.data()["AAPL"].stale
    assert not market.data()["BTC/USDT"].stale
    wall.advance(2)
    data = market.data()
    assert data["AAPL"].stale
    assert data["BTC/USDT"].stale
    assert data["BTC/USDT"].why == "simulated: no newer price; last good price 16 s ago"


def test_over_a_weekend_that_the_tape_jumps_a_price_ages_only_while_it_runs(market, wall):
    wall.advance(59.9)
    market.poll()
    wall.advance(0.2)  # Friday's close has passed; nothing was asked since
    datum = market.data()["AAPL"]
    assert datum.quote.time.date() == date(2012, 6, 1)
    assert datum.session is SessionState.OPEN
    assert datum.age == pytest.approx(0.2 * SPEED, abs=0.1)
    assert not datum.stale
    wall.advance(16)
    assert market.data()["AAPL"].stale


def test_it_says_which_bars_can_be_had(market):
    offered = market.intervals()
    assert list(offered) == list(instruments(Feed.REPLAY))
    assert offered["AAPL"] == offered["^GSPC"] == (Interval.DAY,)
    assert offered["BTC/USDT"] == (Interval.DAY, Interval.HOUR, Interval.MINUTE)
    assert market.intervals() is offered


def test_the_forming_minute_of_a_pair_grows_and_gives_way_to_the_closed_one(market, wall):
    wall.advance(20)
    market.poll()
    bars = market.history("BTC/USDT", Interval.MINUTE, 3)
    now = int(wall.wall().timestamp())
    assert (bars.time - now).tolist() == [-140, -80, -20]
    assert bars.close[-1] == market.data()["BTC/USDT"].quote.price
    assert (bars.volume[:2] > 0.0).all()
    assert bars.volume[-1] == 0.0
    wall.advance(45)
    market.poll()
    bars = market.history("BTC/USDT", Interval.MINUTE, 3)
    assert (bars.time - now).tolist() == [-80, -20, 40]
    assert bars.volume[1] > 0.0  # the simulator's own minute, no longer what was seen


@pytest.mark.parametrize("interval", [Interval.HOUR, Interval.MINUTE])
def test_one_bar_is_the_forming_one(market, wall, interval):
    wall.advance(1_810)
    market.poll()
    bars = market.history("BTC/USDT", interval, 1)
    assert bars.close.tolist() == [market.data()["BTC/USDT"].quote.price]
    seconds = {Interval.HOUR: 3_600, Interval.MINUTE: 60}[interval]
    assert bars.time[0] == int(wall.wall().timestamp()) // seconds * seconds


def test_the_running_hour_of_a_pair_holds_its_minutes(market, wall):
    wall.advance(1_810)
    market.poll()
    bars, minutes = (market.history("BTC/USDT", i, 31) for i in (Interval.HOUR, Interval.MINUTE))
    assert (bars.open[-1], bars.high[-1]) == (minutes.open[0], minutes.high.max())
    assert np.diff(bars.time).tolist() == [3_600] * (len(bars) - 1)


def test_minutes_of_pairs_come_from_the_simulator_and_shares_have_none(market):
    bars = market.history("BTC/USDT", Interval.MINUTE, 30)
    assert len(bars) == 30
    assert bars.source == "simulated"
    with pytest.raises(Refused, match="No source offers bars of 1m for AAPL"):
        market.history("AAPL", Interval.MINUTE, 30)
