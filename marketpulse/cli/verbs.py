"""What each verb asks of the desk and shows of the answer."""

import argparse
import secrets
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO
from urllib.parse import quote as quoted

from marketpulse.cli.client import Client, NoAnswer, Said
from marketpulse.cli.output import as_json, pairs, table
from marketpulse.types import WORKING_STATES, OrderState, OrderType

__all__ = [
    "DONE",
    "REFUSED",
    "VERBS",
    "Pause",
    "cancel",
    "halt",
    "health",
    "order",
    "orders",
    "quote",
    "resume",
]

DONE, REFUSED = 0, 1

Pause = Callable[[float], object]
"""Waits some seconds between two looks at an order."""

_WAIT = 5.0
_STEP = 0.1
_ENDED_BADLY = frozenset({OrderState.DENIED, OrderState.REJECTED, OrderState.EXPIRED})
_ENDED = _ENDED_BADLY | {OrderState.FILLED, OrderState.CANCELED}
_UNSEEN: dict[str, Any] = {"created": None}
_ORDER_COLUMNS = (
    "id", "state", "side", "quantity", "symbol", "type", "price", "tif", "filled", "average", "created",
)  # fmt: skip


def health(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Show status and providers."""
    found: dict[str, Any] = client.ask("GET", "/health")
    if args.json:
        out.write(as_json(found))
        return DONE
    names = ("status", "mode", "feed", "version", "started")
    out.write(pairs({n: found[n] for n in names} | {"at": client.running.url, "process": client.running.pid}))
    rows = [
        (n, p["state"], p["ok"], _milliseconds(p["latency"]), p["note"])
        for n, p in found["providers"].items()
    ]
    out.write("\n" + table(("provider", "state", "ok", "latency", "note"), rows))
    return DONE


def quote(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Show one datum."""
    found = client.ask("GET", f"/api/live/market-data/{quoted(args.symbol.replace('/', '-'), safe='')}")
    out.write(as_json(found) if args.json else pairs(found))
    return DONE


def order(client: Client, args: argparse.Namespace, out: TextIO, pause: Pause) -> int:
    """Place one order, then look at it until it is settled or five seconds have passed."""
    key = args.key or secrets.token_urlsafe(12)
    body = {
        "symbol": args.symbol,
        "side": args.side,
        "type": OrderType.LIMIT if args.limit else OrderType.STOP if args.stop else OrderType.MARKET,
        "quantity": args.quantity,
        "limit_price": args.limit,
        "stop_price": args.stop,
        "time_in_force": args.tif,
    }
    try:
        placed = client.ask("POST", "/api/v1/orders", body, {"Idempotency-Key": key})
    except NoAnswer as lost:
        raise NoAnswer(
            f"{lost} The order may stand; send it again with --key {key}: that cannot make two."
        ) from None
    except Said as no:
        if args.json:
            raise
        raise Said(no.code, f"{no} (key {key})") from None
    found = _settled(client, _UNSEEN | body | placed, 0.0 if args.no_wait else _WAIT, pause)
    if args.json:
        out.write(as_json(found | {"idempotency_key": key}))
    else:
        out.write(pairs(_shown(found) | {"key": key}))
    return REFUSED if found["state"] in _ENDED_BADLY else DONE


def orders(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Show the blotter."""
    found: dict[str, Any] = client.ask("GET", "/api/v1/orders")
    if args.json:
        out.write(as_json(found))
    elif not found["orders"]:
        out.write("No orders yet.\n")
    else:
        rows = [[_shown(o)[name] for name in _ORDER_COLUMNS] for o in found["orders"]]
        out.write(table(_ORDER_COLUMNS, rows))
    return DONE


def cancel(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Ask for a cancel."""
    found = client.ask("DELETE", f"/api/v1/orders/{quoted(args.id, safe='')}")
    out.write(as_json(found) if args.json else f"Order {found['id']} is {found['state']}.\n")
    return DONE


def halt(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Stop trading."""
    found = client.ask("POST", "/api/v1/halt", {"why": args.why})
    said = "Trading is halted. To trade again: python -m marketpulse resume\n"
    out.write(as_json(found) if args.json else said)
    return DONE


def resume(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Trade again, once RESUME has been typed."""
    confirm = args.confirm
    if confirm is None:
        if not sys.stdin.isatty():
            raise Said("BAD_CONFIRMATION", "To trade again, add: --confirm RESUME")
        out.write("Type RESUME to trade again: ")
        out.flush()
        confirm = sys.stdin.readline().strip()
    found = client.ask("POST", "/api/v1/resume", {"confirm": confirm})
    out.write(as_json(found) if args.json else "Trading goes on.\n")
    return DONE


VERBS: Mapping[str, Callable[[Client, argparse.Namespace, TextIO, Pause], int]] = {
    "health": health,
    "quote": quote,
    "order": order,
    "orders": orders,
    "cancel": cancel,
    "halt": halt,
    "resume": resume,
}


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


def _shown(found: Mapping[str, Any]) -> dict[str, object]:
    return {
        "id": found["id"],
        "state": found["state"],
        "side": found["side"],
        "quantity": found["quantity"],
        "symbol": found["symbol"],
        "type": found["type"],
        "price": found["limit_price"] or found["stop_price"],
        "tif": found["time_in_force"],
        "filled": found["filled_quantity"],
        "average": found["average_price"],
        "created": found["created"],
        "reasons": "; ".join(f"{r['code']}: {r['message']}" for r in found["reasons"]),
    }


def _milliseconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds * 1000:.1f} ms"
