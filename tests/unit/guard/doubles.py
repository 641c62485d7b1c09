"""A provider that does what the test tells it, and a pool around some of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from threading import Event

import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import ProviderError
from marketpulse.guard import Chain, FailoverLog, Pool
from marketpulse.meter import Meter
from marketpulse.ports import Limits
from marketpulse.types import CellHealth, ProviderHealth

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Provider:
    """A member that does what the test tells it."""

    name: str
    limits: Limits = field(default_factory=lambda: Limits(per_minute=6000, deadline=5.0))
    error: Exception | None = None
    hang: Event | None = None
    calls: list[str] = field(default_factory=list)
    takes: tuple[SimClock, float] | None = None  # seconds that each call lets pass

    def price(self, symbol: str) -> str:
        self.calls.append(symbol)
        if self.takes is not None:
            self.takes[0].advance(self.takes[1])
        if self.hang is not None:
            self.hang.wait(30)
        if self.error is not None:
            raise self.error
        return f"{symbol} from {self.name}"


class Gate(Event):
    """A gate that tells when somebody stands before it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


class CountedKey:
    """A key that knows when ``many`` threads hold the same flight: each looks it up, the first stores it."""

    def __init__(self, many: int) -> None:
        self.all_there = Event()
        self._left = many + 1

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        self._left -= 1  # under the flight's lock
        if self._left == 0:
            self.all_there.set()
        return 1


class Desk:
    """A pool, its clock and meter, and the chains a test asks for; restarts on the same providers."""

    def __init__(self, clock: SimClock | None = None) -> None:
        self.clock = clock or SimClock(START)
        self.meter = Meter(self.clock.monotonic)
        self.pool = Pool(self.clock, self.meter, rng=Random(7))
        self.log = FailoverLog(self.clock)
        self.keys: dict[str, str] = {}

    def chain(self, *members: Provider, capability: str = "quote", **keys: str) -> Chain[Provider]:
        self.keys |= keys
        for member in members:
            if all(h.name != member.name for h in self.pool.health() if h.state != "not_set"):
                self.pool.add(member, credential=self.keys.get(member.name, ""))
        return Chain(f"{capability} equity", capability, members, self.pool, log=self.log)

    def restart(self, seconds: float = 0.0) -> "Desk":
        """A new process, ``seconds`` later; nothing is restored yet."""
        later = SimClock(self.clock.now())
        later.advance(seconds)
        return Desk(later)

    def health(self, name: str) -> ProviderHealth:
        return next(h for h in self.pool.health() if h.name == name)

    def cell(self, name: str, capability: str = "quote") -> CellHealth:
        return next(c for c in self.health(name).cells if c.capability == capability)


def ask(chain: Chain[Provider], symbol: str = "X") -> str:
    return chain.call(lambda p: p.price(symbol), what=f"{chain.capability} {symbol}")


def failing(chain: Chain[Provider], times: int = 1) -> ProviderError:
    for _ in range(times):
        with pytest.raises(ProviderError) as caught:
            ask(chain)
    return caught.value


def rests(desk: Desk, chain: Chain[Provider], name: str, many: int) -> list[float]:
    """Let the provider fail, probe and fail; return the seconds of each rest."""
    found = []
    for _ in range(5):
        with pytest.raises(ProviderError):
            desk.pool.ask(name, chain.capability, lambda: chain.members[0].price("X"))
    for _ in range(many):
        found.append(desk.cell(name).retry)
        desk.clock.advance(found[-1])
        with pytest.raises(ProviderError):
            desk.pool.ask(name, chain.capability, lambda: chain.members[0].price("X"))
    return found
