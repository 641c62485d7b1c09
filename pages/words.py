"""Orders and events of the ledger in plain words, the same in every list."""

from collections.abc import Mapping
from datetime import datetime

from marketpulse.types import (
    Event,
    EventKind,
    Instrument,
    Json,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Snapshot,
    TimeInForce,
)
from pages.parts import DASH, Tone, eastern, number, percent, price, quantity

__all__ = [
    "away",
    "event_words",
    "kind_words",
    "order_words",
    "progress_words",
    "reason_words",
    "shown_events",
    "state_tone",
    "state_word",
    "when",
]

_STATES: dict[OrderState, tuple[str, Tone]] = {
    OrderState.NEW: ("new", ""),
    OrderState.DENIED: ("refused", "down"),
    OrderState.SUBMITTING: ("being sent", ""),
    OrderState.UNKNOWN: ("in doubt", "warn"),
    OrderState.ACCEPTED: ("working", "accent"),
    OrderState.PARTIALLY_FILLED: ("part filled", "accent"),
    OrderState.FILLED: ("filled", "accent"),
    OrderState.PENDING_CANCEL: ("canceling", "warn"),
    OrderState.PENDING_REPLACE: ("changing", "warn"),
    OrderState.CANCELED: ("canceled", ""),
    OrderState.EXPIRED: ("expired", ""),
    OrderState.REJECTED: ("rejected", "down"),
}


def state_word(state: OrderState) -> str:
    """Say a state the way a person would."""
    return _STATES[state][0]


def state_tone(state: OrderState) -> Tone:
    """Red where it was refused, amber where somebody waits, blue where it trades or traded."""
    return _STATES[state][1]


def when(moment: datetime, now: datetime) -> str:
    """New York's time of day, with the date unless it is today's."""
    same = eastern(moment, "%Y%m%d") == eastern(now, "%Y%m%d")
    return eastern(moment, "%H:%M:%S" if same else "%b %d %H:%M")


def kind_words(request: OrderRequest, instrument: Instrument | None) -> str:
    """Say how an order trades: ``market``, ``limit 190.00 gtc``."""
    kind = request.type.value
    if request.trigger is not None:
        kind = f"{kind} {price(request.trigger, instrument)}"
    return f"{kind} gtc" if request.time_in_force is TimeInForce.GTC else kind


def order_words(request: OrderRequest, instrument: Instrument | None) -> str:
    """Say a whole order: ``buy 10 AAPL limit 190.00``."""
    return f"{request.side} {quantity(request.quantity)} {request.symbol} {kind_words(request, instrument)}"


def progress_words(order: Order, instrument: Instrument | None) -> str:
    """Say how far an order has come: ``filled 10 at 571.60``; empty before the first fill."""
    if not order.filled_quantity:
        return ""
    done = quantity(order.filled_quantity)
    of = "" if not order.remaining else f" of {quantity(order.request.quantity)}"
    return f"filled {done}{of} at {price(order.average_price, instrument)}"


def reason_words(order: Order) -> str:
    """Say why it ended as it did; empty for a healthy order."""
    return " ".join(reason.sentence for reason in order.reasons)


def away(order: Order, last: float | None) -> str:
    """Say how far the last price must move to reach the order's own price."""
    trigger = order.request.trigger
    if order.request.type is OrderType.MARKET or trigger is None:
        return "next price"
    return percent(float(trigger) / last - 1, plus=True) if last else DASH


def shown_events(snapshot: Snapshot, most: int) -> list[Event]:
    """Give the newest events that a person would want to hear of."""
    heard = (
        event
        for event in snapshot.events
        if event.kind is not EventKind.SIGNAL and event.payload.get("to") != OrderState.SUBMITTING.value
    )
    return [event for event, _ in zip(heard, range(most), strict=False)]


def event_words(event: Event, snapshot: Snapshot) -> tuple[str, Tone, str]:
    """Give one event as (tag, tone of the tag, sentence)."""
    payload = event.payload
    match event.kind:
        case EventKind.CASH:
            amount = _number(payload, "amount", plus=True)
            return "cash", "", f"{amount} {_text(payload, 'currency')} {_text(payload, 'why')}".strip()
        case EventKind.HALT:
            return "halted", "down", _text(payload, "why")
        case EventKind.RESUME:
            return "resumed", "", "new orders pass again"
        case EventKind.ALERT:
            return "alert", "warn", _text(payload, "sentence") or event.ref
        case EventKind.ACTION:
            return "action", "", f"{event.ref} {_text(payload, 'kind')} {_text(payload, 'value')}".strip()
        case _:
            return _order_event(event, snapshot)


def _order_event(event: Event, snapshot: Snapshot) -> tuple[str, Tone, str]:
    order = snapshot.order(event.ref)
    if order is None:
        return event.kind.value, "", event.ref
    instrument = snapshot.instruments.get(order.request.symbol)
    said = order_words(order.request, instrument)
    match event.kind:
        case EventKind.FILL:
            at = _number(event.payload, "price", instrument.decimals if instrument else 2)
            done = f"{order.request.side} {_units(event.payload)} {order.request.symbol}"
            return "filled", "accent", done if at == DASH else f"{done} at {at}"
        case EventKind.DENIED:
            return "refused", "down", f"{said}: {reason_words(order)}" if order.reasons else said
        case EventKind.STATE:
            state = OrderState(_text(event.payload, "to"))
            why = _text(event.payload, "sentence")
            return state_word(state), state_tone(state), f"{said}: {why}" if why else said
        case _:
            return "placed", "", said


def _text(payload: Mapping[str, Json], name: str) -> str:
    value = payload.get(name)
    return "" if value is None else str(value)


def _units(payload: Mapping[str, Json]) -> str:
    try:
        return quantity(float(_text(payload, "quantity")))
    except ValueError:
        return ""


def _number(payload: Mapping[str, Json], name: str, decimals: int = 2, *, plus: bool = False) -> str:
    try:
        return number(float(_text(payload, name)), decimals, plus=plus)
    except ValueError:
        return DASH
