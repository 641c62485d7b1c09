"""One thread for everything that waits on sockets: the streams, and later the phone."""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import Future
from random import Random
from typing import Any, TypeVar

from marketpulse.clock import Clock
from marketpulse.market.supervisor import Phase, Silence, StreamCell, StreamState, Supervisor, Wait
from marketpulse.meter import Meter
from marketpulse.ports import Put, Source
from marketpulse.types import Instrument

__all__ = ["Phase", "StreamCell", "StreamState", "Supervisor", "Wire"]

T = TypeVar("T")

_CLOSE = 5.0  # seconds for the end of all, and of them:
_TOP = 3.5  # for the coroutines' own cleanup
_REST = 0.5  # for what that began and left
_GENERATORS = 0.25  # for asynchronous generators that nobody finished


class Wire:
    """One daemon thread with one asyncio loop, begun by the first thing that needs it.

    Parameters
    ----------
    rng : spreads the pauses between attempts
    wait : pauses a coroutine for so many seconds; tests give one that stands still
    """

    def __init__(
        self, clock: Clock, meter: Meter, rng: Random | None = None, wait: Wait = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._meter = meter
        self._rng = rng or Random()  # noqa: S311 (spreads retries; nothing secret hangs on it)
        self._wait = wait
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._over = False
        self._tops: set[asyncio.Task[Any]] = set()  # what was submitted; each ends what it began itself
        self._supervisors: list[Supervisor] = []

    def submit(self, begin: Callable[[], Coroutine[Any, Any, T]], name: str) -> "Future[T]":
        """Run a coroutine on the wire; a failure is metered, and raised by the future's ``result``.

        On a closed wire the future comes back canceled.
        """

        async def guarded() -> T:
            if (top := asyncio.current_task()) is not None:
                self._tops.add(top)
                top.add_done_callback(self._tops.discard)
            try:
                return await begin()
            except Exception as error:
                self._meter.fault(f"wire.{name}", f"{type(error).__name__} ended {name}")
                raise

        with self._lock:
            loop = self._begin()
            if loop is not None:
                return asyncio.run_coroutine_threadsafe(guarded(), loop)
        never: Future[T] = Future()
        never.cancel()
        return never

    def watch(
        self,
        source: Source,
        instruments: Sequence[Instrument],
        put: Put,
        cell: StreamCell,
        *,
        silence: Silence,
    ) -> Supervisor:
        """Run ``source.stream`` until the wire is closed, whatever happens to it.

        Parameters
        ----------
        put : takes each datum, on the wire's thread
        silence : seconds without a datum after which the stream is built anew; a callable is asked
            every second, and says inf while the exchange is closed
        """
        supervisor = Supervisor(
            source,
            instruments,
            put,
            cell,
            silence=silence,
            clock=self._clock,
            meter=self._meter,
            rng=self._rng,
            wait=self._wait,
        )
        self._supervisors.append(supervisor)
        self.submit(supervisor.run, f"stream.{source.name}")
        return supervisor

    def states(self) -> tuple[StreamState, ...]:
        """Return how each stream does, in the order they were begun."""
        return tuple(supervisor.state() for supervisor in self._supervisors)

    def close(self) -> None:
        """End everything within five seconds; not to be called on the wire itself. Idempotent."""
        with self._lock:
            first, self._closed = not self._closed, True
            loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        if first:
            asyncio.run_coroutine_threadsafe(self._end(), loop)
        thread.join(_CLOSE)
        if first and thread.is_alive():
            self._meter.fault("wire", "something blocks the wire, so that its thread was left behind")

    def _begin(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop, begun at need; None on a closed wire."""
        if self._closed:
            return None
        if self._loop is None:
            # The selector loop on every system: some clients refuse to run on Windows' other one.
            self._loop = loop = asyncio.SelectorEventLoop()
            loop.set_exception_handler(self._stray)
            self._thread = threading.Thread(target=self._live, args=(loop,), name="wire", daemon=True)
            self._thread.start()
        return self._loop

    def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        """Top of the thread."""
        asyncio.set_event_loop(loop)
        try:
            while not self._over:
                try:
                    loop.run_forever()
                except (SystemExit, KeyboardInterrupt):  # asyncio lets these two through a task
                    self._meter.fault("wire", "a coroutine tried to end the process")
        finally:
            loop.close()

    async def _end(self) -> None:
        """Cancel what was submitted, then what is left, and stop the loop."""
        loop = asyncio.get_running_loop()
        try:
            await _cancel(set(self._tops), _TOP)
            if await _cancel(asyncio.all_tasks() - {asyncio.current_task()}, _REST):
                self._meter.fault("wire", "a coroutine did not end when it was canceled")
            await asyncio.wait({asyncio.ensure_future(loop.shutdown_asyncgens())}, timeout=_GENERATORS)
        finally:
            self._over = True
            loop.stop()

    def _stray(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Meter what asyncio would log, without its text: that shows arguments."""
        error = context.get("exception")
        what = "a task was left behind" if error is None else f"{type(error).__name__} that nobody waits for"
        self._meter.fault("wire.stray", what)


async def _cancel(tasks: Collection[asyncio.Task[Any] | None], seconds: float) -> bool:
    """Cancel tasks and wait for them; True when some have not ended in time."""
    running = {task for task in tasks if task is not None}
    for task in running:
        task.cancel()
    return bool(running) and bool((await asyncio.wait(running, timeout=seconds))[1])
