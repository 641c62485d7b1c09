"""Finnhub's and Alpaca's streams on the loopback, spoken to by our own socket."""

from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from unit.sources.canned_web import AAPL, key
from unit.sources.venue import NOW, Venue

from marketpulse.sources.alpaca import AlpacaSource
from marketpulse.sources.finnhub import FinnhubSource
from marketpulse.sources.wire import connect
from marketpulse.types import Quote


class ShareVenue(Venue):
    """One topic for each share; each ``speak`` is a trade a second after the one before."""

    instrument = AAPL
    kinds = frozenset({Quote})

    def __init__(self) -> None:
        super().__init__()
        self.second = int(NOW.timestamp()) - 30

    def here(self, address: str):
        """Open the loopback instead of the vendor's address."""
        del address
        return connect(f"ws://{self.at}/")

    async def speak(self) -> None:
        self.second += 1
        await self.say("AAPL", self.trade())

    def trade(self) -> object:
        raise NotImplementedError


class FinnhubVenue(ShareVenue):
    def __init__(self) -> None:
        super().__init__()
        self.source = FinnhubSource(self.clock, Path(), key(7), open_socket=self.here)

    async def hear(self, socket: web.WebSocketResponse, message: dict) -> None:
        assert message["type"] == "subscribe"
        self.topics[message["symbol"]] = socket

    def trade(self) -> object:
        return {"type": "trade", "data": [{"s": "AAPL", "p": 181.5, "t": self.second * 1000, "v": 100}]}


class AlpacaVenue(ShareVenue):
    def __init__(self) -> None:
        super().__init__()
        self.source = AlpacaSource(self.clock, Path(), key(8), key(9), open_socket=self.here)

    async def greet(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json([{"T": "success", "msg": "connected"}])

    async def hear(self, socket: web.WebSocketResponse, message: dict) -> None:
        if message["action"] == "auth":
            assert (message["key"], message["secret"]) == (key(8), key(9))
            await socket.send_json([{"T": "success", "msg": "authenticated"}])
        else:
            await socket.send_json([{"T": "subscription", "trades": message["trades"]}])
            self.topics |= dict.fromkeys(message["trades"], socket)

    def trade(self) -> object:
        time = datetime.fromtimestamp(self.second, UTC)
        return [{"T": "t", "S": "AAPL", "p": 181.5, "s": 100, "t": f"{time:%Y-%m-%dT%H:%M:%S}.5Z"}]
