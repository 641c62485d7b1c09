"""What each kind of event carries, and the way there and back; the only place that knows.

A payload holds text, whole numbers and lists only: a Decimal is its own text, an estimate is the
shortest text that reads back as the same float, a time is ISO text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marketpulse.types import (
    ActionKind,
    CorporateAction,
    Edge,
    Fill,
    Json,
    OrderRequest,
    OrderState,
    OrderType,
    Reason,
    Side,
    Signal,
    TimeInForce,
    Vote,
)

__all__ = [
    "Alert",
    "Booking",
    "Cash",
    "Change",
    "Intent",
    "read_action",
    "read_alert",
    "read_booking",
    "read_cash",
    "read_change",
    "read_denial",
    "read_halt",
    "read_intent",
    "read_reasons",
    "read_signal",
    "write_action",
    "write_alert",
    "write_booking",
    "write_cash",
    "write_change",
    "write_denial",
    "write_halt",
    "write_intent",
    "write_resume",
    "write_signal",
]

Payload = dict[str, Json]


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
    """An order moved to ``to``; ``code`` and ``sentence`` say why where a person would ask."""

    to: OrderState
    cause: str
    code: str = ""
    sentence: str = ""
    venue_id: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """An execution, and the state it leaves its order in."""

    fill: Fill
    to: OrderState


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person must see: a code for machines, a sentence for people."""

    code: str
    sentence: str


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _repr(number: float | None) -> str | None:
    return None if number is None else repr(float(number))


def _float(text: str | None) -> float | None:
    return None if text is None else float(text)


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
        "limit_price": _text(request.limit_price),
        "stop_price": _text(request.stop_price),
        "time_in_force": request.time_in_force.value,
        "body": intent.body,
        "reserve": str(intent.reserve),
        "wall": intent.wall.isoformat(),
        "opens": _iso(intent.opens),
        "expires": _iso(intent.expires),
        **_given(
            good_till=_iso(request.good_till),
            trail_amount=_text(request.trail_amount),
            trail_percent=_text(request.trail_percent),
            activation_price=_text(request.activation_price),
            reduce_only=request.reduce_only,
            post_only=request.post_only,
            take_profit_price=_text(request.take_profit_price),
            stop_loss_price=_text(request.stop_loss_price),
            parent=intent.parent,
            role=intent.role,
            arrival=_repr(intent.arrival),
        ),
    }


def _given(**fields: Json) -> Payload:
    """Leave out what is not said, so that plain events read as they did in the first ledgers."""
    return {name: value for name, value in fields.items() if value}


def read_intent(payload: Mapping[str, Any]) -> Intent:
    """ORDER, and the request inside DENIED."""
    request = OrderRequest(
        symbol=payload["symbol"],
        side=Side(payload["side"]),
        type=OrderType(payload["type"]),
        quantity=Decimal(payload["quantity"]),
        limit_price=_money(payload["limit_price"]),
        stop_price=_money(payload["stop_price"]),
        time_in_force=TimeInForce(payload["time_in_force"]),
        good_till=_time(payload.get("good_till")),
        trail_amount=_money(payload.get("trail_amount")),
        trail_percent=_money(payload.get("trail_percent")),
        activation_price=_money(payload.get("activation_price")),
        reduce_only=bool(payload.get("reduce_only")),
        post_only=bool(payload.get("post_only")),
        take_profit_price=_money(payload.get("take_profit_price")),
        stop_loss_price=_money(payload.get("stop_loss_price")),
    )
    return Intent(
        client_order_id=payload["client_order_id"],
        request=request,
        body=payload["body"],
        reserve=Decimal(payload["reserve"]),
        wall=datetime.fromisoformat(payload["wall"]),
        opens=_time(payload["opens"]),
        expires=_time(payload["expires"]),
        parent=payload.get("parent"),
        role=payload.get("role", ""),
        arrival=_float(payload.get("arrival")),
    )


def write_denial(intent: Intent, reasons: tuple[Reason, ...]) -> Payload:
    """DENIED."""
    listed: list[Json] = [{"code": reason.code, "sentence": reason.sentence} for reason in reasons]
    return {**write_intent(intent), "reasons": listed}


def read_denial(payload: Mapping[str, Any]) -> tuple[Intent, tuple[Reason, ...]]:
    """DENIED."""
    return read_intent(payload), read_reasons(payload)


def read_reasons(payload: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Why DENIED."""
    return tuple(Reason(reason["code"], reason["sentence"]) for reason in payload["reasons"])


def write_change(change: Change) -> Payload:
    """STATE."""
    return {
        "to": change.to.value,
        "cause": change.cause,
        "code": change.code,
        "sentence": change.sentence,
        "venue_id": change.venue_id,
    }


def read_change(payload: Mapping[str, Any]) -> Change:
    """STATE."""
    return Change(
        OrderState(payload["to"]),
        payload["cause"],
        payload["code"],
        payload["sentence"],
        payload["venue_id"],
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
        **_given(
            fee_currency=fill.fee_currency,
            optimistic=_text(fill.optimistic),
            pessimistic=_text(fill.pessimistic),
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
        optimistic=_money(payload.get("optimistic")),
        pessimistic=_money(payload.get("pessimistic")),
        maker=payload.get("maker"),
    )
    return Booking(fill, OrderState(payload["to"]))


def write_action(action: CorporateAction) -> Payload:
    """ACTION."""
    return {
        "symbol": action.symbol,
        "day": action.day.isoformat(),
        "kind": action.kind.value,
        "value": str(action.value),
    }


def read_action(payload: Mapping[str, Any]) -> CorporateAction:
    """ACTION."""
    return CorporateAction(
        payload["symbol"],
        date.fromisoformat(payload["day"]),
        ActionKind(payload["kind"]),
        Decimal(payload["value"]),
    )


def write_halt(why: str) -> Payload:
    """HALT."""
    return {"why": why}


def read_halt(payload: Mapping[str, Any]) -> str:
    """HALT."""
    return str(payload["why"])


def write_resume() -> Payload:
    """RESUME; that it was said is all there is to say."""
    return {}


def write_alert(alert: Alert) -> Payload:
    """ALERT."""
    return {"code": alert.code, "sentence": alert.sentence}


def read_alert(payload: Mapping[str, Any]) -> Alert:
    """ALERT."""
    return Alert(payload["code"], payload["sentence"])


def write_signal(signal: Signal) -> Payload:
    """SIGNAL."""
    votes: list[Json] = [_write_vote(vote) for vote in signal.votes]
    return {
        "symbol": signal.symbol,
        "bar": signal.bar,
        "time": signal.time.isoformat(),
        "horizon": signal.horizon,
        "probability": _repr(signal.probability),
        "base_rate": _repr(signal.base_rate),
        "edge": signal.edge.value,
        "sentence": signal.sentence,
        "model": signal.model,
        "model_version": signal.model_version,
        "feature_hash": signal.feature_hash,
        "votes": votes,
    }


def read_signal(payload: Mapping[str, Any]) -> Signal:
    """SIGNAL."""
    return Signal(
        symbol=payload["symbol"],
        bar=payload["bar"],
        time=datetime.fromisoformat(payload["time"]),
        horizon=payload["horizon"],
        probability=_float(payload["probability"]),
        base_rate=_float(payload["base_rate"]),
        edge=Edge(payload["edge"]),
        sentence=payload["sentence"],
        model=payload["model"],
        model_version=payload["model_version"],
        feature_hash=payload["feature_hash"],
        votes=tuple(_read_vote(vote) for vote in payload["votes"]),
    )


def _write_vote(vote: Vote) -> Json:
    contributions: list[Json] = [[name, repr(float(weight))] for name, weight in vote.contributions]
    return {
        "model": vote.model,
        "probability": _repr(vote.probability),
        "base_rate": _repr(vote.base_rate),
        "why": vote.why,
        "contributions": contributions,
    }


def _read_vote(payload: Mapping[str, Any]) -> Vote:
    return Vote(
        payload["model"],
        _float(payload["probability"]),
        _float(payload["base_rate"]),
        payload["why"],
        tuple((name, float(weight)) for name, weight in payload["contributions"]),
    )
