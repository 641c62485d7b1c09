"""The JSON of how the providers do: the matrix, budgets, failover, quarantine, and what the store saved."""

from datetime import datetime

from pydantic import BaseModel, Field

from marketpulse.api.numbers import rounded
from marketpulse.types import BudgetView, CellHealth, ProviderHealth, Snapshot, StoreView

__all__ = [
    "BudgetReply",
    "CellReply",
    "CoverageReply",
    "FailoversReply",
    "PlanReply",
    "ProviderRow",
    "ProvidersReply",
    "QuarantineReply",
    "QuarantinedReply",
    "StoreReply",
    "SwitchReply",
    "failovers_reply",
    "providers_reply",
    "quarantine_reply",
]


class CellReply(BaseModel):
    """One capability of one provider, over the last quarter of an hour."""

    capability: str = Field(description="quote, bars, intraday, actions, book, news or stream")
    state: str = Field(description="closed (working), open (resting), half_open (trying) or isolated")
    ok: bool = Field(description="its last call worked")
    p50: float | None = Field(description="seconds of the good calls, half were faster")
    p95: float | None = Field(description="seconds of the good calls, 95 of 100 were faster")
    errors: float | None = Field(description="share of the calls that failed, a fraction")
    calls: int
    last_good: datetime | None
    retry: float | None = Field(description="seconds until it is tried again; null when it never is")
    note: str = Field(description="what is wrong, in words; empty when nothing is")


class BudgetReply(BaseModel):
    """What may still be asked of a provider."""

    per_minute: float | None
    left_minute: float | None
    per_day: int | None
    left_day: int | None
    resets: datetime | None = Field(description="when the daily quota is whole again")
    blocked: float | None = Field(description="seconds to wait after it said too many requests")


class ProviderRow(BaseModel):
    """One row of the matrix."""

    name: str
    state: str = Field(description="the worst state of its cells; not_set where its key is missing")
    ok: bool
    provides: list[str]
    latency: float | None = Field(description="seconds of the last good call")
    last_good: datetime | None
    note: str
    cells: list[CellReply]
    budget: BudgetReply | None = Field(description="null for a source on this machine")


class PlanReply(BaseModel):
    """What the planner foresees of one provider."""

    provider: str
    calls: float | None = Field(description="a minute, what the desk asks of it")
    runs_out: datetime | None = Field(description="when its quota ends at this pace")
    sentence: str


class CoverageReply(BaseModel):
    """How much of one kind of data the store holds."""

    what: str
    share: float | None = Field(description="of what it should hold, a fraction")
    span: str


class StoreReply(BaseModel):
    """What the store saved the providers since the start."""

    asked: int
    answered: int
    hit_rate: float | None = Field(description="share of requests that no provider had to answer")
    gain: float | None = Field(description="how many times faster it was than the provider")
    store_seconds: float | None
    provider_seconds: float | None


class ProvidersReply(BaseModel):
    """Every provider of this desk, and those a missing key leaves out."""

    providers: list[ProviderRow]
    plan: list[PlanReply]
    missing: list[str]
    coverage: list[CoverageReply]
    store: StoreReply


class SwitchReply(BaseModel):
    """Somebody else answers now; ``after`` is empty when nobody did."""

    time: datetime
    what: str
    before: str
    after: str
    why: str
    gap: float | None = Field(description="seconds without an answer")


class FailoversReply(BaseModel):
    """Newest first."""

    failovers: list[SwitchReply]


class QuarantinedReply(BaseModel):
    """A datum that was not believed."""

    symbol: str
    received: datetime
    source: str
    kind: str
    said: str
    held: float | None = Field(description="the last good price, which stays")
    reason: str


class QuarantineReply(BaseModel):
    """Newest first, with how many were looked at and refused since the start."""

    judged: int
    disbelieved: int
    quarantine: list[QuarantinedReply]


def providers_reply(snapshot: Snapshot) -> ProvidersReply:
    """Give the matrix with all that stands around it."""
    feeds = snapshot.feeds
    return ProvidersReply(
        providers=[_row(health) for health in snapshot.providers],
        plan=[
            PlanReply(
                provider=line.provider,
                calls=rounded(line.calls, 3),
                runs_out=line.runs_out,
                sentence=line.sentence,
            )
            for line in feeds.plan
        ],
        missing=list(feeds.missing),
        coverage=[
            CoverageReply(what=one.what, share=rounded(one.share, 6), span=one.span) for one in feeds.coverage
        ],
        store=_store(feeds.store),
    )


def failovers_reply(snapshot: Snapshot) -> FailoversReply:
    """Give each failover the desk remembers."""
    return FailoversReply(
        failovers=[
            SwitchReply(
                time=one.time,
                what=one.what,
                before=one.before,
                after=one.after,
                why=one.why,
                gap=rounded(one.gap, 3),
            )
            for one in snapshot.feeds.switches
        ]
    )


def quarantine_reply(snapshot: Snapshot) -> QuarantineReply:
    """Give what was not believed."""
    feeds = snapshot.feeds
    return QuarantineReply(
        judged=feeds.judged,
        disbelieved=feeds.disbelieved,
        quarantine=[
            QuarantinedReply(
                symbol=one.symbol,
                received=one.received,
                source=one.source,
                kind=one.kind,
                said=one.said,
                held=rounded(one.held, 8),
                reason=one.reason,
            )
            for one in feeds.quarantine
        ],
    )


def _row(health: ProviderHealth) -> ProviderRow:
    return ProviderRow(
        name=health.name,
        state=health.state,
        ok=health.ok,
        provides=list(health.provides),
        latency=rounded(health.latency, 6),
        last_good=health.last_good,
        note=health.note,
        cells=[_cell(cell) for cell in health.cells],
        budget=_budget(health.budget) if health.budget else None,
    )


def _cell(cell: CellHealth) -> CellReply:
    return CellReply(
        capability=cell.capability,
        state=cell.state,
        ok=cell.ok,
        p50=rounded(cell.p50, 6),
        p95=rounded(cell.p95, 6),
        errors=rounded(cell.errors, 6),
        calls=cell.calls,
        last_good=cell.last_good,
        retry=rounded(cell.retry, 1),
        note=cell.note,
    )


def _budget(budget: BudgetView) -> BudgetReply:
    return BudgetReply(
        per_minute=rounded(budget.per_minute, 3),
        left_minute=rounded(budget.left_minute, 3),
        per_day=budget.per_day,
        left_day=budget.left_day,
        resets=budget.resets,
        blocked=rounded(budget.blocked, 1),
    )


def _store(store: StoreView) -> StoreReply:
    return StoreReply(
        asked=store.asked,
        answered=store.answered,
        hit_rate=rounded(store.hit_rate, 6),
        gain=rounded(store.gain, 1),
        store_seconds=rounded(store.store_seconds, 6),
        provider_seconds=rounded(store.provider_seconds, 6),
    )
