"""What anybody on this machine may read of the feeds: order books, news, providers, failover, quarantine."""

from typing import Annotated

from fastapi import APIRouter, Query

from marketpulse.api.facade import Find
from marketpulse.api.feed_shapes import (
    FailoversReply,
    ProvidersReply,
    QuarantineReply,
    failovers_reply,
    providers_reply,
    quarantine_reply,
)
from marketpulse.api.market_shapes import (
    BookReply,
    FoundReply,
    NewsReply,
    book_reply,
    found_reply,
    news_reply,
)
from marketpulse.api.prices import SymbolInPath, instrument
from marketpulse.api.problem import Fault
from marketpulse.types import matching, nearest

__all__ = ["Feeds"]


class Feeds:
    """The open, read-only addresses beside prices and bars."""

    def __init__(self, find: Find) -> None:
        self._find = find

    def router(self) -> APIRouter:
        """Return the addresses with their handlers."""
        router = APIRouter(prefix="/api/live", tags=["market"])
        add = router.add_api_route
        add("/order-book/{symbol:path}", self.order_book, summary="One instrument's order book")
        add("/news/{symbol:path}", self.news, summary="What was written of one instrument")
        add("/search", self.search, summary="Find an instrument by a part of its symbol or name")
        add("/providers", self.providers, summary="Every provider, what it can do and how well it does")
        add("/failovers", self.failovers, summary="When somebody else had to answer, and why")
        add("/quarantine", self.quarantine, summary="What was not believed, and why")
        return router

    def order_book(
        self,
        symbol: SymbolInPath,
        depth: Annotated[int, Query(ge=1, le=1000, description="how many levels a side at most")] = 20,
        source: Annotated[
            str | None, Query(max_length=40, description="the venue; the one the desk prefers when left out")
        ] = None,
    ) -> BookReply:
        """Give the newest book that holds; 404 ``NO_BOOK`` when there is none."""
        snapshot = self._find().snapshot()
        found = instrument(snapshot, symbol)
        for book in snapshot.books.get(found.symbol, ()):
            reply = book_reply(found, book, snapshot, depth) if source in (None, book.source) else None
            if reply:
                return reply
        raise Fault(404, "NO_BOOK", f"There is no order book of {found.symbol} now.")

    def news(self, symbol: SymbolInPath) -> NewsReply:
        """Headlines, newest first; an empty list where no provider of news is set."""
        snapshot = self._find().snapshot()
        found = instrument(snapshot, symbol)
        return news_reply(found.symbol, snapshot.headlines.get(found.symbol, ()))

    def search(self, q: Annotated[str, Query(min_length=1, max_length=40, examples=["app"])]) -> FoundReply:
        """Instruments of this desk that fit, or the nearest ones when none does."""
        known = list(self._find().snapshot().instruments.values())
        fits = matching(q, known)
        return found_reply(fits, [] if fits else nearest(q, known))

    def providers(self) -> ProvidersReply:
        """The matrix of the market page: states, times, errors, quotas, and what the planner foresees."""
        return providers_reply(self._find().snapshot())

    def failovers(self) -> FailoversReply:
        """Each failover that is remembered, newest first."""
        return failovers_reply(self._find().snapshot())

    def quarantine(self) -> QuarantineReply:
        """Each datum that was not believed, newest first; none of them was shown, stored or traded on."""
        return quarantine_reply(self._find().snapshot())
