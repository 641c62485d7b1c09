"""Which chain serves which question about which instrument."""

from collections.abc import Collection, Sequence
from datetime import datetime

from marketpulse.errors import NoData
from marketpulse.guard import Chain
from marketpulse.ports import Capability, Source
from marketpulse.types import (
    AssetClass,
    Bars,
    Book,
    CorporateAction,
    Headline,
    Instrument,
    Interval,
    Quote,
)
from marketpulse.types.earnings import Earnings

__all__ = ["Period", "Routes"]

Period = tuple[datetime, datetime]
"""From and until, aware UTC."""


class Routes:
    """Ask for an instrument's data wherever it is offered; raises ProviderError only.

    ``skip`` names sources that shall not be asked, which is how a second opinion is had. Identical
    questions that are asked at the same time are one call.
    """

    def __init__(self, chains: Sequence[Chain[Source]]) -> None:
        self.chains = tuple(chains)

    def chain(self, instrument: Instrument, capability: Capability) -> Chain[Source]:
        """Return the first chain with a member that offers it."""
        for chain in self.chains:
            if chain.capability == capability and _offering(chain, instrument.asset_class):
                return chain
        raise NoData(f"no provider offers the {capability} of {instrument.symbol}")

    def serves(self, instrument: Instrument, capability: Capability) -> bool:
        """Tell whether anybody offers it."""
        return any(
            chain.capability == capability and _offering(chain, instrument.asset_class)
            for chain in self.chains
        )

    def order(self, asset_class: AssetClass, capability: Capability) -> tuple[str, ...]:
        """Return who offers it, the preferred one first."""
        for chain in self.chains:
            if chain.capability == capability and (members := _offering(chain, asset_class)):
                return tuple(member.name for member in members)
        return ()

    def second(self, instrument: Instrument, first: str, capability: Capability = Capability.BARS) -> bool:
        """Tell whether anybody beside ``first`` offers it."""
        return any(name != first for name in self.order(instrument.asset_class, capability))

    def quote(self, instrument: Instrument, skip: Collection[str] = ()) -> Quote:
        """Return the last price."""
        wanted = (Capability.QUOTE, instrument.asset_class)
        return self.chain(instrument, Capability.QUOTE).call(
            lambda s: s.quote(instrument),
            what="" if skip else f"quote {instrument.symbol}",
            where=lambda s: wanted in s.capabilities,
            key=("quote", instrument.symbol, tuple(skip)),
            skip=skip,
        )

    def bars(
        self,
        instrument: Instrument,
        period: Period,
        interval: Interval = Interval.DAY,
        skip: Collection[str] = (),
    ) -> Bars:
        """Return raw bars that have closed."""
        capability = Capability.BARS if interval is Interval.DAY else Capability.INTRADAY
        wanted = (capability, instrument.asset_class)
        # an hour of minutes is no answer to who asks for eight
        since = period[0].date() if interval is Interval.DAY else period[0]
        return self.chain(instrument, capability).call(
            lambda s: s.bars(instrument, interval, *period),
            what="" if skip else f"{interval} bars {instrument.symbol}",
            where=lambda s: wanted in s.capabilities,
            key=("bars", instrument.symbol, interval, since, tuple(skip)),
            skip=skip,
        )

    def actions(self, instrument: Instrument, period: Period) -> Sequence[CorporateAction]:
        """Return splits and dividends; none for what no member offers them for."""
        wanted = (Capability.ACTIONS, instrument.asset_class)
        if not self.serves(instrument, Capability.ACTIONS):
            return ()
        return self.chain(instrument, Capability.ACTIONS).call(
            lambda s: s.actions(instrument, *period),
            what=f"actions {instrument.symbol}",
            where=lambda s: wanted in s.capabilities,
            key=("actions", instrument.symbol, period[0].date()),
        )

    def book(self, instrument: Instrument, depth: int, skip: Collection[str] = ()) -> Book:
        """Return the order book."""
        wanted = (Capability.BOOK, instrument.asset_class)
        return self.chain(instrument, Capability.BOOK).call(
            lambda s: s.book(instrument, depth),
            what="" if skip else f"book {instrument.symbol}",
            where=lambda s: wanted in s.capabilities,
            key=("book", instrument.symbol, depth, tuple(skip)),
            skip=skip,
        )

    def news(self, instrument: Instrument) -> Sequence[Headline]:
        """Return the newest headlines."""
        wanted = (Capability.NEWS, instrument.asset_class)
        return self.chain(instrument, Capability.NEWS).call(
            lambda s: s.news(instrument),
            what=f"news {instrument.symbol}",
            where=lambda s: wanted in s.capabilities,
            key=("news", instrument.symbol),
        )

    def events(self, instrument: Instrument) -> Sequence[Earnings]:
        """Return the days on which results are due."""
        wanted = (Capability.EVENTS, instrument.asset_class)
        return self.chain(instrument, Capability.EVENTS).call(
            lambda s: s.events(instrument),
            what=f"events {instrument.symbol}",
            where=lambda s: wanted in s.capabilities,
            key=("events", instrument.symbol),
        )


def _offering(chain: Chain[Source], asset_class: AssetClass) -> list[Source]:
    wanted = (Capability(chain.capability), asset_class)
    return [member for member in chain.members if wanted in member.capabilities]
