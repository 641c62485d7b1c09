"""Streams through ccxt.pro: a few watch loops side by side, which end together.

Left alone, ccxt goes silent for ever after one message that it cannot read, and reconnects after a
lost connection without saying what was missed. Here both end the stream with an error, and whoever
supervises it starts anew. ccxt's wake-ups can skip a pair when several messages come at once; so
each wake-up looks at what ccxt keeps of every pair, and what was seen before is passed over.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from marketpulse.clock import Clock
from marketpulse.errors import BadData, Unavailable, UnknownSymbol
from marketpulse.ports import Put
from marketpulse.sources.ccxt_numbers import positive, venue_time
from marketpulse.sources.ccxt_rest import Clients
from marketpulse.sources.ccxt_ticks import Tick, Ticks
from marketpulse.types import Instrument

__all__ = ["Latest", "PassOn", "Wire", "streamed"]

_GOODBYE = 1.0  # seconds a venue has to answer the closing of a socket
_CLOSING = 2.0  # seconds for all that is left to close

PassOn = Callable[[Any], None]
"""Gives one decoded message to ccxt."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How one venue streams.

    Attributes
    ----------
    name : of the source
    make : makes one of ccxt.pro's clients
    reader : makes what each decoded message goes through on its way to ccxt; it may drop messages,
        and raises where one was lost
    tick : reads ccxt's ticker from the venue's own fields
    chunk : pairs that one subscription may name
    depth : levels that are asked for
    levels : levels that are handed over, on each side
    quiet : seconds after which books are missed while tickers come, or tickers while books come
    """

    name: str
    make: Callable[[], Any]
    reader: Callable[[Clock], Callable[[Any, PassOn, Any], None]]
    tick: Callable[[Any], Tick]
    chunk: int
    depth: int
    levels: int = 50
    quiet: float = 60.0


class _Pulse:
    """Notices that one socket went silent while another speaks.

    A stream that is silent as a whole is its supervisor's matter.
    """

    def __init__(self, name: str, quiet: float) -> None:
        self._name = name
        self._quiet = quiet
        now = asyncio.get_running_loop().time()
        self._last = {"prices": now, "books": now}

    def beat(self, what: str) -> None:
        """Note that a message came."""
        self._last[what] = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Raise once one of the two is missed."""
        while True:
            await asyncio.sleep(self._quiet / 10)
            first, last = sorted(self._last, key=self._last.__getitem__)
            if self._last[last] - self._last[first] > self._quiet:
                raise Unavailable(f"{self._name}: no {first} came for {self._quiet:.0f} s")


class Latest:
    """Tells messages that come late from those in order, by the venue's own times."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._times: dict[Any, float] = {}

    def late(self, key: Any, time: Any) -> bool:
        """Whether ``time`` (ms) lies before the newest of ``key``."""
        told = venue_time(self._name, self._clock, time)
        if told < self._times.get(key, 0.0):
            return True
        self._times[key] = told
        return False


async def streamed(
    wire: Wire, clock: Clock, clients: Clients, instruments: Sequence[Instrument], put: Put
) -> None:
    """Stream until canceled; raises ProviderError, and leaves no socket and no task behind."""
    exchange = wire.make()
    try:
        with clients.errors(exchange):
            if not clients.knows_markets(exchange):
                await exchange.load_markets()
                clients.learn_markets(exchange)
            symbols = [i.symbol for i in instruments if i.symbol in exchange.markets]
            if not symbols:
                raise UnknownSymbol(f"{wire.name}: none of the pairs is known")
            await _watched(wire, exchange, clock, symbols, Ticks(wire.name, clock, put, wire.levels))
    finally:
        await _closed(exchange)


async def _watched(wire: Wire, exchange: Any, clock: Clock, symbols: Sequence[str], ticks: Ticks) -> None:
    """Run every loop until one fails; raise what it failed with."""
    failed = _attend(wire, exchange, clock)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_raised(failed))
            pulse = _Pulse(wire.name, wire.quiet)
            group.create_task(pulse.watch())
            for start in range(0, len(symbols), wire.chunk):
                some = list(symbols[start : start + wire.chunk])
                loops = (
                    _tickers(wire, exchange, some, ticks, pulse),
                    _books(wire, exchange, some, ticks, pulse),
                    _trades(wire, exchange, some, ticks),
                    _minutes(exchange, some, ticks),
                    _days(exchange, some, ticks),
                )
                for loop in loops:
                    group.create_task(_lasting(wire, loop))
    except ExceptionGroup as errors:
        raise _first(errors) from None


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


async def _raised(failed: asyncio.Future[None]) -> None:
    await failed


async def _lasting(wire: Wire, loop: Awaitable[None]) -> None:
    """Await a loop that never returns; ccxt cancels what waits on a socket that it closes itself."""
    try:
        await loop
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise Unavailable(f"{wire.name}: the connection was closed") from None


def _attend(wire: Wire, exchange: Any, clock: Clock) -> asyncio.Future[None]:
    """Lead all messages past our reader, and the first error among them into a future."""
    failed = asyncio.get_running_loop().create_future()
    read, pass_on, connect = wire.reader(clock), exchange.handle_message, exchange.client

    def decoded(client: Any, message: Any) -> None:
        if not isinstance(message, dict):
            raise BadData(f"{wire.name}: a message could not be read")
        read(exchange, lambda whole: pass_on(client, whole), message)

    def client_of(url: str) -> Any:
        client = connect(url)
        if "handle_message" not in vars(client):
            client.handle_message = _minding(wire.name, client.handle_message, failed)
        return client

    exchange.handle_message, exchange.client = decoded, client_of
    return failed


def _minding(name: str, handle: PassOn, failed: asyncio.Future[None]) -> PassOn:
    """Wrap ccxt's reading of a frame, whose exceptions nobody would see."""

    def handled(frame: Any) -> None:
        if failed.done():
            return
        try:
            handle(frame)
        except JSONDecodeError:
            failed.set_exception(BadData(f"{name}: a message could not be read"))
        except Exception as error:  # noqa: BLE001 (whatever it is, the stream ends with it)
            failed.set_exception(error)

    return handled


async def _tickers(wire: Wire, exchange: Any, symbols: list[str], ticks: Ticks, pulse: _Pulse) -> None:
    seen: dict[str, Any] = {}
    while True:
        await exchange.watch_tickers(symbols)
        pulse.beat("prices")
        for symbol in symbols:
            ticker = exchange.tickers.get(symbol)
            if ticker is not None and ticker is not seen.get(symbol):
                seen[symbol] = ticker
                ticks.tick(symbol, wire.tick(ticker))


async def _trades(wire: Wire, exchange: Any, symbols: list[str], ticks: Ticks) -> None:
    seen: dict[str, Any] = {}
    while True:
        await exchange.watch_trades_for_symbols(symbols)
        for symbol in symbols:
            for trade in _newer(exchange.trades.get(symbol), seen.get(symbol)):
                seen[symbol] = trade
                price = positive(wire.name, trade["info"], "p")  # both venues' names for it
                ticks.tick(symbol, Tick(price, positive(wire.name, trade["info"], "T")))


def _newer(kept: Any, last: Any) -> Iterable[Any]:
    """Trades that came after ``last``, oldest first; ccxt keeps the newest thousand."""
    fresh: deque[Any] = deque()
    for trade in reversed(kept or ()):
        if trade is last:
            break
        fresh.appendleft(trade)
    return fresh


async def _books(wire: Wire, exchange: Any, symbols: list[str], ticks: Ticks, pulse: _Pulse) -> None:
    while True:
        await exchange.watch_order_book_for_symbols(symbols, wire.depth)
        pulse.beat("books")
        for symbol in symbols:
            book = exchange.orderbooks.get(symbol)
            if book is not None and book["timestamp"] is not None:
                ticks.book(symbol, book["bids"], book["asks"], book["timestamp"], book["nonce"])


async def _minutes(exchange: Any, symbols: list[str], ticks: Ticks) -> None:
    while True:
        await exchange.watch_ohlcv_for_symbols([[symbol, "1m"] for symbol in symbols])
        for symbol in symbols:
            rows = exchange.ohlcvs.get(symbol, {}).get("1m")
            if rows is not None:
                ticks.minutes(symbol, rows[-3:])


async def _days(exchange: Any, symbols: list[str], ticks: Ticks) -> None:
    while True:
        await exchange.watch_ohlcv_for_symbols([[symbol, "1d"] for symbol in symbols])
        for symbol in symbols:
            rows = exchange.ohlcvs.get(symbol, {}).get("1d")
            if rows is not None:
                ticks.day(symbol, rows[-1])


async def _closed(exchange: Any) -> None:
    """Close what was opened, however often we are canceled meanwhile."""
    closing = asyncio.ensure_future(_close(exchange))
    canceled = False
    while not closing.done():
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            canceled = True
    if canceled:
        raise asyncio.CancelledError


async def _close(exchange: Any) -> None:
    """Close sockets, then the session; a silent venue would keep a socket for ten seconds."""
    goodbyes = [asyncio.ensure_future(client.close()) for client in exchange.clients.values()]
    exchange.clients = {}
    if goodbyes:
        _, late = await asyncio.wait(goodbyes, timeout=_GOODBYE)
        for goodbye in late:
            goodbye.cancel()
        await asyncio.gather(*goodbyes, return_exceptions=True)
    with suppress(Exception):
        async with asyncio.timeout(_CLOSING):
            await exchange.close()
