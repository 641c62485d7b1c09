"""What was issued, what became of it, and what a recomputation found: a fold of SIGNAL, OUTCOME and REPAINT.

The same ledger gives the same fold, whenever the desk was started. Of each symbol the newest signals and
all that are open are kept whole; of older ones what the scoreboard needs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice

from marketpulse.portfolio.outcome_codec import read_outcome, read_repaint
from marketpulse.portfolio.signal_codec import read_signal
from marketpulse.types import Event, EventKind, Issued, Signal

__all__ = ["PREDICTING", "Predictions"]

PREDICTING = frozenset({EventKind.SIGNAL, EventKind.OUTCOME, EventKind.REPAINT})
"""The kinds that are folded here; every other one changes nothing."""

_WHOLE = 100


class Predictions:
    """Issued signals by their id; one thread at a time.

    Parameters
    ----------
    whole : of each symbol so many of the newest keep votes, reasons and sentences

    Attributes
    ----------
    version : grows with each event that changed something
    checks : grows with each check
    """

    def __init__(self, whole: int = _WHOLE) -> None:
        self._whole = max(1, whole)
        self._issued: dict[str, Issued] = {}  # in the order of issue
        self._symbols: dict[str, list[str]] = {}
        self._open: dict[str, dict[str, None]] = {}
        self.version = 0
        self.checks = 0

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Predictions":
        """Fold a ledger from its beginning."""
        fold = cls()
        for event in events:
            fold.take(event)
        return fold

    def take(self, event: Event) -> None:
        """Fold one event, in the ledger's order; one that is doubled or speaks of nothing changes nothing."""
        if event.kind is EventKind.SIGNAL:
            self._signal(event)
        elif event.kind is EventKind.OUTCOME:
            self._outcome(event)
        elif event.kind is EventKind.REPAINT:
            self._repaint(event)

    def _signal(self, event: Event) -> None:
        if event.key is None or event.key in self._issued or event.payload.get("probability") is None:
            return
        signal = read_signal(event.payload)
        self._issued[event.key] = Issued(event.key, signal)
        own = self._symbols.setdefault(signal.symbol, [])
        own.append(event.key)
        self._open.setdefault(signal.symbol, {})[event.key] = None
        if len(own) > self._whole:
            self._thin(own[-1 - self._whole])
        self.version += 1

    def _outcome(self, event: Event) -> None:
        issued = self._issued.get(event.ref)
        if issued is None or issued.outcome is not None:
            return
        symbol = issued.signal.symbol
        self._issued[event.ref] = replace(issued, outcome=read_outcome(event.payload))
        waiting = self._open[symbol]
        del waiting[event.ref]
        if not waiting:
            del self._open[symbol]
        if event.ref not in self._symbols[symbol][-self._whole :]:
            self._thin(event.ref)
        self.version += 1

    def _repaint(self, event: Event) -> None:
        issued = self._issued.get(event.ref)
        if issued is not None and issued.repaint is None:
            self._issued[event.ref] = replace(issued, repaint=read_repaint(event.payload))
            self.version += 1

    def _thin(self, signal_id: str) -> None:
        """Drop what nobody asks of an old signal any more; one that is open keeps everything."""
        issued = self._issued[signal_id]
        if issued.outcome is not None:
            self._issued[signal_id] = replace(issued, signal=_bare(issued.signal))

    def check(self, signal_id: str, time: datetime) -> None:
        """Note that a recomputation gave what was issued; known to this run only."""
        issued = self._issued.get(signal_id)
        if issued is not None:
            self._issued[signal_id] = replace(issued, checked=time)
            self.checks += 1

    def __len__(self) -> int:
        return len(self._issued)

    def __iter__(self) -> Iterator[Issued]:
        """All of them, oldest first."""
        return iter(self._issued.values())

    def find(self, signal_id: str) -> Issued | None:
        """One signal by its id."""
        return self._issued.get(signal_id)

    @property
    def open(self) -> Mapping[str, tuple[Issued, ...]]:
        """Those whose horizon has not ended, by symbol, oldest first."""
        return {symbol: tuple(self._issued[i] for i in ids) for symbol, ids in self._open.items()}

    def newest(self, most: int) -> tuple[Issued, ...]:
        """The newest of all symbols, newest first."""
        return tuple(islice(reversed(self._issued.values()), max(0, most)))

    def of_symbol(self, symbol: str, most: int) -> tuple[Issued, ...]:
        """The newest of one symbol, newest first; so many as are kept whole at most."""
        own = self._symbols.get(symbol, [])
        return tuple(self._issued[i] for i in islice(reversed(own), max(0, min(most, self._whole))))

    def since(self, time: datetime) -> tuple[Issued, ...]:
        """Those issued at ``time`` or later, newest first."""
        found = []
        for issued in reversed(self._issued.values()):
            if issued.signal.time < time:
                break
            found.append(issued)
        return tuple(found)


def _bare(signal: Signal) -> Signal:
    """Keep what a score is told from."""
    return replace(
        signal,
        sentence="",
        feature_hash="",
        votes=(),
        why="",
        caveats=(),
        reasons=(),
        feature_version="",
        data_hash="",
    )
