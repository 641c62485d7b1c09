from datetime import UTC, datetime
from threading import Thread

import pytest

from marketpulse.clock import SimClock
from marketpulse.guard import FailoverLog
from marketpulse.types import Switch

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> SimClock:
    return SimClock(START)


@pytest.fixture
def log(clock) -> FailoverLog:
    return FailoverLog(clock)


def test_the_same_member_again_is_no_news(log):
    for _ in range(3):
        log.answered("quote", "quote AAPL", "one")
    assert log.newest(10) == ()


def test_another_member_is_news_with_the_reason(log, clock):
    log.answered("quote", "quote AAPL", "one")
    clock.advance(5)
    log.answered("quote", "quote AAPL", "two", failed="one", why="one: down")
    assert log.newest(10) == (Switch(clock.now(), "quote AAPL", "one", "two", "one: down", None),)


def test_the_way_back_is_news_too(log, clock):
    log.answered("quote", "quote AAPL", "two", failed="one", why="one: down")
    clock.advance(60)
    log.answered("quote", "quote AAPL", "one")
    back = log.newest(1)[0]
    assert (back.before, back.after, back.why, back.gap) == ("two", "one", "one answers again", None)


def test_silence_is_told_once_and_its_end_with_the_gap(log, clock):
    log.answered("quote", "quote AAPL", "one")
    for _ in range(6):
        clock.advance(10)
        log.silent("quote", "quote AAPL", failed="one", why="one: down")
    clock.advance(10)
    log.answered("quote", "quote AAPL", "two", failed="one", why="one: down")
    end, begin = log.newest(10)
    assert (begin.before, begin.after, begin.gap) == ("one", "", None)
    assert (end.before, end.after, end.why, end.gap) == ("", "two", "one: down", 70.0)


def test_what_never_answered_has_no_gap(log, clock):
    log.silent("quote", "quote AAPL", failed="one", why="one: down")
    clock.advance(10)
    log.answered("quote", "quote AAPL", "one")
    end, begin = log.newest(10)
    assert (begin.before, begin.after) == ("one", "")
    assert (end.after, end.gap) == ("one", None)


def test_five_symbols_within_five_seconds_are_one_entry(log, clock):
    names = [f"quote S{n}" for n in range(5)]
    for name in names:
        log.answered("quote", name, "one")
    for name in names:
        clock.advance(1)
        log.answered("quote", name, "two", failed="one", why="one: down")
    only = log.newest(10)
    assert [s.what for s in only] == ["quote S0 and 4 more"]
    assert only[0].time == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_the_largest_gap_of_several_is_shown(log, clock):
    for what, wait in (("quote A", 3), ("quote B", 0)):
        log.answered("quote", what, "one")
        clock.advance(wait)
    for what in ("quote A", "quote B"):
        log.silent("quote", what, failed="one", why="one: down")
    clock.advance(20)
    for what in ("quote B", "quote A"):
        log.answered("quote", what, "one")
    assert log.newest(1)[0].gap == 23.0


def test_other_capabilities_members_and_later_ones_are_entries_of_their_own(log, clock):
    for capability, what in (("quote", "quote A"), ("bars", "bars A"), ("quote", "quote B")):
        log.answered(capability, what, "one")
    log.answered("quote", "quote A", "two", failed="one", why="w")
    log.answered("bars", "bars A", "two", failed="one", why="w")
    log.answered("quote", "quote B", "three", failed="one", why="w")
    clock.advance(6)
    log.answered("quote", "quote C", "two", failed="one", why="w")
    assert [s.what for s in log.newest(10)] == ["quote C", "quote B", "bars A", "quote A"]


def test_one_symbol_to_and_fro_counts_once(log, clock):
    for _ in range(4):
        log.answered("quote", "quote A", "two", failed="one", why="w")
        log.answered("quote", "quote A", "one")
        clock.advance(1)
    assert [s.what for s in log.newest(10)] == ["quote A", "quote A"]


def test_an_entry_ends_after_a_minute_however_it_goes_on(log, clock):
    for n in range(40):
        log.answered("quote", f"quote S{n}", "two", failed="one", why="w")
        clock.advance(3)
    assert [s.what for s in log.newest(10)] == ["quote S21 and 18 more", "quote S0 and 20 more"]


def test_it_is_bounded_whatever_is_asked(log, clock):
    for n in range(10_000):
        log.answered("quote", f"quote S{n}", "two", failed="one", why="w")
        if n % 10 == 0:
            clock.advance(6)
    assert len(log.newest(100_000)) == 200
    assert len(log._last) == 4096
    assert sum(len(e.questions) for e in log._entries) <= 20
    assert len(log.newest(3)) == 3
    assert log.newest(0) == log.newest(-1) == ()


def test_sixteen_threads_lose_nothing(log):
    def work(n: int) -> None:
        for k in range(50):
            log.answered("quote", f"quote {n}-{k}", "two", failed="one", why="w")

    threads = [Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [s.what.split(" and ")[1] for s in log.newest(10)] == ["799 more"]
