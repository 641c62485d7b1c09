import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.guard.doubles import START, Desk, Provider, ask, failing, rests

from marketpulse.clock import SimClock
from marketpulse.errors import (
    AuthFailed,
    NotEntitled,
    RateLimited,
    Unavailable,
)
from marketpulse.guard import Chain, Pool
from marketpulse.meter import Meter
from marketpulse.ports import Limits

DOWN = Unavailable("one: down")
MOMENT = st.none() | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def carried(desk: Desk, seconds: float, *chains: tuple[str, list[Provider]], **keys: str) -> Desk:
    """A restart after ``seconds``, its state through the store's texts, its chains built anew."""
    texts = json.loads(json.dumps(desk.pool.state()))
    later = desk.restart(seconds)
    later.pool.restore(texts)
    for capability, members in chains:
        later.chain(*members, capability=capability, **keys)
    return later


def test_a_closed_cell_comes_back_closed_with_its_last_datum(desk):
    one = Provider("one")
    ask(desk.chain(one))
    later = carried(desk, 60, ("quote", [one]))
    cell = later.cell("one")
    assert (cell.state, cell.ok, cell.last_good, cell.calls) == ("closed", True, START, 0)


def test_a_resting_cell_rests_on_and_doubles_next_time(desk):
    one, two = Provider("one", error=DOWN), Provider("two")
    chain = desk.chain(one, two)
    rests(desk, chain, "one", 1)
    left = desk.cell("one").retry
    later = carried(desk, 20, ("quote", [one, two]))
    cell = later.cell("one")
    assert (cell.state, cell.ok, cell.note) == ("open", False, "one: failed in the last run")
    assert cell.retry == pytest.approx(left - 20)
    later.clock.advance(cell.retry)
    with pytest.raises(Unavailable):
        later.pool.ask("one", "quote", lambda: one.price("X"))
    assert later.cell("one").retry == pytest.approx(120, rel=0.1)


def test_a_rest_that_ended_while_the_desk_was_down_is_a_probe(desk):
    one, two = Provider("one", error=DOWN), Provider("two")
    rests(desk, desk.chain(one, two), "one", 1)
    one.error = None
    later = carried(desk, 3600, ("quote", [one, two]))
    assert later.cell("one").state == "half_open"
    chain = Chain("quote again", "quote", [one, two], later.pool)
    assert [ask(chain), ask(chain), later.cell("one").state] == ["X from one", "X from one", "closed"]


def test_a_half_open_cell_comes_back_half_open(desk):
    one, two = Provider("one", error=DOWN), Provider("two")
    rests(desk, desk.chain(one, two), "one", 1)
    desk.clock.advance(desk.cell("one").retry)
    assert desk.cell("one").state == "half_open"
    assert carried(desk, 0, ("quote", [one, two])).cell("one").state == "half_open"


@pytest.mark.parametrize(("others", "longest"), [([], 20.0), ([Provider("two")], 600.0)])
def test_a_wall_clock_that_jumped_back_makes_no_rest_longer(others, longest):
    desk = Desk()
    one = Provider("one", error=DOWN)
    rests(desk, desk.chain(one, *others), "one", 1)
    later = carried(desk, -30 * 86_400, ("quote", [one, *others]))
    assert later.cell("one").retry == longest


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("k1", "k1", "isolated"),
        ("k1", "k2", "closed"),
        ("k1", "", "closed"),
        ("", "k1", "closed"),
        ("", "", "open"),
    ],
)
@pytest.mark.parametrize("error", [AuthFailed("one: refused"), NotEntitled("one: refused")])
def test_an_isolated_cell_stays_so_while_the_key_is_the_same(first, second, state, error):
    desk = Desk()
    one = Provider("one", error=error)
    failing(desk.chain(one, Provider("two", error=DOWN), one=first))
    assert desk.cell("one").state == "isolated"
    later = carried(desk, 86_400, ("quote", [one, Provider("two")]), one=second)
    cell = later.cell("one")
    assert cell.state == state
    assert bool(cell.note) is (state != "closed")
    if state == "open":
        assert cell.retry == pytest.approx(30.0, rel=0.1)
    third = carried(later, 1, ("quote", [one, Provider("two")]), one=second)
    assert third.cell("one").state == state


def test_a_refused_key_also_keeps_out_what_it_was_never_asked_for(desk):
    one = Provider("one", error=AuthFailed("one: refused"))
    failing(desk.chain(one, one="k"))
    later = carried(desk, 5, ("news", [one]), one="k")
    assert later.cell("one", "news").state == "isolated"
    assert carried(desk, 5, ("news", [one]), one="other").cell("one", "news").state == "closed"


def test_a_pause_goes_on_after_a_restart_and_never_grows(desk):
    one = Provider("one", error=RateLimited("one: too many requests", 300.0))
    failing(desk.chain(one))
    assert carried(desk, 100, ("quote", [one])).health("one").budget.blocked == pytest.approx(200.0)
    assert carried(desk, 301, ("quote", [one])).health("one").budget.blocked == 0.0
    assert carried(desk, -86_400, ("quote", [one])).health("one").budget.blocked == 300.0
    twice = carried(carried(desk, 100, ("quote", [one])), -86_400, ("quote", [one]))
    assert twice.health("one").budget.blocked <= 300.0


def test_the_days_quota_is_counted_over_restarts_and_renewed_at_its_midnight():
    desk = Desk(SimClock(datetime(2026, 3, 8, 2, tzinfo=UTC)))  # 21:00 of the 7th in New York
    one = Provider("one", limits=Limits(6000, 5.0, per_day=25, resets="America/New_York"))
    chain = desk.chain(one)
    for _ in range(20):
        ask(chain)
    later = carried(desk, 3600, ("quote", [one]))
    budget = later.health("one").budget
    assert (budget.left_day, budget.resets) == (5, datetime(2026, 3, 8, 5, tzinfo=UTC))
    assert carried(later, 7199, ("quote", [one])).health("one").budget.left_day == 5
    after = carried(later, 7200, ("quote", [one])).health("one").budget
    assert after.left_day == 25
    assert after.resets == datetime(2026, 3, 9, 4, tzinfo=UTC)  # a day of 23 hours


def test_restoring_after_the_chains_are_built_and_twice_is_the_same(desk):
    one = Provider("one", limits=Limits(6000, 5.0, per_day=25), error=DOWN)
    failing(desk.chain(one), 5)
    texts = desk.pool.state()
    later = desk.restart(1)
    later.chain(one)
    later.pool.restore(texts)
    later.pool.restore(texts)
    assert later.cell("one").state == "open"
    assert later.health("one").budget.left_day == 20


def test_garbage_is_a_fault_and_the_others_are_restored(desk):
    one, two = Provider("one", error=DOWN), Provider("two", error=DOWN)
    failing(desk.chain(one))
    failing(desk.chain(two), 5)
    texts = desk.pool.state()
    later = desk.restart()
    later.pool.restore({"one": texts["one"][:-5], "two": texts["two"], "gone": texts["one"], "none": None})
    later.chain(one)
    later.chain(two)
    assert (later.cell("one").state, later.cell("two").state) == ("closed", "open")
    assert later.meter.counts() == {"guard.restore": 2}


@settings(max_examples=100, deadline=None)
@given(
    cell=st.fixed_dictionaries(
        {
            "state": st.sampled_from(["closed", "open", "half_open", "isolated"]),
            "until": MOMENT,
            "opened": st.integers(0, 10**9),
            "last_good": MOMENT,
        }
    ),
    budget=st.fixed_dictionaries(
        {"used": st.integers(0, 10**9), "until": MOMENT, "pause": st.floats(0, 1e300)}
    ),
    refused=st.booleans(),
)
def test_whatever_times_are_saved_it_is_asked_again_within_a_day(cell, budget, refused):
    desk = Desk()
    one = Provider("one", limits=Limits(6000, 5.0, per_day=10))
    desk.chain(one)
    fields = json.loads(desk.pool.state()["one"]) | {"refused": refused, "cells": {"quote": cell}}
    fields["budget"] |= budget
    later = desk.restart()
    later.pool.restore({"one": json.dumps(fields)})
    chain = later.chain(one)
    heard = later.cell("one").last_good
    assert heard is None or heard <= later.clock.now()
    later.clock.advance(86_400)
    assert ask(chain) == "X from one"
    assert later.meter.counts() == {}


def test_no_part_of_a_key_is_in_the_state_or_in_memory():
    key = secrets.token_hex(24)
    desk = Desk()
    one = Provider("one", error=AuthFailed("one: the key was refused"))
    failing(desk.chain(one, one=key))
    text = desk.pool.state()["one"]
    held = repr([vars(p) for p in desk.pool._providers.values()]) + repr(
        [vars(p._credential) for p in desk.pool._providers.values()]
    )
    for start in range(len(key) - 7):
        part = key[start : start + 8]
        assert part not in text
        assert part not in held
        assert part.encode().hex() not in text


def test_a_desk_on_replay_keeps_nothing_of_local_providers_but_their_last_datum():
    clock = SimClock(START)
    pool = Pool(clock, Meter())
    tape = Provider("tape", limits=Limits(float("inf"), float("inf")))
    pool.add(tape)
    ask(Chain("quote equity", "quote", [tape], pool))
    later = Pool(SimClock(START + timedelta(seconds=5)), Meter())
    later.restore(pool.state())
    later.add(tape)
    later.join("quote equity", "quote", ["tape"])
    assert (later.health()[0].last_good, later.health()[0].budget) == (START, None)
