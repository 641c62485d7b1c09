"""What each kind of event carries, and the way there and back; the only place that knows.

A payload holds text, whole numbers and lists only: a Decimal is its own text, an estimate is the
shortest text that reads back as the same float, a time is ISO text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marketpulse.portfolio.alert_codec import Alert, read_alert, write_alert
from marketpulse.portfolio.desk_codec import read_terms, write_halt_terms, write_terms
from marketpulse.portfolio.external import External, ExternalKind, read_external, write_external
from marketpulse.portfolio.signal_codec import read_signal, write_signal
from marketpulse.portfolio.texts import Payload, as_iso, as_repr, as_text, given, to_float, to_money, to_time
from marketpulse.ports import Terms
from marketpulse.types import (
    ActionKind,
    CorporateAction,
    Fill,
    Json,
    OrderRequest,
    OrderState,
    OrderType,
    Reason,
    Side,
    TimeInForce,
)

__all__ = [
    "Alert",
    "Booking",
    "Cash",
    "Change",
    "External",
    "ExternalKind",
    "Intent",
    "Paid",
    "read_action",
    "read_alert",
    "read_booking",
    "read_cash",
    "read_change",
    "read_denial",
    "read_external",
    "read_halt",
    "read_intent",
    "read_paid",
    "read_reasons",
    "read_signal",
    "write_action",
    "write_alert",
    "write_booking",
    "write_cash",
    "write_change",
    "write_denial",
    "write_external",
    "write_halt",
    "write_intent",
    "write_resume",
    "write_signal",
]


@dataclass(frozen=True, slots=True)
class Cash:
    """A deposit, or a withdrawal when ``amount`` is negative."""

    amount: Decimal
    currency: str
    why: str


@dataclass(frozen=True, slots=True)
class Intent:
    """All that is known of an order before it leaves.

    Attributes
    ----------
    body : sha256 of the request, tells a repeated wish from another one under the same key
    reserve : cash the order may need, base currency, as previewed; 0 for a sale
    wall : wall clock when it was made; the desk's clock is the event's own time
    opens : the next opening, when the exchange was closed then; by the instrument's own clock
    expires : when a day order ends, where that was known; by the instrument's own clock
    parent, role : the order whose exit or replacement this is, and why it exists
    arrival : mid price at that moment, in the instrument's currency; None was unknown
    """

    client_order_id: str
    request: OrderRequest
    body: str
    reserve: Decimal
    wall: datetime
    opens: datetime | None = None
    expires: datetime | None = None
    parent: str | None = None
    role: str = ""
    arrival: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An order moved to ``to``; ``code`` and ``sentence`` say why where a person would ask.

    Attributes
    ----------
    terms : what a replace wants of the order, or what it has become where it rests again
    reserve : cash that an amended buy may need, base currency; None leaves it as it was
    """

    to: OrderState
    cause: str
    code: str = ""
    sentence: str = ""
    venue_id: str | None = None
    terms: Terms | None = None
    reserve: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """An execution, and the state it leaves its order in.

    Attributes
    ----------
    currency : of the price; empty where the symbol says it (a pair) or it is the books' base currency
    """

    fill: Fill
    to: OrderState
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """What a dividend brought; an ACTION of the first ledgers does not have it, and moved no cash.

    Attributes
    ----------
    held : units held before the ex-day began
    cash : what was booked, in ``currency``
    """

    held: Decimal
    cash: Decimal
    currency: str


def write_cash(cash: Cash) -> Payload:
    """CASH."""
    return {"amount": str(cash.amount), "currency": cash.currency, "why": cash.why}


def read_cash(payload: Mapping[str, Any]) -> Cash:
    """CASH."""
    return Cash(Decimal(payload["amount"]), payload["currency"], payload["why"])


def write_intent(intent: Intent) -> Payload:
    """ORDER."""
    request = intent.request
    return {
        "client_order_id": intent.client_order_id,
        "symbol": request.symbol,
        "side": request.side.value,
        "type": request.type.value,
        "quantity": str(request.quantity),
        "limit_price": as_text(request.limit_price),
        "stop_price": as_text(request.stop_price),
        "time_in_force": request.time_in_force.value,
        "body": intent.body,
        "reserve": str(intent.reserve),
        "wall": intent.wall.isoformat(),
        "opens": as_iso(intent.opens),
        "expires": as_iso(intent.expires),
        **given(
            good_till=as_iso(request.good_till),
            trail_amount=as_text(request.trail_amount),
            trail_percent=as_text(request.trail_percent),
            activation_price=as_text(request.activation_price),
            reduce_only=request.reduce_only,
            post_only=request.post_only,
            take_profit_price=as_text(request.take_profit_price),
            stop_loss_price=as_text(request.stop_loss_price),
            parent=intent.parent,
            role=intent.role,
            arrival=as_repr(intent.arrival),
        ),
    }


def read_intent(payload: Mapping[str, Any]) -> Intent:
    """ORDER, and the request inside DENIED."""
    request = OrderRequest(
        symbol=payload["symbol"],
        side=Side(payload["side"]),
        type=OrderType(payload["type"]),
        quantity=Decimal(payload["quantity"]),
        limit_price=to_money(payload["limit_price"]),
        stop_price=to_money(payload["stop_price"]),
        time_in_force=TimeInForce(payload["time_in_force"]),
        good_till=to_time(payload.get("good_till")),
        trail_amount=to_money(payload.get("trail_amount")),
        trail_percent=to_money(payload.get("trail_percent")),
        activation_price=to_money(payload.get("activation_price")),
        reduce_only=bool(payload.get("reduce_only")),
        post_only=bool(payload.get("post_only")),
        take_profit_price=to_money(payload.get("take_profit_price")),
        stop_loss_price=to_money(payload.get("stop_loss_price")),
    )
    return Intent(
        client_order_id=payload["client_order_id"],
        request=request,
        body=payload["body"],
        reserve=Decimal(payload["reserve"]),
        wall=datetime.fromisoformat(payload["wall"]),
        opens=to_time(payload["opens"]),
        expires=to_time(payload["expires"]),
        parent=payload.get("parent"),
        role=payload.get("role", ""),
        arrival=to_float(payload.get("arrival")),
    )


def write_denial(intent: Intent, reasons: tuple[Reason, ...]) -> Payload:
    """DENIED."""
    listed: list[Json] = [
        {"code": r.code, "sentence": r.sentence, **given(value=r.value or None, limit=r.limit or None)}
        for r in reasons
    ]
    return {**write_intent(intent), "reasons": listed}


def read_denial(payload: Mapping[str, Any]) -> tuple[Intent, tuple[Reason, ...]]:
    """DENIED."""
    return read_intent(payload), read_reasons(payload)


def read_reasons(payload: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Why DENIED."""
    return tuple(
        Reason(r["code"], r["sentence"], r.get("value", ""), r.get("limit", "")) for r in payload["reasons"]
    )


def write_change(change: Change) -> Payload:
    """STATE."""
    return {
        "to": change.to.value,
        "cause": change.cause,
        "code": change.code,
        "sentence": change.sentence,
        "venue_id": change.venue_id,
        **write_terms(change.terms),
        **given(reserve=as_text(change.reserve)),
    }


def read_change(payload: Mapping[str, Any]) -> Change:
    """STATE."""
    return Change(
        OrderState(payload["to"]),
        payload["cause"],
        payload["code"],
        payload["sentence"],
        payload["venue_id"],
        read_terms(payload) if "terms" in payload else None,
        to_money(payload.get("reserve")),
    )


def write_booking(booking: Booking) -> Payload:
    """FILL."""
    fill = booking.fill
    return {
        "venue": fill.venue,
        "trade_id": fill.trade_id,
        "client_order_id": fill.client_order_id,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": str(fill.quantity),
        "price": str(fill.price),
        "fee": str(fill.fee),
        "time": fill.time.isoformat(),
        "note": fill.note,
        "to": booking.to.value,
        **given(
            currency=booking.currency,
            fee_currency=fill.fee_currency,
            optimistic=as_text(fill.optimistic),
            pessimistic=as_text(fill.pessimistic),
        ),
        **({} if fill.maker is None else {"maker": fill.maker}),
    }


def read_booking(payload: Mapping[str, Any]) -> Booking:
    """FILL."""
    fill = Fill(
        venue=payload["venue"],
        trade_id=payload["trade_id"],
        client_order_id=payload["client_order_id"],
        symbol=payload["symbol"],
        side=Side(payload["side"]),
        quantity=Decimal(payload["quantity"]),
        price=Decimal(payload["price"]),
        fee=Decimal(payload["fee"]),
        time=datetime.fromisoformat(payload["time"]),
        note=payload["note"],
        fee_currency=payload.get("fee_currency", ""),
        optimistic=to_money(payload.get("optimistic")),
        pessimistic=to_money(payload.get("pessimistic")),
        maker=payload.get("maker"),
    )
    return Booking(fill, OrderState(payload["to"]), payload.get("currency", ""))


def write_action(action: CorporateAction, paid: Paid | None = None) -> Payload:
    """ACTION."""
    payload: Payload = {
        "symbol": action.symbol,
        "day": action.day.isoformat(),
        "kind": action.kind.value,
        "value": str(action.value),
    }
    if paid is not None:
        payload |= {"held": str(paid.held), "cash": str(paid.cash), "currency": paid.currency}
    return payload


def read_paid(payload: Mapping[str, Any]) -> Paid | None:
    """ACTION: the cash of a dividend, where it was booked."""
    if "cash" not in payload:
        return None
    return Paid(Decimal(payload["held"]), Decimal(payload["cash"]), payload["currency"])


def read_action(payload: Mapping[str, Any]) -> CorporateAction:
    """ACTION."""
    return CorporateAction(
        payload["symbol"],
        date.fromisoformat(payload["day"]),
        ActionKind(payload["kind"]),
        Decimal(payload["value"]),
    )


def write_halt(why: str, *, reducing: bool = False, kept: tuple[str, ...] = ()) -> Payload:
    """HALT."""
    return {"why": why, **write_halt_terms(reducing=reducing, kept=kept)}


def read_halt(payload: Mapping[str, Any]) -> str:
    """HALT."""
    return str(payload["why"])


def write_resume() -> Payload:
    """RESUME; that it was said is all there is to say."""
    return {}
