"""The REST door around a fake desk, behind its gate, as a browser on this machine would reach it."""

import secrets
import threading
import warnings

import pytest
from fakes import FakeDesk, snapshot

from marketpulse.api import Gate, build

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client prefers another httpx than the one the project pins
    from starlette.testclient import TestClient


class Door:
    """The application, its desk, its token and what it reported; built once, swept for each test."""

    def __init__(self):
        self.token = secrets.token_urlsafe(32)
        self.closing = threading.Event()
        self.faults = []
        self.sweeps = 0
        self.api = build(self.token, lambda: self.desk, self.closing, lambda *said: self.faults.append(said))
        self.client = TestClient(Gate(self.api), base_url="http://127.0.0.1:8501")
        self.sweep()

    def sweep(self):
        self.sweeps += 1
        self.desk = FakeDesk(snapshot(number=self.sweeps * 1000))  # numbers grow, as a process's do
        self.closing.clear()
        self.faults.clear()
        self.client.cookies.clear()

    def headers(self, **more):
        return {"Authorization": f"Bearer {self.token}"} | more

    def get(self, path, **more):
        return self.client.get(path, headers=self.headers(**more))

    def post(self, path, body=None, key="k1", **more):
        """Send JSON, or raw bytes as they are."""
        headers = self.headers(**({"Idempotency-Key": key} if key else {}), **more)
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.post(path, headers=headers, **sent)

    def order(self, key="k1", **changes):
        body = {"symbol": "IBM", "side": "buy", "type": "market", "quantity": "10"} | changes
        return self.post("/api/v1/orders", body, key)


@pytest.fixture(scope="session")
def built():
    made = Door()
    with made.client:
        yield made


@pytest.fixture
def door(built):
    built.sweep()
    return built
