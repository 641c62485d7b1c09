"""From what the market room knows to one moment that the fill engine believes."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from marketpulse.brokers.paper_model import Activity, Tick
from marketpulse.risk.costs import half_spread
from marketpulse.types import Book, Instrument, MarketDatum, Quote, SessionState

__all__ = ["Before", "believable", "tick_of"]


@dataclass(frozen=True, slots=True)
class Before:
    """The moment before, as far as the next one is compared with it."""

    middle: float
    last: float
    volume: float | None


def believable(datum: MarketDatum | None) -> bool:
    """A stale or disputed price or a closed exchange fills nothing."""
    if datum is None or datum.stale or datum.disputed:
        return False
    return datum.session is SessionState.OPEN


def tick_of(
    quote: Quote, book: Book | None, instrument: Instrument, before: Before | None, activity: Activity | None
) -> Tick | None:
    """Join a quote and the book that holds now; None when the quote's numbers cannot be a market.

    Where the quote is newer than the book, nothing of the book is believed to be better than it.
    """
    touch = _touch(quote, instrument)
    if touch is None:
        return None
    bid, ask = touch
    assumed = quote.bid is None or quote.ask is None
    received: datetime = quote.received
    if book is not None and _sound(book):
        newer = quote.received > book.received
        # Without bid and ask the last trade is all that a newer quote says.
        low, high = (quote.price, quote.price) if assumed else (bid, ask)
        bid = min(book.bids[0][0], low) if newer else book.bids[0][0]
        ask = max(book.asks[0][0], high) if newer else book.asks[0][0]
        assumed, received = False, max(received, book.received)
    else:
        book = None
    printed, traded = _traded(quote, before)
    return Tick(
        last=quote.price,
        bid=bid,
        ask=ask,
        received=received,
        source=quote.source,
        assumed=assumed,
        bids=book.bids if book else (),
        asks=book.asks if book else (),
        activity=activity,
        printed=printed,
        traded=traded,
        move=abs(0.5 * (bid + ask) - before.middle) if before else 0.0,
        opening=before is None,
    )


def _touch(quote: Quote, instrument: Instrument) -> tuple[float, float] | None:
    last, bid, ask = quote.price, quote.bid, quote.ask
    if not (isfinite(last) and last > 0):
        return None
    if bid is None or ask is None:
        # No bid and ask: half an assumed spread on either side of the last trade.
        half = half_spread(instrument)
        return last * (1.0 - half), last * (1.0 + half)
    # Crossed or broken, it prices nothing; the next quote will be better.
    return (bid, ask) if isfinite(bid) and isfinite(ask) and 0 < bid <= ask else None


def _sound(book: Book) -> bool:
    return bool(book.bids and book.asks) and 0 < book.bids[0][0] < book.asks[0][0]


def _traded(quote: Quote, before: Before | None) -> tuple[bool, float]:
    """Tell whether anything traded since, and how much of it at the last price.

    Between two quotes that show different last trades some of the volume was traded at the one price
    and some at the other; none of it is counted then.
    """
    if before is None or before.volume is None or quote.volume is None:
        return False, 0.0
    units = quote.volume - before.volume
    if not isfinite(units) or units <= 0:
        return False, 0.0
    return True, units if quote.price == before.last else 0.0
