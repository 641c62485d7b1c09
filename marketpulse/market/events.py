"""When results are due, asked for seldom and held in memory; a date that nobody tells is not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from marketpulse.errors import NoData, NotEntitled, ProviderError, UnknownSymbol
from marketpulse.market.kit import Kit
from marketpulse.market.sessions import Sessions
from marketpulse.types import AssetClass, Instrument, SessionState
from marketpulse.types.earnings import Earnings, Upcoming

__all__ = ["Events", "Heard", "upcoming"]

_EVERY = 6 * 3_600.0  # seconds; a date that moves does so days before
_RETRY = 900.0
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of the last question about one instrument.

    Attributes
    ----------
    next : the earliest day that was told, None where none was
    why : a sentence, where ``next`` is None
    """

    asked: datetime
    next: Earnings | None
    why: str = ""


class Events:
    """Called from the schedule's threads; ``heard`` may be read from any."""

    def __init__(self, kit: Kit) -> None:
        self._routes, self._clock, self._meter = kit.routes, kit.state.clock, kit.meter
        self._held: dict[str, Heard] = {}

    @property
    def heard(self) -> Mapping[str, Heard]:
        """By symbol, of what has been asked about."""
        return MappingProxyType(dict(self._held))

    def ask(self, instrument: Instrument) -> float:
        """Ask once; return the seconds until the next question.

        A provider that fails leaves what it said before, with the time when it said it.
        """
        symbol, now = instrument.symbol, self._clock.now()
        try:
            told = self._routes.events(instrument)
        except (NotEntitled, UnknownSymbol):
            self._held[symbol] = Heard(now, None, f"No provider tells when results of {symbol} are due.")
            return _NEVER
        except NoData:
            self._held[symbol] = Heard(now, None, f"No provider has a day for the next results of {symbol}.")
            return _EVERY
        except ProviderError as error:
            self._meter.fault("market.events", f"{symbol}: {error}")
            why = f"The provider did not tell when results of {symbol} are due."
            self._held.setdefault(symbol, Heard(now, None, why))
            return _RETRY
        self._held[symbol] = Heard(now, min(told, key=lambda one: one.day))
        return _EVERY


def upcoming(instrument: Instrument, heard: Heard | None, sessions: Sessions, now: datetime) -> Upcoming:
    """Put what was heard beside today; a day that has passed is not the next one."""
    if instrument.asset_class is not AssetClass.EQUITY:
        return Upcoming(now=now, why=f"{instrument.symbol} is no share, so it tells no results.")
    if heard is None:
        why = f"Nobody has been asked yet when results of {instrument.symbol} are due."
        return Upcoming(now=now, why=why)
    if heard.next is None:
        return Upcoming(now=now, asked=heard.asked, why=heard.why)
    today, told = sessions.day(instrument.calendar, now), heard.next
    if told.day < today:
        why = f"The last known day of results of {instrument.symbol}, {told.day.isoformat()}, has passed."
        return Upcoming(now=now, source=told.source, asked=heard.asked, why=why)
    running = sessions.info(instrument.calendar, now).state is SessionState.OPEN
    try:
        # the running session counts as 0, and the next one does while none runs
        left = max(0, sessions.count(instrument.calendar, today, told.day) - (1 if running else 2))
    except LookupError:
        why = f"Results are due on {told.day.isoformat()}; the sessions until then are not known."
        return Upcoming(now=now, source=told.source, asked=heard.asked, why=why)
    return Upcoming(told.day, left, told.source, heard.asked, now, estimated=told.estimated)
