from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest

from marketpulse.clock import SimClock
from marketpulse.guard import BreakerState
from marketpulse.models.seats import POLICY, Seat

ROWS = np.zeros((4, 3))


class Member:
    """Answers with what it was given last: numbers, an error, or numbers after some seconds."""

    def __init__(self, clock):
        self.clock = clock
        self.answer = np.full(4, 0.6)
        self.seconds = 0.0
        self.asked = 0

    def raw(self, x):
        self.asked += 1
        self.clock.advance(self.seconds)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer[: len(x)]


@pytest.fixture
def clock():
    return SimClock(datetime(2024, 1, 2, tzinfo=UTC))


@pytest.fixture
def member(clock):
    return Member(clock)


@pytest.fixture
def seat(member, clock):
    return Seat("trees", member, clock, Random(1))


def test_a_good_answer_passes_as_it_is(seat):
    found, trouble = seat.ask(ROWS)
    assert found.tolist() == [0.6] * 4
    assert trouble == ""
    assert seat.health().state is BreakerState.CLOSED
    assert seat.health().calls == 1


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (RuntimeError("boom"), "failed (RuntimeError)"),
        (MemoryError(), "failed (MemoryError)"),
        (np.full((4, 2), 0.5), "gave (4, 2) for 4 rows"),
        (np.full(3, 0.5), "gave (3,) for 4 rows"),
    ],
)
def test_an_answer_that_is_none_is_an_abstention_with_its_reason(seat, member, answer, trouble):
    member.answer = answer
    found, said = seat.ask(ROWS)
    assert np.isnan(found).all()
    assert said == trouble


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e-9, 1.0000001])
def test_a_row_without_a_probability_abstains_and_the_others_stay(seat, member, bad):
    member.answer = np.array([0.2, bad, 0.4, 1.0])
    found, trouble = seat.ask(ROWS)
    assert np.isnan(found).tolist() == [False, True, False, False]
    assert trouble == "gave a number that is no probability"
    member.answer = np.array([bad])
    assert np.isnan(seat.ask(ROWS[:1])[0]).all()


def test_a_slow_answer_is_not_used(seat, member):
    member.seconds = POLICY.slow
    found, trouble = seat.ask(ROWS)
    assert np.isnan(found).all()
    assert trouble == "took 0.25 s"


@pytest.mark.parametrize("kind", ["error", "nan", "slow"])
def test_repeated_trouble_rests_it_and_probes_bring_it_back(seat, member, clock, kind):
    good = member.answer
    member.seconds = 0.3 if kind == "slow" else 0.0
    member.answer = {"error": ValueError(), "nan": np.full(4, np.nan), "slow": good}[kind]
    for _ in range(POLICY.least):
        seat.ask(ROWS)
    assert seat.health().state is BreakerState.OPEN
    before = member.asked
    found, trouble = seat.ask(ROWS)
    assert member.asked == before
    assert np.isnan(found).all()
    assert trouble.startswith("rests after trouble: ")
    member.answer, member.seconds = good, 0.0
    clock.advance(POLICY.rest * 1.2)
    for _ in range(POLICY.permits):
        assert seat.ask(ROWS)[0].tolist() == [0.6] * 4
    assert seat.health().state is BreakerState.CLOSED


def test_a_probe_that_fails_doubles_the_rest(seat, member, clock):
    member.answer = ValueError()
    for _ in range(POLICY.least):
        seat.ask(ROWS)
    first = seat.health().resting
    clock.advance(POLICY.rest * 1.2)
    seat.ask(ROWS)
    assert seat.health().state is BreakerState.OPEN
    assert seat.health().resting > 1.5 * first


def test_latency_is_told_in_seconds(seat, member):
    for member.seconds in (0.01, 0.02, 0.03):
        seat.ask(ROWS)
    health = seat.health()
    assert health.calls == 3
    assert health.p50 == pytest.approx(0.02)
    assert health.p50 <= health.p99 <= 0.03 + 1e-9
