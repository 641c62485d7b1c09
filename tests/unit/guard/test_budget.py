from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.clock import SimClock
from marketpulse.guard import Budget
from marketpulse.ports import Limits


@pytest.fixture
def clock() -> SimClock:
    return SimClock(datetime(2026, 1, 1, tzinfo=UTC))


def test_ten_seconds_worth_may_go_at_once(clock):
    budget = Budget(clock, Limits(per_minute=60, deadline=5.0))
    assert [budget.take() for _ in range(10)] == [0.0] * 10
    assert budget.take() == pytest.approx(1.0)
    clock.advance(1)
    assert budget.take() == 0.0


def test_a_small_budget_still_allows_one(clock):
    budget = Budget(clock, Limits(per_minute=1, deadline=5.0))
    assert budget.take() == 0.0
    assert budget.take() == pytest.approx(60.0)


def test_the_providers_own_pause_is_kept(clock):
    budget = Budget(clock, Limits(per_minute=60, deadline=5.0))
    budget.block(30)
    budget.block(10)
    assert budget.take() == pytest.approx(30.0)
    clock.advance(30)
    assert budget.take() == 0.0


def test_no_limit_is_no_limit(clock):
    budget = Budget(clock, Limits(per_minute=inf, deadline=5.0))
    assert all(budget.take() == 0.0 for _ in range(1000))


def test_a_call_not_made_is_given_back(clock):
    budget = Budget(clock, Limits(per_minute=6, deadline=5.0))
    assert budget.take() == 0.0
    budget.give_back()
    assert budget.take() == 0.0


@given(st.lists(st.floats(0, 5), min_size=1, max_size=300), st.floats(1, 600))
def test_never_more_than_the_rate_and_one_burst(waits, per_minute):
    clock = SimClock(datetime(2026, 1, 1, tzinfo=UTC))
    budget = Budget(clock, Limits(per_minute=per_minute, deadline=5.0))
    taken = 0
    for wait in waits:
        clock.advance(wait)
        taken += budget.take() == 0.0
    assert taken <= max(1.0, per_minute / 6) + sum(waits) * per_minute / 60 + 1e-6
