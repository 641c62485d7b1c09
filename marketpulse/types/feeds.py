"""How the providers do: what the market page shows of failover, budgets, quarantine and agreement."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = [
    "Agreement",
    "BudgetView",
    "CellHealth",
    "Coverage",
    "FeedsView",
    "PlanLine",
    "ProviderHealth",
    "Quarantined",
    "StoreView",
    "Switch",
    "Witness",
]


class Agreement(StrEnum):
    """Whether a second source tells the same price."""

    ALONE = "alone"  # nobody else has been heard lately
    AGREED = "agreed"  # a second source lies within the tolerance
    DISPUTED = "disputed"  # it does not: prices no order


@dataclass(frozen=True, slots=True)
class Witness:
    """What another source said of the same instrument.

    Attributes
    ----------
    price : in the instrument's currency
    time : aware UTC, at the venue
    difference : witness price / shown price - 1, a fraction
    tolerance : the largest absolute difference that counts as agreement, a fraction
    """

    source: str
    price: float
    time: datetime
    difference: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class BudgetView:
    """What may still be asked of a provider.

    Attributes
    ----------
    per_minute, left_minute : calls; ``left_minute`` of the burst that may go now
    per_day, left_day : calls, None where there is no daily quota
    resets : when the daily quota is whole again, aware UTC by the wall clock
    blocked : seconds until the provider may be asked again after it said "too many", 0 for now
    burst : the most that ``left_minute`` can be, 0 where it is not known
    """

    per_minute: float
    left_minute: float
    per_day: int | None = None
    left_day: int | None = None
    resets: datetime | None = None
    blocked: float = 0.0
    burst: float = 0.0


@dataclass(frozen=True, slots=True)
class CellHealth:
    """One capability of one provider.

    Attributes
    ----------
    capability : ``quote``, ``bars``, ``actions``, ``book``, ``news`` or ``stream``
    state : ``closed`` (working), ``open`` (resting), ``half_open`` (trying) or ``isolated``
    ok : the last call worked
    p50, p95 : seconds of the good calls of the last quarter of an hour, None before one
    errors : share of those calls that failed, a fraction, None before one
    calls : how many calls that rests on
    last_good : when it last answered well, by the desk's clock
    retry : seconds until it is tried again, 0 when it may be asked now, None when it never is
    note : what is wrong, in words; empty when nothing is
    """

    capability: str
    state: str
    ok: bool
    p50: float | None
    p95: float | None
    errors: float | None
    calls: int
    last_good: datetime | None
    retry: float | None = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One provider as the guards see it.

    Attributes
    ----------
    provides : ``quote crypto`` and the like, what it is asked for on this desk
    state : the worst state of its cells; ``not_set`` where its key is missing
    ok : the last call of each of its cells worked
    latency : seconds of the last good call, None before one
    last_good : when it last answered well, by the desk's clock
    note : what is wrong, in words; empty when nothing is
    cells : each capability, in the order of the page's columns
    budget : what may still be asked, None for a local source
    """

    name: str
    provides: tuple[str, ...]
    state: str
    ok: bool
    latency: float | None
    last_good: datetime | None
    note: str = ""
    cells: tuple[CellHealth, ...] = ()
    budget: BudgetView | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """One failover: somebody else answers now.

    Attributes
    ----------
    time : by the desk's clock, aware UTC
    what : ``quote AAPL``, or ``quote AAPL and 4 more``
    before, after : provider names; ``after`` is empty when nobody answered
    why : the sentence of the one that failed, or why the first is asked again
    gap : seconds without an answer, None when there was none
    """

    time: datetime
    what: str
    before: str
    after: str
    why: str
    gap: float | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A datum that was not believed.

    Attributes
    ----------
    received : aware UTC, by the desk's clock
    kind : ``quote``, ``bar`` or ``book``
    said : what the provider said, short and readable
    held : the last good price that stays, None before one
    reason : a clause that completes "the price ..."
    """

    symbol: str
    received: datetime
    source: str
    kind: str
    said: str
    held: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What the planner foresees of one provider.

    Attributes
    ----------
    calls : a minute, what the desk's schedule asks of it
    runs_out : when its quota ends at this pace, aware UTC; None when it does not
    sentence : what will go stale or run out, in words; empty when nothing will
    """

    provider: str
    calls: float
    runs_out: datetime | None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one kind of data the store holds; ``share`` is a fraction of what it should hold."""

    what: str
    share: float | None
    span: str


@dataclass(frozen=True, slots=True)
class StoreView:
    """What the store saved the providers.

    Attributes
    ----------
    asked, answered : requests for bars since the start, and those that the store answered
    store_seconds, provider_seconds : median seconds of one answer, None before one
    """

    asked: int = 0
    answered: int = 0
    store_seconds: float | None = None
    provider_seconds: float | None = None

    @property
    def hit_rate(self) -> float | None:
        """Share of the requests that no provider had to answer, a fraction."""
        return self.answered / self.asked if self.asked else None

    @property
    def gain(self) -> float | None:
        """How many times faster the store was than the provider."""
        if not self.store_seconds or self.provider_seconds is None:
            return None
        return self.provider_seconds / self.store_seconds


@dataclass(frozen=True, slots=True)
class FeedsView:
    """Everything the market page shows beside prices and books; lists are newest first.

    Attributes
    ----------
    judged, disbelieved : data looked at and refused since the start
    missing : one sentence for each provider that a missing key leaves out
    """

    switches: tuple[Switch, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    judged: int = 0
    disbelieved: int = 0
    plan: tuple[PlanLine, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    store: StoreView = StoreView()
    missing: tuple[str, ...] = ()
