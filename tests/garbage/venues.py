"""The real adapters, with nothing but the network replaced."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import ccxt
from aiohttp import WSMsgType
from unit.sources.canned import CannedYahoo
from unit.sources.canned_web import Canned, CannedSocket, key
from unit.sources.crypto import SPOT, depth, exchange_info, instruments_info

from marketpulse.clock import SimClock
from marketpulse.ports import Source
from marketpulse.sources.alpaca import AlpacaSource
from marketpulse.sources.alphavantage import AlphaVantageSource
from marketpulse.sources.binance import BinanceSource
from marketpulse.sources.binance import _watching as watch_binance
from marketpulse.sources.bybit import BybitSource
from marketpulse.sources.bybit import _watching as watch_bybit
from marketpulse.sources.finnhub import FinnhubSource
from marketpulse.sources.yahoo import YahooSource

KEY, SECRET = key(41), key(42)
_TURNS = 12  # of the loop between the last message and the end of a connection


class Answers:
    """What each question is answered: bytes by its name; and the messages of a stream."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.frames: list[bytes] = []
        self.topic = ""


Make = Callable[[SimClock, Path, Answers], Source]


def yahoo(clock: SimClock, folder: Path, answers: Answers) -> Source:
    """Tells a quote from bars by how far back they reach."""
    session = CannedYahoo(lambda _: answers.bodies["quote" if session.params["range"] == "1d" else "bars"])
    return YahooSource(clock, folder, session=session)


def finnhub(clock: SimClock, folder: Path, answers: Answers) -> Source:
    canned = Canned(lambda _: answers.bodies["quote"])
    socket = CannedSocket([_text(frame) for frame in answers.frames])
    return FinnhubSource(clock, folder, KEY, prepare=canned.mount, open_socket=socket.open)


def alphavantage(clock: SimClock, folder: Path, answers: Answers) -> Source:
    canned = Canned(lambda _: answers.bodies["bars"])
    return AlphaVantageSource(clock, folder, KEY, prepare=canned.mount)


def alpaca(clock: SimClock, folder: Path, answers: Answers) -> Source:
    def answer(request: object) -> bytes:
        return answers.bodies["bars" if "/bars" in request.url else "quote"]

    greeting = [[{"T": "success", "msg": "connected"}], [{"T": "success", "msg": "authenticated"}]]
    socket = CannedSocket([*greeting, *(_text(frame) for frame in answers.frames)])
    canned = Canned(answer)
    return AlpacaSource(clock, folder, KEY, SECRET, prepare=canned.mount, open_socket=socket.open)


def _text(frame: bytes) -> str | bytes:
    """A message as a websocket tells it: text where it can be."""
    try:
        return frame.decode()
    except UnicodeDecodeError:
        return frame


def binance(clock: SimClock, folder: Path, answers: Answers) -> Source:
    return BinanceSource(
        clock, folder, lambda: _blocking("binance", answers), lambda: _pro("binance", answers)
    )


def bybit(clock: SimClock, folder: Path, answers: Answers) -> Source:
    return BybitSource(clock, folder, lambda: _blocking("bybit", answers), lambda: _pro("bybit", answers))


@cache
def _client(name: str) -> tuple[object, Canned]:
    """ccxt's own client over a canned session; one for all payloads, since making it is slow."""
    client = getattr(ccxt, name)(SPOT)
    canned = Canned(lambda _: b"")
    client.session.mount("https://", canned)
    return client, canned


def _blocking(name: str, answers: Answers) -> object:
    client, canned = _client(name)
    canned.answer = lambda request: _told(request.url, answers)
    canned.asked.clear()
    return client


def _told(url: str, answers: Answers) -> object:
    parts = urlsplit(url)
    what = parts.path.rsplit("/", 1)[1]
    if what in {"exchangeInfo", "instruments-info"}:
        return exchange_info() if what == "exchangeInfo" else instruments_info()
    if what in {"kline", "klines"}:
        return answers.bodies["day" if parse_qs(parts.query)["limit"] == ["1"] else "bars"]
    return answers.bodies[{"24hr": "quote", "tickers": "quote", "depth": "book", "orderbook": "book"}[what]]


class FakeConnection:
    """A websocket of aiohttp: its messages come once their topic has been subscribed to."""

    _conn = None

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.closed = False
        self.heard = asyncio.Event()
        self.left = list(answers.frames)

    async def send_str(self, text: str) -> None:
        if self.answers.topic in text:
            self.heard.set()

    async def ping(self) -> None:
        """Never answered; nothing here lives that long."""

    async def receive(self) -> SimpleNamespace:
        await self.heard.wait()
        if self.closed:
            return SimpleNamespace(type=WSMsgType.CLOSED, data=None)
        if self.left:
            frame = _text(self.left.pop(0))
            kind = WSMsgType.TEXT if isinstance(frame, str) else WSMsgType.BINARY
            return SimpleNamespace(type=kind, data=frame)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        return SimpleNamespace(type=WSMsgType.CLOSE, data=1006)

    async def close(self) -> None:
        self.closed = True
        self.heard.set()


class FakeSession:
    """The part of aiohttp's session that ccxt's sockets use."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    @asynccontextmanager
    async def ws_connect(self, url: str, **named: object):
        del url, named
        yield FakeConnection(self.answers)

    async def close(self) -> None:
        """Nothing is open."""


def _pro(name: str, answers: Answers) -> object:
    """ccxt.pro's own client; its REST calls know the list of pairs and a book."""

    async def fetch(url: str, *more: object, **named: object) -> object:
        del more, named
        what = urlsplit(url).path.rsplit("/", 1)[1]
        if what == "time":
            return {"serverTime": 0}
        told = {"exchangeInfo": exchange_info(), "instruments-info": instruments_info()}
        return told.get(what) or depth(lastUpdateId=100)

    client = {"binance": watch_binance, "bybit": watch_bybit}[name]()
    client.session, client.own_session, client.timeout_on_exit = FakeSession(answers), False, 0
    client.fetch = fetch
    client.verify = False  # else each client reads the certificates of the whole world
    return client


MAKERS: dict[str, Make] = {
    "yahoo": yahoo,
    "finnhub": finnhub,
    "alphavantage": alphavantage,
    "alpaca": alpaca,
    "binance": binance,
    "bybit": bybit,
}
