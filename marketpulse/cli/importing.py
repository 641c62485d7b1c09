"""import: show what a broker's statement would do, and book it with the hash of what was shown."""

import argparse
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote as quoted

from marketpulse.cli.client import Client, Said
from marketpulse.cli.ordering import DONE, REFUSED, Pause
from marketpulse.cli.output import as_json, table

__all__ = ["take_in"]

_SHOWN = 20
_LARGEST = 2_000_000


def take_in(client: Client, args: argparse.Namespace, out: TextIO, _: Pause) -> int:
    """Send the file; nothing is booked without --commit."""
    address = f"/api/v1/statements?account={quoted(args.account, safe='')}"
    if args.commit:
        address += f"&commit={quoted(args.commit, safe='')}"
    found: dict[str, Any] = client.ask("POST", address, text=_read(args.file))
    if args.json:
        out.write(as_json(found))
        return REFUSED if found["refused"] and not found["new"] else DONE
    out.write(_told(found, args))
    return REFUSED if found["refused"] and not found["new"] else DONE


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise Said("NO_FILE", f"{path} cannot be read ({error.strerror}).") from None
    if len(content) > _LARGEST:
        raise Said("TOO_LARGE", f"{path} is larger than 2 MB; cut it in parts.")
    return content


def _told(found: dict[str, Any], args: argparse.Namespace) -> str:
    booked = found["committed"]
    form = found["kind"] or "no known form"
    counts = f"{found['new']} new, {found['duplicates']} booked already, {found['refused']} refused"
    lines = [f"{args.file} ({form}): {counts}.\n"]
    columns = ("line", "time", "side", "quantity", "symbol", "price", "currency", "fee", "fee_currency")
    if found["rows"]:
        lines.append(table(columns, [[row[name] for name in columns] for row in found["rows"][:_SHOWN]]))
        lines.extend([f"and {found['new'] - _SHOWN} more\n"] if found["new"] > _SHOWN else [])
    told = [*found["refused_rows"][:_SHOWN], *found["duplicate_rows"][:_SHOWN]]
    lines.extend(f"line {row['line']}: {row['sentence']}\n" for row in told)
    changes = [f"{change} {name}" for part in ("units", "cash") for name, change in found[part].items()]
    if changes:
        lines.append(f"{'Changed' if booked else 'This would change'}: {', '.join(changes)}.\n")
    lines.extend(f"{note}\n" for note in found["notes"])
    if booked:
        lines.append(f"{found['new']} trades are booked.\n")
    elif found["hash"]:
        lines.append(
            "Nothing is booked yet. To book exactly this: python -m marketpulse import "
            f"{args.file} --account {args.account} --commit {found['hash']}\n"
        )
    return "".join(lines)
