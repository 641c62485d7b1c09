"""Equity samples: one a slot, the day's start, the peak, all kept over a restart."""

from datetime import UTC, datetime, timedelta

from marketpulse.loop import EquityLog
from marketpulse.storage import MarketStore

OPEN = datetime(2012, 6, 1, 13, 30, tzinfo=UTC)


def test_one_sample_a_slot_and_a_peak_that_sees_all(tmp_path):
    log = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    for minute, value in enumerate([100.0, 140.0, 90.0]):
        log.add(OPEN + timedelta(minutes=minute), value)
    log.add(OPEN + timedelta(minutes=45), 95.0)
    assert [value for _, value in log.curve] == [100.0, 95.0]
    assert log.peak == 140.0


def test_the_day_starts_with_the_last_value_of_the_day_before(tmp_path):
    log = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    assert log.day_start(OPEN) == 100.0
    log.add(OPEN, 101.0)
    log.add(OPEN + timedelta(hours=6), 104.0)
    assert log.day_start(OPEN + timedelta(hours=6)) == 100.0
    monday = OPEN + timedelta(days=3)
    log.add(monday, 103.0)
    assert log.day_start(monday) == 104.0
    assert [value for _, value in log.daily()] == [104.0, 103.0]


def test_a_market_day_ends_at_midnight_in_new_york_not_in_utc(tmp_path):
    log = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    log.add(datetime(2012, 6, 2, 2, 0, tzinfo=UTC), 110.0)  # still the first of June there
    assert len({day for day, _ in log.daily()}) == 1
    assert log.daily()[0][0].isoformat() == "2012-06-01"
    assert log.day_began(OPEN) == datetime(2012, 6, 1, 4, 0, tzinfo=UTC)


def test_samples_and_peak_come_back_after_a_restart(tmp_path):
    store = MarketStore.open(tmp_path / "market.db")
    log = EquityLog(store, "paper:desk", 100.0)
    log.add(OPEN, 120.0)
    log.add(OPEN + timedelta(hours=1), 110.0)
    store.close()
    again = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    assert again.curve == log.curve
    assert again.peak == 120.0
