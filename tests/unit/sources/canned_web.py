"""Canned answers for vendors that speak through ``requests`` or a websocket: nothing of ours is replaced."""

import asyncio
import json
import logging
import traceback
from collections.abc import Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
import requests
import websockets.exceptions
from requests.adapters import BaseAdapter

from marketpulse.errors import ProviderError
from marketpulse.types import AssetClass, Instrument

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)  # a Monday, in session
AAPL = Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))
BERKSHIRE = Instrument("BRK-B", "Berkshire", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))
TATA = Instrument("TCS.NS", "Tata", AssetClass.EQUITY, "INR", "XBOM", Decimal("0.05"), Decimal(1))


def key(seed: int) -> str:
    """A made-up key whose parts are in no word and no address."""
    return "".join(Random(seed).choices("QXZJ0123456789", k=24))


class Canned(BaseAdapter):
    """``answer`` maps a request to a body, (status, body[, headers]), or an exception to raise."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], object]) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request, **named):
        del named
        self.asked.append(request)
        told = self.answer(request)
        if isinstance(told, Exception):
            raise told
        status, body, *more = told if isinstance(told, tuple) else (200, told)
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = status, request.url, request
        answer.headers.update({"Content-Type": "application/json", **(more[0] if more else {})})
        answer._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return answer

    def close(self):
        pass

    def mount(self, session) -> None:
        """Take the place of the network."""
        session.mount("https://", self)


class CannedSocket:
    """``frames`` come one by one; then the connection ends, or waits for ever if ``silent``."""

    def __init__(self, frames: Iterable[object], *, silent: bool = False) -> None:
        self.frames = list(frames)
        self.silent = silent
        self.sent: list[dict] = []
        self.address = ""
        self.closed = False

    async def recv(self):
        if self.frames:
            frame = self.frames.pop(0)
            return frame if isinstance(frame, (str, bytes)) else json.dumps(frame)
        if self.silent:
            await asyncio.Event().wait()
        raise websockets.exceptions.ConnectionClosedError(None, None)

    async def send(self, message):
        self.sent.append(json.loads(message))

    @asynccontextmanager
    async def open(self, address):
        self.address = address
        try:
            yield self
        finally:
            self.closed = True


def failures(address: str, secret: str) -> list[object]:
    """Every way to fail that a server or a network knows, with the secret wherever it could stand."""
    text = f"HTTPSConnectionPool: Max retries exceeded with url: {address}&token={secret}"
    said = {"error": secret, "message": secret, "Information": secret, "Note": secret, "msg": secret}
    return [
        *(kind(text) for kind in (requests.ConnectionError, requests.Timeout, requests.ReadTimeout)),
        *(kind(text) for kind in (requests.TooManyRedirects, OSError, ValueError, KeyError)),
        requests.exceptions.InvalidHeader(text),
        *((status, said) for status in (301, 400, 401, 402, 403, 404, 418, 422, 429, 500, 502, 503, 504)),
        (500, secret.encode()),
        *(said, [], {}, None, 7, secret, [secret], [said], b"", b"<html>" + secret.encode()),
    ]


def leaks(text: str, secret: str) -> list[str]:
    """The parts of a secret, six characters long, that stand in a text."""
    parts = {secret[i : i + 6] for i in range(len(secret) - 5)}
    return sorted(part for part in parts if part in text)


def told(ask: Callable[[], object], log: pytest.LogCaptureFixture) -> str:
    """All that a failing call shows: its error's text and form, its traceback, and the log."""
    with log.at_level(logging.DEBUG):
        try:
            answer = ask()
        except ProviderError as error:
            answer = "".join([str(error), repr(error), repr(error.args), *traceback.format_exception(error)])
    return f"{answer}{log.text}"


def heard(source, instruments, seconds: float = 5.0) -> list:
    """Run a stream until it raises; its error comes last."""
    quotes: list = []

    async def run() -> None:
        await asyncio.wait_for(source.stream(instruments, quotes.append), seconds)

    try:
        asyncio.run(run())
    except ProviderError as error:
        quotes.append(error)
    return quotes


def canceled(source, instruments) -> list:
    """Run a stream until nothing more comes, then cancel it."""
    quotes: list = []

    async def run() -> None:
        task = asyncio.create_task(source.stream(instruments, quotes.append))
        for _ in range(50):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(run())
    return quotes
