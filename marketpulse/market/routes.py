"""Which chain serves which instrument."""

from collections.abc import Sequence
from datetime import datetime

from marketpulse.errors import NoData
from marketpulse.guard import Chain
from marketpulse.ports import Capability, Source
from marketpulse.types import Bars, CorporateAction, Instrument, Interval, Quote

__all__ = ["Period", "Routes"]

Period = tuple[datetime, datetime]
"""From and until, aware UTC."""


class Routes:
    """Ask for an instrument's data wherever it is offered; raises ProviderError only."""

    def __init__(self, chains: Sequence[Chain[Source]]) -> None:
        self.chains = tuple(chains)

    def chain(self, instrument: Instrument, capability: Capability) -> Chain[Source]:
        """Return the first chain with a member that offers it."""
        wanted = (capability, instrument.asset_class)
        for chain in self.chains:
            if any(wanted in member.capabilities for member in chain.members):
                return chain
        raise NoData(f"no provider offers the {capability} of {instrument.symbol}")

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last price."""
        wanted = (Capability.QUOTE, instrument.asset_class)
        chain = self.chain(instrument, Capability.QUOTE)
        return chain.call(lambda s: s.quote(instrument), lambda s: wanted in s.capabilities)

    def bars(self, instrument: Instrument, period: Period) -> Bars:
        """Return raw daily bars that have closed."""
        wanted = (Capability.BARS, instrument.asset_class)
        chain = self.chain(instrument, Capability.BARS)
        return chain.call(
            lambda s: s.bars(instrument, Interval.DAY, *period), lambda s: wanted in s.capabilities
        )

    def actions(self, instrument: Instrument, period: Period) -> Sequence[CorporateAction]:
        """Return splits and dividends; none for what no member offers them for."""
        wanted = (Capability.ACTIONS, instrument.asset_class)
        try:
            chain = self.chain(instrument, Capability.ACTIONS)
        except NoData:
            return ()
        return chain.call(lambda s: s.actions(instrument, *period), lambda s: wanted in s.capabilities)
