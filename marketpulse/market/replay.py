"""Replay: everything is computed in the caller's thread, up to the clock's now and not beyond."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from marketpulse.clock import Clock
from marketpulse.errors import NoData, ProviderError
from marketpulse.market.routes import Routes
from marketpulse.market.sessions import ALWAYS
from marketpulse.market.state import State
from marketpulse.types import Instrument

__all__ = ["ReplayFeed", "desk_time"]

_START = datetime(1990, 1, 1, tzinfo=UTC)
_PAIR_DAYS = timedelta(days=520)  # enough for 500 daily returns


def desk_time(clock: Clock, instrument: Instrument) -> datetime:
    """Return the time an instrument lives by: simulated pairs keep to the wall clock on a replay."""
    return clock.wall() if instrument.calendar == ALWAYS else clock.now()


class ReplayFeed:
    """Bring board and history up to the clock's now."""

    def __init__(self, instruments: Iterable[Instrument], routes: Routes, state: State) -> None:
        self._instruments = tuple(instruments)
        self._routes = routes
        self._clock = state.clock
        self._sessions = state.sessions
        self._board = state.board
        self._history = state.history
        self._caught_up: dict[str, tuple[date, date]] = {}

    def refresh(self) -> None:
        """Compute every instrument's price now, and its bars when a session has begun or closed."""
        for instrument in self._instruments:
            with suppress(NoData):  # a share that is listed today has no closed bar yet
                self._catch_up(instrument)
            try:
                quote = self._routes.quote(instrument)
            except NoData:
                continue  # not listed yet on the tape's day
            except ProviderError as error:
                self._board.trouble(instrument.symbol, str(error))
                continue
            if self._board.put(quote):
                self._history.saw(quote, self._sessions.day(instrument.calendar, quote.time))

    def _catch_up(self, instrument: Instrument) -> None:
        now, calendar = desk_time(self._clock, instrument), instrument.calendar
        state = (self._sessions.last_closed(calendar, now), self._sessions.day(calendar, now))
        if self._caught_up.get(instrument.symbol) == state:
            return
        self._caught_up[instrument.symbol] = state
        period = (now - _PAIR_DAYS if calendar == ALWAYS else _START, now)
        self._history.put(self._routes.bars(instrument, period), self._routes.actions(instrument, period))
