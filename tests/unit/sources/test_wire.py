import asyncio
import json

import pytest
from unit.sources.share_venues import FinnhubVenue
from websockets.exceptions import InvalidStatus

from marketpulse.errors import AuthFailed, BadData, RateLimited, Unavailable
from marketpulse.sources.vendor import translated
from marketpulse.sources.wire import connect, socket_errors, unpacked


@pytest.mark.parametrize("message", ["", "{", b"\xff", None, 7, "[" * 100_000])
def test_what_is_no_json_is_bad_data(message):
    with pytest.raises(BadData, match=r"^x: a message of the stream could not be read"):
        unpacked(message, "x")


def test_json_comes_out_as_it_is():
    assert unpacked('{"a": [1]}', "x") == {"a": [1]}
    assert unpacked(b"[]", "x") == []


class _Response:
    def __init__(self, status: int) -> None:
        self.status_code = status


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthFailed), (403, Unavailable), (429, RateLimited), (500, Unavailable), (200, Unavailable)],
)
def test_a_refused_opening_is_told_by_its_status(status, error):
    with pytest.raises(error, match=r"^x: "), translated(socket_errors("x")):
        raise InvalidStatus(_Response(status))


def test_leaving_the_block_closes_the_socket():
    async def play() -> None:
        async with FinnhubVenue() as venue:
            async with connect(f"ws://{venue.at}/") as socket:
                await socket.send(json.dumps({"type": "subscribe", "symbol": "AAPL"}))
                await venue.listened("AAPL")
                assert venue.open_sockets() == 1
            await venue.left_alone()

    asyncio.run(play())


def test_nobody_there_is_unavailable():
    async def play() -> None:
        async with connect("ws://127.0.0.1:9/"):
            pass

    with pytest.raises(Unavailable, match=r"^x: "), translated(socket_errors("x")):
        asyncio.run(play())
