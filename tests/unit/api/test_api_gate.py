import asyncio

import pytest

from marketpulse.api import Gate, is_loopback

HERE = "127.0.0.1:8501"


@pytest.mark.parametrize("host", [HERE, "localhost:8501", "[::1]:8501", "LOCALHOST:8501", "127.0.0.1"])
def test_this_machine_is_answered(door, host):
    assert door.client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:8501",
        "127.0.0.1.rebound.example",
        "localhost.rebound.example:8501",
        "127.0.0.1:8501@rebound.example",
        "localhost:",
        "localhost:123456",
        "localhost.:8501",
        "[::1",
        "0.0.0.0:8501",
        "192.168.1.5:8501",
        "",
    ],
)
def test_a_rebound_name_reaches_nothing(door, host):
    for path in ("/health", "/docs", "/", "/_stcore/stream", "/api/live/market-data"):
        reply = door.client.get(path, headers={"Host": host})
        assert (reply.status_code, reply.json()["code"]) == (403, "HOST_REFUSED")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8501", "http://localhost:8501", "http://[::1]:8501"])
def test_a_page_of_this_server_is_answered(door, origin):
    assert door.client.get("/health", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://rebound.example",
        "http://localhost:3000",  # another program on this machine is a stranger too
        "http://localhost",
        "https://localhost",
        "null",
        "",
        "file://",
        "http://127.0.0.1:8501/path",
        "http://127.0.0.1:8501@rebound.example",
        "http://[::1",
        "ftp://127.0.0.1:8501",
    ],
)
def test_a_page_of_anybody_else_is_refused(door, origin):
    reply = door.client.get("/health", headers={"Origin": origin})
    assert (reply.status_code, reply.json()["code"]) == (403, "ORIGIN_REFUSED")


def test_two_hosts_or_two_origins_are_refused(door):
    for name in ("Host", "Origin"):
        value = HERE if name == "Host" else f"http://{HERE}"
        reply = door.client.get("/health", headers=[(name, value), (name, value)])
        assert reply.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_form_cannot_change_anything(door, site):
    reply = door.post("/api/v1/halt", {"why": "x"}, **{"Sec-Fetch-Site": site})
    assert (reply.status_code, reply.json()["code"]) == (403, "ORIGIN_REFUSED")
    assert door.desk.calls == []
    assert door.client.get("/health", headers={"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_page_may(door, site):
    assert door.post("/api/v1/halt", {"why": "x"}, **{"Sec-Fetch-Site": site}).status_code == 200


def socket_reply(**headers):
    """What the gate tells the server about a websocket's handshake."""
    reached, said = [], []

    async def inner(scope, _receive, _send):
        reached.append(scope["path"])

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        said.append(message)

    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": raw}
    asyncio.run(Gate(inner)(scope, receive, send))
    return reached, said


def test_the_websocket_of_our_own_page_opens():
    reached, said = socket_reply(host=HERE, origin=f"http://{HERE}")
    assert reached == ["/_stcore/stream"]
    assert said == []


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example:8501"},
        {"host": HERE, "origin": "http://localhost:3000"},
        {"host": HERE, "origin": "http://rebound.example"},
    ],
)
def test_the_websocket_of_anybody_else_is_closed(headers):
    reached, said = socket_reply(**headers)
    assert reached == []
    assert said == [{"type": "websocket.close", "code": 1008}]


def test_the_lifespan_passes():
    async def inner(_scope, _receive, send):
        await send({"type": "lifespan.startup.complete"})

    said = []

    async def send(message):
        said.append(message)

    asyncio.run(Gate(inner)({"type": "lifespan"}, None, send))
    assert said == [{"type": "lifespan.startup.complete"}]


def test_every_reply_is_sealed(door):
    for path in ("/health", "/nothing", "/docs"):
        headers = door.client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("address", "is_it"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        (".".join("0000"), False),
        ("::", False),
        ("", False),
        (None, False),
        ("192.168.1.5", False),
        ("unix:///tmp/x", False),
    ],
)
def test_only_loopback_is_loopback(address, is_it):
    assert is_loopback(address) is is_it
