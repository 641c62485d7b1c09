"""Headlines of the shares and pairs followed, asked for seldom and held in memory."""

from types import MappingProxyType

from marketpulse.errors import NotEntitled, ProviderError, UnknownSymbol
from marketpulse.market.kit import Kit
from marketpulse.types import Headline, Instrument

__all__ = ["News"]

_EVERY = 900.0  # seconds
_RETRY = 120.0
_NEVER = float("inf")
_MOST = 20  # headlines of one instrument


class News:
    """Called from the schedule's threads; ``headlines`` may be read from any."""

    def __init__(self, kit: Kit) -> None:
        self._routes = kit.routes
        self._meter = kit.meter
        self._held: dict[str, tuple[Headline, ...]] = {}

    @property
    def headlines(self) -> MappingProxyType[str, tuple[Headline, ...]]:
        """By symbol, newest first."""
        return MappingProxyType(dict(self._held))

    def ask(self, instrument: Instrument) -> float:
        """Ask once; return the seconds until the next question."""
        try:
            found = self._routes.news(instrument)
        except (NotEntitled, UnknownSymbol):
            return _NEVER
        except ProviderError as error:
            self._meter.fault("market.news", f"{instrument.symbol}: {error}")
            return _RETRY
        newest = sorted(found, key=lambda headline: headline.time, reverse=True)
        self._held[instrument.symbol] = tuple(newest[:_MOST])
        return _EVERY
