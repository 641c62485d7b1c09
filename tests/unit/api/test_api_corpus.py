"""Malformed bodies by the hundred: each gets a clear answer, none a 500, none an order it should not make."""

import json
import logging
import random

import pytest

SEED = 20_120_601
GOOD = {"symbol": "AAPL", "side": "sell", "type": "market", "quantity": "1"}
ODD_VALUES = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "0", "-1", "1.5", "true", "false", "null", "[]", "{}",
    '""', '" "', '"NaN"', '"nan"', '"inf"', '"1e999"', '"0x10"', '"1_000"', '"\\u0661"', '"\\ud800"', '"\\u0000"',
    '"-0"', '"+1"', '"1,5"', '"1.2.3"', '"' + "9" * 400 + '"', "9" * 400, '"<script>"', '"\'; drop table event;--"',
    '"../../etc/passwd"', '"AAPL\\u202e"', '[["x"]]', '{"$gt": 0}', '"1e400"', "1" + "0" * 63, "0." + "0" * 60 + "1",
)  # fmt: skip
NAMES = (
    "symbol",
    "side",
    "type",
    "quantity",
    "limit_price",
    "stop_price",
    "time_in_force",
    "__proto__",
    "",
    "quantty",
)
WHOLE = (
    b"", b" ", b"null", b"true", b"0", b"NaN", b'"x"', b"[]", b"[{}]", b"{", b"}", b"{]", b'{"a"}', b'{"a":}', b"{,}",
    b'{"symbol":"AAPL",}', b"\x00", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"\x80" * 50, b"[" * 50_000, b'{"a":' * 5_000,
    b'{"symbol":"AAPL"}{"symbol":"AAPL"}', b"symbol=AAPL&side=buy", b"<xml/>", b'{"a":1}' + b"\x00", b"{'a':1}",
    b'{"a":1//c\n}', b"x" * 65_536, b"x" * 65_537, b'"' + b"x" * 200_000, b"{}" * 30_000,
)  # fmt: skip


def corpus(count=400):
    """Whole bodies that are wrong, then good ones spoilt field by field and byte by byte."""
    dice = random.Random(SEED)
    yield from WHOLE
    for _ in range(count):
        good = json.dumps(GOOD | {"limit_price": "1"} if dice.random() < 0.3 else GOOD)
        kind = dice.randrange(4)
        if kind == 0:
            spoilt = {name: json.dumps(value) for name, value in GOOD.items()}
            spoilt[dice.choice(NAMES)] = dice.choice(ODD_VALUES)
            yield ("{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in spoilt.items()) + "}").encode()
        elif kind == 1:
            raw = bytearray(good.encode())
            for _ in range(dice.randrange(1, 5)):
                raw[dice.randrange(len(raw))] = dice.randrange(256)
            yield bytes(raw)
        elif kind == 2:
            yield good.encode()[: dice.randrange(len(good))]
        else:
            yield dice.randbytes(dice.randrange(1, 200))


@pytest.mark.parametrize(
    "path", ["/api/v1/orders", "/api/v1/halt", "/api/v1/resume", "/api/intelligent/signals/generate"]
)
def test_no_body_breaks_the_door(door, path, caplog):
    caplog.set_level(logging.DEBUG)
    sent, seen = 0, set()
    for number, body in enumerate(corpus()):
        reply = door.post(path, body, key=f"key-{number}")
        assert reply.status_code in {200, 201, 400, 413, 422}, (body[:200], reply.text)
        sent += 1
        seen.add(reply.status_code)
        if reply.status_code >= 400:
            answer = reply.json()
            assert reply.headers["content-type"] == "application/problem+json"
            assert set(answer) == {"type", "title", "status", "code", "message"}
            assert answer["code"].isupper()
            assert answer["message"]
            assert len(answer["message"]) < 300
            assert "<script>" not in reply.text
            assert "passwd" not in answer["message"]
        assert door.token not in reply.text
    assert sent >= 400
    assert {400, 413, 422} <= seen
    assert door.faults == []
    assert door.token not in caplog.text
    placed = [call[1] for call in door.desk.calls if call[0] == "place"]
    assert all(asked.quantity.is_finite() and asked.quantity > 0 for asked in placed)


@pytest.mark.parametrize(
    "query",
    [
        "%00",
        "%ff",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "'",
        "%3Cscript%3E",
        "AAPL%0d%0aX: y",
        "A" * 41,
        "%f0%9f%92%a9",
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/api/live/market-data/",
        "/api/live/bars/",
        "/api/live/indicators/",
        "/api/intelligent/signals/",
        "/api/v1/orders/",
    ],
)
def test_no_address_breaks_the_door(door, path, query):
    reply = door.get(path + query)
    assert reply.status_code in {404, 422}
    assert "script" not in reply.text
    assert "passwd" not in reply.text
    assert door.faults == []
