"""A member at the table: it is asked behind a breaker, so that one that fails only silences itself."""

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Protocol

import numpy as np

from marketpulse.clock import Clock
from marketpulse.guard import Breaker, BreakerPolicy, BreakerState, Outcome
from marketpulse.guard.breaker import BreakerMemo
from marketpulse.types import FloatArray

__all__ = ["POLICY", "Base", "Health", "Seat"]

POLICY = BreakerPolicy(
    calls=20, seconds=3_600.0, least=3, slow=0.25, slow_share=0.5, rest=60.0, longest_rest=3_600.0
)
"""Three calls of which half failed or were slow: a minute's rest, then two probes."""

_KEPT = 256
_NO_WHY = ""
_EARLIER = "it was sent to rest before the desk was started"


class Base(Protocol):
    """What answers for a member."""

    def raw(self, x: FloatArray) -> FloatArray:
        """Probabilities of rows, before calibration."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a member fares.

    Attributes
    ----------
    state, resting : of its breaker; seconds until it is asked again
    calls, p50, p99 : seconds of the newest calls, NaN before the first
    trouble : what went wrong last, empty when nothing did
    """

    state: BreakerState
    resting: float
    calls: int
    p50: float
    p99: float
    trouble: str


class Seat:
    """One member behind its breaker. Safe from every thread.

    Parameters
    ----------
    name : the member's
    base : what answers
    """

    def __init__(
        self, name: str, base: Base, clock: Clock, rng: Random, policy: BreakerPolicy = POLICY
    ) -> None:
        self.name = name
        self._base = base
        self._clock = clock
        self._slow = policy.slow
        self._breaker = Breaker(clock, policy, rng)
        self._seconds: deque[float] = deque(maxlen=_KEPT)
        self._trouble = _NO_WHY

    def ask(self, x: FloatArray) -> tuple[FloatArray, str]:
        """Probabilities of rows, NaN where it abstains, and why it does; never raises."""
        ticket = self._breaker.enter()
        if ticket is None:
            return np.full(len(x), np.nan), f"rests after trouble: {self._trouble}"
        start = self._clock.monotonic()
        try:
            found = self._base.raw(x)
            trouble = "" if found.shape == (len(x),) else f"gave {found.shape} for {len(x)} rows"
        except Exception as error:  # noqa: BLE001  whatever a library raises, the others go on
            found, trouble = np.empty(0), f"failed ({type(error).__name__})"
        seconds = self._clock.monotonic() - start
        if trouble:
            found = np.full(len(x), np.nan)
        elif not _probable(found):
            found = np.where((found >= 0.0) & (found <= 1.0), found, np.nan)
            trouble = "gave a number that is no probability"
        self._breaker.leave(ticket, Outcome.FAILED if trouble else Outcome.WORKED, seconds)
        if seconds >= self._slow and not trouble:
            found, trouble = np.full(len(x), np.nan), f"took {seconds:.2f} s"
        self._seconds.append(seconds)
        if trouble:
            self._trouble = trouble
        return found, trouble

    def health(self) -> Health:
        """How it fares now."""
        taken = np.array(tuple(self._seconds))
        middle, late = np.percentile(taken, [50, 99]) if len(taken) else (np.nan, np.nan)
        state, resting = self._breaker.state, self._breaker.resting
        return Health(state, resting, len(taken), float(middle), float(late), self._trouble)

    def memo(self) -> BreakerMemo:
        """What ``recall`` needs after a restart."""
        return self._breaker.memo()

    def recall(self, rest: float, opened: int) -> None:
        """Take up a rest of an earlier run with ``rest`` seconds left."""
        self._breaker.recall(rest, opened)
        self._trouble = _EARLIER


def _probable(found: FloatArray) -> bool:
    """Whether all are within 0 and 1; NaN is not."""
    if len(found) == 1:  # what a new bar asks: reductions would cost more than the graph
        return bool(0.0 <= found[0] <= 1.0)
    return bool(((found >= 0.0) & (found <= 1.0)).all())
