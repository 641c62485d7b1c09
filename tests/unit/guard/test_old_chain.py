from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from random import Random
from threading import Event

import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import (
    AuthFailed,
    BadData,
    NoData,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from marketpulse.guard.old_chain import Chain
from marketpulse.meter import Meter
from marketpulse.ports import Limits


@dataclass
class Provider:
    """A member that does what the test tells it."""

    name: str
    limits: Limits = field(default_factory=lambda: Limits(per_minute=6000, deadline=5.0))
    error: Exception | None = None
    hang: Event | None = None
    calls: list[str] = field(default_factory=list)

    def price(self, symbol: str) -> str:
        self.calls.append(symbol)
        if self.hang is not None:
            self.hang.wait(30)
        if self.error is not None:
            raise self.error
        return f"{symbol} from {self.name}"


@pytest.fixture
def clock() -> SimClock:
    return SimClock(datetime(2026, 1, 1, tzinfo=UTC))


def chain_of(clock, *members: Provider, meter: Meter | None = None) -> Chain[Provider]:
    return Chain("prices", members, clock, meter or Meter(), rng=Random(7))


def ask(chain: Chain[Provider]) -> str:
    return chain.call(lambda p: p.price("X"))


def failing(chain: Chain[Provider], times: int) -> ProviderError:
    for _ in range(times):
        with pytest.raises(ProviderError) as caught:
            ask(chain)
    return caught.value


def test_the_first_member_answers(clock):
    one, two = Provider("one"), Provider("two")
    assert ask(chain_of(clock, one, two)) == "X from one"
    assert two.calls == []


def test_the_next_member_is_asked_when_one_fails(clock):
    chain = chain_of(clock, Provider("one", error=Unavailable("one: down")), Provider("two"))
    assert ask(chain) == "X from two"
    one, two = chain.health()
    assert (one.ok, one.note, two.ok) == (False, "one: down", True)


def test_only_members_that_offer_it_are_asked(clock):
    one, two = Provider("one"), Provider("two")
    chain = chain_of(clock, one, two)
    assert chain.call(lambda p: p.price("X"), where=lambda p: p.name == "two") == "X from two"
    with pytest.raises(Unavailable, match="no provider offers this"):
        chain.call(lambda p: p.price("X"), where=lambda _: False)


@pytest.mark.parametrize(
    ("first", "second", "final"),
    [
        (UnknownSymbol("a"), UnknownSymbol("b"), UnknownSymbol),
        (UnknownSymbol("a"), NoData("b"), NoData),
        (UnknownSymbol("a"), Unavailable("b"), Unavailable),
        (BadData("a"), NoData("b"), BadData),
    ],
)
def test_unknown_is_final_only_when_all_agree(clock, first, second, final):
    chain = chain_of(clock, Provider("one", error=first), Provider("two", error=second))
    with pytest.raises(final):
        ask(chain)


def test_a_provider_that_knows_nothing_of_a_symbol_is_healthy(clock):
    chain = chain_of(clock, Provider("one", error=UnknownSymbol("one: no X")))
    failing(chain, 30)
    assert chain.health()[0].state == "closed"
    assert chain.health()[0].ok


def test_a_failing_provider_is_left_alone_and_comes_back_by_itself(clock):
    one = Provider("one", error=Unavailable("one: request timed out"))
    chain = chain_of(clock, one)
    last = failing(chain, 6)
    assert len(one.calls) == 5
    assert str(last) == "one: request timed out, next try in 5 s"
    assert chain.health()[0].state == "open"
    one.error = None
    clock.advance(6)
    assert ask(chain) == "X from one"
    assert ask(chain) == "X from one"
    assert chain.health()[0].state == "closed"
    assert chain.health()[0].ok


def test_a_lone_provider_that_was_down_for_an_hour_is_back_within_half_a_minute(clock):
    one = Provider("one", error=Unavailable("one: down"))
    chain = chain_of(clock, one)
    for _ in range(3600):
        failing(chain, 1)
        clock.advance(1)
    one.error = None
    waited = 0
    while not chain.health()[0].ok:
        clock.advance(1)
        waited += 1
        try:
            ask(chain)
        except Unavailable:
            continue
    assert waited < 30


def test_one_of_several_rests_half_a_minute(clock):
    one, two = Provider("one", error=Unavailable("one: down")), Provider("two")
    chain = chain_of(clock, one, two)
    for _ in range(10):
        ask(chain)
    assert len(one.calls) == 5
    clock.advance(20)
    ask(chain)
    assert len(one.calls) == 5
    clock.advance(15)
    ask(chain)
    assert len(one.calls) == 6


def test_a_rate_limit_pauses_but_does_not_open(clock):
    one = Provider("one", error=RateLimited("one: too many requests", 20.0))
    chain = chain_of(clock, one)
    last = failing(chain, 8)
    assert isinstance(last, RateLimited)
    assert len(one.calls) == 1
    assert chain.health()[0].state == "closed"
    assert str(last) == "one: too many requests, next try in 20 s"
    one.error = None
    clock.advance(20)
    assert ask(chain) == "X from one"


def test_our_own_budget_is_kept(clock):
    one = Provider("one", limits=Limits(per_minute=6, deadline=5))
    chain = chain_of(clock, one)
    ask(chain)
    assert isinstance(failing(chain, 1), RateLimited)
    clock.advance(10)
    assert ask(chain) == "X from one"


def test_a_refused_key_isolates(clock):
    one = Provider("one", error=AuthFailed("one: the key was refused"))
    chain = chain_of(clock, one)
    failing(chain, 1)
    clock.advance(100_000)
    last = failing(chain, 1)
    assert len(one.calls) == 1
    assert chain.health()[0].state == "isolated"
    assert "until the desk starts anew" in str(last)


def test_a_hanging_vendor_neither_blocks_nor_leaks(clock):
    gate = Event()
    one = Provider("one", limits=Limits(per_minute=6000, deadline=0.02), hang=gate)
    two = Provider("two")
    chain = chain_of(clock, one, two)
    try:
        for _ in range(10):
            assert ask(chain) == "X from two"
            clock.advance(700)
        assert len(one.calls) == 4
        assert "4 earlier requests still hang" in chain.health()[0].note
    finally:
        gate.set()
    one.hang = None
    for _ in range(100):
        clock.advance(700)
        if ask(chain) == "X from one":
            break
    else:
        pytest.fail("it never recovered")


def test_a_call_over_the_deadline_is_said_so(clock):
    gate = Event()
    chain = chain_of(clock, Provider("one", limits=Limits(per_minute=600, deadline=0.02), hang=gate))
    try:
        assert str(failing(chain, 1)) == "one: no answer within 0.02 s"
    finally:
        gate.set()


def test_an_unmapped_exception_becomes_unavailable_and_is_metered(clock):
    meter = Meter()
    chain = chain_of(clock, Provider("one", error=KeyError("currentTradingPeriod")), meter=meter)
    assert str(failing(chain, 1)) == "one: unexpected KeyError"
    assert meter.counts()["adapter.one"] == 1


def test_a_local_member_is_called_in_the_callers_thread_and_is_never_rested(clock):
    one = Provider("one", limits=Limits(per_minute=inf, deadline=inf), error=Unavailable("no"))
    chain = chain_of(clock, one)
    failing(chain, 50)
    assert len(one.calls) == 50
    one.error = None
    assert ask(chain) == "X from one"
    assert chain.health()[0].last_good == clock.now()


def test_health_tells_latency_and_time(clock):
    chain = chain_of(clock, Provider("one"))
    ask(chain)
    health = chain.health()[0]
    assert health.latency is not None
    assert health.last_good == clock.now()
    assert health.provides == ("prices",)
    assert health.note == ""
