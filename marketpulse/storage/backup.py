"""Copies of a ledger that were proven before anybody needs them, and the way back.

A copy is made by ``VACUUM INTO`` from one read transaction, so that a desk may run meanwhile; a plain
copy of the file would miss what still lies in its ``-wal`` file. Before a copy gets its name, its
structure, its chain and its books have been compared with those of the source; before a restored
folder gets its name, with those of the backup.
"""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from marketpulse.clock import Clock
from marketpulse.errors import StorageError
from marketpulse.storage.engines import BUSY_SECONDS
from marketpulse.storage.examining import Found, examine
from marketpulse.storage.faults import storage_errors
from marketpulse.storage.places import ahead

__all__ = ["Copied", "back_up", "back_up_file", "bring_back"]

_LEDGER, _MARKET, _CLOCK, _MANIFEST = "ledger.db", "market.db", "clock.json", "backup.json"
_PIECE = 1 << 20
_PLAIN = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was proven.

    Attributes
    ----------
    place : the new file or folder
    found : what its ledger holds
    notes : what could not be copied and can do without, a sentence each
    """

    place: Path
    found: Found
    notes: tuple[str, ...] = ()


def back_up(home: Path, target: Path, clock: Clock) -> Copied:
    """Copy ledger, market store and the tape's place of ``home`` into the new folder ``target``.

    Raises
    ------
    StorageError
        Nothing was copied: the ledger is damaged (Damaged), the target exists or cannot be written.
    """
    with _making(target) as part:
        part.mkdir(parents=True)
        found = _ledger(home / _LEDGER, part / _LEDGER)
        notes = _extras(home, part)
        files = {p.name: _digest(p) for p in sorted(part.iterdir())}
        manifest = {
            "feed": home.name,
            "made": clock.wall().isoformat(timespec="seconds"),
            "schema": found.schema,
            "events": found.events,
            "hash": found.hash,
            "files": files,
        }
        (part / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        _sync(part)
    return Copied(target, found, notes)


def back_up_file(home: Path, target: Path) -> Copied:
    """Copy the ledger alone into the new file ``target``.

    Raises
    ------
    StorageError
        As ``back_up``.
    """
    with _making(target) as part:
        part.parent.mkdir(parents=True, exist_ok=True)
        found = _ledger(home / _LEDGER, part)
        _flush(part)
    return Copied(target, found)


def bring_back(source: Path, home: Path, aside: Path | None = None) -> Copied:
    """Make the folder ``home`` from a backup; the caller holds the data folder's lock.

    Parameters
    ----------
    source : a backup's folder, or a ledger's file
    aside : where a ``home`` that is not empty is moved first, by one rename; None refuses it

    Raises
    ------
    StorageError
        Nothing was changed: the backup is damaged (Damaged) or unfinished, or ``home`` is not empty.
    """
    folder = source if source.is_dir() else None
    ledger = source / _LEDGER if folder else source
    if not ledger.is_file():
        raise StorageError(f"{ledger} is not there")
    left = [p.name for p in (ahead(ledger), Path(f"{ledger}-journal")) if p.exists() and p.stat().st_size]
    if left:
        raise StorageError(
            f"{ledger} is no finished backup: {left[0]} lies beside it and holds part of it; "
            "make one with: python -m marketpulse backup"
        )
    _require_free(home, aside)
    known = _manifest(folder) if folder else {}
    wanted = examine(ledger).require_whole()
    if wanted.schema is None:
        raise StorageError(f"{ledger} holds no ledger")
    part = home.with_name(f".{home.name}-restoring-{os.getpid()}")
    with _making(home, part):
        part.mkdir(parents=True)
        notes = _copy_all(ledger, folder, known, part)
        found = examine(part / _LEDGER).require_whole()
        found.require_same(wanted)
        _sync(part)
        if aside is not None and home.exists() and any(home.iterdir()):
            home.rename(aside)
        elif home.exists():
            home.rmdir()
    return Copied(home, found, notes)


def _require_free(home: Path, aside: Path | None) -> None:
    held = sorted(p.name for p in home.iterdir()) if home.is_dir() else []
    if home.exists() and not home.is_dir():
        raise StorageError(f"{home} is a file, not a folder")
    if held and aside is None:
        what = f"{', '.join(held[:3])}{' ...' if held[3:] else ''}"
        raise StorageError(
            f"{home} is not empty (it holds {what}), and a backup is restored into an empty folder only; "
            "with --aside it is renamed first and nothing is deleted"
        )
    if held and aside is not None and aside.exists():
        raise StorageError(f"{aside} is there already")


def _ledger(source: Path, copy: Path) -> Found:
    """Copy, then prove that the copy is whole and says what the source says."""
    if not source.is_file():
        raise StorageError(f"there is no ledger at {source}")
    try:
        _vacuum(source, copy)
        found = examine(copy)
    except StorageError:
        examine(source).require_whole()  # the better sentence
        raise
    if found.fault or found.schema is None:
        examine(source).require_whole()
        raise StorageError(f"the copy of {source} is not whole: {found.fault or 'it is empty'}")
    examine(source, until=found.events).require_whole().require_same(found)
    return found


def _vacuum(source: Path, copy: Path) -> None:
    address = f"{source.absolute().as_uri()}?mode=ro"
    if not ahead(source).exists():
        address += "&immutable=1"  # nobody writes, and no -wal and -shm are left behind
    with (
        storage_errors(copy),
        closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as raw,
    ):
        raw.execute("VACUUM INTO ?", (str(copy),))


def _extras(home: Path, part: Path) -> tuple[str, ...]:
    """Copy what can be asked or computed again; a failure there costs no backup of the ledger."""
    notes = []
    if (home / _MARKET).is_file():
        try:
            _vacuum(home / _MARKET, part / _MARKET)
            _require_structure(part / _MARKET)
        except StorageError as error:
            (part / _MARKET).unlink(missing_ok=True)
            notes.append(f"The market store was left out: {error}.")
    if (home / _CLOCK).is_file():
        shutil.copyfile(home / _CLOCK, part / _CLOCK)
    return tuple(notes)


def _require_structure(path: Path) -> None:
    with (
        storage_errors(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as raw,
    ):
        said = raw.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        raise StorageError(f"{path} is damaged ({said[:200]})")


def _manifest(folder: Path) -> dict[str, str]:
    """Return the digests of a backup's files."""
    path = folder / _MANIFEST
    try:
        return {str(k): str(v) for k, v in json.loads(path.read_text(encoding="utf-8"))["files"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise StorageError(f"{folder} is no finished backup: its {_MANIFEST} cannot be read") from None


def _copy_all(ledger: Path, folder: Path | None, known: dict[str, str], part: Path) -> tuple[str, ...]:
    shutil.copyfile(ledger, part / _LEDGER)
    if folder is None:
        return ()
    if _digest(part / _LEDGER) != known.get(_LEDGER):
        raise StorageError(f"{ledger} is not the file that was backed up: its SHA-256 is another")
    notes = []
    for name in (_MARKET, _CLOCK):
        if name in known and (folder / name).is_file():
            shutil.copyfile(folder / name, part / name)
        if name in known and (not (part / name).exists() or _digest(part / name) != known[name]):
            (part / name).unlink(missing_ok=True)
            notes.append(f"{name} was left out: it is not the file that was backed up.")
    return tuple(notes)


@contextmanager
def _making(target: Path, part: Path | None = None) -> Iterator[Path]:
    """Give a name beside ``target``; what was made there is renamed in the end, or removed."""
    part = part or target.with_name(f"{target.name}.part-{os.getpid()}")
    if target.exists() and target.suffix and not target.is_dir():
        raise StorageError(f"{target} is there already, and a backup overwrites nothing")
    try:
        yield part
        part.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be made: {_PLAIN.get(error.errno or 0, error.strerror)}"
        ) from error
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        _flush(path)
    _sync_folder(folder)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
