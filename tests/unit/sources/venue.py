"""A crypto venue on the loopback, for ccxt.pro's own clients: it says what a test tells it to."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import WSCloseCode, WSMsgType, web
from unit.sources.crypto import depth, exchange_info, instruments_info, pair

from marketpulse.clock import SimClock
from marketpulse.types import Bars, Book, Quote

BTC = pair("BTC/USDT")
NOW = datetime(2026, 3, 9, 15, 0, 30, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
MIDNIGHT, MINUTE = MS - MS % 86_400_000, MS - MS % 60_000
PATIENCE = 10.0  # seconds until a test is given up; nothing waits that long


class Venue:
    """HTTP and websockets on 127.0.0.1; a subclass speaks one venue's language."""

    source: Any
    instrument = BTC
    kinds = frozenset({Quote, Book})

    def __init__(self, *, mute: bool = False) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.topics: dict[str, web.WebSocketResponse] = {}
        self.asked: list[str] = []
        self.heard = asyncio.Condition()
        self.mute = mute
        self.dialed, self.held = asyncio.Event(), asyncio.Event()
        self.clock = SimClock(NOW)
        self.said: list[Quote | Book | Bars] = []
        self.news = asyncio.Queue[Quote | Book | Bars]()
        self.task: asyncio.Task[None] | None = None
        self.clients: list[Any] = []

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self.runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        host, port = self.runner.addresses[0][:2]
        self.at = f"{host}:{port}"
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.cancel()
        await self.hang_up()
        await self.runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        self.asked.append(request.path)
        return web.json_response(self.rest(request.path))

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        self.dialed.set()
        if self.mute:
            await self.held.wait()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await self.greet(socket)
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                async with self.heard:
                    await self.hear(socket, json.loads(frame.data))
                    self.heard.notify_all()
        async with self.heard:
            self.sockets.remove(socket)
            self.heard.notify_all()
        return socket

    def rest(self, path: str) -> object:
        raise NotImplementedError

    async def greet(self, socket: web.WebSocketResponse) -> None:
        """Say what the venue says first; most wait to be spoken to."""

    async def hear(self, socket: web.WebSocketResponse, message: dict) -> None:
        raise NotImplementedError

    def open_sockets(self) -> int:
        return sum(not socket.closed for socket in self.sockets)

    async def left_alone(self) -> None:
        """Wait until the client has closed every connection."""
        async with asyncio.timeout(PATIENCE), self.heard:
            await self.heard.wait_for(lambda: not self.sockets)

    async def listened(self, *topics: str) -> None:
        """Wait until the client has subscribed."""
        async with asyncio.timeout(PATIENCE), self.heard:
            await self.heard.wait_for(lambda: all(topic in self.topics for topic in topics))

    async def say(self, topic: str, message: object) -> None:
        """Send a message to whoever subscribed to ``topic``; text goes out as it is."""
        await self.listened(topic)
        await self.topics[topic].send_str(message if isinstance(message, str) else json.dumps(message))

    async def garble(self) -> None:
        """Send half a message."""
        await self.sockets[0].send_str('{"e":"trade","p":')

    async def hang_up(self) -> None:
        """Close every connection."""
        for socket in list(self.sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def start(self, *instruments: Any) -> None:
        """Let the source stream."""
        self.task = asyncio.create_task(
            self.source.stream(instruments or (self.instrument,), self.news.put_nowait)
        )

    async def next(self, kind: type) -> Any:
        """Return what the source hands over next, of one kind."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told = await self.news.get()
                self.said.append(told)
                if isinstance(told, kind):
                    return told

    async def end(self) -> BaseException | None:
        """Wait until the stream has ended by itself, and return its error."""
        await asyncio.wait([self.task], timeout=PATIENCE)
        assert self.task.done()
        return self.task.exception()

    async def cancel(self) -> None:
        """Cancel the stream, as its supervisor does."""
        if self.task is not None and not self.task.done():
            self.task.cancel()
            await asyncio.wait([self.task], timeout=PATIENCE)
            assert self.task.cancelled()

    def made(self, client: Any) -> Any:
        client.timeout_on_exit = 10  # ms that ccxt sleeps after closing
        self.clients.append(client)
        return client


class BinanceVenue(Venue):
    """Speaks Binance's frames; ``MS`` is the time of everything that is not given one."""

    prices = "btcusdt@ticker"
    trades = "btcusdt@aggTrade"
    depth = "btcusdt@depth@100ms"
    minutes = "btcusdt@kline_1m"
    days = "btcusdt@kline_1d"
    a_day = "1d"
    last = "c"  # its name for the last price

    async def __aenter__(self) -> Self:
        from marketpulse.sources.binance import BinanceSource  # noqa: PLC0415 (only where it is spoken)

        await super().__aenter__()
        self.source = BinanceSource(self.clock, None, watch=self._client)
        self.snapshot = depth(lastUpdateId=100)
        return self

    def _client(self) -> Any:
        from marketpulse.sources.binance import _watching  # noqa: PLC0415 (as above)

        client = _watching()
        client.urls["api"]["public"] = f"http://{self.at}/api/v3"
        client.urls["api"]["ws"]["spot"] = f"ws://{self.at}/stream/ws"
        return self.made(client)

    def rest(self, path: str) -> object:
        if path.endswith("/time"):
            return {"serverTime": MS}
        return exchange_info() if path.endswith("exchangeInfo") else self.snapshot

    async def hear(self, socket: web.WebSocketResponse, message: dict) -> None:
        self.topics |= dict.fromkeys(message["params"], socket)
        await socket.send_json({"result": None, "id": message["id"]})

    async def speak(self) -> None:
        """Say a price and a book."""
        await self.say(self.prices, self.price())
        await self.say(self.depth, self.first_change())

    def first_change(self) -> dict:
        """The first change after the snapshot, which may be there before or after it."""
        return self.change(101, 101)

    def next_change(self, time: int = MS + 1, number: int = 1, **sides: object) -> dict:
        return self.change(101 + number, 101 + number, time, **sides)

    def price(self, time: int = MS, **fields: object) -> dict:
        told = {"c": "50000.10", "b": "50000.00", "a": "50000.20", "o": "1", "h": "1", "l": "1", "v": "1"}
        return {"e": "24hrTicker", "E": time, "s": "BTCUSDT", "q": "1", "C": time, **told, **fields}

    def trade(self, price: str, time: int = MS, number: int = 1) -> dict:
        ids = {"a": number, "f": number, "l": number}
        told = {"p": price, "q": "0.1", "T": time, "m": False, "M": True}
        return {"e": "aggTrade", "E": time, "s": "BTCUSDT", **ids, **told}

    def change(self, first: int, last: int, time: int = MS, **sides: object) -> dict:
        told = {"b": [["50000.05", "1"]], "a": [["50000.20", "0.7"]], **sides}
        return {"e": "depthUpdate", "E": time, "s": "BTCUSDT", "U": first, "u": last, **told}

    def bar(
        self, start: int, close: str = "5", interval: str = "1m", time: int = MS, **fields: object
    ) -> dict:
        told = {"o": "3", "h": "9", "l": "2", "c": close, "v": "7", "q": "1", "n": 1, "x": False}
        inner = {"t": start, "T": start + 59_999, "s": "BTCUSDT", "i": interval, **told, **fields}
        return {"e": "kline", "E": time, "s": "BTCUSDT", "k": inner}


class BybitVenue(Venue):
    """Speaks Bybit's frames."""

    prices = "tickers.BTCUSDT"
    trades = "publicTrade.BTCUSDT"
    depth = "orderbook.50.BTCUSDT"
    minutes = "kline.1.BTCUSDT"
    days = "kline.D.BTCUSDT"
    a_day = "D"
    last = "lastPrice"  # its name for it

    async def __aenter__(self) -> Self:
        from marketpulse.sources.bybit import BybitSource  # noqa: PLC0415 (only where it is spoken)

        await super().__aenter__()
        self.source = BybitSource(self.clock, None, watch=self._client)
        return self

    def _client(self) -> Any:
        from marketpulse.sources.bybit import _watching  # noqa: PLC0415 (as above)

        client = _watching()
        client.urls["api"]["public"] = f"http://{self.at}"
        client.urls["api"]["ws"]["public"]["spot"] = f"ws://{self.at}/v5/public/spot"
        return self.made(client)

    def rest(self, path: str) -> object:
        assert path.endswith("instruments-info"), path
        return instruments_info()

    async def hear(self, socket: web.WebSocketResponse, message: dict) -> None:
        self.topics |= dict.fromkeys(message["args"], socket)
        answer = {"success": True, "ret_msg": "subscribe", "conn_id": "c", "op": "subscribe"}
        await socket.send_json({**answer, "req_id": message["req_id"]})

    async def speak(self) -> None:
        """Say a book and a price."""
        await self.say(self.depth, self.first_change())
        await self.say(self.prices, self.price())

    def first_change(self) -> dict:
        return self.change("snapshot", 101)

    def next_change(self, time: int = MS + 1, number: int = 1, **sides: object) -> dict:
        return self.change("delta", 101 + number, time, **sides)

    def price(self, time: int = MS, **fields: object) -> dict:
        day = {"highPrice24h": "1", "lowPrice24h": "1", "prevPrice24h": "1", "volume24h": "1"}
        told = {"symbol": "BTCUSDT", "lastPrice": "50000.10", "turnover24h": "1", "usdIndexPrice": "1", **day}
        data = {**told, **fields}
        return {"topic": self.prices, "ts": time, "type": "snapshot", "cs": 1, "data": data}

    def trade(self, price: str, time: int = MS, number: int = 1) -> dict:
        one = {"T": time, "s": "BTCUSDT", "S": "Buy", "v": "0.1", "p": price, "i": str(number), "BT": False}
        return {"topic": self.trades, "ts": time, "type": "snapshot", "data": [one]}

    def change(self, kind: str, number: int, time: int = MS, **sides: object) -> dict:
        told = {"b": [["50000.05", "1"]], "a": [["50000.20", "0.7"]], **sides}
        data = {"s": "BTCUSDT", "u": number, "seq": number * 3, **told}
        return {"topic": self.depth, "ts": time, "type": kind, "data": data, "cts": time}

    def bar(
        self, start: int, close: str = "5", interval: str = "1", time: int = MS, **fields: object
    ) -> dict:
        told = {"open": "3", "high": "9", "low": "2", "close": close, "volume": "7", "turnover": "1"}
        inner = {"start": start, "end": start + 59_999, "interval": interval, "confirm": False, **told}
        data = [{**inner, "timestamp": time, **fields}]
        return {"topic": f"kline.{interval}.BTCUSDT", "ts": time, "type": "snapshot", "data": data}


def played(language: Callable[[], Venue], scene: Callable[[Venue], Awaitable[None]]) -> None:
    """Play a scene between a source and a venue; whatever the scene leaves running is an error."""

    async def play() -> None:
        async with language() as venue:
            await scene(venue)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=PATIENCE)
        assert not [task for task in others if not task.done()]

    loop_errors: list[dict] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: loop_errors.append(context))
        await play()

    asyncio.run(watched())
    assert not loop_errors, loop_errors
