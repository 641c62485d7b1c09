from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.clock import SimClock
from marketpulse.guard import Breaker, BreakerPolicy, BreakerState, Outcome
from marketpulse.guard.breaker import BreakerMemo

POLICY = BreakerPolicy(jitter=0.0)


@pytest.fixture
def clock() -> SimClock:
    return SimClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def breaker(clock) -> Breaker:
    return Breaker(clock, POLICY, Random(1))


def call(breaker: Breaker, outcome: Outcome, seconds: float = 0.1) -> bool:
    ticket = breaker.enter()
    if ticket is None:
        return False
    breaker.leave(ticket, outcome, seconds)
    return True


def test_four_failures_are_too_few_to_judge(breaker):
    for _ in range(4):
        assert call(breaker, Outcome.FAILED)
    assert breaker.state is BreakerState.CLOSED
    call(breaker, Outcome.FAILED)
    assert breaker.state is BreakerState.OPEN
    assert not call(breaker, Outcome.WORKED)


def test_half_of_the_calls_failing_opens_it_even_when_no_two_fail_in_a_row(breaker):
    results = [call(breaker, Outcome.FAILED if n % 2 == 0 else Outcome.WORKED) for n in range(6)]
    assert results == [True] * 5 + [False]


def test_a_third_failing_does_not_open_it(breaker):
    assert all(call(breaker, Outcome.FAILED if n % 3 == 2 else Outcome.WORKED) for n in range(60))


def test_old_failures_are_forgotten(breaker, clock):
    for _ in range(4):
        call(breaker, Outcome.FAILED)
    clock.advance(61)
    call(breaker, Outcome.FAILED)
    assert breaker.state is BreakerState.CLOSED


def test_slow_answers_open_it_too(breaker):
    assert [call(breaker, Outcome.WORKED, 5.0) for _ in range(6)] == [True] * 5 + [False]


def test_it_rests_twice_as_long_each_time_and_ten_minutes_at_most(breaker, clock):
    rests = []
    for _ in range(5):
        call(breaker, Outcome.FAILED)
    for _ in range(7):
        rests.append(breaker.resting)
        clock.advance(breaker.resting)
        assert breaker.state is BreakerState.HALF_OPEN
        call(breaker, Outcome.FAILED)
    assert rests == [30, 60, 120, 240, 480, 600, 600]


def test_jitter_stays_within_a_tenth(clock):
    rests = set()
    for seed in range(50):
        breaker = Breaker(clock, BreakerPolicy(), Random(seed))
        for _ in range(5):
            call(breaker, Outcome.FAILED)
        rests.add(round(breaker.resting, 6))
    assert len(rests) > 40
    assert 27 <= min(rests) < max(rests) <= 33


def test_two_probes_go_and_both_must_work(breaker, clock):
    for _ in range(5):
        call(breaker, Outcome.FAILED)
    clock.advance(30)
    first, second = breaker.enter(), breaker.enter()
    assert first is not None
    assert second is not None
    assert breaker.enter() is None
    breaker.leave(first, Outcome.WORKED, 0.1)
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.enter() is None
    breaker.leave(second, Outcome.WORKED, 0.1)
    assert breaker.state is BreakerState.CLOSED


def test_a_probe_that_never_ends_does_not_hold_the_breaker_for_ever(breaker, clock):
    for _ in range(5):
        call(breaker, Outcome.FAILED)
    clock.advance(30)
    breaker.enter()
    breaker.enter()
    clock.advance(31)
    assert breaker.state is BreakerState.OPEN
    assert breaker.resting == pytest.approx(60)


def test_a_late_answer_from_before_does_not_close_it(breaker, clock):
    early = breaker.enter()
    for _ in range(5):
        call(breaker, Outcome.FAILED)
    clock.advance(30)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.leave(early, Outcome.WORKED, 40.0)
    breaker.leave(early, Outcome.WORKED, 40.0)
    assert breaker.state is BreakerState.HALF_OPEN


def test_a_refused_key_isolates_until_reset(breaker, clock):
    call(breaker, Outcome.REFUSED)
    assert breaker.state is BreakerState.ISOLATED
    clock.advance(100_000)
    assert not call(breaker, Outcome.WORKED)
    breaker.reset()
    assert call(breaker, Outcome.WORKED)


def test_rate_limits_say_nothing_of_health(breaker):
    assert all(call(breaker, Outcome.IGNORED) for _ in range(50))


def test_an_ignored_probe_gives_its_permit_back(breaker, clock):
    for _ in range(5):
        call(breaker, Outcome.FAILED)
    clock.advance(30)
    for _ in range(3):
        assert call(breaker, Outcome.IGNORED)
    assert call(breaker, Outcome.WORKED)
    assert call(breaker, Outcome.WORKED)
    assert breaker.state is BreakerState.CLOSED


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Outcome)[:3]), st.floats(0, 40), st.booleans()),
        max_size=80,
    ),
    st.integers(),
)
def test_however_it_failed_it_recovers_once_the_provider_does(steps, seed):
    clock = SimClock(datetime(2026, 1, 1, tzinfo=UTC))
    breaker = Breaker(clock, BreakerPolicy(), Random(seed))
    for outcome, wait, finish in steps:
        ticket = breaker.enter()
        if ticket is not None and finish:
            breaker.leave(ticket, outcome, 0.1)
        clock.advance(wait)
    for _ in range(10):
        clock.advance(700)
        call(breaker, Outcome.WORKED)
        call(breaker, Outcome.WORKED)
    assert breaker.state is BreakerState.CLOSED


def test_the_same_probe_counts_once(breaker, clock):
    for _ in range(5):
        call(breaker, Outcome.FAILED)
    clock.advance(30)
    probe = breaker.enter()
    breaker.leave(probe, Outcome.WORKED, 0.1)
    breaker.leave(probe, Outcome.WORKED, 0.1)
    assert breaker.state is BreakerState.HALF_OPEN


def test_without_a_ticket_it_is_a_call_of_now(breaker, clock):
    for _ in range(5):
        breaker.leave(None, Outcome.FAILED, 0.1)
    assert breaker.state is BreakerState.OPEN
    breaker.leave(None, Outcome.WORKED, 0.1)
    assert breaker.state is BreakerState.OPEN
    clock.advance(30)
    breaker.enter()
    breaker.leave(None, Outcome.WORKED, 0.1)
    breaker.leave(None, Outcome.WORKED, 0.1)
    assert breaker.state is BreakerState.CLOSED


def test_what_it_remembers_is_what_it_takes_up(breaker, clock):
    for _ in range(5):
        call(breaker, Outcome.FAILED)
    clock.advance(30)
    call(breaker, Outcome.FAILED)
    clock.advance(10)
    assert breaker.memo() == BreakerMemo(BreakerState.OPEN, 50.0, 2)
    other = Breaker(clock, POLICY, Random(1))
    other.recall(50.0, 2)
    assert other.memo() == breaker.memo()
    clock.advance(50)
    call(other, Outcome.FAILED)
    assert other.resting == 120


@pytest.mark.parametrize(("rest", "opened", "left"), [(1e9, 5, 600.0), (-5.0, 0, 0.0), (10.0, 10**9, 10.0)])
def test_no_saved_rest_is_longer_than_the_longest(breaker, rest, opened, left):
    breaker.recall(rest, opened)
    assert breaker.resting == left


def test_a_shorter_policy_shortens_a_rest_that_runs(breaker, clock):
    breaker.recall(600.0, 5)
    breaker.use(BreakerPolicy(rest=5.0, longest_rest=20.0, jitter=0.0))
    assert breaker.resting == 20.0
    clock.advance(20)
    call(breaker, Outcome.FAILED)
    assert breaker.resting == 20.0


def test_a_fresh_rest_is_the_first_whatever_was_before(breaker):
    breaker.isolate()
    breaker.rest()
    assert (breaker.state, breaker.resting) == (BreakerState.OPEN, 30)
