"""How much of what it should hold the store holds; worked out in the background, since it reads files."""

from collections.abc import Mapping
from dataclasses import replace

from marketpulse.errors import StorageError
from marketpulse.market.kit import Kit
from marketpulse.types import Coverage, Instrument, Interval

__all__ = ["Holdings"]

_EVERY = 60.0  # seconds
_DAILY = "daily bars"


class Holdings:
    """Called from the schedule's threads; ``rows`` may be read from any."""

    def __init__(self, kit: Kit, instruments: Mapping[str, Instrument]) -> None:
        self._store = kit.keep.store
        self._sessions = kit.state.sessions
        self._meter = kit.meter
        self._instruments = instruments
        self.rows: tuple[Coverage, ...] = ()

    def ask(self) -> float:
        """Look once; return the seconds until the next look."""
        try:
            share = self._share()
            self.rows = tuple(
                replace(row, share=share) if row.what == _DAILY else row for row in self._store.coverage()
            )
        except StorageError as error:
            self._meter.fault("market.store", str(error))
        return _EVERY

    def _share(self) -> float | None:
        """Return the share of the sessions from each first to last daily bar that have a bar."""
        held = expected = 0
        for symbol, (rows, first, last) in self._store.held_bars(Interval.DAY).items():
            if (instrument := self._instruments.get(symbol)) is not None:
                held += rows
                expected += self._sessions.count(instrument.calendar, first.date(), last.date())
        return min(1.0, held / expected) if expected else None
