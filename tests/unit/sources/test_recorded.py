from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from marketpulse.clock import ReplayClock, SimClock
from marketpulse.errors import ConfigError, NoData, NotEntitled, Unavailable, UnknownSymbol
from marketpulse.market import instruments
from marketpulse.ports import Capability
from marketpulse.sources import SOURCES
from marketpulse.sources.recorded import RecordedSource, recorded_spans
from marketpulse.storage import MarketStore
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    Book,
    CorporateAction,
    Feed,
    Interval,
    Quote,
)

NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
BTC, ETH, AAPL, IBM = (instruments(Feed.LIVE)[s] for s in ("BTC/USDT", "ETH/USDT", "AAPL", "IBM"))


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def quote(seconds, delay=0.2, symbol="BTC/USDT"):
    received = at(seconds + delay)
    return Quote(symbol, 1000.0 + seconds, None, None, 7.0, at(seconds), received, "binance", open=999.0)


def bars(symbol, interval, first, count, step):
    time = int(first.timestamp()) + np.arange(count) * step
    close = np.arange(count) + 10.0
    return Bars(symbol, interval, time, close, close + 1, close - 1, close, close, "yahoo")


@pytest.fixture
def live(tmp_path):
    """The live desk's store, open as long as the test records."""
    store = MarketStore.open(tmp_path / "live" / "market.db")
    store.save_instruments(instruments(Feed.LIVE).values())
    yield store
    store.close()


@pytest.fixture
def clock():
    return SimClock(NOON)


@pytest.fixture
def play(clock, tmp_path):
    """The source over what the test has recorded by then."""
    made = []

    def start():
        made.append(RecordedSource(clock, tmp_path / "live"))
        return made[-1]

    yield start
    for source in made:
        source.close()


def test_the_newest_quote_received_by_now_is_told(live, clock, play):
    live.save_quotes([quote(s) for s in range(0, 100, 5)])
    source = play()
    clock.advance(17)
    told = source.quote(BTC)
    assert told == replace(quote(15), source="recorded")
    clock.advance(3)  # the one of 20 s is still on its way for 0.2 s
    assert source.quote(BTC).time == at(15)
    clock.advance(0.2)
    assert source.quote(BTC).time == at(20)
    clock.advance(10_000)
    assert source.quote(BTC).time == at(95)


def test_nothing_is_told_before_it_was_recorded(live, clock, play):
    live.save_quotes([quote(30), quote(40)])
    live.save_quotes([quote(0, symbol="ETH/USDT")])
    source = play()
    with pytest.raises(NoData, match="no price of BTC/USDT yet"):
        source.quote(BTC)
    clock.advance(30.1)
    with pytest.raises(NoData):
        source.quote(BTC)
    clock.advance(0.1)
    assert source.quote(BTC).price == 1030.0
    with pytest.raises(UnknownSymbol):
        source.quote(IBM)


@pytest.mark.parametrize("step", [0.25, 4.0, 45.0, 97.0, 4000.0])
def test_at_every_pace_the_answer_is_that_of_a_walk_through_all_quotes(live, clock, play, step):
    dice = np.random.default_rng(7)
    moments = np.unique(np.round(np.cumsum(dice.exponential(8.0, 1500)), 3))
    moments = moments[(moments < 3000) | (moments > 9000)]
    recorded = [
        quote(float(s), delay=float(d)) for s, d in zip(moments, dice.exponential(2.0, 1500), strict=False)
    ]
    live.save_quotes(recorded)
    source = play()
    for _ in range(300):
        now = clock.now()
        known = [q for q in recorded if q.time <= now and q.received <= now]
        if known:
            assert source.quote(BTC).time == max(q.time for q in known)
        else:
            with pytest.raises(NoData):
                source.quote(BTC)
        clock.advance(step)


def test_a_clock_that_goes_back_is_followed(live, clock, play):
    live.save_quotes([quote(s) for s in range(0, 1000, 5)])
    source = play()
    clock.advance(800)
    assert source.quote(BTC).time == at(795)
    clock.advance(-700)
    assert source.quote(BTC).time == at(95)


def test_a_venue_whose_clock_is_ahead_stays_believable(live, clock, play):
    live.save_quotes([quote(10, delay=-3.0)])
    source = play()
    clock.advance(8)
    with pytest.raises(NoData):
        source.quote(BTC)
    clock.advance(2)
    assert source.quote(BTC).received == source.quote(BTC).time == at(10)


def test_books_are_told_as_deep_as_asked(live, clock, play):
    bids = tuple((100.0 - i, 1.0) for i in range(20))
    asks = tuple((101.0 + i, 1.0) for i in range(20))
    live.save_books([Book("BTC/USDT", bids, asks, at(s), at(s + 1), "bybit", s) for s in (0, 10)])
    source = play()
    with pytest.raises(NoData):
        source.book(BTC, 5)
    clock.advance(10.5)
    assert source.book(BTC, 5) == Book("BTC/USDT", bids[:5], asks[:5], at(0), at(1), "recorded", 0)
    clock.advance(0.5)
    assert source.book(BTC, 100).sequence == 10
    assert len(source.book(BTC, 100).bids) == 20


def test_bars_have_closed_by_then(live, clock, play):
    live.save_bars(bars("AAPL", Interval.DAY, datetime(2026, 3, 1, tzinfo=UTC), 20, 86_400))
    live.save_intraday(bars("BTC/USDT", Interval.MINUTE, at(-7200), 240, 60))
    source = play()
    daily = source.bars(AAPL, Interval.DAY, datetime(2026, 3, 5, tzinfo=UTC), at(10**7))
    assert [daily.time[0], daily.time[-1]] == [
        int(datetime(2026, 3, d, tzinfo=UTC).timestamp()) for d in (5, 8)
    ]
    assert daily.source == "recorded"
    clock.advance(59)
    minutes = source.bars(BTC, Interval.MINUTE, at(-600), at(10**7))
    assert (minutes.time[0], minutes.time[-1]) == (at(-600).timestamp(), at(-60).timestamp())
    clock.advance(1)
    assert source.bars(BTC, Interval.MINUTE, at(-600), at(10**7)).time[-1] == at(0).timestamp()
    period = (at(-(10**7)), at(10**7))
    with pytest.raises(NoData):
        source.bars(BTC, Interval.HOUR, *period)
    for instrument, interval in ((BTC, Interval.DAY), (AAPL, Interval.MINUTE)):
        with pytest.raises(NotEntitled):
            source.bars(instrument, interval, *period)
    with pytest.raises(NotEntitled, match="no book of any crypto"):
        source.book(BTC, 5)


def test_actions_are_those_in_force(live, clock, play):
    days = [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 10)]
    actions = [CorporateAction("AAPL", d, ActionKind.DIVIDEND, Decimal("0.25")) for d in days]
    live.save_actions("AAPL", actions)
    source = play()
    assert source.actions(AAPL, at(-(10**7)), at(10**7)) == tuple(actions[:2])
    clock.advance(86_400)
    assert source.actions(AAPL, at(-(10**7)), at(10**7)) == tuple(actions)


def test_it_offers_what_was_recorded(live, play):
    live.save_quotes([quote(0), quote(0, symbol="AAPL"), quote(0, symbol="GONE")])
    live.save_bars(bars("AAPL", Interval.DAY, NOON, 2, 86_400))
    live.save_intraday(bars("BTC/USDT", Interval.MINUTE, NOON, 2, 60))
    source = play()
    assert source.capabilities == {
        (Capability.QUOTE, AssetClass.CRYPTO),
        (Capability.QUOTE, AssetClass.EQUITY),
        (Capability.BARS, AssetClass.EQUITY),
        (Capability.INTRADAY, AssetClass.CRYPTO),
    }
    with pytest.raises(NotEntitled):
        source.news(BTC)


def test_an_empty_recording_offers_nothing(live, play):
    assert live.last_quotes() == {}
    assert play().capabilities == frozenset()
    with pytest.raises(UnknownSymbol):
        play().quote(BTC)


def test_a_recording_that_breaks_is_unavailable(live, play, tmp_path):
    live.save_quotes([quote(-5)])
    live.save_bars(bars("AAPL", Interval.DAY, NOON, 3, 86_400))
    source = play()
    live.close()
    for left in (tmp_path / "live").glob("market.db*"):
        left.unlink()
    source.close()
    with pytest.raises(Unavailable, match="recorded: "):
        source.quote(BTC)


def test_without_a_recording_the_setting_is_wrong(tmp_path, clock):
    with pytest.raises(ConfigError, match="records on a live feed"):
        RecordedSource(clock, tmp_path)
    with pytest.raises(ConfigError):
        recorded_spans(tmp_path / "market.db")
    (tmp_path / "market.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ConfigError):
        RecordedSource(clock, tmp_path)


def test_the_factory_finds_the_live_folder_beside_the_caches(live, clock, tmp_path):
    live.save_quotes([quote(-5)])
    source = SOURCES["recorded"](clock, tmp_path / "cache", {})
    assert source.quote(BTC).price == 995.0
    source.close()


def test_spans_are_a_replay_clocks_sessions(live, tmp_path):
    moments = [*range(0, 1200, 5), 1900, *range(5000, 5600, 5), 9000]
    live.save_quotes([quote(s) for s in moments])
    live.save_quotes([quote(s + 1, symbol="ETH/USDT") for s in moments])
    spans = recorded_spans(tmp_path / "live" / "market.db")
    assert spans == [(at(0), at(1196)), (at(5000), at(5596))]  # 1900 s and 9000 s are too short to play
    wall = SimClock(NOON)
    clock = ReplayClock(spans, spans[0][0], 10.0, wall)
    wall.advance(130.0)
    assert clock.now() == at(5104)
    source = RecordedSource(clock, tmp_path / "live")
    assert source.quote(BTC).time == at(5100)
    source.close()
    assert recorded_spans(tmp_path / "live" / "market.db") == spans
