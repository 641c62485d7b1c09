"""What every door reads of the desk: its newest picture, and the signals that it has issued."""

from dataclasses import replace
from types import MappingProxyType

from marketpulse.clock import WallClock
from marketpulse.errors import Refused
from marketpulse.loop.loop import Loop
from marketpulse.types import DeskStatus, Issued, SignalStatistics, Snapshot

__all__ = ["Showing", "overdue"]

_OVERDUE = 10.0  # seconds; the loop makes four pictures a second
_PATIENCE = 5.0  # seconds that a whole turn of the loop may take
_LOOKED_AT = 9  # of one bar there is a signal for each model that has served since it closed


class Showing:
    """The part of the facade that is only read; ``Desk`` is one."""

    _loop: Loop

    def snapshot(self) -> Snapshot:
        """Return the newest picture of the desk; never waits, and says so when the picture is old."""
        newest = self._loop.snapshot
        late = (WallClock().wall() - newest.wall).total_seconds()
        return newest if late < _OVERDUE else overdue(newest, late)

    def get_latest_signals(self, limit: int = 20) -> tuple[Issued, ...]:
        """Return the newest issued signals of all instruments, newest first; three hundred at most."""
        return self._loop.notary.issued[: max(0, limit)]

    def get_signals_by_symbol(self, symbol: str, limit: int = 100) -> tuple[Issued, ...]:
        """Return the newest issued signals of one instrument, newest first; a hundred at most.

        One that is no longer traded has those it was issued.

        Raises
        ------
        Refused
            ``UNKNOWN_SYMBOL``.
        """
        found = self._loop.notary.of_symbol(symbol, limit)
        if not found and symbol not in self._loop.rooms.instruments:
            raise Refused("UNKNOWN_SYMBOL", f"The desk does not know {symbol[:20]!r}.")
        return found

    def get_signal_statistics(self) -> SignalStatistics:
        """Return the scoreboard of everything that was ever issued."""
        return self._loop.notary.scores

    def generate(self, symbol: str | None = None) -> tuple[Issued, ...]:
        """Issue what the newest closed bars give, and return what stands for them; twice gives the same.

        An instrument that nobody speaks of has none: its sentence in the Snapshot says why.

        Raises
        ------
        Refused
            ``UNKNOWN_SYMBOL``, ``BUSY`` where the loop did not finish a turn in five seconds, or
            ``READ_ONLY`` where this desk's ledger takes nothing.
        """
        loop = self._loop
        if loop.rooms.sealed:
            raise Refused("READ_ONLY", f"This desk only shows what its ledger holds. {loop.rooms.sealed}")
        if symbol is not None and symbol not in loop.rooms.instruments:
            raise Refused("UNKNOWN_SYMBOL", f"The desk does not know {symbol[:20]!r}.")
        if not loop.settle(_PATIENCE):
            raise Refused("BUSY", f"The desk's loop has not finished a turn in {_PATIENCE:.0f} s; ask again.")
        now = loop.snapshot.signals
        said = [one for name, one in now.items() if symbol in {None, name}]
        return tuple(
            issued
            for one in said
            for issued in loop.notary.of_symbol(one.symbol, _LOOKED_AT)
            if (issued.signal.bar, issued.signal.model_version) == (one.bar, one.model_version)
        )


def overdue(newest: Snapshot, late: float) -> Snapshot:
    """Mark every price of a picture that has not been renewed for ``late`` seconds."""
    why = f"the desk has not looked for {late:.0f} s"
    market = {
        symbol: replace(datum, age=datum.age + late, stale=True, why=why)
        for symbol, datum in newest.market.items()
    }
    status = DeskStatus.HALTED if newest.halt else DeskStatus.DEGRADED
    note = "The desk's loop does not answer: what you see is old. Its log says why; restart the desk."
    return replace(newest, market=MappingProxyType(market), status=status, notes=(note, *newest.notes))
