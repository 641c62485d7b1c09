from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import NoData
from marketpulse.market import instruments
from marketpulse.sources.simulated import SimulatedSource
from marketpulse.types import AssetClass, Feed, Interval

PAIRS = [i for i in instruments(Feed.REPLAY).values() if i.asset_class is AssetClass.CRYPTO]
BTC = PAIRS[0]
NOON = datetime(2003, 3, 9, 12, 0, tzinfo=UTC)


def test_a_restart_continues_the_same_path():
    one, two = SimulatedSource(SimClock(NOON)), SimulatedSource(SimClock(NOON + timedelta(days=900)))
    two.quote(BTC)
    three = SimulatedSource(SimClock(NOON))
    assert one.quote(BTC) == three.quote(BTC)
    day = NOON.replace(hour=0)
    early = SimulatedSource(SimClock(NOON + timedelta(days=1)))
    cut = (BTC, Interval.DAY, day, day + timedelta(days=1))
    assert early.bars(*cut).close.tolist() == two.bars(*cut).close.tolist()


def test_another_seed_is_another_path():
    clock = SimClock(NOON)
    assert SimulatedSource(clock).quote(BTC).price != SimulatedSource(clock, seed=1).quote(BTC).price


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p.slug)
def test_bars_and_quotes_tell_the_same_day(pair):
    clock = SimClock(NOON.replace(hour=0))
    source = SimulatedSource(clock)
    seen = []
    for _ in range(24 * 60 * 2):
        quote = source.quote(pair)
        assert quote.low <= quote.price <= quote.high
        assert quote.bid < quote.price < quote.ask
        seen.append(quote.price)
        clock.advance(30)
    day = source.bars(pair, Interval.DAY, NOON.replace(hour=0), clock.now())
    assert len(day) == 1
    assert day.open[0] == seen[0]
    assert day.low[0] <= min(seen)
    assert day.high[0] >= max(seen)
    assert source.quote(pair).price == day.close[0]
    minutes = source.bars(pair, Interval.MINUTE, NOON.replace(hour=0), clock.now())
    hours = source.bars(pair, Interval.HOUR, NOON.replace(hour=0), clock.now())
    assert (len(minutes), len(hours)) == (1440, 24)
    for short in (minutes, hours):
        assert short.open[0] == day.open[0]
        assert short.high.max() == day.high[0]
        assert short.low.min() == day.low[0]
        assert short.close[-1] == day.close[0]
        assert short.volume.sum() == pytest.approx(day.volume[0])


def test_prices_stay_plausible_for_years():
    clock = SimClock(datetime(2026, 11, 20, tzinfo=UTC))
    bars = SimulatedSource(clock).bars(BTC, Interval.DAY, clock.now() - timedelta(days=1000), clock.now())
    assert 64_000 / 4 < bars.close.min() < bars.close.max() < 64_000 * 4
    assert 0.015 < np.diff(np.log(bars.close)).std() < 0.035


def test_it_keeps_to_the_wall_clock():
    quote = SimulatedSource(SimClock(NOON)).quote(BTC)
    assert quote.time == NOON
    assert quote.source == "simulated"


def test_it_begins_in_2000():
    with pytest.raises(NoData):
        SimulatedSource(SimClock(datetime(1999, 12, 31, tzinfo=UTC))).quote(BTC)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p.slug)
def test_a_book_stands_around_its_quote(pair):
    clock = SimClock(NOON)
    source = SimulatedSource(clock)
    for _ in range(200):
        quote, book = source.quote(pair), source.book(pair, 25)
        assert (book.bids[0][0], book.asks[0][0]) == (quote.bid, quote.ask)
        tick = float(pair.tick)
        for (bid, _), (ask, _) in zip(book.bids, book.asks, strict=True):
            assert ask - quote.price == pytest.approx(quote.price - bid, abs=tick / 1000)
            for price in (bid, ask):
                assert price / tick == pytest.approx(round(price / tick), abs=1e-6)
        for _, size in (*book.bids, *book.asks):
            assert size >= float(pair.lot)
            assert size / float(pair.lot) == pytest.approx(round(size / float(pair.lot)), abs=1e-3)
        assert (book.source, book.time, len(book.bids)) == ("simulated", quote.time, 25)
        clock.advance(7)


def test_a_book_depends_on_the_seed_and_the_time_only():
    clock = SimClock(NOON)
    one, two = SimulatedSource(clock), SimulatedSource(clock)
    first = one.book(BTC, 10)
    assert first == two.book(BTC, 10)
    assert one.book(BTC, 5).bids == first.bids[:5]
    clock.advance(20)
    later = one.book(BTC, 10)
    assert [size for _, size in later.bids] != [size for _, size in first.bids]
    assert SimulatedSource(clock, seed=1).book(BTC, 10) != later


def test_a_book_has_no_prices_below_zero():
    book = SimulatedSource(SimClock(NOON)).book(PAIRS[2], 100_000)
    assert len(book.bids) == len(book.asks) < 100_000
    assert book.bids[-1][0] > 0
    assert len(SimulatedSource(SimClock(NOON)).book(BTC, 0).bids) == 1
