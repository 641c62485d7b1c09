"""What one part of a proof has found; it travels as JSON from the process that ran it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Found", "add"]


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a part, or of all parts of a proof.

    Attributes
    ----------
    runs : how often it was tried
    faults : what was wrong, by name; empty when the proof holds
    notes : what else was counted: that the faults it is about did happen
    seeds : the seeds in which something was wrong
    """

    runs: int
    faults: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Give it as JSON does."""
        return {
            "runs": self.runs,
            "faults": dict(self.faults),
            "notes": dict(self.notes),
            "seeds": list(self.seeds),
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Found":
        """Read it back."""
        return cls(plain["runs"], plain["faults"], plain["notes"], tuple(plain["seeds"]))


def add(parts: Iterable[Found]) -> Found:
    """Put parts together.

    Examples
    --------
    >>> add([Found(2, notes={"kills": 2}), Found(1, {"cash": 1}, {"kills": 1}, (7,))])
    Found(runs=3, faults={'cash': 1}, notes={'kills': 3}, seeds=(7,))
    """
    runs, faults, notes, seeds = 0, Counter[str](), Counter[str](), list[int]()
    for part in parts:
        runs += part.runs
        faults.update(part.faults)
        notes.update(part.notes)
        seeds += part.seeds
    return Found(runs, dict(faults), dict(notes), tuple(seeds))
