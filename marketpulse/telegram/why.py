"""The line under a refusal or an urgent alert: the first gate that fails, its numbers, the change that would pass.

A refusal's gate and numbers are those of its own moment, from the ledger; whether a change would pass is asked
of the desk as it is when the message is sent, and the line says "now".
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from marketpulse.errors import MarketPulseError, Refused
from marketpulse.types import Event, EventKind, Snapshot
from marketpulse.types.why import Change, Why

__all__ = ["MOST_ASKED", "Explainer"]

MOST_ASKED = 8
"""Questions to the desk for one message: what is more than that is told without the change that would pass."""

_FIELDS = (
    "symbol",
    "side",
    "type",
    "quantity",
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_percent",
    "activation_price",
    "take_profit_price",
    "stop_loss_price",
    "time_in_force",
    "good_till",
)
_FLAGS = ("reduce_only", "post_only")


class _Desk(Protocol):
    """What is asked."""

    def snapshot(self) -> Snapshot:
        """Return the newest one."""

    def why(self, symbol: str, at: datetime | None = None, quantity: Decimal | None = None) -> Why:
        """Pass a buy through every gate."""

    def change(self, request: Mapping[str, object]) -> Change | None:
        """Find the smallest change of an order that would pass."""


class Explainer:
    """Explains events of one message; nothing that goes wrong here keeps a message back."""

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk
        self._left = MOST_ASKED

    def begin(self) -> None:
        """Begin another message."""
        self._left = MOST_ASKED

    def __call__(self, event: Event) -> str:
        """One sentence or two, empty where there is nothing to explain."""
        try:
            if event.kind is EventKind.DENIED:
                return self._denied(event.payload)
            return self._alert(event) if event.kind is EventKind.ALERT else ""
        except (MarketPulseError, Refused, ArithmeticError, LookupError, TypeError, ValueError):
            return ""

    def _denied(self, payload: Mapping[str, Any]) -> str:
        first = payload["reasons"][0]
        told = _rung(str(first["code"]), str(first.get("value", "")), str(first.get("limit", "")))
        raw = {name: payload[name] for name in _FIELDS if payload.get(name) is not None}
        raw |= {name: True for name in _FLAGS if payload.get(name)}
        return f"{told} {self._passes(lambda: self._desk.change(raw))}".strip()

    def _alert(self, event: Event) -> str:
        """About a symbol: what a buy of it meets first now. About the book: its limit that fails first."""
        now = self._desk.snapshot()
        order = now.order(event.ref)
        symbol = order.request.symbol if order is not None else event.ref
        if symbol not in now.instruments:
            code = str(event.payload.get("code", ""))
            failing = [check for check in now.risk.limits if not check.passed]
            check = next((c for c in failing if c.code == code), failing[0] if failing else None)
            return "" if check is None else _rung(check.code, check.value, check.limit, "The book")
        if not self._ask():
            return ""
        why = self._desk.why(symbol)
        first = why.first
        if first is None:
            return f"A buy of {symbol} passes every gate now."
        told = _rung(first.code, first.value, first.limit, f"A buy of {symbol}")
        return f"{told} {_words(why.change)}".strip()

    def _passes(self, ask: Callable[[], Change | None]) -> str:
        return _words(ask()) if self._ask() else ""

    def _ask(self) -> bool:
        self._left -= 1
        return self._left >= 0


def _rung(code: str, value: str, limit: str, what: str = "It") -> str:
    numbers = f", {value} against {limit}" if value and limit else f", {value}" if value else ""
    return f"{what} fails first at {code}{numbers}."


def _words(change: Change | None) -> str:
    if change is None:
        return "No small change of it would pass now."
    return f"Would pass now: {change.words} {change.text}."
