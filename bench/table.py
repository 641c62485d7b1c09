"""One measured number beside its target and its floor, and how to time and print it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import starmap

__all__ = ["Row", "best", "per_call", "show"]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    value, floor : in ``unit``; the floor is what the same run measured for the bare work or a peer
    target : the most that is allowed, in ``unit``, or as a multiple of the floor when ``relative``
    """

    what: str
    value: float
    unit: str
    target: float | None = None
    floor: float | None = None
    beside: str = ""
    relative: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        measured = self.ratio if self.relative else self.value
        return None if self.target is None or measured is None else measured <= self.target


def best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds that ``work`` takes: the least of some tries."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def per_call(work: Callable[[], object], seconds: float = 0.5, batches: int = 50) -> float:
    """Microseconds a call of ``work`` takes: the best of fifty batches, since other work on the machine only adds."""
    work()
    start = time.perf_counter()
    work()
    one = max(time.perf_counter() - start, 1e-7)
    number = max(1, int(seconds / batches / one))
    times = []
    for _ in range(batches):
        start = time.perf_counter()
        for _ in range(number):
            work()
        times.append((time.perf_counter() - start) / number)
    return min(times) * 1e6


def _cells(row: Row) -> list[str]:
    target = (
        "" if row.target is None else f"{row.target:g} x" if row.relative else f"{row.target:g} {row.unit}"
    )
    verdict = {None: "", True: "met", False: "MISSED"}[row.met]
    beside = f"{row.floor:,.4g} {row.unit} {row.beside}" if row.floor else row.beside
    ratio = f"{row.ratio:.2f}" if row.ratio else ""
    return [row.what, f"{row.value:,.4g} {row.unit}", target, verdict, ratio, beside, row.note]


def show(rows: list[Row]) -> None:
    """Print the table."""
    table = [
        ["what", "measured", "target", "verdict", "ratio", "beside, same run", "note"],
        *map(_cells, rows),
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        print("  ".join(starmap(str.ljust, zip(cells, widths, strict=True))).rstrip())
