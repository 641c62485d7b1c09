"""Every provider once, whatever number of chains ask it."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from threading import Lock
from typing import TypeVar

from marketpulse.clock import Clock
from marketpulse.guard.breaker import BreakerPolicy
from marketpulse.guard.cell import Cell
from marketpulse.guard.provider import Member, Provider, Rules
from marketpulse.guard.saved import Credential, Saved, read
from marketpulse.meter import Meter
from marketpulse.types import ProviderHealth

__all__ = ["Pool"]

T = TypeVar("T")


class Pool:
    """Providers by name: one budget and one set of threads each, a breaker for each capability.

    Safe from every thread.

    Parameters
    ----------
    policy : when a cell's breaker opens and how long it rests; by default 30 s doubling to 600 s, and
        5 s doubling to 20 s where a chain has no other member
    rng : for the breakers' jitter
    """

    def __init__(
        self, clock: Clock, meter: Meter, *, policy: BreakerPolicy | None = None, rng: Random | None = None
    ) -> None:
        self._clock = clock
        self._meter = meter
        self._rules = Rules(policy, rng or Random())  # noqa: S311 (spreads retries; nothing secret hangs on it)
        self._lock = Lock()
        self._providers: dict[str, Provider] = {}
        self._missing: dict[str, str] = {}
        self._pending: dict[str, Saved] = {}

    def add(self, member: Member, *, credential: str = "") -> None:
        """Take a provider in; of its credential only a keyed hash is kept.

        Raises
        ------
        ValueError
            A provider of this name is in the pool.
        """
        provider = Provider(
            member, Credential(member.name, credential), self._clock, self._meter, self._rules
        )
        with self._lock:
            if member.name in self._providers:
                raise ValueError(f"the pool has a provider {member.name} already")
            self._providers[member.name] = provider
            self._missing.pop(member.name, None)
            saved = self._pending.pop(member.name, None)
        if saved is not None:
            provider.restore(saved)

    def note_missing(self, name: str, sentence: str) -> None:
        """List a provider that is left out for want of a key."""
        with self._lock:
            self._missing[name] = sentence

    @property
    def missing(self) -> tuple[str, ...]:
        """The sentences of ``note_missing``, in their order."""
        with self._lock:
            return tuple(self._missing.values())

    def join(self, chain: str, capability: str, names: Sequence[str]) -> None:
        """Note that a chain asks these providers for a capability; chains call it themselves.

        Raises
        ------
        ValueError
            One of them is not in the pool.
        """
        for name in names:
            self._provider(name).serves(chain, capability, alone=len(names) == 1)

    def ask(self, name: str, capability: str, op: Callable[[], T]) -> T:
        """Run ``op`` under the guards of one provider's capability; raises ProviderError only."""
        return self._provider(name).ask(capability, op)

    def cell(self, name: str, capability: str) -> Cell:
        """Return the guard of a capability whose calls are made elsewhere: a stream."""
        return self._provider(name).cell(capability)

    def mend(self, name: str) -> None:
        """Ask a provider again at once, isolated or not: somebody mended what was wrong."""
        self._provider(name).mend()

    def health(self) -> tuple[ProviderHealth, ...]:
        """Each provider with its cells and budget, in the order they were added, then those without a key."""
        with self._lock:
            providers, missing = tuple(self._providers.values()), dict(self._missing)
        left_out = (
            ProviderHealth(name, (), "not_set", ok=False, latency=None, last_good=None, note=sentence)
            for name, sentence in missing.items()
        )
        return (*(provider.health() for provider in providers), *left_out)

    def demand(self) -> dict[str, float]:
        """Return the calls a minute asked of each provider over the last quarter of an hour.

        Calls that a budget or a breaker turned away are among them.
        """
        with self._lock:
            providers = tuple(self._providers.values())
        return {provider.name: provider.rate.per_minute() for provider in providers}

    def state(self) -> dict[str, str]:
        """Return what a restart must know: a JSON text for each provider, without keys."""
        with self._lock:
            providers = tuple(self._providers.values())
        return {provider.name: provider.state() for provider in providers}

    def restore(self, saved: Mapping[str, str]) -> None:
        """Take up texts of ``state``, before or after providers and chains are added.

        A text that cannot be read is a fault and otherwise ignored.
        """
        for name, text in saved.items():
            try:
                memo = read(text)
            except ValueError as error:
                self._meter.fault("guard.restore", f"{name}: {error}")
                continue
            with self._lock:
                provider = self._providers.get(name)
                if provider is None:
                    self._pending[name] = memo
            if provider is not None:
                provider.restore(memo)

    def _provider(self, name: str) -> Provider:
        with self._lock:
            known = self._providers.get(name)
        if known is None:
            raise ValueError(f"there is no provider {name} in the pool")
        return known
