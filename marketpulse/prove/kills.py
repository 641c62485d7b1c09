"""kill -9 at every named point of the order path and at any time, and the mutants that this must catch."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.execution.kit import POINTS
from marketpulse.prove.found import Found
from marketpulse.prove.lab import Forker, Lab
from marketpulse.prove.mutants import KILLED
from marketpulse.prove.socketed import GRACE
from marketpulse.prove.venue import Luck

__all__ = ["catch", "kills", "powercuts"]

_ONE_LAB = 50
_ROUNDS, _DEATHS = 8, 8
_LATE = Luck(lately=0.5, unanswered=0.54, throttled=0.56, late=0.2)
"""A venue that accepts every second order late."""

_LATER = Luck(lately=0.5, unanswered=0.54, throttled=0.56, late=1.0)
"""The same, late enough for the next desk to be there before the order is."""

_CAUGHT = {
    "doubled order",
    "order without intent",
    "denied an order the venue has",
    "doubled fill",
    "lost acknowledgement",
}


@contextmanager
def _forking() -> Iterator[Forker]:
    forker = Forker()
    try:
        yield forker
    finally:
        forker.close()


def kills(seed: int, size: int, folder: Path) -> Found:
    """Kill ``size`` desks, fifty in each ledger, and compare each ledger with its venue."""
    faults, notes, by = Counter[str](), Counter[str](), Counter[str]()
    with _forking() as forker:
        while by.total() < size:
            wanted = min(_ONE_LAB, size - by.total())
            with TemporaryDirectory(dir=folder) as place:
                lab = Lab(Path(place), seed + notes["ledgers"], forker)
                while lab.kills.total() < wanted:
                    lab.die_somewhere()
                lab.drain()
                faults += lab.faults()
                by += lab.kills
                venue = lab.server.venue
                notes.update({"orders": len(venue.orders), "fills": len(venue.fills), "ledgers": 1})
                notes.update(venue.happened)
                lab.close()
    notes.update({f"at {point}": by[point] for point in (*POINTS, "any time")})
    return Found(by.total(), dict(faults), dict(notes), (seed,) if faults else ())


def powercuts(seed: int, size: int, folder: Path) -> Found:
    """As ``kills``, and each death takes what no commit had promised to keep off the disk."""
    faults, notes = Counter[str](), Counter[str]()
    with _forking() as forker, TemporaryDirectory(dir=folder) as place:
        lab = Lab(Path(place), seed, forker)
        while lab.kills.total() < size:
            lab.die_at(lab.dice.choice(POINTS), power=True)
        lab.drain()
        faults += lab.faults()
        notes.update({"orders": len(lab.server.venue.orders), "fills": len(lab.server.venue.fills)})
        lab.close()
    return Found(lab.kills.total(), dict(faults), dict(notes), (seed,) if faults else ())


def catch(seed: int, mutant: str, folder: Path) -> Found:
    """Kill desks of a planted design until the comparison finds it out; runs counts the kills."""
    point, power = KILLED[mutant], mutant == "normal_sync"
    how = {"mutant": mutant, "power": power}
    with _forking() as forker, TemporaryDirectory(dir=folder) as place:
        later = mutant == "send_again"
        lab = Lab(Path(place), seed, forker, *((_LATER, 1.25) if later else (_LATE, GRACE)))
        try:
            for _ in range(_ROUNDS):
                for _ in range(_DEATHS):
                    lab.die_at(point, **how)
                lab.drain(**how)
                found = lab.faults()
                if found.keys() & _CAUGHT:
                    return Found(lab.kills.total(), {}, {f"{mutant}: {what}": n for what, n in found.items()})
        finally:
            lab.close()
    return Found(lab.kills.total(), {f"{mutant} was not caught": 1}, {}, (seed,))
