"""Replay: everything is computed in the caller's thread, up to the clock's now and not beyond."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from marketpulse.clock import ALWAYS
from marketpulse.errors import NoData, NotEntitled, ProviderError, UnknownSymbol
from marketpulse.market.pace import Pace
from marketpulse.market.routes import Routes
from marketpulse.market.state import State
from marketpulse.ports import Capability
from marketpulse.types import Book, Instrument

__all__ = ["ReplayFeed"]

_START = datetime(1990, 1, 1, tzinfo=UTC)
_LEVELS = 50
_NOTHING = (NoData, UnknownSymbol, NotEntitled)
_PAIR_DAYS = timedelta(days=520)  # enough for 500 daily returns


class ReplayFeed:
    """Bring board and history up to the clock's now."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        routes: Routes,
        state: State,
        pace: Pace,
    ) -> None:
        self._instruments = tuple(instruments)
        self._pace = pace
        self._booked = -pace.books
        self.books: Mapping[str, tuple[Book, ...]] = MappingProxyType({})
        self._routes = routes
        self._clock = state.clock
        self._sessions = state.sessions
        self._board = state.board
        self._history = state.history
        self._caught_up: dict[str, tuple[date, date]] = {}

    def refresh(self) -> None:
        """Compute every instrument's price now, and its bars when a session has begun or closed."""
        for instrument in self._instruments:
            with suppress(*_NOTHING):  # a share that is listed today has no closed bar yet
                self._catch_up(instrument)
            try:
                quote = self._routes.quote(instrument)
            except _NOTHING:
                continue  # not listed yet on the tape's day, or not on it at all
            except ProviderError as error:
                self._board.trouble(instrument.symbol, str(error))
                continue
            if self._board.put(quote):
                self._history.saw(quote, self._sessions.day(instrument.calendar, quote.time))
        if self._clock.monotonic() - self._booked >= self._pace.books:
            self._booked = self._clock.monotonic()
            self._take_books()

    def _take_books(self) -> None:
        """Take each order book that the tape or the simulator offers."""
        found = {}
        for instrument in self._instruments:
            if self._routes.serves(instrument, Capability.BOOK):
                with suppress(ProviderError):
                    found[instrument.symbol] = (self._routes.book(instrument, _LEVELS),)
        self.books = MappingProxyType(found)

    def _catch_up(self, instrument: Instrument) -> None:
        calendar = instrument.calendar
        now = self._clock.market(calendar)
        state = (self._sessions.last_closed(calendar, now), self._sessions.day(calendar, now))
        if self._caught_up.get(instrument.symbol) == state:
            return
        self._caught_up[instrument.symbol] = state
        period = (now - _PAIR_DAYS if calendar == ALWAYS else _START, now)
        self._history.put(self._routes.bars(instrument, period), self._routes.actions(instrument, period))
