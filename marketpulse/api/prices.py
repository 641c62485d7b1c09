"""What anybody on this machine may read: health, market data and bars."""

import difflib
from typing import Annotated

from fastapi import APIRouter, Path, Query

from marketpulse.api.facade import Find
from marketpulse.api.market_shapes import BarsReply, DatumReply, bars_reply, datum_reply
from marketpulse.api.problem import Fault
from marketpulse.api.shapes import HealthReply, health_reply
from marketpulse.types import Instrument, Interval, Snapshot

__all__ = ["Prices", "SymbolInPath", "instrument"]

SymbolInPath = Annotated[
    str, Path(max_length=40, description="as in market data; a pair is written BTC-USDT", examples=["AAPL"])
]


def instrument(snapshot: Snapshot, written: str) -> Instrument:
    """Find an instrument by its symbol or slug, in any case.

    Raises
    ------
    Fault
        404 ``UNKNOWN_SYMBOL`` with the nearest names.
    """
    slugs = {i.slug.upper(): i for i in snapshot.instruments.values()}
    asked = written.upper().replace("/", "-")
    if asked in slugs:
        return slugs[asked]
    near = difflib.get_close_matches(asked, slugs, n=2, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise Fault(404, "UNKNOWN_SYMBOL", f"The desk does not know this symbol.{hint}")


class Prices:
    """The open, read-only addresses."""

    def __init__(self, find: Find) -> None:
        self._find = find

    def router(self) -> APIRouter:
        """Return the addresses with their handlers."""
        router = APIRouter(tags=["market"])
        add = router.add_api_route
        add("/health", self.health, summary="Is the desk well?")
        add("/api/live/market-data", self.all_data, summary="Every instrument's last price")
        add("/api/live/market-data/{symbol:path}", self.one_datum, summary="One instrument's last price")
        add("/api/live/bars/{symbol:path}", self.bars, summary="Adjusted bars, the forming one last")
        return router

    def health(self) -> HealthReply:
        """Status, mode, feed and providers; answers while halted or degraded too."""
        return health_reply(self._find().snapshot())

    def all_data(self) -> list[DatumReply]:
        """One entry for each instrument that has a price, in the desk's order."""
        snapshot = self._find().snapshot()
        market = snapshot.market
        return [datum_reply(i, market[s]) for s, i in snapshot.instruments.items() if s in market]

    def one_datum(self, symbol: SymbolInPath) -> DatumReply:
        """Give the last good price, its source, its age, and whether it is stale or disputed."""
        snapshot = self._find().snapshot()
        found = instrument(snapshot, symbol)
        datum = snapshot.market.get(found.symbol)
        if datum is None:
            raise Fault(404, "NO_PRICE", f"There is no price of {found.symbol} yet.")
        return datum_reply(found, datum)

    def bars(
        self,
        symbol: SymbolInPath,
        interval: Interval = Interval.DAY,
        n: Annotated[int, Query(ge=1, le=5000, description="how many bars at most")] = 400,
    ) -> BarsReply:
        """Bars for a chart: prices with splits and dividends worked in, oldest first."""
        desk = self._find()
        found = instrument(desk.snapshot(), symbol)
        return bars_reply(found, desk.history(found.symbol, interval, n))
