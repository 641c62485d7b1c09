"""When results are due: what is asked, what is kept, and how far away a day is in sessions."""

from datetime import UTC, date, datetime, timedelta
from math import inf

import pytest
from unit.market.doubles import StandIn, chains_of

from marketpulse.clock import SimClock
from marketpulse.errors import NoData, NotEntitled, Unavailable, UnknownSymbol
from marketpulse.guard import Pool
from marketpulse.market.events import Events, Heard, upcoming
from marketpulse.market.instruments import instruments
from marketpulse.market.isolation import Isolation
from marketpulse.market.kit import Kit
from marketpulse.market.routes import Routes
from marketpulse.market.sessions import Sessions
from marketpulse.market.state import State
from marketpulse.market.thrift import Thrift
from marketpulse.meter import Meter
from marketpulse.ports import Capability
from marketpulse.types import AssetClass, Feed
from marketpulse.types.earnings import Earnings

KNOWN = instruments(Feed.LIVE)
AAPL, BTC = KNOWN["AAPL"], KNOWN["BTC/USDT"]
MONDAY = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)  # in session
SESSIONS = Sessions()


class Room:
    """The calendar's room with a provider that says what the test puts in."""

    def __init__(self):
        self.clock = SimClock(MONDAY)
        self.source = StandIn("vendor", self.clock, (AssetClass.EQUITY,), (Capability.EVENTS,))
        meter, state = Meter(), State(self.clock)
        pool = Pool(self.clock, meter)
        routes = Routes(chains_of(pool, None, ("shares", [self.source])))
        isolation = Isolation(self.clock, lambda _: None)
        self.events = Events(Kit(routes, state, None, isolation, Thrift(), meter))

    def say(self, *days):
        self.source.results["AAPL"] = tuple(Earnings("AAPL", day, "vendor") for day in days)


def test_the_earliest_day_is_kept_and_asked_for_again_in_hours():
    room = Room()
    room.say(date(2026, 4, 30), date(2026, 3, 12))
    assert room.events.ask(AAPL) == 6 * 3600
    assert room.events.heard["AAPL"] == Heard(MONDAY, Earnings("AAPL", date(2026, 3, 12), "vendor"))


@pytest.mark.parametrize(
    ("error", "wait", "why"),
    [
        (NotEntitled("x"), inf, "No provider tells when results of AAPL are due."),
        (UnknownSymbol("x"), inf, "No provider tells when results of AAPL are due."),
        (NoData("x"), 21_600, "No provider has a day for the next results of AAPL."),
        (Unavailable("x"), 900, "The provider did not tell when results of AAPL are due."),
    ],
)
def test_what_nobody_tells_is_not_known_and_says_why(error, wait, why):
    room = Room()
    room.source.error = error
    assert room.events.ask(AAPL) == wait
    assert (room.events.heard["AAPL"].next, room.events.heard["AAPL"].why) == (None, why)


def test_a_provider_that_fails_leaves_what_it_said_with_its_age():
    room = Room()
    room.say(date(2026, 3, 12))
    room.events.ask(AAPL)
    room.source.error = Unavailable("x")
    room.clock.advance(7 * 3600)
    room.events.ask(AAPL)
    found = upcoming(AAPL, room.events.heard["AAPL"], SESSIONS, room.clock.now())
    assert (found.day, found.asked, found.age) == (date(2026, 3, 12), MONDAY, "asked 7 h ago")


def heard(day):
    return Heard(MONDAY, Earnings("AAPL", day, "vendor", estimated=True))


@pytest.mark.parametrize(
    ("now", "day", "left"),
    [
        (MONDAY, date(2026, 3, 9), 0),  # today, while it runs
        (MONDAY, date(2026, 3, 10), 1),
        (MONDAY, date(2026, 3, 13), 4),
        (MONDAY, date(2026, 3, 16), 5),  # over a weekend
        (MONDAY.replace(hour=9), date(2026, 3, 9), 0),  # today, before the open
        (MONDAY.replace(hour=9), date(2026, 3, 10), 1),
        (MONDAY.replace(hour=22), date(2026, 3, 10), 0),  # after the close the next session counts
        (MONDAY - timedelta(days=1), date(2026, 3, 9), 0),  # Sunday
        (MONDAY - timedelta(days=1), date(2026, 3, 10), 1),
        (datetime(2026, 4, 2, 15, tzinfo=UTC), date(2026, 4, 6), 1),  # over Good Friday
        (datetime(2025, 12, 30, 15, tzinfo=UTC), date(2026, 1, 2), 2),  # over the year's end
    ],
)
def test_days_are_counted_in_sessions_of_the_exchange(now, day, left):
    found = upcoming(AAPL, heard(day), SESSIONS, now)
    assert (found.day, found.sessions, found.estimated) == (day, left, True)


def test_a_day_that_has_passed_is_not_the_next_one():
    found = upcoming(AAPL, heard(date(2026, 3, 6)), SESSIONS, MONDAY)
    assert (found.day, found.sessions) == (None, None)
    assert found.why == "The last known day of results of AAPL, 2026-03-06, has passed."


def test_what_is_no_share_and_what_nobody_was_asked_about_say_so():
    assert upcoming(BTC, None, SESSIONS, MONDAY).why == "BTC/USDT is no share, so it tells no results."
    never = upcoming(AAPL, None, SESSIONS, MONDAY)
    assert (never.day, never.age) == (None, "not asked yet")
    assert never.why == "Nobody has been asked yet when results of AAPL are due."
