"""One provider: a budget and worker threads for all it is asked, and a cell for each capability.

An infinite deadline says that a provider is local (the tape, the simulator): it cannot hang, so it is
called in the caller's thread and needs neither breaker nor budget.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import isinf
from random import Random
from threading import Lock
from typing import Protocol, TypeVar

from marketpulse.clock import Clock
from marketpulse.errors import AuthFailed, ProviderError, RateLimited, Unavailable
from marketpulse.guard.breaker import Breaker, BreakerPolicy, BreakerState
from marketpulse.guard.budget import Budget
from marketpulse.guard.cell import Cell, Hooks
from marketpulse.guard.saved import CellMemo, Credential, Saved, write
from marketpulse.guard.window import Rate
from marketpulse.guard.workers import Workers
from marketpulse.meter import Meter
from marketpulse.ports import Capability, Limits
from marketpulse.types import CellHealth, ProviderHealth

__all__ = ["Member", "Provider", "Rules"]

_ABANDONED = 4  # hanging calls per provider before it counts as unavailable
_SLOW = 0.5  # of the deadline
_COLUMNS = {capability.value: place for place, capability in enumerate(Capability)}
_WORST = ("isolated", "open", "half_open", "closed")

T = TypeVar("T")


class Member(Protocol):
    """Anything that has a name and says how often and how long it may be asked."""

    @property
    def name(self) -> str:
        """Shown beside every number."""

    @property
    def limits(self) -> Limits:
        """How often and how long it may be asked."""


class Rules:
    """When a cell's breaker opens and for how long.

    Parameters
    ----------
    policy : the one for all; by default a cell that stands alone in a chain is tried again sooner
        and rests 20 s at most: with nobody to fall back on, trying again soon is what recovery means
    """

    def __init__(self, policy: BreakerPolicy | None, rng: Random) -> None:
        self.rng = rng
        self._policy = policy or BreakerPolicy()
        self._alone = policy or BreakerPolicy(rest=5.0, longest_rest=20.0)

    def policy(self, capability: str, deadline: float, *, alone: bool) -> BreakerPolicy:
        """Return the policy of one cell; a stream makes few calls, and when one works it goes on for hours."""
        chosen = replace(self._alone if alone else self._policy, slow=_SLOW * deadline)
        if capability == Capability.STREAM:
            return replace(chosen, seconds=300.0, permits=1)
        return chosen


class Provider:
    """One member of the pool. Safe from every thread."""

    def __init__(
        self, member: Member, credential: Credential, clock: Clock, meter: Meter, rules: Rules
    ) -> None:
        self.name = member.name
        self.provides: tuple[str, ...] = ()
        self.rate = Rate(clock)
        self._deadline = member.limits.deadline
        self._clock = clock
        self._meter = meter
        self._rules = rules
        self._credential = credential
        local = isinf(self._deadline)
        self.budget = None if local else Budget(clock, member.limits)
        self._workers = None if local else Workers(self.name, self._deadline, _ABANDONED, meter)
        self._lock = Lock()
        self._cells: dict[str, Cell] = {}
        self._refused = ""  # the sentence of a refused key
        self._paused = ""  # the sentence of the last "too many"
        self._saved: Saved | None = None

    def cell(self, capability: str) -> Cell:
        """Return the cell of a capability; the first time it is made, with what an earlier run knew of it."""
        with self._lock:
            known = self._cells.get(capability)
            if known is None:
                known = self._cells[str(capability)] = self._make(str(capability))
            return known

    def serves(self, chain: str, capability: str, *, alone: bool) -> None:
        """Note that a chain asks it for a capability, alone or with others."""
        cell = self.cell(capability)
        with self._lock:
            self.provides = tuple(dict.fromkeys((*self.provides, chain)))
        if alone and cell.breaker is not None:
            cell.breaker.use(self._rules.policy(capability, self._deadline, alone=True))

    def ask(self, capability: str, op: Callable[[], T]) -> T:
        """Pass budget and breaker and run ``op`` within the deadline.

        Raises
        ------
        ProviderError
            What ``op`` raised, or why it was not asked at all.
        """
        cell = self.cell(capability)
        self.rate.count()
        if self.budget is None or self._workers is None:
            return self._ask_local(cell, op)
        if wait := self.budget.take():
            raise RateLimited(f"{self._spent()}, {_next(wait)}", wait)
        ticket = cell.allow()
        if ticket is None:
            self.budget.give_back()
            raise Unavailable(f"{cell.note or self.name + ': resting'}, {self._again(cell)}")
        start, settled = self._clock.monotonic(), False
        try:
            answer = self._workers.run(op)
            settled = True
        except ProviderError as error:
            settled = True
            cell.failed(error, ticket, self._clock.monotonic() - start)
            raise
        finally:
            if not settled:
                cell.gave_up(ticket)
        cell.worked(self._clock.monotonic() - start, ticket)
        return answer

    def mend(self) -> None:
        """Ask it again at once: somebody mended what was wrong."""
        with self._lock:
            self._refused, cells = "", tuple(self._cells.values())
        for cell in cells:
            cell.mend()

    def health(self) -> ProviderHealth:
        """The provider as the guards see it; its note is that of its worst cell."""
        cells = self._ordered()
        worst = min((_WORST.index(c.state) for c in cells), default=len(_WORST) - 1)
        notes = [c.note for c in sorted(cells, key=lambda c: _WORST.index(c.state)) if c.note]
        with self._lock:
            good = [(c.last_good, c.latency) for c in self._cells.values() if c.last_good is not None]
        good.sort(key=lambda pair: pair[0], reverse=True)
        return ProviderHealth(
            self.name,
            self.provides,
            _WORST[worst],
            ok=all(c.ok for c in cells),
            latency=next((latency for _, latency in good if latency is not None), None),
            last_good=good[0][0] if good else None,
            note=notes[0] if notes else "",
            cells=cells,
            budget=None if self.budget is None else self.budget.view(),
        )

    def state(self) -> str:
        """Return what a restart must know, as JSON, without the key."""
        with self._lock:
            cells = {name: self._memo(cell) for name, cell in self._cells.items()}
            refused = bool(self._refused)
        budget = None if self.budget is None else self.budget.memo()
        return write(self._credential, refused=refused, budget=budget, cells=cells)

    def restore(self, saved: Saved) -> None:
        """Take up what an earlier run knew, once, for the cells there are and those to come."""
        with self._lock:
            if self._saved is not None:
                return  # its calls of today are counted already
            self._saved = saved
        if self.budget is not None and saved.budget is not None:
            self.budget.recall(saved.budget)
        with self._lock:
            if saved.refused and self._credential.matches(saved.salt, saved.digest):
                self._refused = f"{self.name}: the key was refused and has not changed"
            for cell in self._cells.values():
                self._recall(cell)

    def _make(self, capability: str) -> Cell:
        breaker = None
        if self.budget is not None:
            policy = self._rules.policy(capability, self._deadline, alone=False)
            breaker = Breaker(self._clock, policy, self._rules.rng)
        hooks = Hooks(self._worked, self._failed, self._pause, self._closed)
        cell = Cell(capability, self._clock, breaker, hooks)
        self._recall(cell)
        return cell

    def _recall(self, cell: Cell) -> None:
        """Give a cell back what it was in the last run, as far as that still holds."""
        memo = self._saved.cells.get(cell.capability) if self._saved is not None else None
        if memo is not None and memo.last_good is not None and memo.last_good <= self._clock.now():
            cell.last_good = cell.last_good or memo.last_good
        if cell.breaker is None:
            return
        if self._refused:
            cell.isolate(self._refused)
        elif memo is not None and self._saved is not None:
            self._recall_breaker(cell, cell.breaker, memo, self._saved)

    def _recall_breaker(self, cell: Cell, breaker: Breaker, memo: CellMemo, saved: Saved) -> None:
        if memo.state is BreakerState.ISOLATED:
            if self._credential.matches(saved.salt, saved.digest):
                cell.isolate(f"{self.name}: refused with this key, which has not changed")
            elif not self._credential.given and not saved.digest:
                breaker.rest()  # no key can change, so time must do
                cell.trouble(f"{self.name}: refused in the last run")
        elif memo.state is not BreakerState.CLOSED:
            left = 0.0 if memo.until is None else (memo.until - self._clock.wall()).total_seconds()
            breaker.recall(left, memo.opened)
            cell.trouble(f"{self.name}: failed in the last run")

    def _memo(self, cell: Cell) -> CellMemo:
        if cell.breaker is None:
            return CellMemo(BreakerState.CLOSED, None, 0, cell.last_good)
        memo = cell.breaker.memo()
        resting = memo.state is BreakerState.OPEN
        until = self._clock.wall() + timedelta(seconds=memo.rest) if resting else None
        return CellMemo(memo.state, until, memo.opened, cell.last_good)

    def _ordered(self) -> tuple[CellHealth, ...]:
        with self._lock:
            cells = tuple(self._cells.values())
        by_column = sorted(cells, key=lambda c: (_COLUMNS.get(c.capability, len(_COLUMNS)), c.capability))
        return tuple(cell.health() for cell in by_column)

    def _ask_local(self, cell: Cell, op: Callable[[], T]) -> T:
        start = self._clock.monotonic()
        try:
            answer = op()
        except ProviderError as error:
            cell.failed(error, seconds=self._clock.monotonic() - start)
            raise
        cell.worked(self._clock.monotonic() - start)
        return answer

    def _worked(self, seconds: float) -> None:
        self._meter.observe(f"provider.{self.name}", seconds)

    def _failed(self, error: ProviderError) -> None:
        """Do what an error means for all of the provider."""
        self._meter.fault(f"provider.{self.name}", str(error))
        if self.budget is None:
            return
        if isinstance(error, RateLimited):
            self._paused = str(error)
            self.budget.block(error.retry_after)
        elif isinstance(error, AuthFailed):
            with self._lock:
                self._refused, cells = str(error), tuple(self._cells.values())
            for cell in cells:
                cell.isolate(str(error))

    def _pause(self) -> float:
        return 0.0 if self.budget is None else self.budget.blocked

    def _closed(self) -> float:
        return 0.0 if self.budget is None else self.budget.closed

    def _spent(self) -> str:
        """Say why the budget allows nothing."""
        view = self.budget.view() if self.budget is not None else None
        if view is not None and view.blocked > 0.0:
            return self._paused or f"{self.name}: too many requests"
        if view is not None and view.left_day == 0:
            return f"{self.name}: today's {view.per_day} calls are used up"
        return f"{self.name}: our own limit is reached"

    def _again(self, cell: Cell) -> str:
        wait = cell.retry
        if wait is not None:
            return _next(wait)
        return (
            f"not asked again until {'its key changes' if self._credential.given else 'the desk starts anew'}"
        )


def _next(wait: float) -> str:
    if wait < 7200.0:  # noqa: PLR2004 (seconds; beyond two hours nobody counts them)
        return f"next try in {max(1.0, wait):.0f} s"
    return f"next try in {wait / 3600.0:.1f} h"
