"""What an account's turn does of its own accord: changes, exits, a flatten."""

from collections.abc import Mapping

from marketpulse.execution.asking import Asker
from marketpulse.execution.ending import Ender
from marketpulse.execution.exits import Exits
from marketpulse.execution.flattening import Flattener
from marketpulse.execution.kin import Deriver
from marketpulse.execution.kit import Kit
from marketpulse.execution.placing import Placer
from marketpulse.execution.replacing import Replacer
from marketpulse.types import Instrument, MarketDatum, SessionInfo

__all__ = ["Keeper"]


class Keeper:
    """Brackets, replaces and flattens of one kit's accounts. Only the account's own turn calls it."""

    def __init__(
        self, kit: Kit, asker: Asker, ender: Ender, placer: Placer, instruments: Mapping[str, Instrument]
    ) -> None:
        deriver = self._deriver = Deriver(kit, placer.installation)
        self._replacer = Replacer(kit, asker, placer)
        self._exits = Exits(kit, ender, deriver)
        self._flattener = Flattener(kit, ender, deriver, instruments)
        self._ender = ender

    def turn(self, market: Mapping[str, MarketDatum], sessions: Mapping[str, SessionInfo]) -> None:
        """Commit what follows from the books and the prices, before new orders are sent."""
        self._deriver.sessions = sessions
        self._ender.at_once()
        self._replacer.turn(sessions)
        self._flattener.turn(market)
        self._exits.turn(market)
