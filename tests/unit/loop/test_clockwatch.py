"""A clock that jumps is said, and stops what it must."""

from datetime import UTC, datetime, timedelta

import pytest

from marketpulse.clock import SimClock
from marketpulse.loop.clockwatch import ClockWatch
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, NewEvent

T0 = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


class Jumping(SimClock):
    """A clock that somebody sets while the timer goes on."""

    def jump(self, seconds):
        self._now += timedelta(seconds=seconds)


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.db", SimClock(T0))
    yield ledger
    ledger.close()


def watch(ledger, clock, *, live=False):
    stopped = []
    made = ClockWatch(clock, ledger, stopped.append, live=live)
    made.turn()
    return made, stopped


@pytest.mark.parametrize("live", [False, True])
def test_time_that_passes_as_it_should_says_nothing(ledger, live):
    clock = Jumping(T0)
    made, stopped = watch(ledger, clock, live=live)
    for seconds in (0.25, 60.0, 3600.0):
        clock.advance(seconds)
        clock.jump(1.5)  # what a time server corrects
        made.turn()
        clock.jump(-1.5)
        made.turn()
    assert (made.notes, stopped) == ((), [])


@pytest.mark.parametrize("live", [False, True])
def test_a_clock_that_was_set_back_stops_trading(ledger, live):
    clock = Jumping(T0)
    made, stopped = watch(ledger, clock, live=live)
    clock.advance(1)
    clock.jump(-3600)
    made.turn()
    made.turn()
    assert stopped == ["The machine's clock was set back by 60 min. Check the machine's time, then resume."]


def test_a_clock_that_sprang_forward_is_a_note_on_paper_and_stops_live_trading(ledger):
    for live in (False, True):
        clock = Jumping(T0)
        made, stopped = watch(ledger, clock, live=live)
        clock.jump(30_000)
        made.turn()
        assert [("8.3 h" in said) for said in (stopped if live else made.notes)] == [True]
        assert not (made.notes if live else stopped)


def test_a_start_before_the_newest_event_stops_trading_and_names_the_distance(ledger):
    ledger.append(
        NewEvent(T0 + timedelta(days=1), "paper:desk", EventKind.ALERT, "x", {"code": "X", "sentence": "x"})
    )
    _, stopped = watch(ledger, SimClock(T0))
    assert "24.0 h before the newest event" in stopped[0]


def test_at_most_three_notes_are_kept(ledger):
    clock = Jumping(T0)
    made, _ = watch(ledger, clock)
    for hours in range(1, 8):
        clock.jump(hours * 7200)
        made.turn()
    assert len(made.notes) == 3
    assert "14.0 h" in made.notes[-1]
