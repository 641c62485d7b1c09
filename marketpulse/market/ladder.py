"""Order books: our own from a snapshot and changes, and the newest whole one of each source.

A ``Ladder`` follows a venue's documented procedure. Changes are numbered; one that is missing makes
the ladder broken until a snapshot comes, and so does a result that cannot be true. Changes that come
meanwhile wait, so that the snapshot, which is always a little old, can be joined with them.

A ``BookKeeper`` holds what streams and polls hand over, whole, and says which of it still holds.
Pure: no input, no output, the time is an argument.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import inf
from threading import Lock

from marketpulse.market.quality import Verdict
from marketpulse.types import Book, Level

__all__ = ["BookKeeper", "Ladder", "Rule", "Step", "binance_rule", "bybit_rule"]

_LEVELS = 20_000  # of one side; no venue sends as many, so more of them are garbage that piles up
_WAITING = 2_000  # changes kept for a snapshot; at ten a second more than three minutes
_FUTURE = timedelta(seconds=10)
_FAR = 0.05  # of the last price
_HUNDRED = 80.0  # times the best price of its side: no order but a mistake of units
_SILENT = 2.0  # cadences

Levels = Iterable[tuple[float | str, float | str]]
"""Prices and quantities as venues send them, often as texts."""


class Step(StrEnum):
    """What a change's numbers say about it."""

    APPLY = "apply"  # the next one
    DROP = "drop"  # known already
    GAP = "gap"  # something before it is missing
    RESET = "reset"  # it is a whole book


Rule = Callable[[int, int, int], Step]
"""A venue's way to number changes: from what we have, and a change's first and last number."""


def binance_rule(have: int, first: int, last: int) -> Step:
    """A change spans ``first`` to ``last``; it may begin before what we have but not leave a hole.

    Examples
    --------
    >>> [str(binance_rule(10, first, last)) for first, last in ((8, 10), (9, 12), (11, 11), (12, 13))]
    ['drop', 'apply', 'apply', 'gap']
    """
    if last <= have:
        return Step.DROP
    return Step.APPLY if first <= have + 1 else Step.GAP


def bybit_rule(have: int, first: int, last: int) -> Step:
    """Changes are numbered one by one; number 1 is a whole book after a restart of the service.

    Examples
    --------
    >>> [str(bybit_rule(10, n, n)) for n in (10, 11, 12, 1)]
    ['drop', 'apply', 'gap', 'reset']
    """
    del first
    if last == 1:
        return Step.RESET
    if last <= have:
        return Step.DROP
    return Step.APPLY if last == have + 1 else Step.GAP


@dataclass(frozen=True, slots=True)
class _Change:
    first: int
    last: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    time: datetime


class _Side:
    """The levels of one side, cheapest first."""

    def __init__(self, levels: Iterable[Level] = ()) -> None:
        last = dict(levels)  # of one price the last word counts
        self.quantities = {price: quantity for price, quantity in last.items() if quantity > 0}
        self.prices = sorted(self.quantities)

    def change(self, levels: Iterable[Level]) -> None:
        """Set levels to their new quantities; zero takes one out."""
        for price, quantity in levels:
            if quantity > 0:
                if price not in self.quantities:
                    insort(self.prices, price)
                self.quantities[price] = quantity
            elif self.quantities.pop(price, None) is not None:
                del self.prices[bisect_left(self.prices, price)]

    def levels(self, prices: Iterable[float]) -> tuple[Level, ...]:
        return tuple((price, self.quantities[price]) for price in prices)


class Ladder:
    """One instrument's order book at one venue; for one thread.

    Parameters
    ----------
    rule : how the venue numbers its changes
    waiting : changes kept for the next snapshot; when there are more the oldest go
    """

    def __init__(self, symbol: str, source: str, rule: Rule, waiting: int = _WAITING) -> None:
        self._symbol = symbol
        self._source = source
        self._rule = rule
        self._waiting: deque[_Change] = deque(maxlen=waiting)
        self._bids, self._asks = _Side(), _Side()
        self._have = 0
        self._time: datetime | None = None
        self._broken = "no snapshot has come yet"
        self._breaks = 0

    @property
    def broken(self) -> str:
        """Why the ladder cannot be used, a clause about "the book"; empty while it can."""
        return self._broken

    @property
    def breaks(self) -> int:
        """How often it broke."""
        return self._breaks

    @property
    def sequence(self) -> int | None:
        """The number of the last change in it, None while broken."""
        return None if self._broken else self._have

    def snapshot(self, bids: Levels, asks: Levels, sequence: int, time: datetime) -> None:
        """Begin anew with a whole book, and join the changes that waited for it.

        One that is older in number and time than a book that is whole changes nothing.
        """
        if not self._broken and sequence < self._have and self._time is not None and time < self._time:
            return
        change = _change(sequence, sequence, bids, asks, time)
        if change is None:
            self._break("came with a number that cannot be one")
            return
        self._restart(change)
        waited = list(self._waiting)
        self._waiting.clear()
        for later in waited:
            self._take(later)

    def delta(self, first: int, last: int, bids: Levels, asks: Levels, time: datetime) -> None:
        """Take the changes numbered ``first`` to ``last``; a quantity of zero takes a level out."""
        change = _change(first, last, bids, asks, time)
        if change is None:
            self._break("came with a number that cannot be one")
        else:
            self._take(change)

    def top(self, depth: int, received: datetime) -> Book | None:
        """Return the best ``depth`` levels, None while broken or while a side is empty."""
        bids, asks, time = self._bids, self._asks, self._time
        if self._broken or time is None or depth < 1 or not bids.prices or not asks.prices:
            return None
        best = bids.levels(reversed(bids.prices[-depth:])), asks.levels(asks.prices[:depth])
        return Book(self._symbol, *best, time, received, self._source, self._have)

    def _take(self, change: _Change) -> None:
        step = self._rule(self._have, change.first, change.last)
        if step is Step.RESET:
            self._waiting.clear()
            self._restart(change)
        elif self._broken:
            self._waiting.append(change)
        elif step is Step.GAP:
            self._waiting.append(change)
            self._break(f"has a gap: {change.first} came after {self._have}")
        elif step is Step.APPLY:
            self._bids.change(change.bids)
            self._asks.change(change.asks)
            if not self._settle(change):
                self._waiting.append(change)  # a snapshot before it needs it, one after it drops it

    def _restart(self, change: _Change) -> None:
        bids, asks = _Side(change.bids), _Side(change.asks)
        if not (bids.prices and asks.prices):
            self._break("came with an empty side")
            return
        self._bids, self._asks, self._time, self._broken = bids, asks, None, ""
        self._settle(change)

    def _settle(self, change: _Change) -> bool:
        """Note what is in the ladder now; False when it cannot be true."""
        self._have = change.last
        self._time = max(self._time or change.time, change.time)
        bids, asks = self._bids.prices, self._asks.prices
        if bids and asks and bids[-1] >= asks[0]:
            self._break(f"is crossed ({bids[-1]:,.8g} bid, {asks[0]:,.8g} asked)")
        elif max(len(bids), len(asks)) > _LEVELS:
            self._break(f"grew beyond {_LEVELS:,} levels")
        else:
            return True
        return False

    def _break(self, reason: str) -> None:
        """Hold nothing until the next snapshot."""
        self._breaks += not self._broken
        self._broken = reason
        self._bids, self._asks = _Side(), _Side()


def _change(first: int, last: int, bids: Levels, asks: Levels, time: datetime) -> _Change | None:
    """Read a venue's numbers; None when one of them cannot be true."""
    try:
        if first > last:
            return None
        return _Change(first, last, _levels(bids), _levels(asks), time)
    except (TypeError, ValueError, OverflowError):
        return None


def _levels(levels: Levels) -> tuple[Level, ...]:
    read = tuple([(float(price), float(quantity)) for price, quantity in levels])
    for price, quantity in read:
        if not (0.0 < price < inf and 0.0 <= quantity < inf):
            raise ValueError
    return read


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
