"""Alpaca's stream of trades, by our own socket: the package's own loop swallows errors and never ends.

It is IEX's feed, which every plan may listen to, and one connection an account. The key goes into the
first message, never into the address.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from marketpulse.clock import Clock
from marketpulse.errors import AuthFailed, BadData, NotEntitled, ProviderError, Unavailable
from marketpulse.ports import Put
from marketpulse.sources.fields import iso_moment, positive
from marketpulse.sources.vendor import translated
from marketpulse.sources.wire import Socket, socket_errors, unpacked
from marketpulse.types import Instrument, Quote

__all__ = ["listen"]

_ADDRESS = "wss://stream.data.alpaca.markets/v2/iex"
_NAME = "alpaca"


async def listen(
    keys: tuple[str, str],
    names: Mapping[str, Instrument],
    put: Put,
    clock: Clock,
    open_socket: Callable[[str], AbstractAsyncContextManager[Socket]],
) -> None:
    """Hand over the newest trade of each share as a quote, until canceled; ``names`` are Alpaca's."""
    seen: dict[str, datetime] = {}
    with translated(socket_errors(_NAME)):
        async with open_socket(_ADDRESS) as socket:
            await _expect(socket, "connected")
            await socket.send(json.dumps({"action": "auth", "key": keys[0], "secret": keys[1]}))
            await _expect(socket, "authenticated")
            await socket.send(json.dumps({"action": "subscribe", "trades": list(names)}))
            while True:
                for quote in _trades(await _received(socket), names, seen, clock):
                    put(quote)


async def _expect(socket: Socket, word: str) -> None:
    """Wait for one success; anything else is a complaint or garbage."""
    for message in await _received(socket):
        if message.get("T") == "success" and message.get("msg") == word:
            return
    raise BadData(f"{_NAME}: the stream did not begin as it should")


async def _received(socket: Socket) -> Sequence[dict[str, Any]]:
    """Return one frame's messages; a complaint among them raises."""
    messages = unpacked(await socket.recv(), _NAME)
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise BadData(f"{_NAME}: a message of the stream had an unexpected shape")
    for message in messages:
        if message.get("T") == "error":
            raise _complaint(message.get("code"))
    return messages


def _trades(
    messages: Sequence[dict[str, Any]],
    names: Mapping[str, Instrument],
    seen: dict[str, datetime],
    clock: Clock,
) -> Sequence[Quote]:
    """Return the newest trade of each share in a frame, if newer than what was seen before."""
    newest: dict[str, Quote] = {}
    for message in messages:
        instrument = names.get(str(message.get("S")))
        if message.get("T") != "t" or instrument is None:
            continue
        price, time = positive(message, "p", _NAME), iso_moment(message.get("t"), _NAME)
        # what comes twice or late would let the price step back
        if (before := seen.get(instrument.symbol)) is None or time > before:
            seen[instrument.symbol] = time
            newest[instrument.symbol] = Quote(
                instrument.symbol, price, None, None, None, time, clock.now(), _NAME
            )
    return tuple(newest.values())


def _complaint(code: Any) -> ProviderError:
    """Say what an error of the stream means, by its number; its own words are not passed on."""
    told: dict[int, ProviderError] = {
        401: AuthFailed(f"{_NAME}: the key was refused"),
        402: AuthFailed(f"{_NAME}: the key was refused"),
        404: Unavailable(f"{_NAME}: the stream did not open in time"),
        405: NotEntitled(f"{_NAME}: the plan covers fewer shares than were asked for"),
        406: Unavailable(f"{_NAME}: another program holds the account's only stream"),
        407: Unavailable(f"{_NAME}: the stream was read too slowly"),
        409: NotEntitled(f"{_NAME}: the plan does not cover this stream"),
        500: Unavailable(f"{_NAME}: an error on the provider's side"),
    }
    wrong = BadData(f"{_NAME}: the stream refused a request")
    return told.get(code, wrong) if isinstance(code, int) else wrong
