"""Ask members in order until one answers."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from marketpulse.clock import Clock
from marketpulse.errors import ProviderError, Unavailable
from marketpulse.meter import Meter
from marketpulse.ports import Limits
from marketpulse.types import ProviderHealth

__all__ = ["Chain", "Member"]


class Member(Protocol):
    """Anything with a name and limits."""

    @property
    def name(self) -> str:
        """Shown beside every number."""

    @property
    def limits(self) -> Limits:
        """How often and how long it may be asked."""


M = TypeVar("M", bound=Member)
T = TypeVar("T")


class Chain(Generic[M]):
    """Ask members in order; an infinite deadline means: local, called in the caller's thread."""

    def __init__(self, name: str, members: Sequence[M], clock: Clock, meter: Meter) -> None:
        self.name = name
        self.members = tuple(members)
        self._clock = clock
        self._meter = meter

    def call(self, op: Callable[[M], T], where: Callable[[M], bool] = lambda _: True) -> T:
        """Return the first member's answer."""
        error: ProviderError = Unavailable(f"{self.name}: nobody to ask")
        for member in filter(where, self.members):
            try:
                return op(member)
            except ProviderError as failed:
                error = failed
        raise error

    def health(self) -> tuple[ProviderHealth, ...]:
        """Each member as the chain sees it."""
        return tuple(
            ProviderHealth(m.name, (self.name,), "closed", ok=True, latency=None, last_good=None)
            for m in self.members
        )

    def close(self) -> None:
        """Nothing to stop."""
