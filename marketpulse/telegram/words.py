"""What the phone says of an event: one line of plain text, with the event's number."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from marketpulse.types import Event, EventKind
from marketpulse.types.alert import Severity, severity_of

__all__ = ["MOST", "is_urgent", "line", "message", "wanted"]

MOST = 3_500
"""Characters of one message; Telegram takes 4,096."""

_LINE = 400
_INDENT = "  → "
_PLAIN = frozenset({EventKind.FILL, EventKind.DENIED, EventKind.HALT, EventKind.RESUME, EventKind.FLATTEN})


def _severity(event: Event) -> Severity:
    """How bad an ALERT is."""
    said = event.payload.get("severity")
    return Severity(str(said)) if said in set(Severity) else severity_of(str(event.payload.get("code", "")))


def wanted(event: Event) -> bool:
    """Fills, refusals by a rule or by the venue, urgent alerts, and every stop and start of trading."""
    if event.kind is EventKind.ALERT:
        return _severity(event).urgent
    if event.kind is EventKind.STATE:
        return event.payload.get("to") == "rejected"
    return event.kind in _PLAIN


def is_urgent(event: Event) -> bool:
    """What is said first."""
    return event.kind in {EventKind.ALERT, EventKind.HALT, EventKind.FLATTEN}


def line(event: Event, order: Callable[[str], str]) -> str:
    """Say one event.

    Parameters
    ----------
    order : describes an order by its id
    """
    payload: Mapping[str, Any] = event.payload
    match event.kind:
        case EventKind.FILL:
            said = f"Filled: {_trade(payload)} at {_number(payload.get('price'))}"
        case EventKind.DENIED:
            reasons = "; ".join(str(reason.get("sentence", "")) for reason in payload.get("reasons", ()))
            said = f"Refused: {_trade(payload)}. {reasons}"
        case EventKind.STATE:
            said = f"Rejected by the venue: {order(event.ref)}. {payload.get('sentence', '')}"
        case EventKind.HALT:
            word = "Only sales pass" if payload.get("reducing") else "TRADING IS HALTED"
            said = f"{word}: {payload.get('why', '')}"
        case EventKind.RESUME:
            said = "Trading is resumed."
        case EventKind.FLATTEN:
            said = (
                "Everything held has been sold."
                if payload.get("done")
                else "Selling everything that is held."
            )
        case _:
            said = f"{_severity(event).upper()} {payload.get('code', '')}: {payload.get('sentence', '')}"
    return _clean(f"#{event.seq} {said}")


def message(
    events: Sequence[Event],
    header: str,
    order: Callable[[str], str],
    why: Callable[[Event], str] = lambda _: "",
) -> tuple[str, int]:
    """Put as many events as fit into one message, the urgent ones first; returns it and how many they are.

    Parameters
    ----------
    why : what stands on a line of its own below an event, empty for none
    """
    lines: list[tuple[bool, str]] = []
    length = len(header)
    for event in events:
        said = line(event, order)
        if reason := _clean(why(event)):
            said = f"{said}\n{_INDENT}{reason}"
        if lines and length + len(said) + 1 > MOST:
            break
        lines.append((not is_urgent(event), said))
        length += len(said) + 1
    body = (said for _, said in sorted(lines, key=lambda pair: pair[0]))
    return "\n".join((header, *body)), len(lines)


def _trade(payload: Mapping[str, Any]) -> str:
    return f"{payload.get('side', '')} {_number(payload.get('quantity'))} {payload.get('symbol', '')}"


def _number(text: object) -> str:
    try:
        return f"{Decimal(str(text)).normalize():f}"
    except InvalidOperation:
        return str(text)


def _clean(text: str) -> str:
    """Keep it on one line, without signs that are not printed, and bounded."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown if len(shown) <= _LINE else f"{shown[: _LINE - 1]}…"
