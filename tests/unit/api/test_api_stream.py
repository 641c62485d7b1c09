import asyncio
import json
import threading
from dataclasses import replace
from types import MappingProxyType

import pytest
from fakes import INSTRUMENTS, MARKET, NOW, FakeDesk, witnessed

from marketpulse.api import stream
from marketpulse.api.problem import Fault
from marketpulse.api.stream import Stream
from marketpulse.errors import ConfigError, NoData
from marketpulse.types import Interval

BAR = {
    "symbol",
    "time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "source",
    "age_seconds",
    "stale",
    "agreement",
}


def events(text):
    """Parse a piece of a stream into (event, data) pairs; comments and retry are left out."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [
        (b[0].removeprefix("event: "), json.loads(b[1].removeprefix("data: "))) for b in blocks if len(b) == 2
    ]


class Listener:
    """Pull pieces out of a stream one by one, as a slow browser would."""

    def __init__(self, desk, symbols=("AAPL",), period=0.0, interval=Interval.DAY):
        self.desk = desk
        self.closing = threading.Event()
        self.stream = Stream(lambda: self.desk, self.closing, period)
        wanted = [INSTRUMENTS[s] for s in symbols]
        self.pieces = self.stream._events(wanted, interval)

    async def next(self):
        return await asyncio.wait_for(anext(self.pieces), 5)


def move(desk, symbol, price):
    datum = desk.shown.market[symbol]
    changed = replace(datum, quote=replace(datum.quote, price=price))
    desk.show(market=MappingProxyType({**desk.shown.market, symbol: changed}))


def test_first_everything_then_only_what_changed():
    async def play():
        listener = Listener(FakeDesk(), ("AAPL", "BTC/USDT"))
        assert await listener.next() == "retry: 2000\n\n"
        first = events(await listener.next())
        move(listener.desk, "AAPL", 580.0)
        second = events(await listener.next())
        return first, second

    first, second = asyncio.run(play())
    assert [(kind, data["symbol"]) for kind, data in first] == [
        ("quote", "AAPL"), ("bar", "AAPL"), ("quote", "BTC/USDT"), ("bar", "BTC/USDT"),
    ]  # fmt: skip
    assert [(kind, data["symbol"]) for kind, data in second] == [("quote", "AAPL"), ("bar", "AAPL")]
    assert second[0][1]["price"] == 580.0
    assert set(first[1][1]) == BAR


def test_a_growing_age_alone_is_silence_and_silence_is_broken_by_a_comment(monkeypatch):
    monkeypatch.setattr(stream, "_SILENCE", 0.003)

    async def play():
        listener = Listener(FakeDesk(), period=0.001)
        await listener.next()
        await listener.next()
        datum = listener.desk.shown.market["AAPL"]
        listener.desk.show(market=MappingProxyType({"AAPL": replace(datum, age=datum.age + 1)}))
        return await listener.next()

    assert asyncio.run(play()).startswith(":")


def test_a_price_that_turns_disputed_is_told():
    async def play():
        listener = Listener(FakeDesk())
        await listener.next()
        await listener.next()
        disputed = witnessed(listener.desk.shown.market["AAPL"], "finnhub", 0.1)
        listener.desk.show(market=MappingProxyType({"AAPL": disputed}))
        return events(await listener.next())[0][1]

    assert asyncio.run(play())["agreement"] == "disputed"


def test_a_price_that_turns_stale_is_told():
    async def play():
        listener = Listener(FakeDesk())
        await listener.next()
        await listener.next()
        listener.desk.show(
            market=MappingProxyType({"AAPL": replace(MARKET["AAPL"], stale=True, why="no answer")})
        )
        return events(await listener.next())

    told = asyncio.run(play())
    assert told[0][1]["stale"] is True
    assert told[1][1]["stale"] is True


def test_closing_ends_it():
    async def play():
        listener = Listener(FakeDesk())
        await listener.next()
        await listener.next()
        assert listener.stream._open == 1
        listener.closing.set()
        with pytest.raises(StopAsyncIteration):
            await listener.next()
        return listener.stream._open

    assert asyncio.run(play()) == 0


def test_a_desk_that_closed_ends_it_too():
    async def play():
        listener = Listener(FakeDesk())
        await listener.next()

        def gone():
            raise ConfigError("closed")

        listener.stream._find = gone
        with pytest.raises(StopAsyncIteration):
            await listener.next()

    asyncio.run(play())


def test_a_listener_who_leaves_is_forgotten():
    async def play():
        listener = Listener(FakeDesk())
        await listener.next()
        await listener.pieces.aclose()
        return listener.stream._open

    assert asyncio.run(play()) == 0


def test_without_bars_the_quote_goes_out_alone(monkeypatch):
    desk = FakeDesk()

    def none(*_):
        raise NoData("none")

    monkeypatch.setattr(desk, "history", none)

    async def play():
        listener = Listener(desk)
        await listener.next()
        return events(await listener.next())

    assert [kind for kind, _ in asyncio.run(play())] == ["quote"]


@pytest.mark.parametrize(("interval", "seconds"), [(Interval.MINUTE, 60), (Interval.HOUR, 3_600)])
def test_it_tells_the_newest_bar_of_the_length_asked_for(interval, seconds):
    async def play():
        listener = Listener(FakeDesk(), ("BTC/USDT",), interval=interval)
        await listener.next()
        return events(await listener.next())

    _, (kind, bar) = asyncio.run(play())
    assert kind == "bar"
    assert bar["time"] == int(NOW.timestamp()) // seconds * seconds


def test_a_length_that_an_instrument_lacks_leaves_the_quote_alone():
    async def play():
        listener = Listener(FakeDesk(), ("AAPL", "BTC/USDT"), interval=Interval.MINUTE)
        await listener.next()
        return [(kind, data["symbol"]) for kind, data in events(await listener.next())]

    assert asyncio.run(play()) == [("quote", "AAPL"), ("quote", "BTC/USDT"), ("bar", "BTC/USDT")]


def test_over_http_the_length_is_part_of_the_question(door):
    threading.Timer(0.4, door.closing.set).start()
    reply = door.client.get("/api/live/stream?symbols=btc-usdt&interval=1m")
    told = dict(events(reply.text.removeprefix("retry: 2000\n\n")))
    assert told["bar"]["time"] == int(NOW.timestamp()) // 60 * 60


def test_over_http_it_is_an_event_stream_that_ends_when_the_server_closes(door):
    threading.Timer(0.4, door.closing.set).start()
    reply = door.client.get("/api/live/stream?symbols=AAPL,btc-usdt")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-store"
    assert [kind for kind, _ in events(reply.text.removeprefix("retry: 2000\n\n"))] == [
        "quote",
        "bar",
        "quote",
        "bar",
    ]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "BAD_REQUEST"),
        ("?symbols=", 422, "BAD_REQUEST"),
        ("?symbols=,,", 422, "BAD_REQUEST"),
        ("?symbols=" + "A" * 401, 422, "BAD_REQUEST"),
        ("?symbols=AAPL,APPL", 404, "UNKNOWN_SYMBOL"),
        ("?symbols=AAPL&interval=2d", 422, "BAD_REQUEST"),
    ],
)
def test_a_wrong_question_is_refused_before_anything_streams(door, query, status, code):
    reply = door.client.get("/api/live/stream" + query)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


def test_there_is_a_most_of_streams():
    busy = Stream(FakeDesk, threading.Event())
    busy._open = 64
    with pytest.raises(Fault, match="open already"):
        asyncio.run(busy.stream("AAPL"))
