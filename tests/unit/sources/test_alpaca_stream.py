from pathlib import Path

import pytest
from unit.sources.canned_web import (
    AAPL,
    BERKSHIRE,
    NOW,
    TATA,
    CannedSocket,
    canceled,
    heard,
    key,
    leaks,
    told,
)

from marketpulse.clock import SimClock
from marketpulse.errors import AuthFailed, BadData, NotEntitled, Unavailable
from marketpulse.sources.alpaca import AlpacaSource

KEY, SECRET = key(5), key(6)
BEGIN = ([{"T": "success", "msg": "connected"}], [{"T": "success", "msg": "authenticated"}])
LISTENING = [{"T": "subscription", "trades": ["AAPL"], "quotes": []}]


def source_of(socket: CannedSocket) -> AlpacaSource:
    return AlpacaSource(SimClock(NOW), Path(), KEY, SECRET, open_socket=socket.open)


def trade(symbol="AAPL", price=181.5, second=1, **more) -> dict:
    return {"T": "t", "S": symbol, "p": price, "s": 100, "t": f"2026-03-09T14:59:{second:02}.5Z", **more}


def test_it_says_who_it_is_then_listens_to_trades():
    socket = CannedSocket([*BEGIN, LISTENING], silent=True)
    assert canceled(source_of(socket), [AAPL, TATA, BERKSHIRE]) == []
    assert socket.address == "wss://stream.data.alpaca.markets/v2/iex"
    assert socket.sent == [
        {"action": "auth", "key": KEY, "secret": SECRET},
        {"action": "subscribe", "trades": ["AAPL", "BRK.B"]},
    ]
    assert socket.closed


def test_it_hands_over_the_newest_trade_of_each_share():
    frames = [
        [trade(price=181.0), trade(price=182.0, second=2), trade("MSFT", 300.0)],
        [trade(price=181.0), trade("BRK.B", 400.5), {"T": "q", "S": "AAPL", "bp": 1}],
        [trade(price=182.0, second=2)],
    ]
    found = canceled(source_of(CannedSocket([*BEGIN, LISTENING, *frames], silent=True)), [AAPL, BERKSHIRE])
    assert [(q.symbol, q.price, q.source) for q in found] == [
        ("AAPL", 182.0, "alpaca"),
        ("BRK-B", 400.5, "alpaca"),
    ]
    assert (found[0].time.second, found[0].received) == (2, NOW)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ('[{"T":"t","p":', BadData),
        (b"\xff", BadData),
        ({}, BadData),
        ([7], BadData),
        ([trade(price=0)], BadData),
        ([trade(price=None)], BadData),
        ([trade(t=None)], BadData),
        ([{"T": "error", "code": 402, "msg": "auth failed"}], AuthFailed),
        ([{"T": "error", "code": 405, "msg": "symbol limit exceeded"}], NotEntitled),
        ([{"T": "error", "code": 406, "msg": "connection limit exceeded"}], Unavailable),
        ([{"T": "error", "code": 409, "msg": "insufficient subscription"}], NotEntitled),
        ([{"T": "error", "code": 400, "msg": "invalid syntax"}], BadData),
        ([{"T": "error", "code": []}], BadData),
    ],
    ids=lambda v: repr(v)[:60],
)
@pytest.mark.parametrize("before", [(), BEGIN], ids=["first", "later"])
def test_garbage_or_a_complaint_ends_and_closes_it(frame, error, before):
    socket = CannedSocket([*before, frame])
    (last,) = heard(source_of(socket), [AAPL])
    assert type(last) is error
    assert socket.closed


def test_a_connection_that_ends_raises():
    quote, last = heard(source_of(CannedSocket([*BEGIN, LISTENING, [trade()]])), [AAPL])
    assert quote.price == 181.5
    assert isinstance(last, Unavailable)


def test_no_part_of_the_keys_gets_out(caplog):
    for frame in (
        [{"T": "error", "code": 402, "msg": KEY}],
        [{"T": "error", "code": SECRET}],
        f"[{KEY}",
        [KEY],
    ):
        text = told(lambda frame=frame: str(heard(source_of(CannedSocket([frame])), [AAPL])), caplog)
        assert "alpaca" in text
        assert leaks(text, KEY) + leaks(text, SECRET) == []
