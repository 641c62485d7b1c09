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
