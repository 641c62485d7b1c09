"""Drive a live desk through the faults of its providers, with a browser on the market page, and print what was seen.

It needs a simulator of the providers' wire formats that answers under their names, whose control address
stands in ``VENUES_CONTROL`` (``GET /fault?provider=&kind=``, ``/clear``, ``/clock``), and a Chromium. The desk's
clock is set to an hour in which the exchange is open. Not part of the suite: it takes about
forty minutes. ``python tests/drive/market_faults.py [provider ...]`` prints one table row a run; a false
price ends it with status 1. The last table stands in docs/market.md.
"""

import atexit
import json
import os
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from chromium import find
from playwright.sync_api import sync_playwright
from served import Served

IN_SESSION = "2026-11-30T15:30:00"  # UTC, a Monday, an hour after the open in New York
HOLD, BACK = 15.0, 75.0  # seconds a fault is held; seconds it may take to be well again
FALSE = 0.03  # relative distance from the price before the fault that no honest path covers in this time

REST = {
    "429": {}, "5xx": {}, "hang": {"s": 300}, "reset": {}, "malformed": {}, "empty_body": {}, "html": {},
}  # fmt: skip
QUOTES = {
    "zero_price": {},
    "negative_price": {},
    "nan_price": {},
    "spike_price": {"x": 100},
    "stale_quote": {"age": 3600},
}
BOOKS = {"crossed_book": {}, "empty_book": {}}
SOCKETS = {
    "ws_garbage": {},
    "ws_stall": {"s": 300},
    "ws_reset": {},
    "ws_disconnect": {},
    "ws_dup": {},
    "ws_ooo": {},
}
FAULTS = {
    "yahoo": {**REST, "empty_result": {}, **QUOTES, "nan_bars": {"n": 2}},
    "finnhub": {**REST, "empty_result": {}, **QUOTES, **SOCKETS},
    "alpaca": {**REST, "empty_result": {}, **QUOTES},
    "binance": {**REST, **QUOTES, **BOOKS, **SOCKETS},
    "bybit": {**REST, **QUOTES, **BOOKS, **SOCKETS},
}
WATCHED = {"yahoo": "AAPL", "finnhub": "AAPL", "alpaca": "AAPL", "binance": "BTC-USDT", "bybit": "BTC-USDT"}
# A provider is asked only while those before it do not answer, so they are kept silent meanwhile.
BEFORE = {"finnhub": ("alpaca",), "yahoo": ("alpaca", "finnhub"), "bybit": ("binance",)}


class Later(Served):
    """A desk whose clock stands in a session of the exchange."""

    @property
    def command(self):
        start = str(Path(__file__).with_name("served_later.py"))
        return [sys.executable, start, "run", "app.py", "--server.port", str(self.port)]


def control(verb, **fields):
    address = f"{os.environ['VENUES_CONTROL']}/{verb}?{urlencode(fields)}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


@dataclass
class Seen:
    """What one run showed."""

    sources: dict = field(default_factory=dict)
    oldest: float = 0.0
    stale: bool = False
    disputed: bool = False
    furthest: float = 0.0
    note: str = ""
    page: bool = False

    def look(self, datum, before):
        self.sources[datum["source"]] = None
        self.oldest = max(self.oldest, datum["age_seconds"])
        self.stale |= datum["stale"]
        self.disputed |= datum["agreement"] == "disputed"
        self.furthest = max(self.furthest, abs(datum["price"] / before - 1.0))


def provider(desk, name):
    return next(p for p in desk.get("/api/live/providers").json()["providers"] if p["name"] == name)


def answered(row, since):
    """Whether a provider has told a price since, by its own word or by its stream."""
    return any(
        c["last_good"] and c["last_good"] > since
        for c in row["cells"]
        if c["capability"] in ("quote", "stream")
    )


def silence(name):
    """Let a provider's streams break and come back no more."""
    control("fault", provider=name, kind="ws_reset")
    control("fault", provider=name, kind="refuse_ws", match=r"^(ws|stream)")


def said(desk, name, since):
    """What the desk says of a provider: its cells' words, then what of it went to quarantine."""
    notes = [c["note"].split(", next try")[0] for c in provider(desk, name)["cells"] if c["note"]]
    lines = desk.get("/api/live/quarantine").json()["quarantine"]
    doubted = [f"{x['kind']} {x['reason']}" for x in lines if x["source"] == name and x["received"] > since]
    return doubted + notes


def run(desk, page, name, kind, more):
    """One fault on one provider, from a well desk back to a well desk."""
    path = f"/api/live/market-data/{WATCHED[name]}"
    for other in BEFORE.get(name, ()):
        silence(other)
        control("fault", provider=other, kind="5xx")
    if kind not in SOCKETS and kind not in BOOKS:
        silence(name)
    time.sleep(4)
    first = desk.get(path).json()
    seen, before, since = Seen(), first["price"], first["received"]
    known = said(desk, name, since)
    control("fault", provider=name, kind=kind, **more)
    began = time.monotonic()
    while time.monotonic() - began < HOLD:
        seen.look(desk.get(path).json(), before)
        seen.note = seen.note or next((note for note in said(desk, name, since) if note not in known), "")
        time.sleep(0.25)
    seen.page = seen.note == "" or name in page.inner_text("body").lower()
    control("clear")
    cleared, moment = time.monotonic(), desk.get(path).json()["received"]
    while time.monotonic() - cleared < BACK:
        datum = desk.get(path).json()
        seen.look(datum, before)
        if answered(provider(desk, name), moment) and not datum["stale"] and datum["agreement"] != "disputed":
            break
        time.sleep(0.25)
    return seen, time.monotonic() - cleared


def main(names):
    control("clear")
    control("clock", at=IN_SESSION + "Z")
    keys = {
        "FINNHUB_API_KEY": "sim-key", "ALPHA_VANTAGE_API_KEY": "sim-key", "ALPACA_API_KEY": "sim-key",
        "ALPACA_API_SECRET": "sim-secret", "MARKETPULSE_FEED": "live",
        "MP_TEST_CLOCK": IN_SESSION + "+00:00",
    }  # fmt: skip
    false = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        desk = Later(Path(folder), **keys).start(120)
        atexit.register(desk.stop)
        browser = play.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{desk.url}/market")
        time.sleep(25)
        print(
            "| provider | fault | prices from | oldest | stale | disputed | furthest | what the page says | answers after |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for name in names or FAULTS:
            for kind, more in FAULTS[name].items():
                if os.environ.get("MP_TEST_ONLY", kind) != kind:
                    continue
                seen, back = run(desk, page, name, kind, more)
                wrong = seen.furthest > FALSE or not seen.page
                false += wrong
                after = f"{back:.0f} s" if back < BACK else f"not within {BACK:.0f} s"
                print(
                    f"| {name} | {kind} | {', '.join(seen.sources)} | {seen.oldest:.0f} s "
                    f"| {'yes' if seen.stale else 'no'} | {'yes' if seen.disputed else 'no'} "
                    f"| {seen.furthest:.2%}{' FALSE' if wrong else ''} | {seen.note or '(nothing new)'}{'' if seen.page else ' NOT ON THE PAGE'} | {after} |",
                    flush=True,
                )
        print(
            json.dumps({p["name"]: p["state"] for p in desk.get("/api/live/providers").json()["providers"]})
        )
        browser.close()
    return int(false > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
