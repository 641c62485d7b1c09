"""The verbs about the desk's own decisions: why, what it proposes, and a person's word on that."""

import argparse
from collections.abc import Callable
from typing import Any, TextIO
from urllib.parse import quote, urlencode

from marketpulse.cli.client import Client, Said
from marketpulse.cli.ordering import DONE, Pause
from marketpulse.cli.output import as_json, table, text

__all__ = ["add_deciding", "approve", "decline", "proposals", "why"]

_PASSED = {True: "passes", False: "fails", None: "-"}
_COLUMNS = ("id", "state", "side", "quantity", "symbol", "expires", "why")


def add_deciding(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add their words to the command line."""
    asks = verb("why", "say gate by gate why an instrument would be bought now or not, or was not then")
    asks.add_argument("symbol", metavar="SYMBOL", help="AAPL, or a pair as BTC-USDT or BTC/USDT")
    asks.add_argument("--at", metavar="TIME", default="", help="a moment before, as 2012-06-05T16:00:00Z")
    shows = verb("proposals", "list what the desk would do with its signals, or has done")
    shows.add_argument("--open", action="store_true", help="only those of which an order may still come")
    for name, says in (("approve", "let the order of a proposal leave"), ("decline", "let none come of it")):
        verb(name, says).add_argument("id", metavar="ID", help="the proposal's id, as in proposals")


def why(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Show the ladder of gates."""
    at = f"?{urlencode({'at': args.at})}" if args.at else ""
    found: dict[str, Any] = client.ask(
        "GET", f"/api/v1/why/{quote(args.symbol.replace('/', '-'), safe='')}{at}"
    )
    if args.json:
        out.write(as_json(found))
        return DONE
    rows = [(g["code"], _PASSED[g["passed"]], g["value"], g["limit"], g["message"]) for g in found["gates"]]
    out.write(
        f"{text(found['symbol'])} at {text(found['time'])}; first that fails: {text(found['first'])}\n\n"
    )
    out.write(table(("gate", "", "value", "limit", "in words"), rows))
    return DONE


def proposals(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Show the newest decisions."""
    found: dict[str, Any] = client.ask("GET", f"/api/v1/proposals{'?open_only=true' if args.open else ''}")
    if args.json:
        out.write(as_json(found))
        return DONE
    practice = ", practice" if found["practice"] else ""
    out.write(f"Mode: {text(found['mode'])}{practice}\n")
    rows = [
        [
            p["gate"]["code"] if c == "why" and p["gate"] else p["message"] if c == "why" else p[c]
            for c in _COLUMNS
        ]
        for p in found["proposals"]
    ]
    none = (
        "Nothing waits for an answer or for its order.\n" if args.open else "Nothing has been decided yet.\n"
    )
    out.write(table(_COLUMNS, rows) if rows else none)
    return DONE


def approve(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Let an order leave."""
    return _answer(client, args, out, "approve")


def decline(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Let none leave."""
    return _answer(client, args, out, "decline")


def _answer(client: Client, args: argparse.Namespace, out: TextIO, word: str) -> int:
    if not args.id.isalnum():  # nothing that an address would read in another way
        raise Said("UNKNOWN_PROPOSAL", "The desk has no proposal with this id.")
    found: dict[str, Any] = client.ask("POST", f"/api/v1/proposals/{quote(args.id, safe='')}/{word}", {})
    said = f"{text(found['symbol'])} is {text(found['state'])}. {text(found['note'])}\n"
    out.write(as_json(found) if args.json else said)
    return DONE
