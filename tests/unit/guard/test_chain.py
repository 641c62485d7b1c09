from math import inf
from threading import Event, Thread

import pytest
from unit.guard.doubles import CountedKey, Desk, Gate, Provider, ask, failing

from marketpulse.errors import (
    AuthFailed,
    BadData,
    NoData,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from marketpulse.guard import Chain
from marketpulse.ports import Limits


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_first_member_answers(desk):
    one, two = Provider("one"), Provider("two")
    chain = desk.chain(one, two)
    assert ask(chain) == "X from one"
    assert two.calls == []
    assert (chain.name, chain.capability, chain.members) == ("quote equity", "quote", (one, two))


def test_the_next_member_is_asked_when_one_fails(desk):
    chain = desk.chain(Provider("one", error=Unavailable("one: down")), Provider("two"))
    assert ask(chain) == "X from two"
    one, two = desk.pool.health()
    assert (one.ok, one.note, two.ok) == (False, "one: down", True)


def test_only_members_that_offer_it_are_asked(desk):
    one, two = Provider("one"), Provider("two")
    chain = desk.chain(one, two)
    assert chain.call(lambda p: p.price("X"), where=lambda p: p.name == "two") == "X from two"
    with pytest.raises(Unavailable, match="no provider offers this"):
        chain.call(lambda p: p.price("X"), where=lambda _: False)


def test_a_second_opinion_leaves_the_first_out_and_is_no_failover(desk):
    one, two = Provider("one"), Provider("two")
    chain = desk.chain(one, two)
    ask(chain)
    assert chain.call(lambda p: p.price("X"), what="quote X", skip={"one"}) == "X from two"
    assert len(one.calls) == 1
    assert desk.log.newest(10) == ()
    with pytest.raises(Unavailable):
        chain.call(lambda p: p.price("X"), skip=["one", "two"])


def test_a_member_must_be_in_the_pool(desk):
    with pytest.raises(ValueError, match="no provider stranger"):
        Chain("quote equity", "quote", [Provider("stranger")], desk.pool)


@pytest.mark.parametrize(
    ("first", "second", "final"),
    [
        (UnknownSymbol("a"), UnknownSymbol("b"), UnknownSymbol),
        (UnknownSymbol("a"), NoData("b"), NoData),
        (UnknownSymbol("a"), Unavailable("b"), Unavailable),
        (BadData("a"), NoData("b"), BadData),
    ],
)
def test_unknown_is_final_only_when_all_agree(desk, first, second, final):
    chain = desk.chain(Provider("one", error=first), Provider("two", error=second))
    with pytest.raises(final):
        ask(chain)


@pytest.mark.parametrize("error", [UnknownSymbol("one: no X"), NoData("one: none")])
def test_a_provider_that_knows_nothing_of_a_symbol_is_healthy(desk, error):
    chain = desk.chain(Provider("one", error=error))
    failing(chain, 30)
    health = desk.health("one")
    assert (health.state, health.ok) == ("closed", True)
    assert (desk.cell("one").errors, desk.cell("one").calls) == (0.0, 30)


def test_a_failing_provider_is_left_alone_and_comes_back_by_itself(desk):
    one = Provider("one", error=Unavailable("one: request timed out"))
    chain = desk.chain(one)
    last = failing(chain, 6)
    assert len(one.calls) == 5
    assert str(last) == "one: request timed out, next try in 5 s"
    assert desk.health("one").state == "open"
    one.error = None
    desk.clock.advance(6)
    assert ask(chain) == "X from one"
    assert ask(chain) == "X from one"
    assert desk.health("one").state == "closed"
    assert desk.health("one").ok


def test_a_lone_provider_that_was_down_for_an_hour_is_back_within_half_a_minute(desk):
    one = Provider("one", error=Unavailable("one: down"))
    chain = desk.chain(one)
    for _ in range(3600):
        failing(chain)
        desk.clock.advance(1)
    one.error = None
    waited = 0
    while not desk.health("one").ok:
        desk.clock.advance(1)
        waited += 1
        try:
            ask(chain)
        except Unavailable:
            continue
    assert waited < 30


def test_one_of_several_rests_half_a_minute(desk):
    one, two = Provider("one", error=Unavailable("one: down")), Provider("two")
    chain = desk.chain(one, two)
    for _ in range(10):
        ask(chain)
    assert len(one.calls) == 5
    desk.clock.advance(20)
    ask(chain)
    assert len(one.calls) == 5
    desk.clock.advance(15)
    ask(chain)
    assert len(one.calls) == 6


def test_a_rate_limit_pauses_but_does_not_open(desk):
    one = Provider("one", error=RateLimited("one: too many requests", 20.0))
    chain = desk.chain(one)
    last = failing(chain, 8)
    assert isinstance(last, RateLimited)
    assert len(one.calls) == 1
    assert desk.health("one").state == "closed"
    assert str(last) == "one: too many requests, next try in 20 s"
    one.error = None
    desk.clock.advance(20)
    assert ask(chain) == "X from one"


def test_our_own_budget_is_kept(desk):
    one = Provider("one", limits=Limits(per_minute=6, deadline=5))
    chain = desk.chain(one)
    ask(chain)
    last = failing(chain)
    assert isinstance(last, RateLimited)
    assert str(last) == "one: our own limit is reached, next try in 10 s"
    desk.clock.advance(10)
    assert ask(chain) == "X from one"


def test_a_spent_day_says_when_it_is_renewed(desk):
    chain = desk.chain(Provider("one", limits=Limits(60, 5.0, per_day=1)))
    ask(chain)
    assert str(failing(chain)) == "one: today's 1 calls are used up, next try in 12.0 h"


def test_a_refused_key_isolates(desk):
    one = Provider("one", error=AuthFailed("one: the key was refused"))
    chain = desk.chain(one)
    failing(chain)
    desk.clock.advance(100_000)
    last = failing(chain)
    assert len(one.calls) == 1
    assert desk.health("one").state == "isolated"
    assert str(last) == "one: the key was refused, not asked again until the desk starts anew"


def test_a_hanging_vendor_neither_blocks_nor_leaks(desk):
    gate = Event()
    one = Provider("one", limits=Limits(per_minute=6000, deadline=0.02), hang=gate)
    two = Provider("two")
    chain = desk.chain(one, two)
    try:
        for _ in range(10):
            assert ask(chain) == "X from two"
            desk.clock.advance(700)
        assert len(one.calls) == 4
        assert "4 earlier requests still hang" in desk.health("one").note
    finally:
        gate.set()
    one.hang = None
    workers = desk.pool._providers["one"]._workers
    with workers._changed:
        while workers._abandoned:
            workers._changed.wait(0.01)
    for _ in range(100):
        desk.clock.advance(700)
        if ask(chain) == "X from one":
            break
    else:
        pytest.fail("it never recovered")


def test_a_call_over_the_deadline_is_said_so(desk):
    gate = Event()
    chain = desk.chain(Provider("one", limits=Limits(per_minute=600, deadline=0.02), hang=gate))
    try:
        assert str(failing(chain)) == "one: no answer within 0.02 s"
    finally:
        gate.set()


def test_an_unmapped_exception_becomes_unavailable_and_is_metered(desk):
    chain = desk.chain(Provider("one", error=KeyError("currentTradingPeriod")))
    assert str(failing(chain)) == "one: unexpected KeyError"
    assert desk.meter.counts()["adapter.one"] == 1


def test_a_local_member_is_called_in_the_callers_thread_and_is_never_rested(desk):
    one = Provider("one", limits=Limits(per_minute=inf, deadline=inf), error=Unavailable("no"))
    chain = desk.chain(one)
    failing(chain, 50)
    assert len(one.calls) == 50
    assert (desk.cell("one").state, desk.cell("one").errors, desk.cell("one").note) == ("closed", 1.0, "no")
    one.error = None
    assert ask(chain) == "X from one"
    health = desk.health("one")
    assert (health.last_good, health.ok, health.budget) == (desk.clock.now(), True, None)


def test_health_tells_latency_and_time(desk):
    ask(desk.chain(Provider("one", takes=(desk.clock, 0.25))))
    health = desk.health("one")
    assert health.latency == pytest.approx(0.25)
    assert health.last_good == desk.clock.now()
    assert (health.provides, health.note) == (("quote equity",), "")


def test_sixteen_identical_questions_are_one_call(desk):
    key, answers = CountedKey(16), []
    one = Provider("one", hang=key.all_there)
    chain = desk.chain(one)
    threads = [
        Thread(target=lambda: answers.append(chain.call(lambda p: p.price("X"), key=key))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["X from one"] * 16
    assert len(one.calls) == 1
    assert chain.call(lambda p: p.price("X"), key=key) == "X from one"
    assert len(one.calls) == 2


def test_a_second_opinion_never_shares_the_first_ones_call(desk):
    gate = Gate()
    one, two = Provider("one", limits=Limits(6000, 60.0), hang=gate), Provider("two")
    chain = desk.chain(one, two)
    first = Thread(target=lambda: chain.call(lambda p: p.price("X"), key="X"))
    first.start()
    try:
        assert gate.reached.wait(30)
        assert chain.call(lambda p: p.price("X"), key="X", skip=["one"]) == "X from two"
        assert first.is_alive()
    finally:
        gate.set()
        first.join()


def test_the_log_tells_a_failover_and_the_way_back(desk):
    one, two = Provider("one"), Provider("two")
    chain = desk.chain(one, two)
    ask(chain)
    desk.clock.advance(10)
    one.error = Unavailable("one: down")
    ask(chain)
    desk.clock.advance(10)
    two.error = Unavailable("two: down too")
    failing(chain)
    desk.clock.advance(30)
    two.error = one.error = None
    ask(chain)
    back, silent, over = desk.log.newest(10)
    assert (over.what, over.before, over.after, over.why, over.gap) == (
        ("quote X", "one", "two", "one: down", None)
    )
    assert (silent.before, silent.after, silent.gap) == ("two", "", None)
    assert (back.before, back.after, back.why, back.gap) == ("", "one", "one answers again", 40.0)


def test_a_symbol_that_only_the_second_knows_is_no_failover(desk):
    chain = desk.chain(Provider("one", error=UnknownSymbol("one: no X")), Provider("two"))
    ask(chain)
    ask(chain)
    assert desk.log.newest(10) == ()


def test_a_symbol_that_nobody_knows_is_no_outage(desk):
    failing(desk.chain(Provider("one", error=UnknownSymbol("no")), Provider("two", error=NoData("none"))))
    assert desk.log.newest(10) == ()
