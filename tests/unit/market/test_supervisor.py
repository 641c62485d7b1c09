"""Time stands still here until a test moves it."""

import asyncio
import functools
import inspect
from itertools import pairwise
from math import inf, nan
from random import Random

import pytest
from unit.market.streaming import FakeTime, Notes, Stream, quote, settle

from marketpulse.errors import AuthFailed, BadData, NotEntitled, RateLimited, Unavailable
from marketpulse.market.supervisor import Phase, Supervisor
from marketpulse.meter import Meter


class Setting:
    """A supervisor with everything round it."""

    def __init__(self, silence=15.0, rng=None):
        self.time = FakeTime()
        self.meter = Meter(self.time.clock.monotonic)
        self.source = Stream(self.time.clock)
        self.cell = Notes()
        self.taken = []
        self.supervisor = Supervisor(
            self.source,
            ["BTC/USDT"],
            self.take,
            self.cell,
            silence=silence,
            clock=self.time.clock,
            meter=self.meter,
            rng=rng or Random(7),
            wait=self.time.wait,
        )
        self.task = None

    def take(self, value):
        self.taken.append(value)

    async def say(self, order):
        self.source.say(order)
        await settle()

    @property
    def state(self):
        return self.supervisor.state()

    @property
    def said(self):
        return [str(e) for e in self.cell.errors]


def supervised(**how):
    """Run a test in an event loop, with a supervisor that has begun; afterwards nothing is left."""

    def around(test):
        @functools.wraps(test)
        def run(*args, **kwargs):
            async def inside():
                s = Setting(**how)
                s.task = asyncio.create_task(s.supervisor.run())
                await settle()
                await test(s, *args, **kwargs)
                s.source.stubborn = False
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()
                await settle()
                assert asyncio.all_tasks() == {asyncio.current_task()}
                assert s.source.closed == len(s.source.began)

            asyncio.run(inside())

        whole = inspect.signature(test)
        run.__signature__ = whole.replace(parameters=list(whole.parameters.values())[1:])  # for pytest
        return run

    return around


@supervised()
async def test_data_goes_through_and_is_counted(s):
    assert s.source.instruments == ("BTC/USDT",)
    assert s.state.phase is Phase.STARTING
    assert s.state.quiet is None
    await s.time.advance(2)
    await s.say(quote(1.0))
    await s.say(quote(2.0))
    assert s.taken == [quote(1.0), quote(2.0)]
    assert s.cell.data == 2
    assert s.cell.firsts == [2.0]
    await s.time.advance(3)
    assert s.state.phase is Phase.RUNNING
    assert (s.state.name, s.state.restarts, s.state.heard, s.state.quiet) == ("binance", 0, 2, 3.0)
    assert s.cell.errors == []


@supervised(silence=15.0)
async def test_a_silent_stream_is_built_anew(s):
    await s.say(quote())
    await s.time.advance(14.9)
    assert len(s.source.began) == 1
    await s.time.advance(0.2)
    assert s.said == ["binance: the stream was silent for 15 s"]
    assert isinstance(s.cell.errors[0], Unavailable)
    assert s.source.closed == 1
    assert s.state.phase is Phase.BACKING_OFF
    assert s.state.note == "binance: the stream was silent for 15 s"
    await s.time.advance(2)
    assert len(s.source.began) == 2
    await s.say(quote())
    assert s.state.phase is Phase.RUNNING
    assert (s.state.restarts, s.state.heard, s.state.note) == (1, 2, "")


@supervised(silence=15.0)
async def test_a_handshake_that_hangs_is_silence_too(s):
    await s.time.advance(15.1)
    assert s.said == ["binance: the stream was silent for 15 s"]
    assert s.cell.firsts == []


@supervised(silence=15.0)
async def test_any_datum_starts_the_silence_anew(s):
    for _ in range(10):
        await s.time.advance(14)
        await s.say(quote())
    assert s.cell.errors == []


def test_silence_counts_from_the_moment_the_exchange_opened():
    limit = [inf]

    @supervised(silence=lambda: limit[0])
    async def inside(s):
        await s.say(quote())
        await s.time.advance(2_000)
        assert s.cell.errors == []
        limit[0] = 60.0
        await s.time.advance(59)
        assert s.cell.errors == []
        await s.time.advance(3)
        assert s.said == ["binance: the stream was silent for 60 s"]

    inside()


@supervised()
async def test_an_error_of_the_provider_is_reported_and_the_stream_built_anew(s):
    await s.say(BadData("binance: the frame was not readable"))
    assert s.said == ["binance: the frame was not readable"]
    assert s.meter.counts() == {}
    await s.time.advance(2)
    assert len(s.source.began) == 2


@supervised()
async def test_any_other_error_is_metered_and_told_without_its_text(s):
    await s.say(KeyError("a vendor's own words"))
    assert s.said == ["binance: unexpected KeyError"]
    assert isinstance(s.cell.errors[0], Unavailable)
    assert s.meter.counts() == {"adapter.binance": 1}


@pytest.mark.parametrize("order", ["end", asyncio.CancelledError()])
@supervised()
async def test_a_stream_that_simply_ends_has_failed(s, order):
    await s.say(order)
    assert s.said == ["binance: the stream ended"]
    await s.time.advance(2)
    assert len(s.source.began) == 2


@pytest.mark.parametrize("kind", [AuthFailed, NotEntitled])
@supervised()
async def test_a_refused_key_ends_it_until_restart(s, kind):
    await s.say(kind("binance: the key was refused"))
    assert s.state.phase is Phase.REFUSED
    await s.time.advance(100_000)
    assert len(s.source.began) == 1
    s.supervisor.restart()
    await settle()
    assert len(s.source.began) == 2
    await s.say(quote())
    assert s.state.phase is Phase.RUNNING


@supervised()
async def test_too_many_requests_wait_as_long_as_was_said(s):
    await s.say(RateLimited("binance: too many requests", 120.0))
    await s.time.advance(119)
    assert len(s.source.began) == 1
    await s.time.advance(2)
    assert len(s.source.began) == 2


@pytest.mark.parametrize("said", [inf, nan, -5.0, 0.0])
@supervised(silence=inf)
async def test_a_wait_that_is_no_number_is_at_most_a_minute(s, said):
    await s.say(RateLimited("binance: too many requests", said))
    await s.time.advance(0.9)
    assert len(s.source.began) == 1
    await s.time.advance(60)
    assert len(s.source.began) == 2


@supervised(rng=Random(1))
async def test_a_refused_handshake_is_no_hot_loop(s):
    s.source.at_once = Unavailable("binance: the connection failed")
    await s.say(Unavailable("binance: the connection failed"))
    await s.time.advance(3_600)
    began = s.source.began
    gaps = [b - a for a, b in pairwise(began)]
    for number, gap in enumerate(gaps):
        most = min(60.0, 2.0 * 2**number)
        assert most / 2 <= gap <= most
    assert 60 <= len(began) <= 130
    assert len(set(gaps[6:])) > 1
    assert len(s.cell.errors) == len(began)


@supervised(silence=inf)
async def test_a_steady_life_with_data_forgets_earlier_failures(s):
    for _ in range(8):
        await s.say(Unavailable("binance: the connection failed"))
        await s.time.advance(60)
    await s.say(quote())
    await s.time.advance(61)
    await s.say(quote())
    await s.say(Unavailable("binance: the connection failed"))
    count = len(s.source.began)
    await s.time.advance(2)
    assert len(s.source.began) == count + 1


@supervised(silence=inf)
async def test_a_short_life_with_data_forgets_nothing(s):
    for _ in range(8):
        await s.say(quote())
        await s.say(Unavailable("binance: the connection failed"))
        await s.time.advance(60)
    await s.say(Unavailable("binance: the connection failed"))
    count = len(s.source.began)
    await s.time.advance(29)
    assert len(s.source.began) == count


@supervised(silence=inf)
async def test_a_long_life_without_data_forgets_nothing(s):
    for _ in range(8):
        await s.say(Unavailable("binance: the connection failed"))
        await s.time.advance(60)
    await s.time.advance(100)
    await s.say(Unavailable("binance: the connection failed"))
    count = len(s.source.began)
    await s.time.advance(29)
    assert len(s.source.began) == count


@supervised()
async def test_a_taker_that_raises_is_metered_and_the_stream_goes_on(s):
    s.supervisor._put = None
    await s.say("end")
    await s.time.advance(2)
    await s.say(quote())
    await s.say(quote())
    assert s.meter.counts() == {"wire.binance": 2}
    assert s.state.phase is Phase.RUNNING
    assert s.state.heard == 2


@supervised(silence=15.0)
async def test_what_an_old_attempt_still_says_is_not_heard(s):
    await s.say(quote())
    s.source.stubborn = True
    await s.time.advance(16)
    s.source.puts[0](quote(666.0))
    assert s.taken == [quote()]
    assert s.cell.data == 1


@supervised(silence=15.0)
async def test_a_stream_that_does_not_end_is_left_behind_after_five_seconds(s):
    s.source.stubborn = True
    await s.time.advance(15.1)
    assert s.state.phase is Phase.SILENT
    assert s.cell.errors == []
    await s.time.advance(5)
    assert s.said == ["binance: the stream was silent for 15 s"]
    assert s.meter.counts() == {"wire.binance": 1}
    await s.time.advance(2)
    assert len(s.source.began) == 2


@supervised(silence=15.0)
async def test_streams_that_never_end_do_not_pile_up(s):
    s.source.stubborn = True
    await s.time.advance(1_000)
    assert len(s.source.began) == 3
    assert s.said[-1] == "binance: 3 earlier streams still hang"


@supervised()
async def test_a_cell_that_admits_nothing_is_asked_every_second(s):
    s.cell.open = False
    await s.say("end")
    await s.time.advance(30)
    assert len(s.source.began) == 1
    assert 25 <= s.cell.asked <= 31
    s.cell.open = True
    await s.time.advance(1)
    assert len(s.source.began) == 2
    assert s.said == ["binance: the stream ended"]


@supervised()
async def test_a_bug_in_the_cell_does_not_end_the_supervision(s):
    s.cell.failed = None
    await s.say("end")
    assert s.meter.counts() == {"wire.binance": 1}
    await s.time.advance(60)
    assert len(s.source.began) == 2
    assert s.state.restarts == 1


@supervised()
async def test_restart_does_not_wait(s):
    s.source.at_once = Unavailable("binance: the connection failed")
    await s.say("end")
    await s.time.advance(600)
    s.source.at_once = None
    count = len(s.source.began)
    s.supervisor.restart()
    await settle()
    assert len(s.source.began) == count + 1
    for _ in range(2):
        await s.say("end")
    assert len(s.source.began) == count + 1


@supervised()
async def test_stop_ends_it_and_closes_its_sockets(s):
    await s.say(quote())
    s.supervisor.stop()
    await settle()
    assert s.state.phase is Phase.STOPPED
    assert s.state.heard == 1
    assert s.source.closed == 1
    assert s.task.done()
    assert s.cell.errors == []
    s.supervisor.restart()


def test_before_it_runs_it_is_stopped():
    s = Setting()
    s.supervisor.restart()
    s.supervisor.stop()
    assert s.state.phase is Phase.STOPPED
    assert (s.state.restarts, s.state.heard, s.state.quiet) == (0, 0, None)
