from timeit import repeat

import pytest
from unit.guard.doubles import Desk, Provider, ask, failing

from marketpulse.clock import WallClock
from marketpulse.errors import AuthFailed, BadData, NoData, NotEntitled, RateLimited, Unavailable
from marketpulse.guard import Cell, Pool
from marketpulse.meter import Meter


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def stream(desk) -> Cell:
    desk.chain(Provider("one"))
    return desk.pool.cell("one", "stream")


def test_a_stream_that_works_is_a_call_and_its_messages_are_none(desk, stream):
    assert stream.allow() is not None
    stream.worked(0.4)
    desk.clock.advance(5)
    for _ in range(100):
        stream.heard()
    health = stream.health()
    assert (health.calls, health.p50, health.errors) == (1, 0.4, 0.0)
    assert (health.last_good, health.ok) == (desk.clock.now(), True)
    assert desk.health("one").last_good == desk.clock.now()
    assert desk.health("one").latency == 0.4


def test_a_stream_that_cannot_connect_five_times_rests(desk, stream):
    for _ in range(5):
        assert stream.allow() is not None
        stream.failed(Unavailable("one: the stream ended"))
        desk.clock.advance(20)
    assert stream.allow() is None
    assert stream.health().state == "open"
    assert stream.note == "one: the stream ended"
    assert stream.retry == pytest.approx(10.0, abs=3.0)


@pytest.mark.parametrize(("life", "state"), [(60, "open"), (160, "closed")])
def test_a_stream_that_falls_three_times_in_five_minutes_rests(desk, stream, life, state):
    for _ in range(3):
        stream.allow()
        stream.worked(0.1)
        desk.clock.advance(life)
        stream.heard()
        stream.failed(Unavailable("one: the stream ended"))
    assert stream.health().state == state


def test_a_stream_needs_one_probe_only(desk, stream):
    for _ in range(5):
        stream.allow()
        stream.failed(Unavailable("one: the stream ended"))
    assert 27 <= stream.retry <= 33
    desk.clock.advance(stream.retry)
    assert stream.allow() is not None
    assert stream.allow() is None
    stream.worked(0.1)
    assert (stream.health().state, stream.note) == ("closed", "")


def test_a_stream_that_was_quiet_at_first_closes_when_it_is_heard(desk, stream):
    for _ in range(5):
        stream.allow()
        stream.failed(Unavailable("one: the stream ended"))
    desk.clock.advance(stream.retry)
    assert stream.allow() is not None
    desk.clock.advance(31)
    assert stream.health().state == "open"
    stream.heard()
    assert stream.health().state == "open"
    desk.clock.advance(stream.retry)
    stream.heard()
    assert (stream.health().state, stream.note) == ("closed", "")


def test_a_stream_that_is_refused_by_its_plan_leaves_the_other_cells(desk, stream):
    stream.allow()
    stream.failed(NotEntitled("one: the plan has no stream"))
    assert (stream.allow(), stream.retry, stream.health().state) == (None, None, "isolated")
    assert ask(desk.chain(Provider("one"))) == "X from one"


def test_a_stream_whose_key_is_refused_isolates_the_provider(desk, stream):
    stream.failed(AuthFailed("one: the key was refused"))
    assert desk.cell("one").state == "isolated"


def test_too_many_on_a_stream_pauses_the_provider(desk, stream):
    stream.allow()
    stream.failed(RateLimited("one: too many connections", 60.0))
    assert stream.allow() is None
    assert stream.retry == 60.0
    assert desk.health("one").budget.blocked == 60.0
    desk.clock.advance(60)
    assert stream.allow() is not None


def test_an_isolations_reason_is_not_overwritten_by_a_late_answer(stream):
    ticket = stream.allow()
    stream.failed(NotEntitled("one: the plan has no stream"))
    stream.worked(1.0, ticket)
    stream.failed(BadData("one: garbage"))
    assert stream.note == "one: the plan has no stream"


def test_no_data_is_an_answer(stream):
    stream.allow()
    stream.failed(NoData("one: none"))
    assert (stream.health().ok, stream.health().errors) == (True, 0.0)


def test_the_error_share_counts_what_the_breaker_ignores(desk):
    one = Provider("one")
    chain = desk.chain(one)
    ask(chain)
    one.error = RateLimited("one: slower", 1.0)
    failing(chain)
    assert (desk.cell("one").errors, desk.cell("one").state, desk.cell("one").ok) == (0.5, "closed", False)


def test_hearing_a_message_costs_less_than_two_microseconds():
    pool = Pool(WallClock(), Meter())
    pool.add(Provider("one"))
    cell = pool.cell("one", "stream")
    assert min(repeat(cell.heard, number=20_000, repeat=5)) / 20_000 < 2e-6
