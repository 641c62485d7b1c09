from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from unit.guard.doubles import Desk, Provider, ask, failing

from marketpulse.errors import AuthFailed, NotEntitled, RateLimited, Unavailable
from marketpulse.guard import plan
from marketpulse.ports import Limits
from marketpulse.types import BudgetView, CellHealth, PlanLine, ProviderHealth

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BUDGET = BudgetView(60.0, 10.0, per_day=25, left_day=25, resets=datetime(2026, 1, 2, tzinfo=UTC))


def health(budget: BudgetView | None, *cells: CellHealth, state: str = "closed") -> ProviderHealth:
    return ProviderHealth("av", (), state, ok=True, latency=None, last_good=None, cells=cells, budget=budget)


def cell(capability: str, state: str = "closed", retry: float | None = 0.0) -> CellHealth:
    return CellHealth(capability, state, True, None, None, None, 0, None, retry)


def only(calls: float, budget: BudgetView | None, *cells: CellHealth) -> PlanLine:
    (line,) = plan({"av": calls}, [health(budget, *cells)], NOW)
    return line


def test_nothing_to_say_is_an_empty_sentence():
    assert only(0.01, BUDGET) == PlanLine("av", 0.01, None, "")
    assert only(5000.0, None) == PlanLine("av", 5000.0, None, "")
    assert only(60.0, BudgetView(60.0, 10.0)) == PlanLine("av", 60.0, None, "")
    assert plan({}, [health(BUDGET)], NOW) == (PlanLine("av", 0.0, None, ""),)


def test_a_quota_that_ends_before_midnight_says_when():
    line = only(0.5, BUDGET)
    assert line.runs_out == NOW + timedelta(minutes=50)
    assert line.sentence == (
        "av runs out at 12:50:00 UTC: 25 calls are left of 25 a day, 0.5 a minute are asked, "
        "and they are renewed at 2026-01-02 00:00 UTC."
    )


@pytest.mark.parametrize(("calls", "ends"), [(25 / 720, True), (24.9 / 720, False)])
def test_a_quota_that_just_lasts_until_midnight_does_not_run_out(calls, ends):
    assert (only(calls, BUDGET).runs_out is not None) is ends


def test_the_pace_is_never_faster_than_its_budget():
    assert only(6000.0, BUDGET).runs_out == NOW + timedelta(seconds=25)


def test_a_spent_quota_says_when_it_is_renewed():
    line = only(0.0, replace(BUDGET, left_day=0))
    assert line.runs_out == NOW
    assert line.sentence == "av has used its 25 calls of today; the next may go at 2026-01-02 00:00 UTC."


def test_more_than_it_may_says_what_share_waits():
    line = only(80.0, BudgetView(60.0, 10.0))
    assert line.sentence == "av is asked 80 times a minute and may be 60 times: 25% of the questions wait."


def test_a_pause_says_until_when():
    line = only(1.0, BudgetView(60.0, 0.0, blocked=90.0))
    assert line.sentence == "av said too many requests and is not asked before 12:01:30 UTC."


def test_a_rest_and_a_refusal_name_the_capability():
    line = only(1.0, BudgetView(60.0, 1.0), cell("quote", "open", 30.0), cell("news", "isolated", None))
    assert line.sentence == (
        "av refused news and is not asked for it again before a restart. "
        "av failed too often and is not asked for quote before 12:00:30 UTC."
    )


def test_a_provider_that_refused_everything_needs_no_other_forecast():
    line = only(900.0, BUDGET, cell("quote", "isolated", None), cell("news", "isolated", None))
    assert line.runs_out is None
    assert line.sentence == "av refused quote and news and is not asked for them again before a restart."


def test_a_provider_without_a_key_is_not_planned():
    assert plan({"av": 1.0}, [health(None, state="not_set")], NOW) == ()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Unavailable("av: down"), "av failed too often and is not asked for quote before 12:00:05 UTC."),
        (RateLimited("av: slower", 20.0), "av said too many requests and is not asked before 12:00:20 UTC."),
        (NotEntitled("av: no"), "av refused quote and is not asked for it again before a restart."),
        (AuthFailed("av: no"), "av refused quote and is not asked for it again before a restart."),
    ],
)
def test_it_reads_what_the_pool_tells(error, sentence):
    desk = Desk()
    chain = desk.chain(Provider("av", error=error))
    failing(chain, 5)
    (line,) = plan({"av": 1.0}, desk.pool.health(), desk.clock.wall())
    said = line.sentence.replace("12:00:04", "12:00:05")  # a tenth of jitter
    assert said == sentence


def test_it_reads_a_spent_quota_from_the_pool():
    desk = Desk()
    chain = desk.chain(Provider("av", limits=Limits(6000, 5.0, per_day=3)))
    for _ in range(3):
        ask(chain)
    (line,) = plan(desk.pool.demand(), desk.pool.health(), desk.clock.wall())
    assert line == PlanLine(
        "av",
        3.0,
        desk.clock.wall(),
        "av has used its 3 calls of today; the next may go at 2026-01-02 00:00 UTC.",
    )
