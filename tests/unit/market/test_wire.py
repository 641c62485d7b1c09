"""The real thread and the real loop; events are waited for, no time is slept away."""

import asyncio
import gc
import socket
import threading
from concurrent.futures import CancelledError
from math import inf
from pathlib import Path

import pytest
from unit.market.streaming import Notes, quote

from marketpulse.clock import WallClock
from marketpulse.market import wire as module
from marketpulse.market.wire import Phase, Wire
from marketpulse.meter import Meter

SOON = 10.0  # seconds after which a test has failed


@pytest.fixture
def meter():
    return Meter()


@pytest.fixture
def wire(meter):
    made = Wire(WallClock(), meter)
    yield made
    made.close()
    assert "wire" not in names()


def names():
    return [thread.name for thread in threading.enumerate()]


def handles():
    """Open file handles, where the system tells."""
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0


class Talking:
    """Says one quote, then holds a socket open for ever; its cleanup takes a few rounds."""

    name = "binance"

    def __init__(self):
        self.running = threading.Event()
        self.cleaned = threading.Event()
        self.threads = []

    async def stream(self, instruments, put):
        del instruments
        mine, peer = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=mine)
        self.threads.append(threading.current_thread().name)
        try:
            put(quote())
            self.running.set()
            await reader.read()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            writer.close()
            await writer.wait_closed()
            peer.close()
            self.cleaned.set()


def watched(wire, source, taken, silence=inf):
    supervisor = wire.watch(source, [], taken.append, Notes(), silence=silence)
    assert source.running.wait(SOON)
    return supervisor


def test_there_is_no_thread_before_the_first_use(wire):
    assert wire.states() == ()
    assert "wire" not in names()


def test_a_coroutine_runs_on_the_wire_and_gives_its_result(wire):
    async def who():
        return threading.current_thread().name, threading.current_thread().daemon

    assert wire.submit(who, "who").result(SOON) == ("wire", True)
    assert names().count("wire") == 1
    wire.submit(who, "who").result(SOON)
    assert names().count("wire") == 1


def test_what_has_ended_is_not_kept(wire):
    async def quick():
        return len(wire._tops)

    for _ in range(5):
        wire.submit(quick, "quick").result(SOON)
    assert wire.submit(quick, "quick").result(SOON) <= 2


def test_a_coroutine_that_fails_is_metered_and_raises(wire, meter):
    async def fail():
        raise KeyError("a secret")

    with pytest.raises(KeyError):
        wire.submit(fail, "telegram").result(SOON)
    assert meter.counts() == {"wire.telegram": 1}


def test_a_coroutine_can_be_canceled(wire, meter):
    begun, ended = threading.Event(), threading.Event()

    async def wait():
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    future = wire.submit(wait, "wait")
    assert begun.wait(SOON)
    future.cancel()
    assert ended.wait(SOON)
    assert meter.counts() == {}


def test_streams_run_on_the_wire_and_are_seen(wire):
    taken, sources = [], [Talking(), Talking()]
    for source in sources:
        watched(wire, source, taken)
    assert taken == [quote(), quote()]
    assert sources[0].threads == ["wire"]
    assert [(s.name, s.phase, s.heard) for s in wire.states()] == [("binance", Phase.RUNNING, 1)] * 2


def test_close_ends_all_and_leaves_nothing(wire, meter):
    before, source = handles(), Talking()
    supervisor = watched(wire, source, [])
    wire.close()
    assert source.cleaned.is_set()
    assert supervisor.state().phase is Phase.STOPPED
    assert "wire" not in names()
    assert meter.counts() == {}
    gc.collect()
    assert handles() <= before
    wire.close()


def test_a_wire_that_was_never_used_closes(wire):
    wire.close()
    wire.close()


def test_many_may_close_it_at_once(wire, meter):
    watched(wire, Talking(), [])
    threads = [threading.Thread(target=wire.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert not any(thread.is_alive() for thread in threads)
    assert "wire" not in names()
    assert meter.counts() == {}


def test_a_closed_wire_takes_nothing(wire):
    wire.submit(asyncio.Event().wait, "wait")
    wire.close()

    async def never():
        raise AssertionError

    with pytest.raises(CancelledError):
        wire.submit(never, "never").result(0)
    supervisor = wire.watch(Talking(), [], print, Notes(), silence=inf)
    assert supervisor.state().phase is Phase.STOPPED
    supervisor.restart()
    supervisor.stop()


def test_one_stream_is_stopped_and_the_others_go_on(wire):
    first, second = Talking(), Talking()
    supervisor = watched(wire, first, [])
    watched(wire, second, [])
    supervisor.stop()

    assert first.cleaned.wait(SOON)
    assert not second.cleaned.is_set()
    assert wire.states()[1].phase is Phase.RUNNING


def test_a_coroutine_that_does_not_end_is_left_behind(monkeypatch, meter):
    for limit in ("_TOP", "_REST", "_GENERATORS"):
        monkeypatch.setattr(module, limit, 0.01)
    wire, begun = Wire(WallClock(), meter), threading.Event()

    async def stubborn():
        begun.set()
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                continue

    wire.submit(stubborn, "stubborn")
    assert begun.wait(SOON)
    wire.close()
    assert "wire" not in names()
    assert meter.counts()["wire"] == 1
    del wire
    gc.collect()
    assert meter.counts() == {"wire": 1, "wire.stray": 1}


def test_a_coroutine_that_blocks_the_thread_does_not_hold_up_the_end(monkeypatch, meter):
    monkeypatch.setattr(module, "_CLOSE", 0.01)
    wire, begun, free = Wire(WallClock(), meter), threading.Event(), threading.Event()

    async def block():
        begun.set()
        free.wait(SOON)

    wire.submit(block, "block")
    assert begun.wait(SOON)
    thread = next(t for t in threading.enumerate() if t.name == "wire")
    wire.close()
    assert meter.counts()["wire"] == 1
    free.set()
    thread.join(SOON)
    assert not thread.is_alive()


def test_a_coroutine_cannot_end_the_process_or_the_wire(wire, meter):
    async def leave():
        raise SystemExit(1)

    async def live():
        return True

    with pytest.raises(SystemExit):
        wire.submit(leave, "leave").result(SOON)
    assert wire.submit(live, "live").result(SOON)
    assert meter.counts() == {"wire": 1}


def test_an_error_that_nobody_waits_for_is_metered_without_its_text(wire, meter, caplog):
    done = threading.Event()

    def fail(word):
        try:
            raise ValueError(word)
        finally:
            done.set()

    async def later():
        asyncio.get_running_loop().call_soon(fail, "a secret")

    async def nothing():
        pass

    wire.submit(later, "later").result(SOON)
    assert done.wait(SOON)
    wire.submit(nothing, "nothing").result(SOON)
    assert meter.counts() == {"wire.stray": 1}
    assert "a secret" not in caplog.text
