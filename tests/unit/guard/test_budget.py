from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.clock import SimClock
from marketpulse.guard import Budget
from marketpulse.guard.budget import BudgetMemo
from marketpulse.ports import Limits
from marketpulse.types import BudgetView


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


def daily(clock: SimClock, per_day: int, resets: str = "UTC") -> Budget:
    return Budget(clock, Limits(6000, 5.0, per_day=per_day, resets=resets))


def test_a_daily_quota_ends_and_says_when_it_is_renewed(clock):
    clock.advance(23 * 3600)
    budget = daily(clock, 3)
    assert [budget.take() for _ in range(3)] == [0.0] * 3
    assert budget.take() == pytest.approx(3600.0)
    assert (budget.view().left_day, budget.closed, budget.blocked) == (0, pytest.approx(3600.0), 0.0)
    clock.advance(3599)
    assert budget.take() == pytest.approx(1.0)
    clock.advance(1)
    assert budget.take() == 0.0
    assert budget.view().left_day == 2


@pytest.mark.parametrize(
    ("now", "zone", "reset"),
    [
        ("2026-03-08T04:59:59+00:00", "America/New_York", "2026-03-08T05:00:00+00:00"),
        ("2026-03-08T05:00:00+00:00", "America/New_York", "2026-03-09T04:00:00+00:00"),  # 23 hours
        ("2026-11-01T04:00:00+00:00", "America/New_York", "2026-11-02T05:00:00+00:00"),  # 25 hours
        ("2026-01-01T18:29:59+00:00", "Asia/Kolkata", "2026-01-01T18:30:00+00:00"),
        ("2026-12-31T23:59:59+00:00", "UTC", "2027-01-01T00:00:00+00:00"),
    ],
)
def test_the_day_is_that_of_the_quotas_zone(now, zone, reset):
    clock = SimClock(datetime.fromisoformat(now))
    budget = daily(clock, 1, zone)
    assert budget.view().resets == datetime.fromisoformat(reset)
    assert budget.take() == 0.0
    wait = budget.take()
    assert clock.now().timestamp() + wait == datetime.fromisoformat(reset).timestamp()
    clock.advance(wait)
    assert budget.take() == 0.0


def test_a_call_not_made_is_given_back_to_the_day_too(clock):
    budget = daily(clock, 1)
    budget.take()
    budget.give_back()
    assert budget.view().left_day == 1
    budget.give_back()
    assert budget.view().left_day == 1


def test_view_tells_all(clock):
    budget = Budget(clock, Limits(60, 5.0))
    budget.take()
    budget.block(30)
    clock.advance(10)
    assert budget.view() == BudgetView(60.0, 10.0, blocked=20.0, burst=10.0)
    assert daily(clock, 25).view() == BudgetView(
        6000.0, 1000.0, per_day=25, left_day=25, resets=datetime(2026, 1, 2, tzinfo=UTC), burst=1000.0
    )


@pytest.mark.parametrize("seconds", [inf, nan, 1e300])
def test_no_pause_is_believed_to_be_longer_than_a_day(clock, seconds):
    budget = Budget(clock, Limits(60, 5.0))
    budget.block(seconds)
    assert budget.blocked == 86_400.0
    budget.block(-5.0)
    assert budget.blocked == 86_400.0


def test_memo_and_recall_are_a_round_trip(clock):
    budget = daily(clock, 25)
    for _ in range(7):
        budget.take()
    budget.block(60)
    clock.advance(20)
    other = daily(clock, 25)
    other.recall(budget.memo())
    assert (other.memo().day, other.memo().used) == (budget.memo().day, 7)
    assert other.view() == replace(budget.view(), left_minute=1000.0)


def test_yesterdays_calls_are_forgotten(clock):
    budget = daily(clock, 25)
    budget.take()
    memo = budget.memo()
    clock.advance(86_400)
    other = daily(clock, 25)
    other.recall(memo)
    assert other.view().left_day == 25


def test_what_was_called_before_the_recall_counts_too(clock):
    budget = daily(clock, 25)
    budget.take()
    memo = budget.memo()
    budget.recall(memo)
    assert budget.view().left_day == 23


def test_a_spent_day_is_no_less_than_nothing(clock):
    budget = daily(clock, 2)
    budget.recall(BudgetMemo(clock.now().date(), 900))
    assert budget.view().left_day == 0
    assert budget.take() == pytest.approx(86_400.0)


def test_sixteen_threads_get_no_more_than_the_day_allows(clock):
    budget, got = daily(clock, 25), []

    def work() -> None:
        got.extend(budget.take() == 0.0 for _ in range(10))

    threads = [Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), sum(got)) == (160, 25)
