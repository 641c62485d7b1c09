"""The replay clock runs through sessions only."""

from datetime import UTC, datetime, timedelta

import pytest

from marketpulse.clock import ReplayClock, SimClock, WallClock

DAY1 = (datetime(2012, 6, 1, 13, 30, tzinfo=UTC), datetime(2012, 6, 1, 20, 0, tzinfo=UTC))
DAY2 = (datetime(2012, 6, 4, 13, 30, tzinfo=UTC), datetime(2012, 6, 4, 20, 0, tzinfo=UTC))
SESSION = 6.5 * 3600


@pytest.fixture
def wall():
    return SimClock(datetime(2026, 1, 1, tzinfo=UTC))


def replay(wall, start=DAY1[0], speed=SESSION / 60):
    return ReplayClock([DAY1, DAY2], start, speed, wall)


def test_one_trading_day_takes_a_minute_and_the_close_jumps_to_the_next_open(wall):
    clock = replay(wall)
    assert clock.now() == DAY1[0]
    wall.advance(30)
    assert clock.now() == DAY1[0] + timedelta(seconds=SESSION / 2)
    wall.advance(30)
    assert clock.now() == DAY2[0]


def test_outside_a_session_it_starts_at_the_next_open(wall):
    assert replay(wall, start=datetime(2012, 6, 2, 9, tzinfo=UTC)).now() == DAY2[0]
    assert replay(wall, start=datetime(2000, 1, 1, tzinfo=UTC)).now() == DAY1[0]


def test_the_end_of_the_tape_stands_at_the_last_close(wall):
    clock = replay(wall)
    assert not clock.ended
    wall.advance(1000)
    assert clock.ended
    assert clock.now() == DAY2[1] == clock.end
    assert replay(wall, start=datetime(2020, 1, 1, tzinfo=UTC)).ended


def test_a_pause_holds_the_tape_and_resume_goes_on(wall):
    clock = replay(wall)
    wall.advance(10)
    clock.pause()
    held = clock.now()
    wall.advance(500)
    assert clock.now() == held
    clock.resume()
    wall.advance(1)
    assert clock.now() == held + timedelta(seconds=SESSION / 60)


def test_the_wall_and_the_timers_are_those_underneath(wall):
    clock = replay(wall)
    wall.advance(5)
    assert clock.wall() == wall.wall()
    assert clock.monotonic() == wall.monotonic() == 5


@pytest.mark.parametrize(("sessions", "speed"), [([], 1.0), ([DAY1], 0.0), ([DAY1], -1.0)])
def test_no_sessions_or_no_speed_is_refused(wall, sessions, speed):
    with pytest.raises(ValueError, match="session"):
        ReplayClock(sessions, DAY1[0], speed, wall)


def test_the_wall_clock_is_aware_utc_and_its_timer_grows():
    clock = WallClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - clock.wall()) < timedelta(seconds=1)
    assert clock.monotonic() <= clock.monotonic()


def test_what_never_closes_lives_on_the_wall_clock_unless_the_tape_holds_it():
    wall = SimClock(datetime(2026, 3, 9, 12, 0, tzinfo=UTC))
    apart = ReplayClock([DAY1, DAY2], DAY1[0], 60.0, wall)
    whole = ReplayClock([DAY1, DAY2], DAY1[0], 60.0, wall, whole=True)
    wall.advance(1)
    assert apart.market("XNYS") == apart.now() == whole.market("24/7")
    assert apart.market("24/7") == wall.now()
    assert (apart.tape_speed("XNYS"), apart.tape_speed("24/7")) == (60.0, None)
    assert (whole.tape_speed("24/7"), wall.tape_speed("XNYS")) == (60.0, None)
    assert wall.market("24/7") == wall.market("XNYS") == wall.now()
