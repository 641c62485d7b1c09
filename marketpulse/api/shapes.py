"""The JSON of the account and of the desk's health, and how the desk's nouns turn into it.

What is owed (cash, quantities, prices of orders and positions) is decimal text, exact.
"""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from marketpulse.api.numbers import DecimalText, estimate, exact, exact_or_none, rounded
from marketpulse.types import (
    Agreement,
    DeskStatus,
    Feed,
    Halt,
    Instrument,
    MarketDatum,
    Mode,
    Order,
    OrderState,
    OrderType,
    PositionView,
    ProviderHealth,
    Side,
    Snapshot,
    TimeInForce,
)

__all__ = [
    "HaltReply",
    "HealthReply",
    "OrderReply",
    "OrdersReply",
    "PlacedReply",
    "PortfolioReply",
    "PositionReply",
    "ProviderReply",
    "ReasonReply",
    "halt_reply",
    "health_reply",
    "order_reply",
    "placed_reply",
    "portfolio_reply",
]

_CENT = Decimal("0.01")


class ProviderReply(BaseModel):
    """One provider of prices as the desk sees it."""

    ok: bool = Field(description="its last call worked")
    state: str = Field(description="closed (working), open (resting), half_open (trying) or isolated")
    provides: list[str]
    latency: float | None = Field(description="seconds of the last good call")
    last_good: datetime | None
    note: str = Field(description="what is wrong, in words; empty when nothing is")
    cells: dict[str, str] = Field(
        description="the state of each capability; /api/live/providers has the rest"
    )


class HealthReply(BaseModel):
    """The desk in one object."""

    status: DeskStatus
    mode: Mode
    feed: Feed
    version: str
    started: datetime
    providers: dict[str, ProviderReply]


class ReasonReply(BaseModel):
    """Why an order was denied, rejected, canceled or expired."""

    code: str
    message: str


class PlacedReply(BaseModel):
    """Where an order is in its life."""

    id: str
    client_order_id: str = Field(description="what the venue sees")
    state: OrderState
    filled_quantity: DecimalText
    average_price: DecimalText | None
    reasons: list[ReasonReply]


class OrderReply(PlacedReply):
    """An order with what was asked."""

    symbol: str
    side: Side
    type: OrderType
    quantity: DecimalText
    limit_price: DecimalText | None
    stop_price: DecimalText | None
    time_in_force: TimeInForce
    good_till: datetime | None = None
    trail_amount: DecimalText | None = None
    trail_percent: DecimalText | None = None
    activation_price: DecimalText | None = None
    reduce_only: bool = False
    post_only: bool = False
    take_profit_price: DecimalText | None = None
    stop_loss_price: DecimalText | None = None
    account: str
    parent: str | None = Field(default=None, description="id of the order whose exit or replacement this is")
    role: str = Field(default="", description="empty for a person's own; stop, target, replacement, flatten")
    arrival_price: float | None = Field(default=None, description="mid price when the intent was committed")
    fees: DecimalText
    created: datetime
    updated: datetime


class OrdersReply(BaseModel):
    """Orders, newest first; ``next`` is null while one page holds them all."""

    orders: list[OrderReply]
    next: str | None = None


class PositionReply(BaseModel):
    """What is held of one instrument; ``last`` and ``unrealized`` are null without a price."""

    symbol: str
    quantity: DecimalText
    average_price: DecimalText
    last: DecimalText | None
    unrealized: DecimalText | None
    source: str | None = Field(description="who said the last price")
    age_seconds: float | None = Field(description="how old the last price is")
    stale: bool = Field(description="the last price is older than its feed allows")
    agreement: Agreement | None = Field(description="whether another source tells the last price too")


class PortfolioReply(BaseModel):
    """The account in its base currency; ``equity`` is null while a held instrument has no price."""

    cash: DecimalText
    equity: DecimalText | None
    realized: DecimalText
    unrealized: DecimalText | None
    positions: list[PositionReply]


class HaltReply(BaseModel):
    """Whether trading is stopped, since when and why."""

    halted: bool
    reducing: bool = Field(default=False, description="halted for buys only")
    since: datetime | None = None
    why: str | None = None
    kept: list[str] = Field(default=[], description="ids of protective stops left at their venue")


def health_reply(snapshot: Snapshot) -> HealthReply:
    """Say halted before degraded before ok; a provider that fails degrades the desk."""
    status = snapshot.status
    if snapshot.halt is not None:
        status = DeskStatus.HALTED
    elif status is DeskStatus.OK and not all(p.ok or p.state == "not_set" for p in snapshot.providers):
        status = DeskStatus.DEGRADED
    return HealthReply(
        status=status,
        mode=snapshot.mode,
        feed=snapshot.feed,
        version=snapshot.version,
        started=snapshot.started,
        providers={p.name: _provider(p) for p in snapshot.providers},
    )


def placed_reply(order: Order) -> PlacedReply:
    """Say where an order is."""
    return PlacedReply(
        id=order.id,
        client_order_id=order.client_order_id,
        state=order.state,
        filled_quantity=exact(order.filled_quantity),
        average_price=exact_or_none(order.average_price),
        reasons=[ReasonReply(code=r.code, message=r.sentence) for r in order.reasons],
    )


def order_reply(order: Order) -> OrderReply:
    """Say what was asked and where it is."""
    asked = order.request
    return OrderReply(
        **placed_reply(order).model_dump(),
        symbol=asked.symbol,
        side=asked.side,
        type=asked.type,
        quantity=exact(asked.quantity),
        limit_price=exact_or_none(asked.limit_price),
        stop_price=exact_or_none(asked.stop_price),
        time_in_force=asked.time_in_force,
        good_till=asked.good_till,
        trail_amount=exact_or_none(asked.trail_amount),
        trail_percent=exact_or_none(asked.trail_percent),
        activation_price=exact_or_none(asked.activation_price),
        reduce_only=asked.reduce_only,
        post_only=asked.post_only,
        take_profit_price=exact_or_none(asked.take_profit_price),
        stop_loss_price=exact_or_none(asked.stop_loss_price),
        account=order.account,
        parent=order.parent,
        role=order.role,
        arrival_price=order.arrival,
        fees=exact(order.fees),
        created=order.created,
        updated=order.updated,
    )


def portfolio_reply(snapshot: Snapshot) -> PortfolioReply:
    """Owed numbers exactly; estimates to the cent, the last price to the tick."""
    valuation = snapshot.valuation
    return PortfolioReply(
        cash=exact(valuation.cash),
        equity=estimate(valuation.equity, _CENT),
        realized=exact(valuation.realized),
        unrealized=estimate(valuation.open_pnl, _CENT),
        positions=[
            _position(p, snapshot.instruments.get(p.symbol), snapshot.market.get(p.symbol))
            for p in valuation.positions
            if p.quantity
        ],
    )


def halt_reply(halt: Halt | None) -> HaltReply:
    """Say whether trading is stopped."""
    if halt is None:
        return HaltReply(halted=False)
    return HaltReply(
        halted=True, reducing=halt.reducing, since=halt.since, why=halt.why, kept=list(halt.kept)
    )


def _position(view: PositionView, instrument: Instrument | None, datum: MarketDatum | None) -> PositionReply:
    return PositionReply(
        symbol=view.symbol,
        quantity=exact(view.quantity),
        average_price=exact(view.average_price),
        last=estimate(view.last, instrument.tick if instrument else _CENT),
        unrealized=estimate(view.unrealized, _CENT),
        source=datum.quote.source if datum else None,
        age_seconds=rounded(max(0.0, datum.age), 3) if datum else None,
        stale=view.stale,
        agreement=datum.agreement if datum else None,
    )


def _provider(health: ProviderHealth) -> ProviderReply:
    return ProviderReply(
        ok=health.ok,
        state=health.state,
        provides=list(health.provides),
        latency=rounded(health.latency, 6),
        last_good=health.last_good,
        note=health.note,
        cells={cell.capability: cell.state for cell in health.cells},
    )
