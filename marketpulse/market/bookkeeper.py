"""The newest whole order book of each instrument and source, as long as it holds.

Snapshots and changes are joined by the sources' streams, which raise where a change is missing; here a
book is judged whole: whether it can be true, whether it is newer than the one before, and whether it
still holds. Pure: no input, no output, the time is an argument.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf
from threading import Lock

from marketpulse.market.quality import Verdict
from marketpulse.types import Book

__all__ = ["BookKeeper"]

_FUTURE = timedelta(seconds=10)
_FAR = 0.05  # of the last price
_HUNDRED = 80.0  # times the best price of its side: no order but a mistake of units
_SILENT = 2.0  # cadences


class BookKeeper:
    """The newest whole book of each instrument and source; safe from every thread.

    Parameters
    ----------
    order : sources, the preferred first; others come after them
    cadence : seconds between two books of one source; after twice as long without one, the last
        does not hold any more
    """

    def __init__(self, order: Sequence[str], cadence: float) -> None:
        self._rank = {source: n for n, source in enumerate(order)}
        self._patience = timedelta(seconds=_SILENT * cadence)
        self._books: dict[str, dict[str, Book]] = {}
        self._lock = Lock()

    def put(self, book: Book, now: datetime, last_price: float | None = None) -> Verdict:
        """Take a book, or say why it is not believed; the one before then stays and grows old.

        Parameters
        ----------
        last_price : the last good price, None before one
        """
        with self._lock:
            held = self._books.get(book.symbol, {}).get(book.source)
            reason = (
                _shape(book)
                or _far(book, last_price)
                or self._untimely(book, now)
                or (self._backwards(book, held, now) if held is not None else "")
            )
            if reason:
                return Verdict(believed=False, reason=reason)
            self._books.setdefault(book.symbol, {})[book.source] = book
            return Verdict(believed=True)

    def invalidate(self, source: str, symbol: str | None = None) -> None:
        """Forget what a source said: its stream ended or its sequence broke."""
        with self._lock:
            for known, by_source in self._books.items():
                if symbol is None or known == symbol:
                    by_source.pop(source, None)

    def books(self, symbol: str, now: datetime) -> tuple[Book, ...]:
        """Return the books that hold now, the preferred source's first."""
        with self._lock:
            held = list(self._books.get(symbol, {}).values())
        valid = [book for book in held if self._holds(book, now)]
        return tuple(sorted(valid, key=lambda b: (self._rank.get(b.source, len(self._rank)), b.source)))

    def valid(self, symbol: str, source: str, now: datetime) -> bool:
        """Tell whether this source's book holds now."""
        return any(book.source == source for book in self.books(symbol, now))

    def _holds(self, book: Book, now: datetime) -> bool:
        """Neither the venue's time nor ours may be longer ago, or further ahead, than is believed."""
        times = (book.time, book.received)
        return now - min(times) <= self._patience and max(times) - now <= _FUTURE

    def _untimely(self, book: Book, now: datetime) -> str:
        if book.time > now + _FUTURE:
            return f"comes from {(book.time - now).total_seconds():.0f} s ahead of this machine's clock"
        if now - book.time > self._patience:
            return f"was {(now - book.time).total_seconds():.0f} s old when it came"
        return ""

    def _backwards(self, book: Book, held: Book, now: datetime) -> str:
        """Compare a book with the one before; one that does not hold any more compares with nothing."""
        if not self._holds(held, now):
            return ""
        if book.time < held.time:
            return "is older than the one before"
        if book.sequence is None or held.sequence is None or book.sequence >= held.sequence:
            return ""
        # A service that restarts counts from the beginning; one that lags is a little behind.
        if book.time > held.time and book.sequence < held.sequence // 2:
            return ""
        return f"went back in sequence ({book.sequence} after {held.sequence})"


def _shape(book: Book) -> str:
    """Judge a book by itself."""
    if not book.bids or not book.asks:
        return "has an empty side"
    for price, quantity in (*book.bids, *book.asks):
        if not (-inf < price < inf and -inf < quantity < inf):
            return "holds a number that is not finite"
        if price <= 0 or quantity <= 0:
            return "holds a number that is zero or negative"
    return _order(book)


def _order(book: Book) -> str:
    """Look for levels that are not where they belong."""
    bid, ask = book.bids[0][0], book.asks[0][0]
    if bid >= ask:
        return f"is crossed ({bid:,.8g} bid, {ask:,.8g} asked)"
    if any(better <= worse for (better, _), (worse, _) in pairwise(book.bids)):
        return "has bids out of order"
    if any(better >= worse for (better, _), (worse, _) in pairwise(book.asks)):
        return "has asks out of order"
    if bid > _HUNDRED * book.bids[-1][0] or book.asks[-1][0] > _HUNDRED * ask:
        return "holds a price a hundred times off the best of its side"
    return ""


def _far(book: Book, last_price: float | None) -> str:
    if last_price is None or abs(book.mid / last_price - 1.0) <= _FAR:
        return ""
    return f"(mid {book.mid:,.8g}) is more than {_FAR:.0%} away from the last price ({last_price:,.8g})"
