"""The proofs by name: what each is about, its parts, and what runs one part.

Parts run in processes of their own, several at a time; most of a part's time is spent waiting for the
venue's grace or for the disk.
"""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from marketpulse.execution.kit import POINTS
from marketpulse.prove import calls, crowd, kills, simulation, wal, walk
from marketpulse.prove.found import Found
from marketpulse.prove.mutants import CROWD, KILLED

__all__ = ["PROOFS", "Part", "Proof", "work"]

Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One process's share of a proof: its seed, its size, and what else it must know."""

    seed: int
    size: int
    words: Words


@dataclass(frozen=True, slots=True)
class Proof:
    """One row of the table.

    Attributes
    ----------
    what : for people
    unit : what is counted as a run
    size : in full and with ``--quick``
    parts : how many processes share it, in full and with ``--quick``
    run : runs one part in a folder
    disk : it is about the disk and must not run in memory
    split : its size is shared out to the parts; else every part has the whole size and a share of the cases
    """

    what: str
    unit: str
    size: tuple[int, int]
    parts: tuple[int, int]
    run: Callable[[Part, Path], Found]
    disk: bool = False
    split: bool = True
    each: tuple[str, ...] = ()

    def plan(self, seed: int, *, quick: bool) -> list[Part]:
        """Cut it into parts; no two have the same seeds."""
        size, parts = self.size[quick], self.parts[quick]
        if self.each:
            return [Part(seed, size, {"name": name}) for name in self.each]
        if not self.split:
            return [Part(seed, size, {"share": [i, parts]}) for i in range(parts)]
        sizes = [size // parts + (i < size % parts) for i in range(parts)]
        return [Part(seed + sum(sizes[:i]), n, {}) for i, n in enumerate(sizes) if n]


def _share(part: Part) -> tuple[int, int]:
    mine, of = part.words["share"]
    return mine, of


def _catch(part: Part, folder: Path) -> Found:
    name = str(part.words["name"])
    return crowd.catch_deferred(part.seed, folder) if name == CROWD else kills.catch(part.seed, name, folder)


def _crowd(part: Part, folder: Path) -> Found:
    name = str(part.words["name"])
    if name == "writers":
        return crowd.writers(part.seed, min(max(part.size // 10, 5), 30), folder)
    return crowd.crowd(part.seed, part.size, folder, name)


PROOFS: Mapping[str, Proof] = {
    "kills": Proof(
        f"kill -9 at {len(POINTS)} named points and at any time",
        "kills",
        (10_000, 300),
        (16, 6),
        lambda part, folder: kills.kills(part.seed, part.size, folder),
        disk=True,
    ),
    "power": Proof(
        "kill -9, and what no commit promised is lost",
        "kills",
        (1_000, 40),
        (10, 2),
        lambda part, folder: kills.powercuts(part.seed, part.size, folder),
        disk=True,
    ),
    "calls": Proof(
        "every database call fails: busy, full, I/O error, read-only",
        "failed calls",
        (len(calls.WAYS), 1),
        (8, 2),
        lambda part, folder: calls.calls(part.seed, part.size, folder, _share(part)),
        split=False,
    ),
    "wal": Proof(
        "write-ahead log cut in its last three frames",
        "cuts",
        (1, 64),
        (8, 2),
        lambda part, folder: wal.cuts(part.seed, part.size, folder, _share(part)),
        split=False,
    ),
    "crowd": Proof(
        "16 submitters against an exact limit",
        "orders",
        (1_000, 60),
        (3, 3),
        _crowd,
        disk=True,
        each=("INSUFFICIENT_CASH", "POSITION_LIMIT", "writers"),
    ),
    "days": Proof(
        "simulated trading days, each lived twice, all faults on",
        "seeds",
        (1_000, 12),
        (20, 2),
        lambda part, folder: simulation.days(part.seed, part.size, folder),
    ),
    "ledger": Proof(
        "random walks of the ledger against a list",
        "walks",
        (1_000, 12),
        (4, 1),
        lambda part, folder: walk.ledger_walks(part.seed, part.size, folder),
    ),
    "lifecycle": Proof(
        "random walks of orders against the table of states",
        "walks",
        (1_000, 12),
        (4, 1),
        lambda part, folder: walk.life_walks(part.seed, part.size, folder),
    ),
    "mutants": Proof(
        f"planted mistakes that must be caught: {len(KILLED) + 1} of {len(KILLED) + 1}",
        "kills and tries",
        (1, 1),
        (1, 1),
        _catch,
        disk=True,
        each=(*KILLED, CROWD),
    ),
}
"""In the order in which they run."""


def work(name: str, part: Part) -> Found:
    """Run one part, in a process that has no other purpose and in a folder of its own.

    What is not about the disk runs in memory, where the system has such a folder: a disk that is really
    written costs most of the time.
    """
    logging.disable()  # faults are what this is about
    shared = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
    light = not PROOFS[name].disk and shared.is_dir() and os.access(shared, os.W_OK)
    with TemporaryDirectory(prefix="prove-", dir=shared if light else None) as folder:
        return PROOFS[name].run(part, Path(folder))
