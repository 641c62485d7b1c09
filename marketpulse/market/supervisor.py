"""Streams that are kept alive: what ends or goes silent is reported and built anew.

A vendor's stream ends, falls silent or is poisoned; one bad frame can silence its client for ever. So
every attempt is a fresh ``source.stream`` after a growing pause, and what an old one still says is not
heard.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from random import Random
from typing import Any, Protocol

from marketpulse.clock import Clock
from marketpulse.errors import AuthFailed, NotEntitled, ProviderError, RateLimited, Unavailable
from marketpulse.meter import Meter
from marketpulse.ports import Put, Source
from marketpulse.types import Bars, Book, Instrument, Quote

__all__ = ["Phase", "Silence", "StreamCell", "StreamState", "Supervisor", "Wait"]

Wait = Callable[[float], Awaitable[object]]
"""Pauses a coroutine for so many seconds."""
Silence = Callable[[], float] | float
"""Seconds without a datum after which a stream is built anew; a callable is asked every second."""

_LOOK = 1.0  # seconds between two looks at a stream, and at a cell that admits nothing
_CLEANUP = 5.0  # seconds a canceled stream has to close its sockets
_PAUSE, _LONGEST = 2.0, 60.0  # seconds before the next attempt, the first and the most, before jitter
_STEADY = 60.0  # seconds of life with data after which earlier failures are forgotten
_ABANDONED = 3  # attempts that did not end; with so many of one stream, no other begins


class StreamCell(Protocol):
    """Who is told how a stream does; its methods return at once."""

    def allow(self) -> object:
        """Return something true when an attempt may be made now."""

    def heard(self) -> None:
        """Take note of a datum."""

    def worked(self, seconds: float, /) -> None:
        """Take note of an attempt's first datum, and how long it took."""

    def failed(self, error: ProviderError, /) -> None:
        """Take note of how an attempt ended."""


class Phase(StrEnum):
    """What a stream is doing."""

    STARTING = "starting"  # connecting, nothing heard of this attempt
    RUNNING = "running"
    SILENT = "silent"  # too long, so that it is being ended
    BACKING_OFF = "backing off"
    REFUSED = "refused"  # by its key or plan: not tried until ``restart``
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class StreamState:
    """One stream now.

    Attributes
    ----------
    restarts : attempts after the first
    heard : data since the start
    quiet : seconds since the last of them, None before the first
    note : why the last attempt ended, empty while it runs well
    """

    name: str
    phase: Phase
    restarts: int
    heard: int
    quiet: float | None
    note: str


class _Attempt:
    """One run of a stream; its ``put`` is the hot path."""

    __slots__ = ("_cell", "_meter", "_monotonic", "_name", "_put", "began", "count", "heard", "over")

    def __init__(self, name: str, put: Put, cell: StreamCell, clock: Clock, meter: Meter) -> None:
        self._name = name
        self._put = put
        self._cell = cell
        self._meter = meter
        self._monotonic = clock.monotonic
        self.began = self.heard = clock.monotonic()
        self.count = 0
        self.over = False

    def put(self, value: Quote | Book | Bars) -> None:
        """Hand over a datum and note that one came; never raises."""
        if self.over:
            return
        self.heard = self._monotonic()
        self.count += 1
        try:
            if self.count == 1:
                self._cell.worked(self.heard - self.began)
            self._cell.heard()
            self._put(value)
        except Exception as error:  # noqa: BLE001 (the taker's bug must not end the stream, nor go unseen)
            self._meter.fault(f"wire.{self._name}", f"{type(error).__name__} in the taker of a stream")


class Supervisor:
    """Keep one source's stream alive; ``run`` is for the wire's thread, the rest for every thread.

    Parameters
    ----------
    put : takes each datum, on the wire's thread
    silence : inf while the exchange is closed
    """

    def __init__(
        self,
        source: Source,
        instruments: Sequence[Instrument],
        put: Put,
        cell: StreamCell,
        *,
        silence: Silence,
        clock: Clock,
        meter: Meter,
        rng: Random,
        wait: Wait,
    ) -> None:
        self.name = source.name
        self._source = source
        self._instruments = tuple(instruments)
        self._put = put
        self._cell = cell
        self._silence = silence
        self._clock = clock
        self._meter = meter
        self._rng = rng
        self._wait = wait
        self._phase = Phase.STOPPED
        self._attempt: _Attempt | None = None
        self._attempts = 0
        self._heard = 0  # in earlier attempts
        self._last: float | None = None
        self._failures = 0
        self._note = ""
        self._abandoned: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def state(self) -> StreamState:
        """Return how the stream does."""
        attempt, phase, last, heard = self._attempt, self._phase, self._last, self._heard
        if attempt is not None and attempt.count:
            last, heard = attempt.heard, heard + attempt.count
            phase = Phase.RUNNING if phase is Phase.STARTING else phase
        quiet = None if last is None else max(0.0, self._clock.monotonic() - last)
        note = "" if phase is Phase.RUNNING else self._note
        return StreamState(self.name, phase, max(0, self._attempts - 1), heard, quiet, note)

    def restart(self) -> None:
        """Try at once: a key was changed, or somebody cannot wait. A stream that runs goes on."""
        self._call(self._again.set)

    def stop(self) -> None:
        """End it for good, from any thread."""
        if self._task is not None:
            self._call(self._task.cancel)

    def _call(self, act: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the wire was closed, and all its streams with it
                self._loop.call_soon_threadsafe(act)

    async def run(self) -> None:
        """Run the stream for ever; ends only by cancelation."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._phase = Phase.BACKING_OFF
        try:
            while True:
                try:
                    await self._turn()
                except Exception as error:  # noqa: BLE001 (a bug of ours must not leave the stream dead)
                    self._meter.fault(f"wire.{self.name}", f"{type(error).__name__} in the supervision")
                    await self._rest(_LONGEST)
        finally:
            self._phase = Phase.STOPPED

    async def _turn(self) -> None:
        """Make one attempt, report how it ended, and pause."""
        if not self._cell.allow():
            await self._rest(_LOOK)
            return
        error = await self._follow()
        self._note = str(error)
        self._cell.failed(error)
        if isinstance(error, (AuthFailed, NotEntitled)):
            self._phase = Phase.REFUSED
            await self._rest(inf)
        else:
            await self._rest(self._pause(error))

    def _pause(self, error: ProviderError) -> float:
        """Return seconds until the next attempt: doubling, and spread over the upper half."""
        base = min(_LONGEST, _PAUSE * 2.0 ** min(self._failures, 10))
        self._failures += 1
        pause = base * (0.5 + 0.5 * self._rng.random())
        wanted = error.retry_after if isinstance(error, RateLimited) else 0.0
        return max(pause, wanted) if isfinite(wanted) else _LONGEST

    async def _rest(self, seconds: float) -> None:
        """Pause, or until ``restart``."""
        if self._phase is not Phase.REFUSED:
            self._phase = Phase.BACKING_OFF
        woken = asyncio.ensure_future(self._again.wait())
        waits: set[asyncio.Future[Any]] = {woken}
        if isfinite(seconds):
            waits.add(asyncio.ensure_future(self._wait(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        if self._again.is_set():
            self._again.clear()
            self._failures = 0
        self._phase = Phase.BACKING_OFF

    async def _follow(self) -> ProviderError:
        """Run one attempt to its end and return what ended it."""
        if len(self._abandoned) >= _ABANDONED:
            return Unavailable(f"{self.name}: {len(self._abandoned)} earlier streams still hang")
        attempt = _Attempt(self.name, self._put, self._cell, self._clock, self._meter)
        self._attempts += 1
        self._attempt, self._phase = attempt, Phase.STARTING
        task = asyncio.create_task(self._stream(attempt.put), name=f"stream-{self.name}")
        try:
            limit = await self._until_silent(task, attempt)
        finally:
            attempt.over = True
            if not task.done():
                await self._quit(task)
            self._count(attempt)
        if limit is not None:
            return Unavailable(f"{self.name}: the stream was silent for {limit:.0f} s")
        return self._why(task)

    async def _stream(self, put: Put) -> None:
        await self._source.stream(self._instruments, put)

    async def _until_silent(self, task: asyncio.Task[None], attempt: _Attempt) -> float | None:
        """Return when the task has ended, or the limit it was silent for; silence counts from when it has one."""
        since = attempt.began
        while True:
            limit = self._silence() if callable(self._silence) else self._silence
            now = self._clock.monotonic()
            if not isfinite(limit):
                since = now
            left = max(attempt.heard, since) + limit - now
            if left <= 0.0:
                self._phase = Phase.SILENT
                return limit
            timer = asyncio.ensure_future(self._wait(min(left, _LOOK)))
            try:
                await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                timer.cancel()
            if task.done():
                return None

    async def _quit(self, task: asyncio.Task[None]) -> None:
        """Cancel an attempt and wait for its cleanup; one that does not end is left behind."""
        self._abandoned.add(task)
        task.add_done_callback(self._ended)
        task.cancel()
        timer = asyncio.ensure_future(self._wait(_CLEANUP))
        try:
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if not task.done():
            self._meter.fault(f"wire.{self.name}", f"a stream did not end within {_CLEANUP:.0f} s")

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it

    def _count(self, attempt: _Attempt) -> None:
        """Keep what an attempt brought, and forget earlier failures after a steady one."""
        self._attempt = None
        if attempt.count:
            self._heard += attempt.count
            self._last = attempt.heard
        if attempt.count and attempt.heard - attempt.began >= _STEADY:
            self._failures = 0

    def _why(self, task: asyncio.Task[None]) -> ProviderError:
        """Return what ended a task, as an error of ours."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, ProviderError):
            return error
        if error is None:
            return Unavailable(f"{self.name}: the stream ended")
        kind = type(error).__name__
        self._meter.fault(f"adapter.{self.name}", f"{kind} left the stream of {self.name} unmapped")
        return Unavailable(f"{self.name}: unexpected {kind}")
