"""``python -m marketpulse prove``: runs the proofs and prints one table."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TextIO

from marketpulse.clock import Clock, WallClock
from marketpulse.prove.found import Found, add
from marketpulse.prove.programme import PROOFS, Proof, work

__all__ = ["Row", "main", "prove", "table"]

SEED = 20261120
_HEADER = ("proof", "what", "runs", "found", "verdict", "seconds", "seed")


@dataclass(frozen=True, slots=True)
class Row:
    """One proof and what came of it."""

    name: str
    proof: Proof
    found: Found
    seconds: float
    seed: int

    @property
    def holds(self) -> bool:
        """Nothing was wrong, and something was tried."""
        return not self.found.faults and self.found.runs > 0

    def cells(self) -> tuple[str, ...]:
        """The row as it is printed."""
        found = "; ".join(f"{n} {what}" for what, n in list(self.found.faults.items())[:3]) or "nothing"
        seeds = ",".join(str(seed) for seed in self.found.seeds[:5]) or str(self.seed)
        verdict = "holds" if self.holds else "FAILS"
        runs = f"{self.found.runs:,} {self.proof.unit}"
        return self.name, self.proof.what, runs, found, verdict, f"{self.seconds:.1f}", seeds

    def sentence(self) -> str:
        """The verdict, and what else was counted: that the faults it is about did happen."""
        counted = ", ".join(f"{what} {n:,}" for what, n in self.found.notes.items())
        return f"{self.name}: {self.cells()[4]} after {self.seconds:.0f} s ({counted})\n"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out in columns.

    Examples
    --------
    >>> print(table([("kills", "9")]), end="")
    kills  9
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(line.rstrip() + "\n" for line in lines)


def prove(name: str, seed: int, jobs: int, clock: Clock, *, quick: bool) -> Row:
    """Run one proof, ``jobs`` parts at a time, each in a process of its own; one that dies has failed."""
    proof, started = PROOFS[name], clock.monotonic()
    context = get_context("forkserver")  # its children begin with the imports done and with one thread
    context.set_forkserver_preload(["marketpulse.prove.programme"])
    found = []
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=1) as pool:
        parts = [(part, pool.submit(work, name, part)) for part in proof.plan(seed, quick=quick)]
        for part, future in parts:
            try:
                found.append(future.result())
            except Exception as error:  # noqa: BLE001  whatever ended the part, the proof does not hold
                found.append(Found(0, {f"a part ended with {error!r}": 1}, {}, (part.seed,)))
    return Row(name, proof, add(found), clock.monotonic() - started, seed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m marketpulse prove",
        description="Prove that no crash, fault or crowd loses or doubles an order or a fill. Needs no running desk, "
        "touches no data folder, and takes about half an hour on two cores (with --quick a minute).",
        epilog="exit codes:  0  every proof holds   1  one fails",
    )
    parser.add_argument("--quick", action="store_true", help="fewer runs of each, as make test does")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=tuple(PROOFS), help=", ".join(PROOFS))
    parser.add_argument("--json", action="store_true", help="answer as JSON, with what else was counted")
    parser.add_argument("--seed", type=int, default=SEED, help=f"where chance begins (default: {SEED})")
    parser.add_argument(
        "--jobs",
        type=int,
        default=8 * (os.cpu_count() or 1),
        help="processes at a time (default: eight a core)",
    )
    return parser


def main(argv: Sequence[str] | None = None, out: TextIO | None = None, clock: Clock | None = None) -> int:
    """Run the proofs that are asked for and return the exit code."""
    parser = _parser()
    args, out, clock = parser.parse_args(argv), out or sys.stdout, clock or WallClock()
    if not hasattr(os, "fork"):
        parser.error("the proofs fork and kill processes, which this system cannot do; use Linux or macOS")
    rows = []
    for name in args.only or PROOFS:
        rows.append(prove(name, args.seed, max(1, args.jobs), clock, quick=args.quick))
        if not args.json:  # somebody waits for half an hour: each row is said when it is known
            sys.stderr.write(rows[-1].sentence())
            sys.stderr.flush()
    if args.json:
        plain = [
            {
                **row.found.plain(),
                "proof": row.name,
                "holds": row.holds,
                "seconds": row.seconds,
                "seed": row.seed,
            }
            for row in rows
        ]
        out.write(json.dumps({"quick": args.quick, "proofs": plain}, indent=2) + "\n")
    else:
        out.write(table([_HEADER, *(row.cells() for row in rows)]))
    return 0 if all(row.holds for row in rows) else 1
