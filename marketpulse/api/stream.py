"""Server-sent events for the charts: the forming bar and the quote of a few instruments.

The stream reads the Snapshot four times a second and sends only what changed, so a chart costs no
page run. It ends within a second of ``closing``: otherwise an open chart would hold up the server's
shutdown for as long as its tab lives.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from marketpulse.api.facade import Find
from marketpulse.api.market_shapes import BarReply, bars_reply, datum_reply
from marketpulse.api.prices import instrument
from marketpulse.api.problem import Fault
from marketpulse.errors import ConfigError, ProviderError, Refused
from marketpulse.types import Agreement, Instrument, Interval, MarketDatum

__all__ = ["BarEvent", "Stream"]

_PERIOD = 0.25
_SILENCE = 1.0
_MOST_SYMBOLS = 20
_MOST_STREAMS = 64


class BarEvent(BarReply):
    """The forming bar with how far the price it rests on may be believed."""

    symbol: str
    source: str
    age_seconds: float
    stale: bool
    agreement: Agreement


@dataclass
class _Seen:
    """What one listener has been told already."""

    number: int = -1
    quotes: dict[str, object] = field(default_factory=dict)


class Stream:
    """The stream's address; ``closing`` is set once the process shall end."""

    def __init__(self, find: Find, closing: threading.Event, period: float = _PERIOD) -> None:
        self._find = find
        self._closing = closing
        self._period = period
        self._open = 0

    def router(self) -> APIRouter:
        """Return the address with its handler."""
        router = APIRouter(tags=["market"])
        router.add_api_route(
            "/api/live/stream",
            self.stream,
            summary="Bars and quotes as they change (server-sent events)",
            response_class=StreamingResponse,
            responses={200: {"content": {"text/event-stream": {}}}},
        )
        return router

    async def stream(
        self,
        symbols: Annotated[str, Query(max_length=400, examples=["AAPL,BTC-USDT"])],
        interval: Interval = Interval.DAY,
    ) -> StreamingResponse:
        """Send ``event: bar`` and ``event: quote``; a comment each second of silence."""
        snapshot = self._find().snapshot()
        names = dict.fromkeys(name.strip() for name in symbols.split(",") if name.strip())
        wanted = [instrument(snapshot, name) for name in names]
        if not 1 <= len(wanted) <= _MOST_SYMBOLS:
            raise Fault(422, "BAD_REQUEST", f"symbols: name 1 to {_MOST_SYMBOLS}, separated by commas.")
        if self._open >= _MOST_STREAMS:
            raise Fault(503, "TOO_MANY_STREAMS", f"{_MOST_STREAMS} streams are open already; close some.")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._events(wanted, interval), media_type="text/event-stream", headers=headers
        )

    async def _events(self, wanted: Sequence[Instrument], interval: Interval) -> AsyncIterator[str]:
        seen, silent = _Seen(), 0.0
        self._open += 1
        try:
            yield "retry: 2000\n\n"
            while not self._closing.is_set():
                try:
                    said = await self._changes(wanted, interval, seen)
                except ConfigError:  # the desk has closed; the browser asks again and learns so
                    return
                silent = 0.0 if said else silent + self._period
                if silent >= _SILENCE:
                    silent, said = 0.0, ": still here\n\n"
                if said:
                    yield said
                await asyncio.sleep(self._period)
        finally:
            self._open -= 1

    async def _changes(self, wanted: Sequence[Instrument], interval: Interval, seen: _Seen) -> str:
        """Give the events of everything that is not as this listener last saw it."""
        snapshot = self._find().snapshot()
        if snapshot.number == seen.number:
            return ""
        seen.number = snapshot.number
        said = []
        for one in wanted:
            datum = snapshot.market.get(one.symbol)
            if datum is None or seen.quotes.get(one.symbol) == _identity(datum):
                continue
            seen.quotes[one.symbol] = _identity(datum)
            said.append(f"event: quote\ndata: {datum_reply(one, datum).model_dump_json()}\n\n")
            bar = await anyio.to_thread.run_sync(self._forming, one, interval, datum)
            if bar is not None:
                said.append(f"event: bar\ndata: {bar.model_dump_json()}\n\n")
        return "".join(said)

    def _forming(self, one: Instrument, interval: Interval, datum: MarketDatum) -> BarEvent | None:
        try:
            reply = bars_reply(one, self._find().history(one.symbol, interval, 1))
        except (ProviderError, Refused):  # no bars now; the quote goes out alone
            return None
        if not reply.bars:
            return None
        return BarEvent(
            **reply.bars[-1].model_dump(),
            symbol=one.symbol,
            source=datum.quote.source,
            age_seconds=round(max(0.0, datum.age), 3),
            stale=datum.stale,
            agreement=datum.agreement,
        )


def _identity(datum: MarketDatum) -> object:
    """All of a datum but its age and the witnesses' last words, which change by themselves."""
    return (datum.quote, datum.stale, datum.session, datum.why, datum.agreement)
