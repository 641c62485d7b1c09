"""Time that a test moves, and a source whose stream does what the test says."""

import asyncio
from datetime import UTC, datetime

from marketpulse.clock import SimClock
from marketpulse.errors import ProviderError
from marketpulse.types import Quote

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
_SETTLE = 30  # rounds of the loop, more than any chain of wake-ups here needs


async def settle():
    """Let everything run that can."""
    for _ in range(_SETTLE):
        await asyncio.sleep(0)


class FakeTime:
    """A clock and the waits on it; nothing passes by itself."""

    def __init__(self):
        self.clock = SimClock(NOW)
        self._waits = []
        self.asked = []

    async def wait(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self.asked.append(seconds)
        self._waits.append((self.clock.monotonic() + seconds, woken))
        await woken

    async def advance(self, seconds):
        """Let time pass, stopping at each moment somebody waits for."""
        end = self.clock.monotonic() + seconds
        await settle()
        while True:
            self._waits = [(at, woken) for at, woken in self._waits if not woken.done()]
            due = min((at for at, _ in self._waits), default=end)
            self.clock.advance(max(0.0, min(due, end) - self.clock.monotonic()))
            for at, woken in self._waits:
                if at <= self.clock.monotonic() + 1e-9 and not woken.done():
                    woken.set_result(None)
            await settle()
            if due >= end:
                return


class Stream:
    """A source; each attempt waits for what the test says: a value, an error, or the end."""

    name = "binance"

    def __init__(self, clock):
        self._clock = clock
        self.began = []  # moments
        self.closed = 0
        self.puts = []
        self.orders = []
        self.stubborn = False
        self.at_once = None

    async def stream(self, instruments, put):
        orders = asyncio.Queue()
        self.instruments = instruments
        self.began.append(self._clock.monotonic())
        self.puts.append(put)
        self.orders.append(orders)
        try:
            if self.at_once is not None:
                raise self.at_once
            while (order := await orders.get()) != "end":
                if isinstance(order, BaseException):
                    raise order
                put(order)
        finally:
            while self.stubborn:
                try:
                    await asyncio.get_running_loop().create_future()
                except asyncio.CancelledError:
                    continue
            self.closed += 1

    def say(self, order):
        self.orders[-1].put_nowait(order)


class Notes:
    """A cell that admits while it is told to, and remembers."""

    def __init__(self):
        self.open = True
        self.asked = 0
        self.data = 0
        self.firsts = []
        self.errors: list[ProviderError] = []

    def allow(self):
        self.asked += 1
        return self.open

    def heard(self):
        self.data += 1

    def worked(self, seconds):
        self.firsts.append(seconds)

    def failed(self, error):
        self.errors.append(error)


def quote(price=1.0):
    return Quote("BTC/USDT", price, None, None, None, NOW, NOW, "binance")
