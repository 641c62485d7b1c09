from datetime import UTC, datetime
from threading import Barrier, Event, Thread

import pytest
from hypothesis import strategies as st
from unit.guard.doubles import Desk, Provider, ask, failing, rests

from marketpulse.errors import (
    AuthFailed,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
)
from marketpulse.guard import BreakerPolicy, Chain, Pool
from marketpulse.ports import Limits

DOWN = Unavailable("one: down")
MOMENT = st.none() | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# cells and what they share


def test_a_provider_fails_in_one_capability_only(desk):
    one = Provider("one", error=DOWN)
    quotes = desk.chain(one, Provider("two"))
    bars = desk.chain(one, Provider("two"), capability="bars")
    for _ in range(5):
        ask(quotes)
    one.error = None
    assert (desk.cell("one").state, desk.cell("one", "bars").state) == ("open", "closed")
    assert (ask(quotes), ask(bars)) == ("X from two", "X from one")
    assert desk.health("one").state == "open"


def test_two_chains_share_one_budget(desk):
    one = Provider("one", limits=Limits(per_minute=12, deadline=5.0))
    ask(desk.chain(one))
    ask(desk.chain(one, capability="bars"))
    assert isinstance(failing(desk.chain(one, capability="news")), RateLimited)
    assert desk.health("one").budget.left_minute == 0.0


def test_two_chains_of_one_capability_share_a_cell(desk):
    one = Provider("one", error=DOWN)
    shares, pairs = desk.chain(one), Chain("quote crypto", "quote", [one], desk.pool)
    failing(shares, 3)
    failing(pairs, 2)
    assert len(desk.health("one").cells) == 1
    assert desk.cell("one").state == "open"
    assert desk.health("one").provides == ("quote equity", "quote crypto")


def test_a_refused_key_isolates_all_cells_also_those_to_come(desk):
    one = Provider("one", error=AuthFailed("one: the key was refused"))
    chains = [desk.chain(one, capability=c, one="k") for c in ("quote", "bars")]
    last = failing(chains[0], 2)
    assert str(last) == "one: the key was refused, not asked again until its key changes"
    assert desk.cell("one", "bars").state == "isolated"
    assert desk.cell("one", "bars").retry is None
    failing(desk.chain(one, capability="news"))
    assert len(one.calls) == 1


def test_a_plan_that_does_not_cover_isolates_that_cell_only(desk):
    one = Provider("one", error=NotEntitled("one: not in the plan"))
    chains = [desk.chain(one, capability=c) for c in ("bars", "quote")]
    failing(chains[0], 2)
    one.error = None
    assert ask(chains[1]) == "X from one"
    assert [c.state for c in desk.health("one").cells] == ["closed", "isolated"]


def test_too_many_requests_pause_every_capability_and_say_why(desk):
    one = Provider("one", error=RateLimited("one: too many requests", 20.0))
    quotes, bars = desk.chain(one), desk.chain(one, capability="bars")
    failing(quotes)
    assert str(failing(bars)) == "one: too many requests, next try in 20 s"
    assert len(one.calls) == 1
    assert desk.cell("one", "bars").retry == 20.0
    assert desk.health("one").budget.blocked == 20.0


def test_too_many_requests_are_no_fault_of_the_breaker(desk):
    chain = desk.chain(Provider("one", error=RateLimited("one: too many requests", 0.0)))
    failing(chain, 20)
    assert (desk.cell("one").state, desk.cell("one").errors, desk.cell("one").calls) == ("closed", 1.0, 20)


def test_a_resting_cell_uses_up_no_budget(desk):
    one = Provider("one", limits=Limits(60, 5.0, per_day=9), error=DOWN)
    failing(desk.chain(one), 20)
    budget = desk.health("one").budget
    assert (budget.left_minute, budget.left_day) == (5.0, 4)


def test_a_slow_provider_is_rested(desk):
    one = Provider("one", takes=(desk.clock, 2.6))
    chain = desk.chain(one, Provider("two"))
    for _ in range(8):
        ask(chain)
    assert len(one.calls) == 5
    assert desk.cell("one").state == "open"


def test_a_call_of_half_the_deadline_is_not_slow_before_it(desk):
    one = Provider("one", takes=(desk.clock, 2.4))
    chain = desk.chain(one, Provider("two"))
    for _ in range(8):
        ask(chain)
    assert len(one.calls) == 8


def test_somebody_may_mend_it(desk):
    one = Provider("one", error=AuthFailed("one: the key was refused"))
    chain = desk.chain(one, one="k")
    failing(chain)
    one.error = None
    desk.pool.mend("one")
    assert ask(chain) == "X from one"
    assert desk.health("one").ok


def test_sixteen_threads_at_a_half_open_breaker_are_two_probes(desk):
    gate, ready, told = Event(), Barrier(16), []
    one = Provider("one", error=DOWN)
    chain = desk.chain(one)
    failing(chain, 5)
    desk.clock.advance(6)
    one.error, one.hang, before = None, gate, len(one.calls)
    over = Barrier(15)  # fourteen that were turned away, and the test

    def work() -> None:
        ready.wait()
        try:
            told.append(ask(chain))
        except ProviderError as error:
            told.append(str(error))
            over.wait(30)

    threads = [Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    over.wait(30)
    assert desk.cell("one").state == "half_open"
    gate.set()
    for thread in threads:
        thread.join()
    assert len(one.calls) - before == 2
    assert told.count("X from one") == 2
    assert desk.cell("one").state == "closed"


# rests


def test_who_stands_alone_in_one_of_its_chains_rests_short(desk):
    one = Provider("one", error=DOWN)
    longer = desk.chain(one, Provider("two"))
    Chain("quote index", "quote", [one], desk.pool)
    for _ in range(5):
        ask(longer)
    assert 4.5 <= desk.cell("one").retry <= 5.5


@pytest.mark.parametrize(
    ("others", "expected"),
    [([], [5, 10, 20, 20]), ([Provider("two")], [30, 60, 120, 240, 480, 600, 600])],
)
def test_rests_double_up_to_the_longest(desk, others, expected):
    chain = desk.chain(Provider("one", error=DOWN), *others)
    found = rests(desk, chain, "one", len(expected))
    assert found == pytest.approx(expected, rel=0.1)
    assert found != expected  # jitter


def test_a_policy_of_ones_own_holds_for_all(desk):
    pool = Pool(desk.clock, desk.meter, policy=BreakerPolicy(rest=7.0, jitter=0.0))
    one = Provider("one", error=DOWN)
    pool.add(one)
    failing(Chain("c", "quote", [one], pool), 5)
    assert pool.health()[0].cells[0].retry == 7.0


# what the page shows


def test_health_is_in_the_order_of_the_page(desk):
    one = Provider("one")
    for capability in ("stream", "news", "odd", "bars", "quote"):
        desk.chain(one, capability=capability)
    desk.pool.note_missing("finnhub", "Finnhub is left out: FINNHUB_API_KEY is not set.")
    known, missing = desk.pool.health()
    assert [c.capability for c in known.cells] == ["quote", "bars", "news", "stream", "odd"]
    assert (missing.name, missing.state, missing.ok, missing.cells) == ("finnhub", "not_set", False, ())
    assert missing.note == "Finnhub is left out: FINNHUB_API_KEY is not set."
    assert desk.pool.missing == (missing.note,)


def test_a_provider_that_is_added_is_missing_no_more(desk):
    desk.pool.note_missing("one", "no key")
    desk.chain(Provider("one"))
    assert [h.state for h in desk.pool.health()] == ["closed"]


def test_the_note_is_that_of_the_worst_cell(desk):
    one = Provider("one", error=NotEntitled("one: no bars"))
    failing(desk.chain(one, capability="bars"))
    one.error = Unavailable("one: down")
    failing(desk.chain(one))
    health = desk.health("one")
    assert (health.state, health.ok, health.note) == ("isolated", False, "one: no bars")


def test_a_name_is_taken_once(desk):
    desk.pool.add(Provider("one"))
    with pytest.raises(ValueError, match="already"):
        desk.pool.add(Provider("one"))
    with pytest.raises(ValueError, match="no provider two"):
        desk.pool.cell("two", "quote")


def test_demand_counts_what_was_asked_also_in_vain(desk):
    one = Provider("one", limits=Limits(per_minute=6, deadline=5.0))
    chain = desk.chain(one)
    ask(chain)
    failing(chain, 29)
    assert desk.pool.demand() == {"one": 30.0}
    assert len(one.calls) == 1
