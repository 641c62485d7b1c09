"""The real server as a process: how it starts, refuses to start, guards its door, and stops."""

import json
import os
import socket
import stat
import subprocess
import threading
import time

import httpx
import pytest
from served import ROOT, Served, free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    desk = Served(tmp_path_factory.mktemp("server")).start()
    yield desk
    desk.stop()


def run(served, *options, wait=40, **settings):
    """Start a second server and return (exit code, all it wrote)."""
    ended = subprocess.run(
        [*served.command[:5], *options],
        cwd=ROOT, env=served.environment | settings, timeout=wait, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_a_second_desk_ends_with_one_sentence_that_names_the_first(served):
    code, said = run(served, "--server.port", str(free_port()))
    assert code == 3
    assert said.count("\n") == 1
    assert f"process {served.process.pid}" in said


def test_a_busy_port_is_said_and_not_changed(served, tmp_path):
    code, said = run(served, "--server.port", str(served.port), MARKETPULSE_DATA_DIR=str(tmp_path))
    assert code != 0
    assert said.count("\n") == 1
    assert f"Port {served.port} is not available" in said


@pytest.mark.parametrize("address", [".".join("0000"), "::"])
def test_an_address_others_can_reach_is_refused(served, tmp_path, address):
    options = ("--server.port", str(free_port()), "--server.address", address)
    try:
        code, said = run(served, *options, MARKETPULSE_DATA_DIR=str(tmp_path / "data"))
    except subprocess.TimeoutExpired:
        pytest.fail(f"the server listens on {address}")
    assert code == 3
    assert not (tmp_path / "data").exists()
    assert said.count("\n") == 1
    assert "no login yet" in said


def test_a_data_folder_that_cannot_be_is_said(served, tmp_path):
    (tmp_path / "file").write_text("")
    code, said = run(served, "--server.port", str(free_port()), MARKETPULSE_DATA_DIR=str(tmp_path / "file"))
    assert code == 3
    assert said.count("\n") == 1
    assert str(tmp_path / "file") in said


def test_only_this_machine_can_connect(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=2):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address the machine has outside
        outside = probe.getsockname()[0]
    if outside.startswith("127."):
        pytest.skip("the machine has no other address")
    with pytest.raises(OSError):  # noqa: PT011 -- refused or unreachable, both will do
        socket.create_connection((outside, served.port), timeout=2)


@pytest.mark.parametrize(
    "path", ["/", "/orders", "/health", "/docs", "/_stcore/health", "/_stcore/host-config", "/static/x"]
)
def test_a_rebound_name_reaches_nothing_not_even_the_pages(served, path):
    reply = httpx.get(served.url + path, headers={"Host": f"rebound.example:{served.port}"}, timeout=5)
    assert (reply.status_code, reply.json()["code"]) == (403, "HOST_REFUSED")


def handshake(served, **headers):
    """Ask for the pages' websocket and return the status."""
    asked = {
        "Host": f"127.0.0.1:{served.port}", "Connection": "Upgrade", "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
    } | headers  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as link:
        link.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{lines}\r\n".encode())
        return int(link.recv(64).split()[1])


def test_the_pages_websocket_opens_for_our_own_page_only(served):
    assert handshake(served, Origin=served.url) == 101
    assert handshake(served, Origin="http://localhost:3000") == 403
    assert handshake(served, Origin="http://rebound.example") == 403
    assert handshake(served, Host=f"rebound.example:{served.port}") == 403


def test_the_pages_are_sealed_too(served):
    headers = httpx.get(served.url + "/", timeout=5).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in headers["Content-Security-Policy"]


def test_ten_megabytes_are_refused_unread(served):
    begun = time.monotonic()
    headers = served.headers(**{"Idempotency-Key": "big"})
    reply = httpx.post(served.url + "/api/v1/orders", headers=headers, content=b" " * 10_000_000, timeout=10)
    assert (reply.status_code, reply.json()["code"]) == (413, "TOO_LARGE")
    assert time.monotonic() - begun < 2


def test_the_token_is_in_its_file_only(served):
    data = served.folder / "data"
    served.get("/api/v1/portfolio")
    httpx.get(
        served.url + "/api/v1/portfolio", headers={"Authorization": f"Bearer x{served.token}"}, timeout=5
    )
    assert stat.S_IMODE((data / "api-token").stat().st_mode) == 0o600
    holders = [f for f in served.folder.rglob("*") if f.is_file() and served.token.encode() in f.read_bytes()]
    assert holders == [data / "api-token"]


def test_an_open_stream_does_not_hold_up_the_end(tmp_path):
    desk = Served(tmp_path).start()
    first, ended = threading.Event(), threading.Event()

    def listen():
        with httpx.stream("GET", desk.url + "/api/live/stream?symbols=AAPL,BTC-USDT", timeout=30) as reply:
            for line in reply.iter_lines():
                if line.startswith("event: bar"):
                    first.set()
        ended.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert first.wait(10)
    begun = time.monotonic()
    desk.stop()
    took = time.monotonic() - begun
    thread.join(5)
    assert ended.is_set()  # the stream was finished, not cut
    assert took < 3
    assert not (tmp_path / "data" / "desk.json").exists()


def test_the_command_line_reaches_the_desk(served):
    def say(*words):
        command = [served.command[0], "-m", "marketpulse", *words]
        return subprocess.run(
            command, cwd=ROOT, env=served.environment, timeout=30, capture_output=True, text=True, check=False
        )

    assert str(served.process.pid) in say("health").stdout
    placed = say("order", "buy", "1", "AAPL", "--json")
    assert placed.returncode == 0, placed.stderr
    assert json.loads(placed.stdout)["state"] == "filled"
    assert "AAPL" in say("orders").stdout
    refused = say("start")
    assert refused.returncode == 1
    assert str(served.process.pid) in refused.stderr
    nobody = subprocess.run(
        [served.command[0], "-m", "marketpulse", "health"],
        cwd=ROOT, env={**os.environ, "MARKETPULSE_DATA_DIR": str(served.folder / "nowhere")},
        timeout=30, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert nobody.returncode == 3
