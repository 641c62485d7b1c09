"""Order books of a live feed: streams first, a question where a stream is silent, each kept every ten seconds."""

from dataclasses import replace

from marketpulse.errors import ProviderError
from marketpulse.market.bookkeeper import BookKeeper
from marketpulse.market.kit import Kit
from marketpulse.types import Book, Instrument

__all__ = ["Depth"]

_LEVELS = 50  # asked for and shown
_STORED = 20  # kept: a year of eight pairs would otherwise fill a disk


class Depth:
    """Judge books and keep the newest of each source; safe from every thread."""

    def __init__(self, keeper: BookKeeper, kit: Kit) -> None:
        self._keeper = keeper
        self._routes = kit.routes
        self._board = kit.state.board
        self._keep = kit.keep
        self._isolation = kit.isolation
        self._clock = kit.state.clock
        self._meter = kit.meter
        self._saved: dict[str, Book] = {}

    def take(self, book: Book) -> bool:
        """Believe a book or send it to quarantine."""
        entry = self._board.entry(book.symbol)
        price = None if entry is None else entry.quote.price
        verdict = self._keeper.put(book, self._clock.now(), price)
        if not verdict.believed:
            self._meter.fault(f"quality.{book.source}", f"{book.symbol}: the book {verdict.reason}")
            self._isolation.book(book, verdict.reason, price)
        return verdict.believed

    def lost(self, source: str) -> None:
        """Forget what a stream told: after a gap its books hold no more, until it has told them anew."""
        self._keeper.invalidate(source)

    def books(self, instrument: Instrument) -> tuple[Book, ...]:
        """Return the books that hold now, the preferred source's first."""
        return self._keeper.books(instrument.symbol, self._clock.now())

    def ask(self, instrument: Instrument, every: float) -> float:
        """Make sure of a book, and record it; return the seconds until the next turn."""
        books = self.books(instrument)
        if not books:
            try:
                self.take(self._routes.book(instrument, _LEVELS))
            except ProviderError as error:
                self._meter.fault("market.books", f"{instrument.symbol}: {error}")
            books = self.books(instrument)
        if books and self._saved.get(instrument.symbol) is not books[0]:
            self._saved[instrument.symbol] = books[0]
            best = replace(books[0], bids=books[0].bids[:_STORED], asks=books[0].asks[:_STORED])
            self._keep(lambda store: store.save_book(best))
        return every
