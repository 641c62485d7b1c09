"""What each verb asks of the desk and shows of the answer."""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO
from urllib.parse import quote as quoted

from marketpulse.cli.client import Client, Said
from marketpulse.cli.deciding import approve, decline, proposals, why
from marketpulse.cli.importing import take_in
from marketpulse.cli.ordering import DONE, Pause, order, replace, shown
from marketpulse.cli.output import as_json, pairs, table

__all__ = ["VERBS", "cancel", "flatten", "halt", "health", "orders", "quote", "reduce", "resume"]

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


def orders(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Show the blotter."""
    found: dict[str, Any] = client.ask("GET", "/api/v1/orders")
    if args.json:
        out.write(as_json(found))
    elif not found["orders"]:
        out.write("No orders yet.\n")
    else:
        rows = [[shown(o)[name] for name in _ORDER_COLUMNS] for o in found["orders"]]
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
    confirm = _typed(args.confirm, "RESUME", "trade again", out)
    found = client.ask("POST", "/api/v1/resume", {"confirm": confirm})
    out.write(as_json(found) if args.json else "Trading goes on.\n")
    return DONE


def reduce(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Let only sales pass."""
    found = client.ask("POST", "/api/v1/reduce", {"why": args.why})
    said = "Only sales pass now. To trade again: python -m marketpulse resume\n"
    out.write(as_json(found) if args.json else said)
    return DONE


def flatten(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Halt and sell everything, once FLATTEN has been typed."""
    confirm = _typed(args.confirm, "FLATTEN", "sell all that is held", out)
    found = client.ask("POST", "/api/v1/flatten", {"confirm": confirm})
    said = "Trading is halted and all that is held is being sold; see: python -m marketpulse orders\n"
    out.write(as_json(found) if args.json else said)
    return DONE


def _typed(given: str | None, word: str, what: str, out: TextIO) -> str:
    """Take a typed word from the command line or from the keyboard."""
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Said("BAD_CONFIRMATION", f"To {what}, add: --confirm {word}")
    out.write(f"Type {word} to {what}: ")
    out.flush()
    return sys.stdin.readline().strip()


VERBS: Mapping[str, Callable[[Client, argparse.Namespace, TextIO, Pause], int]] = {
    "health": health,
    "quote": quote,
    "order": order,
    "replace": replace,
    "orders": orders,
    "cancel": cancel,
    "halt": halt,
    "reduce": reduce,
    "flatten": flatten,
    "resume": resume,
    "import": take_in,
    "why": why,
    "proposals": proposals,
    "approve": approve,
    "decline": decline,
}


def _milliseconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds * 1000:.1f} ms"
