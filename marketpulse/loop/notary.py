"""Scores issued signals when their horizon ends, once each, and keeps the scoreboard."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from marketpulse.loop.rooms import Rooms
from marketpulse.portfolio.outcome_codec import outcome_key, write_outcome
from marketpulse.portfolio.predictions import PREDICTING, Predictions
from marketpulse.signals.cusum import Lately, lately
from marketpulse.signals.scoring import COST, outcome, row_of, scoreboard
from marketpulse.storage.faults import DuplicateKey
from marketpulse.types import Bars, Call, EventKind, Interval, Issued, NewEvent, Outcome, SignalStatistics

__all__ = ["Notary"]

_SHOWN = 300
_AT_ONCE = 1_000  # outcomes of one transaction; the rest follow in the next turn
_LOOK_AGAIN = 5.0  # seconds between two looks for an open that has not come yet
_PATIENCE = timedelta(days=5)
"""So long a call waits for the open after its horizon, to which its money is counted."""

_OTHERS = frozenset(EventKind) - PREDICTING


class Notary:
    """``turn`` is the loop's; the rest may be called from any thread.

    Attributes
    ----------
    issued : the newest of all, newest first
    scores : of everything that was ever issued
    left : why a signal whose horizon is over cannot be scored, by its id
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._fold = Predictions()
        self._lock = threading.Lock()
        self._seq = 0
        self._seen: tuple[object, ...] = ()
        self._looked = 0.0
        self._waits = False
        self._told = -1, -1
        self._lately: dict[str, tuple[int, Lately]] = {}
        self.issued: tuple[Issued, ...] = ()
        self.scores = SignalStatistics()
        self.left: Mapping[str, str] = {}
        self._read()
        self._tell()

    def turn(self, frames: Mapping[str, Bars]) -> None:
        """Score what has ended.

        Parameters
        ----------
        frames : adjusted closed bars by symbol

        Raises
        ------
        StorageError
            The ledger could not be written; the next turn scores the same again.
        """
        self._read()
        newest = tuple(int(bars.time[-1]) for bars in frames.values() if len(bars))
        seen = tuple(frames), newest, self._fold.version
        now = self._rooms.clock.monotonic()
        if seen == self._seen and not (self._waits and now - self._looked >= _LOOK_AGAIN):
            self._tell()
            return
        self._looked, self._waits = now, False
        ended = list(self._ended(frames))
        try:
            self._write(ended[:_AT_ONCE])
            self._read()
        finally:
            self._tell()
        if len(ended) <= _AT_ONCE:
            self._seen = tuple(frames), newest, self._fold.version

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence where something cannot be scored."""
        if not self.left:
            return ()
        how_many = "One signal" if len(self.left) == 1 else f"{len(self.left)} signals"
        return (f"{how_many} cannot be scored, such as this: {next(iter(self.left.values()))}",)

    def of_symbol(self, symbol: str, most: int) -> tuple[Issued, ...]:
        """The newest of one symbol, newest first; a hundred at most."""
        with self._lock:
            return self._fold.of_symbol(symbol, most)

    def of_model(self, version: str) -> tuple[Issued, ...]:
        """Everything that one trained model has issued, oldest first."""
        with self._lock:
            return tuple(one for one in self._fold if one.signal.model_version == version)

    def lately(self, version: str) -> Lately:
        """How the signals of one trained model did; computed anew only where something has ended since."""
        known = self._lately.get(version)
        if known is None or known[0] != self._fold.version:
            known = self._fold.version, lately(self.of_model(version))
            self._lately[version] = known
        return known[1]

    def since(self, time: datetime) -> tuple[Issued, ...]:
        """Those issued at ``time`` or later, newest first."""
        with self._lock:
            return self._fold.since(time)

    def check(self, signal_id: str, time: datetime) -> None:
        """Note that a signal was computed again and came out the same."""
        with self._lock:
            self._fold.check(signal_id, time)

    def _read(self) -> None:
        """Take in what was written since."""
        ledger = self._rooms.ledger
        last = ledger.last()
        with self._lock:
            if last is not None and last.seq > self._seq:
                for event in ledger.read(after=self._seq, without=_OTHERS):
                    self._fold.take(event)
                    self._seq = event.seq
                self._seq = max(self._seq, last.seq)

    def _tell(self) -> None:
        """Tell it anew where the fold has something new, once a turn: the scoreboard is the longest work of it."""
        with self._lock:
            version, checks = now = self._fold.version, self._fold.checks
            if now == self._told:
                return
            self.issued = self._fold.newest(_SHOWN)
            if version != self._told[0]:
                self.scores = scoreboard(self._fold)
            self._told = version, checks

    def _ended(self, frames: Mapping[str, Bars]) -> Iterator[tuple[Issued, Outcome]]:
        now, left = self._rooms.clock.now(), {}
        for symbol, waiting in self._fold.open.items():
            bars = frames[symbol].until(now) if symbol in frames else None
            for issued in waiting:
                if bars is None or not len(bars):
                    left[issued.id] = f"{_name(issued)}: no bars of it are held."
                    continue
                found = self._score(issued, bars, now)
                if isinstance(found, str):
                    left[issued.id] = f"{_name(issued)}: {found}."
                elif found is not None:
                    yield issued, found
        self.left = left

    def _score(self, issued: Issued, bars: Bars, now: datetime) -> Outcome | str | None:
        """Give its outcome, why there will be none, or None while it must wait."""
        signal, row = issued.signal, row_of(bars, issued.signal.bar)
        if row is None:
            past = str(bars.last_day()) > signal.bar
            return "its bar is no longer held" if past else None
        if row + signal.horizon >= len(bars):
            return None
        newest = row + signal.horizon == len(bars) - 1
        found = outcome(signal, bars, COST, now, self._next_open(bars) if newest else None)
        if found is None:
            return "a price or its base rate is missing"
        if found.moved is None and newest and signal.call is not Call.NONE:
            ended = datetime.fromisoformat(found.ended).replace(tzinfo=UTC)
            if now - ended < _PATIENCE:
                self._waits = True
                return None
        return found

    def _next_open(self, bars: Bars) -> float | None:
        """Where the bar after the newest one opened, on the scale of these bars."""
        held = self._rooms.market.history(bars.symbol, Interval.DAY, 2)
        if len(held) < 2 or held.time[-2] != bars.time[-1] or not held.close[-2] > 0.0:  # noqa: PLR2004  a closed bar and the forming one
            return None
        return float(held.open[-1] * bars.close[-1] / held.close[-2])

    def _write(self, ended: list[tuple[Issued, Outcome]]) -> None:
        """One event each, together; one that stands there already is left."""
        if not ended:
            return
        with self._rooms.ledger.transaction() as tx:
            for issued, found in ended:
                with suppress(DuplicateKey):
                    tx.append(
                        NewEvent(
                            found.time,
                            "desk",
                            EventKind.OUTCOME,
                            issued.id,
                            write_outcome(found),
                            outcome_key(issued.id),
                        )
                    )


def _name(issued: Issued) -> str:
    return f"{issued.signal.symbol} of {issued.signal.bar}"
