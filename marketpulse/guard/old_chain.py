"""The chain of one list of members, each with guards of its own; kept until the market uses the pool.

An infinite deadline says that a member is local (the tape, the simulator): it cannot hang, so it is
called in the caller's thread and needs neither breaker nor budget.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isinf
from random import Random
from typing import Generic, Protocol, TypeVar

from marketpulse.clock import Clock
from marketpulse.errors import (
    AuthFailed,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from marketpulse.guard.breaker import Breaker, BreakerPolicy, BreakerState, Outcome
from marketpulse.guard.budget import Budget
from marketpulse.guard.workers import Workers
from marketpulse.meter import Meter
from marketpulse.ports import Limits
from marketpulse.types import ProviderHealth

__all__ = ["Chain", "Member"]

_ABANDONED = 4  # hanging calls per member before it counts as unavailable
_SLOW = 0.5  # of the deadline
_ALONE = BreakerPolicy(rest=5.0, longest_rest=20.0)
"""With nobody to fall back on, trying again soon is what recovery means."""


class Member(Protocol):
    """Anything that has a name and says how often and how long it may be asked."""

    @property
    def name(self) -> str:
        """Shown beside every number."""

    @property
    def limits(self) -> Limits:
        """How often and how long it may be asked."""


M = TypeVar("M", bound=Member)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Record:
    """How a member's last calls went; ``note`` is the last failure's sentence, empty when it works."""

    latency: float | None = None
    last_good: datetime | None = None
    note: str = ""


class _Link(Generic[M]):
    """One member with its guards."""

    def __init__(self, member: M, clock: Clock, meter: Meter, policy: BreakerPolicy, rng: Random) -> None:
        self.member = member
        self.name = member.name
        self.local = isinf(member.limits.deadline)
        deadline = member.limits.deadline
        self._clock = clock
        self._meter = meter
        self.budget = Budget(clock, member.limits)
        self.breaker = Breaker(clock, replace(policy, slow=_SLOW * deadline), rng)
        self.workers = Workers(self.name, deadline, _ABANDONED, meter)
        self.record = _Record()

    def ask(self, op: Callable[[M], T]) -> T:
        """Pass the guards and ask the member."""
        if self.local:
            answer = op(self.member)
            self.record = replace(self.record, last_good=self._clock.now())
            return answer
        if wait := self.budget.take():
            why = self.record.note or f"{self.name}: our own limit is reached"
            raise RateLimited(f"{why}, {self._next(wait)}", wait)
        ticket = self.breaker.enter()
        if ticket is None:
            self.budget.give_back()
            raise Unavailable(
                f"{self.record.note or self.name + ': resting'}, {self._next(self.breaker.resting)}"
            )
        start, outcome = self._clock.monotonic(), Outcome.FAILED
        try:
            answer = self.workers.run(lambda: op(self.member))
        except ProviderError as error:
            outcome = self._failed(error)
            raise
        else:
            outcome = self._worked(self._clock.monotonic() - start)
            return answer
        finally:
            self.breaker.leave(ticket, outcome, self._clock.monotonic() - start)

    def _next(self, wait: float) -> str:
        if self.breaker.state is BreakerState.ISOLATED:
            return "not asked again until the desk starts anew"
        return f"next try in {max(1.0, wait):.0f} s"

    def _worked(self, seconds: float) -> Outcome:
        self.record = _Record(seconds, self._clock.now())
        self._meter.observe(f"provider.{self.name}", seconds)
        return Outcome.WORKED

    def _failed(self, error: ProviderError) -> Outcome:
        """Sort an error by what it says of the provider's health."""
        if isinstance(error, (UnknownSymbol, NoData)):
            self.record = replace(self.record, note="", last_good=self._clock.now())
            return Outcome.WORKED  # it answered
        self.record = replace(self.record, note=str(error))
        self._meter.fault(f"provider.{self.name}", str(error))
        if isinstance(error, RateLimited):
            self.budget.block(error.retry_after)
            return Outcome.IGNORED
        return Outcome.REFUSED if isinstance(error, (AuthFailed, NotEntitled)) else Outcome.FAILED

    def health(self, provides: tuple[str, ...]) -> ProviderHealth:
        """The member as the guards see it."""
        state, record = self.breaker.state, self.record
        return ProviderHealth(
            self.name,
            provides,
            state.value,
            ok=not record.note and state is BreakerState.CLOSED,
            latency=record.latency,
            last_good=record.last_good,
            note=record.note,
        )


class Chain(Generic[M]):
    """Members in the order of preference; safe from every thread.

    Parameters
    ----------
    name : what the chain provides, ``equities``
    members : anything with a name and limits
    policy : when a member's breaker opens; by default a member that stands alone is tried again
        sooner and rests 20 s at most
    rng : for the breakers' jitter
    """

    def __init__(
        self,
        name: str,
        members: Sequence[M],
        clock: Clock,
        meter: Meter,
        *,
        policy: BreakerPolicy | None = None,
        rng: Random | None = None,
    ) -> None:
        self.name = name
        self.members = tuple(members)
        chosen = policy or (_ALONE if len(self.members) == 1 else BreakerPolicy())
        dice = rng or Random()  # noqa: S311 (spreads retries; nothing secret hangs on it)
        self._links = tuple(_Link(member, clock, meter, chosen, dice) for member in self.members)

    def call(self, op: Callable[[M], T], where: Callable[[M], bool] = lambda _: True) -> T:
        """Return the first answer among the members for which ``where`` holds.

        Raises
        ------
        ProviderError
            Nobody answered: UnknownSymbol or NoData only when all members say so, else the first
            member's error that leaves hope.
        """
        errors: list[ProviderError] = []
        for link in self._links:
            if where(link.member):
                try:
                    return link.ask(op)
                except ProviderError as error:
                    errors.append(error)
        if not errors:
            raise Unavailable(f"{self.name}: no provider offers this")
        hopeful = [e for e in errors if not isinstance(e, (UnknownSymbol, NoData))]
        doubtful = [e for e in errors if not isinstance(e, UnknownSymbol)]
        raise (hopeful or doubtful or errors)[0]

    def health(self) -> tuple[ProviderHealth, ...]:
        """Each member's state, for the badges and ``/health``."""
        return tuple(link.health((self.name,)) for link in self._links)
