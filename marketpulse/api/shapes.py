"""The JSON this door answers with, and how the desk's nouns turn into it.

What is owed (cash, quantities, prices of orders and positions) is decimal text, exact. What is
observed in the market (quotes, bars) is a JSON number, rounded to the instrument's decimals.
Absence is null, never a sentinel; a number that is not finite counts as absent.
"""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite
from typing import Annotated

from pydantic import BaseModel, Field

from marketpulse.types import (
    Bars,
    DeskStatus,
    Feed,
    Halt,
    Instrument,
    Interval,
    MarketDatum,
    Mode,
    Order,
    OrderState,
    OrderType,
    PositionView,
    ProviderHealth,
    SessionState,
    Side,
    Snapshot,
    TimeInForce,
)

__all__ = [
    "BarReply",
    "BarsReply",
    "DatumReply",
    "HaltReply",
    "HealthReply",
    "OrderReply",
    "OrdersReply",
    "PlacedReply",
    "PortfolioReply",
    "PositionReply",
    "ProviderReply",
    "ReasonReply",
    "bars_reply",
    "datum_reply",
    "halt_reply",
    "health_reply",
    "order_reply",
    "placed_reply",
    "portfolio_reply",
]

_DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["571.53"])]

_CENT = Decimal("0.01")


class ProviderReply(BaseModel):
    """One provider of prices as the desk sees it."""

    ok: bool = Field(description="its last call worked")
    state: str = Field(description="closed (working), open (resting), half_open (trying) or isolated")
    provides: list[str]
    latency: float | None = Field(description="seconds of the last good call")
    last_good: datetime | None
    note: str = Field(description="what is wrong, in words; empty when nothing is")


class HealthReply(BaseModel):
    """The desk in one object."""

    status: DeskStatus
    mode: Mode
    feed: Feed
    version: str
    started: datetime
    providers: dict[str, ProviderReply]


class DatumReply(BaseModel):
    """A quote with all that is needed to believe it or not."""

    symbol: str
    price: float | None
    bid: float | None
    ask: float | None
    spread: float | None = Field(description="ask - bid, in the instrument's currency")
    volume: float | None = Field(description="units traded this session")
    time: datetime = Field(description="at the venue; on replay: on the tape")
    received: datetime = Field(description="when the desk got it, by the desk's clock")
    source: str
    age_seconds: float
    stale: bool = Field(description="older than its feed allows; prices no order")
    session: SessionState


class BarReply(BaseModel):
    """One bar; ``time`` is its opening in seconds since 1970 UTC."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class BarsReply(BaseModel):
    """Bars oldest first; the last one is still forming."""

    symbol: str
    interval: Interval
    adjusted: bool = Field(description="splits and dividends are worked into the prices")
    source: str
    bars: list[BarReply]


class ReasonReply(BaseModel):
    """Why an order was denied, rejected, canceled or expired."""

    code: str
    message: str


class PlacedReply(BaseModel):
    """Where an order is in its life."""

    id: str
    client_order_id: str = Field(description="what the venue sees")
    state: OrderState
    filled_quantity: _DecimalText
    average_price: _DecimalText | None
    reasons: list[ReasonReply]


class OrderReply(PlacedReply):
    """An order with what was asked."""

    symbol: str
    side: Side
    type: OrderType
    quantity: _DecimalText
    limit_price: _DecimalText | None
    stop_price: _DecimalText | None
    time_in_force: TimeInForce
    fees: _DecimalText
    created: datetime
    updated: datetime


class OrdersReply(BaseModel):
    """Orders, newest first; ``next`` is null while one page holds them all."""

    orders: list[OrderReply]
    next: str | None = None


class PositionReply(BaseModel):
    """What is held of one instrument; ``last`` and ``unrealized`` are null without a price."""

    symbol: str
    quantity: _DecimalText
    average_price: _DecimalText
    last: _DecimalText | None
    unrealized: _DecimalText | None


class PortfolioReply(BaseModel):
    """The account in its base currency; ``equity`` is null while a held instrument has no price."""

    cash: _DecimalText
    equity: _DecimalText | None
    realized: _DecimalText
    unrealized: _DecimalText | None
    positions: list[PositionReply]


class HaltReply(BaseModel):
    """Whether trading is stopped, since when and why."""

    halted: bool
    since: datetime | None = None
    why: str | None = None


def health_reply(snapshot: Snapshot) -> HealthReply:
    """Say halted before degraded before ok; a provider that fails degrades the desk."""
    status = snapshot.status
    if snapshot.halt is not None:
        status = DeskStatus.HALTED
    elif status is DeskStatus.OK and not all(p.ok for p in snapshot.providers):
        status = DeskStatus.DEGRADED
    return HealthReply(
        status=status,
        mode=snapshot.mode,
        feed=snapshot.feed,
        version=snapshot.version,
        started=snapshot.started,
        providers={p.name: _provider(p) for p in snapshot.providers},
    )


def datum_reply(instrument: Instrument, datum: MarketDatum) -> DatumReply:
    """Round a datum to its instrument's decimals."""
    quote, places = datum.quote, instrument.decimals
    bid, ask = _number(quote.bid, places), _number(quote.ask, places)
    return DatumReply(
        symbol=quote.symbol,
        price=_number(quote.price, places),
        bid=bid,
        ask=ask,
        spread=None if bid is None or ask is None else round(ask - bid, places),
        volume=_number(quote.volume, 8),
        time=quote.time,
        received=quote.received,
        source=quote.source,
        age_seconds=_number(max(0.0, datum.age), 3) or 0.0,
        stale=datum.stale,
        session=datum.session,
    )


def bars_reply(instrument: Instrument, bars: Bars) -> BarsReply:
    """Round bars to their instrument's decimals."""
    places = instrument.decimals
    prices = [column.round(places).tolist() for column in (bars.open, bars.high, bars.low, bars.close)]
    rows = zip(bars.time.tolist(), *prices, bars.volume.tolist(), strict=True)
    return BarsReply(
        symbol=bars.symbol,
        interval=bars.interval,
        adjusted=bars.adjusted,
        source=bars.source,
        bars=[
            BarReply(time=t, open=o, high=h, low=lo, close=c, volume=v)
            for t, o, h, lo, c, v in rows
            if isfinite(o + h + lo + c + v)
        ],
    )


def placed_reply(order: Order) -> PlacedReply:
    """Say where an order is."""
    return PlacedReply(
        id=order.id,
        client_order_id=order.client_order_id,
        state=order.state,
        filled_quantity=_exact(order.filled_quantity),
        average_price=_exact_or_none(order.average_price),
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
        quantity=_exact(asked.quantity),
        limit_price=_exact_or_none(asked.limit_price),
        stop_price=_exact_or_none(asked.stop_price),
        time_in_force=asked.time_in_force,
        fees=_exact(order.fees),
        created=order.created,
        updated=order.updated,
    )


def portfolio_reply(snapshot: Snapshot) -> PortfolioReply:
    """Owed numbers exactly; estimates to the cent, the last price to the tick."""
    valuation = snapshot.valuation
    return PortfolioReply(
        cash=_exact(valuation.cash),
        equity=_estimate(valuation.equity, _CENT),
        realized=_exact(valuation.realized),
        unrealized=_estimate(valuation.open_pnl, _CENT),
        positions=[
            _position(p, snapshot.instruments.get(p.symbol)) for p in valuation.positions if p.quantity
        ],
    )


def halt_reply(halt: Halt | None) -> HaltReply:
    """Say whether trading is stopped."""
    return HaltReply(halted=False) if halt is None else HaltReply(halted=True, since=halt.since, why=halt.why)


def _position(view: PositionView, instrument: Instrument | None) -> PositionReply:
    return PositionReply(
        symbol=view.symbol,
        quantity=_exact(view.quantity),
        average_price=_exact(view.average_price),
        last=_estimate(view.last, instrument.tick if instrument else _CENT),
        unrealized=_estimate(view.unrealized, _CENT),
    )


def _provider(health: ProviderHealth) -> ProviderReply:
    return ProviderReply(
        ok=health.ok,
        state=health.state,
        provides=list(health.provides),
        latency=_number(health.latency, 6),
        last_good=health.last_good,
        note=health.note,
    )


def _number(value: float | None, places: int) -> float | None:
    return None if value is None or not isfinite(value) else round(value, places)


def _exact(value: Decimal) -> str:
    return format(value, "f")


def _exact_or_none(value: Decimal | None) -> str | None:
    return None if value is None else _exact(value)


def _estimate(value: float | None, step: Decimal) -> str | None:
    if value is None or not isfinite(value):
        return None
    return _exact(Decimal(repr(float(value))).quantize(step, ROUND_HALF_EVEN))
