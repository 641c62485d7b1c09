"""Hours as published by the NYSE: regular 9:30-16:00 New York, 13:00 on half days."""

from datetime import UTC, date, datetime, timedelta

import pytest

from marketpulse.market.sessions import ALWAYS, Sessions
from marketpulse.types import SessionState


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    return Sessions()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "state", "changes"),
    [
        ("2026-03-06 15:00", "open", "2026-03-06 21:00"),  # winter time
        ("2026-03-09 15:00", "open", "2026-03-09 20:00"),  # summer time since the 8th
        ("2026-03-09 13:29:59", "closed", "2026-03-09 13:30"),
        ("2026-03-09 13:30", "open", "2026-03-09 20:00"),
        ("2026-03-09 20:00", "closed", "2026-03-10 13:30"),
        ("2025-11-28 17:59", "open", "2025-11-28 18:00"),  # the day after Thanksgiving
        ("2025-11-28 18:00", "closed", "2025-12-01 14:30"),
        ("2025-12-25 15:00", "closed", "2025-12-26 14:30"),
    ],
)
def test_new_york(sessions, moment, state, changes):
    info = sessions.info("XNYS", at(moment))
    assert info.state is SessionState(state)
    assert info.changes == at(changes)


def test_around_the_clock(sessions):
    info = sessions.info(ALWAYS, at("2026-03-07 03:00"))
    assert (info.state, info.changes) == (SessionState.OPEN, None)
    assert sessions.day(ALWAYS, at("2026-03-07 03:00")) == date(2026, 3, 7)
    assert sessions.last_closed(ALWAYS, at("2026-03-07 03:00")) == date(2026, 3, 6)
    assert sessions.next_close(ALWAYS, at("2026-03-07 03:00")) == at("2026-03-08 00:00")


def test_days_and_closes_over_a_weekend(sessions):
    saturday = at("2026-03-07 12:00")
    assert sessions.day("XNYS", saturday) == date(2026, 3, 6)
    assert sessions.last_closed("XNYS", saturday) == date(2026, 3, 6)
    assert sessions.last_close("XNYS", saturday) == at("2026-03-06 21:00")
    assert sessions.next_close("XNYS", saturday) == at("2026-03-09 20:00")
    running = at("2026-03-09 15:00")
    assert sessions.day("XNYS", running) == date(2026, 3, 9)
    assert sessions.last_closed("XNYS", running) == date(2026, 3, 6)


def test_each_year_is_loaded_once(sessions):
    for year in (2012, 2026, 2019, 2012, 2026):
        assert sessions.info("XNYS", at(f"{year}-06-04 15:00")).state is SessionState.OPEN
    assert {year for _, year in sessions._years} >= {2012, 2019, 2026}
    known = sessions._years["XNYS", 2012]
    sessions.info("XNYS", at("2012-01-02 15:00"))
    assert sessions._years["XNYS", 2012] is known


def test_the_turn_of_the_year(sessions):
    assert sessions.info("XNYS", at("2025-12-31 21:00")).changes == at("2026-01-02 14:30")
    assert sessions.last_closed("XNYS", at("2026-01-01 12:00")) == date(2025, 12, 31)
    assert sessions.next_close("XNYS", at("2025-12-31 22:00")) == at("2026-01-02 21:00")


def test_a_session_that_crosses_midnight_belongs_to_the_day_it_ends_on(sessions):
    sunday_evening = at("2026-03-08 23:30")
    assert sessions.info("CMES", sunday_evening).state is SessionState.OPEN
    assert sessions.day("CMES", sunday_evening) == date(2026, 3, 9)
    assert sessions.last_closed("CMES", sunday_evening) == date(2026, 3, 6)
    after_midnight = at("2026-03-09 04:30")
    assert sessions.day("CMES", after_midnight) == date(2026, 3, 9)
    assert sessions.opened("CMES", after_midnight) == sessions.opened("CMES", sunday_evening)


def test_how_many_sessions_lie_between_two_days(sessions):
    assert sessions.count("XNYS", date(2026, 3, 2), date(2026, 3, 6)) == 5
    assert sessions.count("XNYS", date(2025, 12, 24), date(2026, 1, 2)) == 6  # Christmas and New Year
    assert sessions.count("XNYS", date(2026, 3, 7), date(2026, 3, 8)) == 0
    assert sessions.count(ALWAYS, date(2026, 3, 7), date(2026, 3, 8)) == 2


def test_a_calendar_known_to_the_end_of_a_year_is_open_till_then_and_closed_after_it():
    sessions, last = Sessions(), datetime(2026, 12, 31, 6, 0, tzinfo=UTC)
    assert sessions.info("XBOM", last).state is SessionState.OPEN
    assert sessions.next_close("XBOM", last) == datetime(2026, 12, 31, 10, 0, tzinfo=UTC)
    for later in (last + timedelta(hours=6), last + timedelta(days=3)):
        info = sessions.info("XBOM", later)
        assert (info.state, info.changes) == (SessionState.CLOSED, None)
        assert sessions.day("XBOM", later) == sessions.last_closed("XBOM", later) == last.date()
        assert sessions.next_close("XBOM", later) > later
    with pytest.raises(LookupError):
        sessions.info("XBOM", datetime(2200, 6, 1, tzinfo=UTC))
