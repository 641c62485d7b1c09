"""How many buys were placed of late, by the wall clock; kept by the books, so a restart forgets none."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

__all__ = ["MOST", "WINDOW", "Pace"]

WINDOW = timedelta(seconds=60)
"""In which buys are counted."""

MOST = 600
"""As many are remembered; no limit can be higher."""


class Pace:
    """The last buys, oldest first.

    Noting one costs an append: of a long ledger only the last are ever read as times. Counting drops
    each of them once.
    """

    def __init__(self) -> None:
        self._texts: deque[str] = deque(maxlen=MOST)
        self._walls: deque[datetime] = deque(maxlen=MOST)

    def note(self, payload: Mapping[str, Any]) -> None:
        """Take over an ORDER event's payload."""
        if payload["side"] == "buy":
            self._texts.append(payload["wall"])

    def count(self, wall: datetime) -> int:
        """Count those of the last 60 seconds before ``wall``; at most MOST.

        One that lies further ahead is from before the clock was set back, and says nothing of now.
        """
        walls = self._walls
        while self._texts:
            walls.append(datetime.fromisoformat(self._texts.popleft()))
        while walls and not -WINDOW < wall - walls[0] < WINDOW:
            walls.popleft()
        return len(walls)
