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


def test_what_was_put_in_since_is_no_gain_of_the_day(tmp_path):
    log = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    assert log.day_start(OPEN, 250.0, 150.0) == 250.0  # no day before: all that was ever put in
    assert log.day_start(OPEN, None, 150.0) == 100.0
    log.add(OPEN, 104.0)
    monday = OPEN + timedelta(days=3)
    assert log.day_start(monday, 250.0, 150.0) == 254.0
    assert log.day_start(monday, 250.0, None) is None


def test_a_band_stands_beside_its_sample_and_old_samples_have_none(tmp_path):
    store = MarketStore.open(tmp_path / "market.db")
    log = EquityLog(store, "paper:desk", 100.0)
    log.add(OPEN, 101.0)
    assert log.band == ()
    log.add(OPEN + timedelta(hours=1), 110.0, (108.0, 111.0))
    log.add(OPEN + timedelta(hours=2), 112.0)
    log.add(OPEN + timedelta(hours=3), 113.0, (109.0, 114.0))
    assert log.band == ((101.0, 101.0), (108.0, 111.0), (112.0, 112.0), (109.0, 114.0))
    store.close()
    again = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    assert (again.band, again.curve) == (log.band, log.curve)


def test_no_more_is_kept_than_the_pictures_need(tmp_path, monkeypatch):
    monkeypatch.setattr("marketpulse.loop.equity._KEPT", 3)
    log = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    for hour in range(6):
        log.add(OPEN + timedelta(hours=hour), 100.0 + hour, (99.0, 120.0))
    assert [value for _, value in log.curve] == [103.0, 104.0, 105.0]
    assert len(log.band) == len(log._bands) == 3


def test_what_was_lost_just_before_midnight_is_not_lost_again_the_next_day(tmp_path):
    store = MarketStore.open(tmp_path / "market.db")
    log = EquityLog(store, "paper:desk", 100.0)
    midnight = datetime(2012, 6, 2, 4, 0, tzinfo=UTC)  # in New York
    log.add(midnight - timedelta(minutes=20), 100.0)
    log.add(midnight - timedelta(minutes=9), 90.0, (89.0, 91.0))  # within the same slot
    log.add(midnight - timedelta(minutes=1), 88.0, (87.0, 89.0))
    log.add(midnight + timedelta(seconds=1), 88.5)
    assert [value for _, value in log.curve] == [100.0, 88.0, 88.5]
    assert log.day_start(midnight + timedelta(seconds=1)) == 88.0
    assert [value for _, value in log.daily()] == [88.0, 88.5]
    store.close()
    again = EquityLog(MarketStore.open(tmp_path / "market.db"), "paper:desk", 100.0)
    assert again.day_start(midnight + timedelta(hours=1)) == 88.0
    assert again.band[1] == (87.0, 89.0)
