"""Place an order or change one, and look at it until it is settled."""

import argparse
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TextIO
from urllib.parse import quote as quoted

from marketpulse.cli.client import Client, NoAnswer, Said
from marketpulse.cli.output import as_json, pairs
from marketpulse.types import WORKING_STATES, OrderState, OrderType

__all__ = ["DONE", "REFUSED", "Pause", "order", "replace", "shown"]

DONE, REFUSED = 0, 1

Pause = Callable[[float], object]
"""Waits some seconds between two looks at an order."""

_WAIT = 5.0
_STEP = 0.1
_ENDED_BADLY = frozenset({OrderState.DENIED, OrderState.REJECTED, OrderState.EXPIRED})
_ENDED = _ENDED_BADLY | {OrderState.FILLED, OrderState.CANCELED}
_UNSEEN: dict[str, Any] = {"created": None, "limit_price": None, "stop_price": None, "reasons": []}
_PERCENT = "%"


def order(client: Client, args: argparse.Namespace, out: TextIO, pause: Pause) -> int:
    """Place one order, then look at it until it is settled or five seconds have passed."""
    key = args.key or secrets.token_urlsafe(12)
    body = _body(args)
    placed = _sent(client, "POST", "/api/v1/orders", body, key, json=args.json)
    return _watched(client, body, placed, key, args, out, pause)


def replace(client: Client, args: argparse.Namespace, out: TextIO, pause: Pause) -> int:
    """Change an order that rests, then look at the one that carries the change."""
    key = args.key or secrets.token_urlsafe(12)
    terms = {"quantity": args.quantity, "limit_price": args.limit, "stop_price": args.stop}
    body = {name: value for name, value in terms.items() if value is not None}
    path = f"/api/v1/orders/{quoted(args.id, safe='')}"
    placed = _sent(client, "PATCH", path, body, key, json=args.json)
    found = client.ask("GET", f"/api/v1/orders/{quoted(placed['id'], safe='')}")
    return _watched(client, found, placed, key, args, out, pause)


def _body(args: argparse.Namespace) -> dict[str, object]:
    """Say the order as the desk reads it; what was not given is left out."""
    trail = args.trail or ""
    percent = trail.endswith(_PERCENT)
    fields = {
        "symbol": args.symbol,
        "side": args.side,
        "type": _kind(args),
        "quantity": args.quantity,
        "limit_price": args.limit,
        "stop_price": args.stop,
        "trail_amount": None if percent else trail or None,
        "trail_percent": trail.removesuffix(_PERCENT).strip() if percent else None,
        "activation_price": args.activate,
        "take_profit_price": args.take_profit,
        "stop_loss_price": args.stop_loss,
        "time_in_force": args.tif,
        "good_till": args.until,
        "post_only": args.post_only or None,
        "reduce_only": args.reduce_only or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _kind(args: argparse.Namespace) -> str:
    """The kind that was named, or the one that the given prices belong to."""
    if args.type:
        return str(args.type)
    if args.trail:
        return OrderType.TRAILING_STOP
    if args.limit and args.stop:
        return OrderType.STOP_LIMIT
    return OrderType.LIMIT if args.limit else OrderType.STOP if args.stop else OrderType.MARKET


def _sent(
    client: Client, method: str, path: str, body: Mapping[str, object], key: str, *, json: bool
) -> dict[str, Any]:
    try:
        return client.ask(method, path, body, {"Idempotency-Key": key})
    except NoAnswer as lost:
        raise NoAnswer(
            f"{lost} The order may stand; send it again with --key {key}: that cannot make two."
        ) from None
    except Said as no:
        if json:
            raise
        raise Said(no.code, f"{no} (key {key})") from None


def _watched(  # noqa: PLR0917  what was sent, what came back, and how to show it
    client: Client,
    body: Mapping[str, object],
    placed: Mapping[str, Any],
    key: str,
    args: argparse.Namespace,
    out: TextIO,
    pause: Pause,
) -> int:
    found = _settled(client, _UNSEEN | dict(body) | dict(placed), 0.0 if args.no_wait else _WAIT, pause)
    if args.json:
        out.write(as_json(found | {"idempotency_key": key}))
    else:
        out.write(pairs(shown(found) | {"key": key}))
    return REFUSED if found["state"] in _ENDED_BADLY else DONE


def _settled(client: Client, placed: dict[str, Any], wait: float, pause: Pause) -> dict[str, Any]:
    """Look at an order until it is settled or ``wait`` seconds of pauses are over.

    A market order is settled when it has ended, any other one also when it is working.
    """
    enough = _ENDED if placed["type"] == OrderType.MARKET else _ENDED | WORKING_STATES
    found, left = placed, wait
    while found["state"] not in enough and left > 0:
        pause(_STEP)
        left -= _STEP
        found = client.ask("GET", f"/api/v1/orders/{quoted(placed['id'], safe='')}")
    return found


def shown(found: Mapping[str, Any]) -> dict[str, object]:
    """Pick what a person reads of an order."""
    prices = (found["stop_price"], found["limit_price"])
    return {
        "id": found["id"],
        "state": found["state"],
        "side": found["side"],
        "quantity": found["quantity"],
        "symbol": found["symbol"],
        "type": found["type"],
        "price": " / ".join(price for price in prices if price),
        "tif": found["time_in_force"],
        "filled": found["filled_quantity"],
        "average": found["average_price"],
        "created": found["created"],
        "reasons": "; ".join(f"{r['code']}: {r['message']}" for r in found["reasons"]),
    }
