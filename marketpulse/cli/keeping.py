"""The verbs that keep a ledger: backup, restore, verify and export. They need no running desk."""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TextIO, TypeVar

from filelock import FileLock, Timeout

from marketpulse.cli.client import Said
from marketpulse.cli.export import write_csv
from marketpulse.cli.output import as_json, pairs
from marketpulse.clock import Clock
from marketpulse.errors import StorageError
from marketpulse.storage.backup import Copied, back_up, back_up_file, bring_back
from marketpulse.storage.examining import Found, examine
from marketpulse.storage.faults import Damaged
from marketpulse.storage.places import BACKUPS, HOMES
from marketpulse.types import LotMethod

__all__ = ["KEEPING", "backup", "export", "restore", "verify"]

_T = TypeVar("_T")

_DONE, _REFUSED = 0, 1
_LEDGER = "ledger.db"


def backup(data: Path, args: argparse.Namespace, out: TextIO, clock: Clock) -> int:
    """Copy every ledger of the data folder, or one of them into a file, and prove the copies."""
    homes = _homes(data, args.feed)
    target = args.target
    if target is not None and (target.is_file() or (target.suffix and not target.is_dir())):
        made = [_told(lambda: back_up_file(_one(homes), target))]
    else:
        into = target or data / BACKUPS
        made = [_told(partial(back_up, h, into / f"{h.name}-{_stamp(clock)}", clock)) for h in homes]
    if args.json:
        out.write(as_json({"backups": [_copied(copy) for copy in made]}))
        return _DONE
    for copy in made:
        out.write(
            f"{copy.place} holds {copy.found.events} events; chain and books are those of the ledger.\n"
        )
        out.writelines(f"{note}\n" for note in copy.notes)
    return _DONE


def restore(data: Path, args: argparse.Namespace, out: TextIO, clock: Clock) -> int:
    """Make a feed's folder from a backup, proven before and after."""
    source: Path = args.source
    if not source.exists():
        raise Said("NO_BACKUP", f"{source} is not there.")
    feed = args.feed or next((n for n in HOMES if source.name == n or source.name.startswith(f"{n}-")), None)
    if feed is None:
        raise Said(
            "WHICH_FEED", f"{source.name} does not say of which feed it is; add --feed replay (or live)."
        )
    home = data / feed
    aside = data / f"{feed}-until-{_stamp(clock)}" if args.aside else None
    if aside is not None and source.resolve().is_relative_to(home.resolve()):
        raise Said(
            "NOT_EMPTY", f"{source} lies inside {home}, which is to be renamed; copy it elsewhere first."
        )
    try:
        data.mkdir(parents=True, exist_ok=True)
        with FileLock(data / "desk.lock").acquire(timeout=0):
            copy = _told(lambda: bring_back(source, home, aside))
    except Timeout:
        raise Said("RUNNING", f"A desk still runs on {data}; stop it first. Nothing was changed.") from None
    except OSError as error:
        raise Said("STORAGE", f"{data} cannot be written ({error.strerror}).") from None
    moved = aside if aside is not None and aside.exists() else None
    if args.json:
        out.write(as_json(_copied(copy) | {"aside": None if moved is None else str(moved)}))
        return _DONE
    if moved is not None:
        out.write(f"What was in {home} now lies in {moved}.\n")
    out.write(f"{home} holds {copy.found.events} events again; chain and books are those of {source}.\n")
    out.writelines(f"{note}\n" for note in copy.notes)
    return _DONE


def verify(data: Path, args: argparse.Namespace, out: TextIO, _: Clock) -> int:
    """Check structure, chain and books of a ledger, and say where the first fault lies."""
    if args.source is None:
        files = [home / _LEDGER for home in _homes(data, args.feed)]
    else:
        files = [args.source / _LEDGER if args.source.is_dir() else args.source]
    found = [_told(partial(examine, file)) for file in files]
    if args.json:
        out.write(as_json({"ledgers": [_found(one) for one in found]}))
    else:
        out.write("\n".join(pairs(_shown(one)) for one in found))
    return _REFUSED if any(one.fault for one in found) else _DONE


def export(data: Path, args: argparse.Namespace, out: TextIO, _: Clock) -> int:
    """Write orders, fills or tax lots as CSV, with exact decimals."""
    home = _one(_homes(data, args.feed))
    found = _told(lambda: examine(home / _LEDGER).require_whole())
    method = LotMethod(args.method)
    if str(args.csv) == "-":
        write_csv(args.what, found.books, sys.stdout, method)
        return _DONE
    target: Path = args.csv
    try:
        with target.open("x", encoding="utf-8", newline="") as file:
            rows = write_csv(args.what, found.books, file, method)
    except FileExistsError:
        raise Said("EXISTS", f"{target} is there already; nothing was overwritten.") from None
    except OSError as error:
        raise Said("STORAGE", f"{target} cannot be written ({error.strerror}).") from None
    said = {"file": str(target), "rows": rows, "events": found.events}
    out.write(as_json(said) if args.json else f"{target} holds {rows} {args.what}.\n")
    return _DONE


KEEPING: Mapping[str, Callable[[Path, argparse.Namespace, TextIO, Clock], int]] = {
    "backup": backup,
    "restore": restore,
    "verify": verify,
    "export": export,
}


def _stamp(clock: Clock) -> str:
    return f"{clock.wall():%Y%m%d-%H%M%S}"


def _homes(data: Path, feed: str | None) -> list[Path]:
    names = (feed,) if feed else HOMES
    found = [data / name for name in names if (data / name / _LEDGER).is_file()]
    if not found:
        raise Said("NO_LEDGER", f"There is no ledger in {data / feed if feed else data}.")
    return found


def _one(homes: list[Path]) -> Path:
    if len(homes) > 1:
        names = ", ".join(home.name for home in homes)
        raise Said("WHICH_FEED", f"There are ledgers of {names}; choose one with --feed {homes[0].name}.")
    return homes[0]


def _told(work: Callable[[], _T]) -> _T:
    """Turn what storage says into a code and a sentence."""
    try:
        return work()
    except Damaged as error:
        raise Said("DAMAGED", f"{error}.") from None
    except StorageError as error:
        raise Said("STORAGE", f"{error}.") from None


def _copied(copy: Copied) -> dict[str, object]:
    return {"place": str(copy.place), "notes": list(copy.notes)} | _found(copy.found)


def _found(found: Found) -> dict[str, object]:
    books = {
        account: {
            "cash": str(books.portfolio.cash),
            "balances": {c: str(n) for (_, c), n in books.portfolio.balances.items()},
            "positions": {s: str(p.quantity) for s, p in books.portfolio.positions.items()},
            "open_orders": len(books.open_orders),
        }
        for account, books in found.books.items()
    }
    return {
        "file": str(found.path),
        "whole": not found.fault and found.schema is not None,
        "fault": found.fault or None,
        "first_bad": found.first_bad,
        "events": found.events,
        "schema": found.schema,
        "kinds": dict(found.kinds),
        "books": books,
    }


def _shown(found: Found) -> dict[str, object]:
    shown: dict[str, object] = {
        "ledger": found.path,
        "whole": "no" if found.fault else "yes" if found.schema else "empty",
        "fault": found.fault or None,
        "first bad event": found.first_bad,
        "events in order": found.events,
        "schema": found.schema,
    }
    for account, books in found.books.items():
        held = ", ".join(f"{p.quantity} {s}" for s, p in books.portfolio.positions.items() if p.quantity)
        cash = ", ".join(f"{amount} {c}" for (_, c), amount in books.portfolio.balances.items())
        shown[account] = (
            f"cash {cash or 'none'}; {held or 'nothing held'}; {len(books.open_orders)} open orders"
        )
    return shown
