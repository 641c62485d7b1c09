"""A venue, a folder, and a process that lives many short lives in it."""

import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

from marketpulse.clock import WallClock
from marketpulse.execution.kit import POINTS
from marketpulse.prove.check import disagreements
from marketpulse.prove.life import DURABLE, serve
from marketpulse.prove.socketed import GRACE, VenueServer
from marketpulse.prove.venue import Luck
from marketpulse.storage import Ledger

__all__ = ["Forker", "Lab"]


class Forker:
    """The process that forks desks; it serves any number of labs, one after the other.

    It is a fork itself, so it must be made while this process has one thread only.
    """

    def __init__(self) -> None:
        asked, self._ask = os.pipe()
        self._say, said = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._ask)  # else the other end would never see the end
            os.close(self._say)
            with os.fdopen(asked) as lines, os.fdopen(said, "w") as out:
                serve(lines, out)
            os._exit(0)
        os.close(asked)
        os.close(said)
        self._asking = os.fdopen(self._ask, "w")
        self._answers = os.fdopen(self._say)

    def live(self, order: dict[str, Any]) -> dict[str, Any]:
        """Let one desk live and say how it ended."""
        self._asking.write(json.dumps(order) + "\n")
        self._asking.flush()
        ended: dict[str, Any] = json.loads(self._answers.readline())
        return ended

    def close(self) -> None:
        """End it."""
        self._asking.close()
        os.waitpid(self._pid, 0)
        self._answers.close()


class Lab:
    """One ledger, one venue, many lives.

    Attributes
    ----------
    kills : how many desks died, by the point where they did
    failed : lives that ended in an error instead
    """

    def __init__(
        self, folder: Path, seed: int, forker: Forker, luck: Luck | None = None, grace: float = GRACE
    ) -> None:
        self.folder = folder
        self.dice = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.failed = 0
        self.server = VenueServer(folder / "venue", seed, luck or Luck(), grace)
        self._grace = grace
        self._lives = 0
        self._forker = forker

    def live(self, **how: Any) -> bool:
        """Let one desk live; tells whether it was killed."""
        self._lives += 1
        if how.get("power"):
            self._charge()
        place = {"folder": str(self.folder), "venue": str(self.folder / "venue")}
        ended = self._forker.live({"seed": self._lives, "grace": self._grace, **place, **how})
        if ended["killed"]:
            self.kills[how.get("point", "any time")] += 1
            if how.get("power"):
                self._cut_power()
        elif ended["code"] != 0:
            self.failed += 1
        return bool(ended["killed"])

    def die_at(self, point: str, **how: Any) -> None:
        """Kill one desk at a named point."""
        once = point.startswith(("recover", "halt", "compare", "flatten", "exit", "replace"))
        self.live(point=point, passes=0 if once else self.dice.randint(0, 3), **how)

    def die_any_time(self, **how: Any) -> None:
        """Kill one desk from outside."""
        self.live(after=self.dice.uniform(0.005, 0.12), **how)

    def die_somewhere(self) -> None:
        """Kill one desk, most likely where none has died yet."""
        missing = [p for p in POINTS if not self.kills[p]]
        common = self.dice.choice(missing if missing and self.dice.random() < 0.8 else POINTS)
        self.die_at(common)
        if self.dice.random() < 0.4:
            self.die_any_time()

    def drain(self, **how: Any) -> None:
        """Let the venue be in a good mood and the desk find out what became of everything."""
        self.server.venue.faults = False
        self.server.calm()
        if self.live(drain=True, **how):
            self.failed += 1
        self.server.venue.faults = True

    def faults(self) -> Counter[str]:
        """Everything in which ledger and venue disagree."""
        ledger = Ledger.open(self.folder / "ledger.db", WallClock())
        events = list(ledger.read())
        whole = ledger.verify() == len(events)
        ledger.close()
        found = disagreements(events, self.server.venue, self.acknowledged())
        found.update({"broken chain": not whole, "life that failed": self.failed})
        return +found

    def acknowledged(self) -> set[str]:
        """Client ids that ``place`` has answered; a line cut short by a kill was never read by anybody."""
        lines = [line.split() for line in (self.folder / "acknowledged").read_text().splitlines()]
        return {line[1] for line in lines if len(line) == 2 and len(line[1]) == 20}

    def close(self) -> None:
        """End the venue."""
        self.server.close()

    def _wal(self) -> Path:
        return self.folder / "ledger.db-wal"

    def _charge(self) -> None:
        """What lies on the disk when a life begins has been there for long enough."""
        wal = self._wal()
        (self.folder / DURABLE).write_text(str(wal.stat().st_size if wal.exists() else 0))

    def _cut_power(self) -> None:
        """Take away what no commit had promised to keep."""
        wal, kept = self._wal(), int((self.folder / DURABLE).read_text() or 0)
        if wal.exists() and wal.stat().st_size > kept:
            os.truncate(wal, kept)
