"""A quote from a provider that is well, and from the next one when the first hangs.

Finnhub's own package asks a server on this machine, through the source, the guards and the chain of a
live desk; the next member answers from memory. Beside the first figure: the bare request by the same
package. Run from the project's folder: ``python -m bench.failover``.
"""

import json
import tempfile
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import requests
from requests.adapters import HTTPAdapter

from bench.table import Row, show
from marketpulse.clock import WallClock
from marketpulse.guard import Chain, Pool
from marketpulse.market import instruments
from marketpulse.market.routes import Routes
from marketpulse.meter import Meter
from marketpulse.ports import Capability, Limits
from marketpulse.sources.finnhub import FinnhubSource
from marketpulse.types import AssetClass, Feed, Quote

CALLS = 100
PATIENCE = 5.0  # seconds for one request, as the source has it
AAPL = instruments(Feed.LIVE)["AAPL"]


class Server(ThreadingHTTPServer):
    """Answers quotes, or nothing at all while ``hang`` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hang, self.over = False, threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.server.hang:
            self.server.over.wait(30)
            return
        now = int(datetime.now(UTC).timestamp())
        body = json.dumps(
            {"c": 180.8, "d": 0.2, "dp": 0.1, "h": 182.2, "l": 180.1, "o": 181.5, "pc": 180.6, "t": now}
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Here(HTTPAdapter):
    """Sends what was meant for the provider to the server on this machine."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def send(self, request, **more):
        request.url = f"http://127.0.0.1:{self.port}{request.path_url}"
        return super().send(request, **{**more, "timeout": PATIENCE})


class Memory:
    """The next member."""

    name = "yahoo"
    capabilities = frozenset({(Capability.QUOTE, AssetClass.EQUITY)})
    limits = Limits(per_minute=float("inf"), deadline=float("inf"))

    def quote(self, instrument) -> Quote:
        now = datetime.now(UTC)
        return Quote(instrument.symbol, 180.8, None, None, None, now, now, self.name)


def measure() -> list[Row]:
    server, clock = Server(), WallClock()
    meter = Meter(clock.monotonic)

    def prepare(session: requests.Session) -> None:
        session.mount("https://", Here(server.server_port))

    with tempfile.TemporaryDirectory() as folder:
        source = FinnhubSource(clock, Path(folder), "k" * 20, prepare=prepare)
        pool = Pool(clock, meter)
        pool.add(source)
        pool.add(Memory())
        routes = Routes([Chain("quote shares", Capability.QUOTE, [source, Memory()], pool)])
        source.quote(AAPL)  # the package is imported and the connection open
        bare, guarded = [], []
        for _ in range(CALLS):
            start = time.perf_counter()
            source.quote(AAPL)
            bare.append(time.perf_counter() - start)
        for _ in range(9):  # a burst within the provider's budget
            start = time.perf_counter()
            answer = routes.quote(AAPL)
            guarded.append(time.perf_counter() - start)
            assert answer.source == "finnhub"
        server.hang = True
        start = time.perf_counter()
        answer = routes.quote(AAPL)
        over = time.perf_counter() - start
        assert answer.source == "yahoo"
        server.over.set()
        server.shutdown()
    return [
        Row("a quote from a healthy provider", median(guarded), "s", 1.0, median(bare), "the source alone"),
        Row(
            "failover from one that hangs",
            over,
            "s",
            source.limits.deadline,
            note="target: the member's deadline",
        ),
    ]


if __name__ == "__main__":
    show(measure())
