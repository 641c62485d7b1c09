"""What may be wrong around a signal: late bars, a wide spread, a thin book, features that have moved."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from marketpulse.features.scene import History
from marketpulse.loop.rooms import Rooms
from marketpulse.market.sessions import Sessions
from marketpulse.signals.consensus import Circumstances
from marketpulse.types import Book, Instrument, MarketDatum, Side

__all__ = ["Surroundings"]

_WANTED = 0.15
"""A position's share of equity that a book should hold: the most that one may be."""


class Surroundings:
    """Looks around each instrument when bars have closed; only the loop's thread calls it."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._sessions = Sessions()

    def look(
        self, histories: Mapping[str, History], equity: float | None, drift: Mapping[str, float | None]
    ) -> dict[str, Circumstances]:
        """Of every instrument with bars.

        Parameters
        ----------
        equity : base currency; None where it is not known
        drift : largest population stability index that counts, by symbol
        """
        rooms = self._rooms
        data, books = rooms.market.data(), rooms.market.books()
        found = {}
        for symbol, history in histories.items():
            if not len(history.bars):
                continue
            book = next(iter(books.get(symbol, ())), None)
            found[symbol] = Circumstances(
                late=self._late(rooms.instruments[symbol], history),
                spread=_spread(book, data.get(symbol)),
                cover=_cover(book, equity),
                drift=drift.get(symbol),
            )
        return found

    def _late(self, instrument: Instrument, history: History) -> int | None:
        """Sessions that were over before this day and have no bar yet."""
        last, clock = history.bars.last_day(), self._rooms.clock
        if last is None:
            return None
        today = datetime.combine(clock.market(instrument.calendar).date(), time(), UTC)
        over = self._sessions.last_closed(instrument.calendar, today)
        return self._sessions.count(instrument.calendar, last + timedelta(days=1), over)


def _spread(book: Book | None, datum: MarketDatum | None) -> float | None:
    """Ask less bid as a fraction of the mid, of the book or of the quote; None where neither tells both."""
    if book is not None:
        return book.spread / book.mid
    quote = None if datum is None or datum.stale else datum.quote
    if quote is None or quote.bid is None or quote.ask is None or not quote.mid > 0.0:
        return None
    return (quote.ask - quote.bid) / quote.mid


def _cover(book: Book | None, equity: float | None) -> float | None:
    """How many times the asks hold a whole position."""
    if book is None or equity is None or not equity > 0.0:
        return None
    return book.depth(Side.BUY) * book.mid / (_WANTED * equity)
