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
    "role_words",
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


def kind_words(request: OrderRequest, instrument: Instrument | None, *, force: bool = True) -> str:
    """Say how an order trades: ``market``, ``limit 190.00 gtc``, ``stop 180.00 limit 179.10``.

    Parameters
    ----------
    force : say also how long it stays, where that is not the day
    """
    words = [_kind(request, instrument), *_exit_words(request, instrument)]
    words += [flag.replace("_", " ") for flag in ("post_only", "reduce_only") if getattr(request, flag)]
    if force and request.time_in_force is not TimeInForce.DAY:
        words.append(_force(request))
    return " ".join(words)


def _kind(request: OrderRequest, instrument: Instrument | None) -> str:
    kind = request.type.words
    if request.type is OrderType.STOP_LIMIT:
        stop, limit = price(request.stop_price, instrument), price(request.limit_price, instrument)
        return f"stop {stop} limit {limit}"
    if request.type is OrderType.TRAILING_STOP:
        percent_away, away_by = request.trail_percent, price(request.trail_amount, instrument)
        by = f"{quantity(percent_away)}%" if percent_away is not None else away_by
        begins = request.activation_price
        return f"{kind} {by}" + (f" from {price(begins, instrument)}" if begins is not None else "")
    return kind if request.trigger is None else f"{kind} {price(request.trigger, instrument)}"


def _exit_words(request: OrderRequest, instrument: Instrument | None) -> list[str]:
    pairs = (("target", request.take_profit_price), ("stop", request.stop_loss_price))
    return [f"{word} {price(number, instrument)}" for word, number in pairs if number is not None]


def _force(request: OrderRequest) -> str:
    if request.good_till is not None:
        return f"until {eastern(request.good_till, '%b %d %H:%M')}"
    return request.time_in_force.value


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


_ROLES = {
    "stop": "stop of a bracket",
    "target": "target of a bracket",
    "replacement": "replacement",
    "flatten": "flatten",
}


def role_words(order: Order) -> str:
    """Say why the desk itself placed an order; empty for a person's own."""
    return _ROLES.get(order.role, order.role)


def away(order: Order, last: float | None) -> str:
    """Say how far the last price must move to reach the order's own price."""
    request = order.request
    trigger = request.stop_price if request.stop_price is not None else request.limit_price
    if request.type is OrderType.TRAILING_STOP:
        return "follows"
    if trigger is None:
        return "next price"
    return percent(float(trigger) / last - 1, plus=True) if last else DASH


_ELSEWHERE = {EventKind.SIGNAL, EventKind.OUTCOME, EventKind.PROPOSAL, EventKind.MARK}
"""Events with panels of their own, one a bar or more for each instrument."""


def shown_events(snapshot: Snapshot, most: int) -> list[Event]:
    """Give the newest events that a person would want to hear of."""
    heard = (
        event
        for event in snapshot.events
        if event.kind not in _ELSEWHERE and event.payload.get("to") != OrderState.SUBMITTING.value
    )
    return [event for event, _ in zip(heard, range(most), strict=False)]


def event_words(event: Event, snapshot: Snapshot) -> tuple[str, Tone, str]:
    """Give one event as (tag, tone of the tag, sentence)."""
    payload = event.payload
    plain: dict[EventKind, tuple[str, Tone, str]] = {
        EventKind.CASH: ("cash", "", _cash(payload)),
        EventKind.HALT: ("reducing" if payload.get("reducing") else "halted", "down", _text(payload, "why")),
        EventKind.RESUME: ("resumed", "", "new orders pass again"),
        EventKind.ALERT: ("alert", "warn", _text(payload, "sentence") or event.ref),
        EventKind.ACTION: ("action", "", _action(event.ref, payload)),
        EventKind.EXTERNAL: ("external", "warn", _external(payload)),
        EventKind.FLATTEN: ("flatten", "down", "sell all that is held"),
        EventKind.REPAINT: ("repaint", "down", _repaint(event)),
        EventKind.MODEL: ("model", "accent" if payload.get("serves") else "", _model(payload)),
    }
    return plain[event.kind] if event.kind in plain else _order_event(event, snapshot)


def _cash(payload: Mapping[str, Json]) -> str:
    amount = _number(payload, "amount", plus=True)
    return f"{amount} {_text(payload, 'currency')} {_text(payload, 'why')}".strip()


def _action(symbol: str, payload: Mapping[str, Json]) -> str:
    return f"{symbol} {_text(payload, 'kind')} {_text(payload, 'value')}".strip()


def _repaint(event: Event) -> str:
    """Say which signal did not come out as it was issued."""
    signal = " ".join(event.ref.split(":")[1:3])  # signal:SYMBOL:BAR:MODEL
    return f"{signal}: {_text(event.payload, 'sentence')}"


def _model(payload: Mapping[str, Json]) -> str:
    """Say what a training came to."""
    kind = {"equity": "shares", "crypto": "coins"}.get(_text(payload, "kind"), _text(payload, "kind"))
    serves = "serves" if payload.get("serves") else "does not serve"
    version = _text(payload, "version")[:8]
    return f"{version} of {kind}, {_text(payload, 'edge')}, {serves}: {_text(payload, 'verdict')}"


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


def _external(payload: Mapping[str, Json]) -> str:
    """Say what came from no order of this desk."""
    units = _units(payload)
    what = f"{units} {_text(payload, 'symbol')}" if payload.get("symbol") else ""
    amount = (
        f"{_number(payload, 'cash', plus=True)} {_text(payload, 'currency')}" if payload.get("cash") else ""
    )
    return " ".join(piece for piece in (what, amount, _text(payload, "why")) if piece)


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
