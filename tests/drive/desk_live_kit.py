"""A live desk in a process of its own before simulated venues: start, log in, adopt, arm, order, and compare with the venue.

The simulator answers under the venues' names; its control address stands in ``VENUES_CONTROL``. What it must do
beyond its wire formats stands in docs/proofs.md.
"""

import itertools
import json
import os
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

import httpx
from served import Served

from marketpulse.clock import WallClock
from marketpulse.portfolio import Books
from marketpulse.storage import Ledger

TOKEN = "sim-" + "request-token"
CENT = Decimal("0.01")
KEYS = {
    f"{v}_API_{p}": f"sim-{p.lower()}"
    for v in ("ALPACA", "BINANCE", "BYBIT", "KITE")
    for p in ("KEY", "SECRET")
}
PASSING = {
    "STALE_QUOTE",
    "DAILY_LOSS",
    "DRAWDOWN",
    "ES_LIMIT",
    "NO_RATE",
    "RECOVERING",
    "NO_PRICE",
    "NO_DATA",
}
ENDED = {"filled", "canceled", "rejected", "expired", "denied"}
NAMES = itertools.count(1)


@dataclass(frozen=True)
class VenueFacts:
    """What a run needs to know of one venue.

    Attributes
    ----------
    route : the asset class that goes there
    begins : what the account holds when the simulator begins
    coins : symbols by what the venue calls the thing held
    near : what cash and units may differ by for each execution
    late : seconds, longer than the adapter waits
    wire : a moment at which its exchange is open; empty: always
    """

    name: str
    route: str
    symbol: str
    units: str
    place: str
    begins: Mapping[str, str]
    currency: str
    near: Decimal
    late: int
    wire: str = ""
    coins: Mapping[str, str] = None


PAIRS = {coin: f"{coin}/USDT" for coin in ("BTC", "ETH", "BNB", "SOL", "LINK")}
VENUES = {
    v.name: v
    for v in (
        VenueFacts(
            "binance", "crypto", "SOL/USDT", "5", r"/api/v3/order$",
            {"USDT": "10000", "BTC": "0.02", "ETH": "0.2", "BNB": "0.5"}, "USDT", Decimal("0.00000002"), 9, "", PAIRS,
        ),
        VenueFacts(
            "bybit", "crypto", "SOL/USDT", "5", r"/v5/order/create$",
            {"USDT": "10000", "BTC": "0.02", "ETH": "0.2"}, "USDT", Decimal("0.00000002"), 9, "", PAIRS,
        ),
        VenueFacts(
            "alpaca", "equity", "AAPL", "10", r"/v2/orders$", {"USD": "100000"}, "USD", Decimal(0), 13,
            "2026-11-30T15:30:00Z", {},
        ),
        VenueFacts(
            "kite", "nse", "INFY.NS", "5", r"/orders/regular$", {"INR": "500000"}, "INR", Decimal(0), 13,
            "2026-11-30T05:00:00Z", {"INFY": "INFY.NS"},
        ),
    )
}  # fmt: skip


def control(verb: str, **fields: object) -> Any:
    """Tell the simulator something, or ask it."""
    address = f"{os.environ['VENUES_CONTROL']}/{verb}?{urlencode(fields)}"
    with urllib.request.urlopen(address, timeout=20) as answer:
        return json.loads(answer.read())


def ahead() -> float:
    """Seconds by which the simulator's clock is ahead of the machine's."""
    return (datetime.fromisoformat(control("clock")["wire"]) - datetime.now(UTC)).total_seconds()


def at_venue(venue: str, word: str = "", kind: str = "order") -> list[dict[str, Any]]:
    """The venue's own rows whose text has ``word`` in it."""
    return control("ledger", kind=kind, venue=venue, match=word, n=100_000)["rows"]


class LiveDesk(Served):
    """A desk with live accounts; its clock stands where the simulator's does."""

    def __init__(self, folder: Path, *venues: str, **settings: str) -> None:
        routes = ",".join(f"{VENUES[v].route}={v}" for v in venues)
        mine = {
            "MARKETPULSE_FEED": "live",
            "MARKETPULSE_ROUTES": routes,
            "MARKETPULSE_LIVE": "1",
            **KEYS,
            "MP_TEST_AHEAD": f"{ahead():.3f}",
        }
        super().__init__(folder, **{k: v for k, v in {**mine, **settings}.items() if v})
        self.venues = venues
        # One client: each of httpx's own functions would read the machine's certificates anew.
        never = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=self.url, verify=False, timeout=40, limits=never)  # noqa: S501 (plain http, to this machine)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(path, headers=self.headers(), **more)

    def order(self, key: str, **body: str) -> httpx.Response:
        filled = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10", **body}
        return self.client.post(
            "/api/v1/orders", headers=self.headers(**{"Idempotency-Key": key}), json=filled
        )

    @property
    def command(self) -> list[str]:
        start = str(Path(__file__).with_name("served_later.py"))
        return [sys.executable, start, "run", "app.py", "--server.port", str(self.port)]

    def start(self, wait: float = 180.0) -> "LiveDesk":
        self.environment["MP_TEST_AHEAD"] = f"{ahead():.3f}"
        super().start(wait)
        return self

    def post(self, path: str, **body: str) -> httpx.Response:
        return self.client.post(f"/api/v1/{path}", headers=self.headers(), json=body)

    def accounts(self) -> dict[str, dict[str, Any]]:
        return {a["broker"]: a for a in self.get("/api/v1/accounts").json()["accounts"]}

    def account(
        self, venue: str, holds: Callable[[dict[str, Any]], object], wait: float = 60.0
    ) -> dict[str, Any]:
        """One account, once ``holds`` is true of it."""
        return until(lambda: self.accounts()[venue], holds, wait)

    def one(self, order_id: str) -> dict[str, Any]:
        return self.get(f"/api/v1/orders/{order_id}").json()

    def settled(self, order_id: str, wait: float = 200.0) -> dict[str, Any]:
        return until(lambda: self.one(order_id), lambda o: o.get("state") in ENDED, wait)

    def halted(self) -> bool:
        return self.get("/health").json()["status"] == "halted"

    def log_in(self) -> None:
        if "kite" in self.venues:
            assert self.post("login", broker="kite", request_token=TOKEN).status_code == 200

    def met(self, venue: str) -> dict[str, Any]:
        """The account once its venue has told whose it is, and it was compared or differs."""
        return self.account(venue, lambda a: a["account_id"] and (a["reconciled"] or a["difference"]), 120.0)

    def ready(self) -> "LiveDesk":
        """Log in, adopt what differs, resume, arm; afterwards orders may leave."""
        self.log_in()
        for venue in self.venues:
            view = self.met(venue)
            if view["difference"]:
                typed = self.post("adopt", broker=venue, account_id=view["account_id"], typed=view["phrase"])
                assert typed.status_code == 200, typed.text
        if self.halted():
            assert self.post("resume", confirm="RESUME").status_code == 200
        for venue in self.venues:
            self.account(venue, lambda a: a["reconciled"])
            self.arm(venue)
            self.fresh(venue)
        return self

    def fresh(self, venue: str) -> None:
        """Wait until the desk has a price of what is traded there."""
        path = f"/api/live/market-data/{VENUES[venue].symbol.replace('/', '-')}"
        until(lambda: self.get(path).json(), lambda d: "price" in d and not d["stale"], 120.0)

    def arm(self, venue: str, account_id: str = "") -> httpx.Response:
        if not account_id:
            account_id = self.met(venue)["account_id"]
        return self.post("arm", broker=venue, account_id=account_id)

    def buy(self, venue: str, key: str = "", **more: str) -> httpx.Response:
        facts = VENUES[venue]
        body = {"symbol": facts.symbol, "quantity": facts.units, "time_in_force": "day", **more}
        return self.order(key or new_key(), **body)

    def taken(self, venue: str, **more: str) -> dict[str, Any]:
        """Place an order that must be taken; on a busy machine prices may be stale for a moment, so it tries again."""
        return until(
            lambda: self.buy(venue, **more),
            lambda r: r.status_code == 201 or r.json().get("code") not in PASSING,
            120.0,
        ).json()

    def cancel(self, order_id: str) -> httpx.Response:
        return self.client.delete(f"/api/v1/orders/{order_id}", headers=self.headers())

    def books(self) -> Books:
        """Fold a copy of the ledger, whose chain is verified on the way."""
        file = self.folder / "data" / "live" / "ledger.db"
        with tempfile.TemporaryDirectory() as copies:
            copy = Path(copies) / "ledger.db"
            with (
                closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as old,
                closing(sqlite3.connect(copy)) as new,
            ):
                old.backup(new)
            names = [a["account"] for a in self.accounts().values()]
            ledger = Ledger.open(copy, WallClock())
            try:
                return Books.of(names, ledger.read())
            finally:
                ledger.close()

    def events(self, after: int = 0) -> list[tuple[Any, ...]]:
        file = self.folder / "data" / "live" / "ledger.db"
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as ledger:
            return ledger.execute(
                "SELECT seq, kind, ref, payload FROM event WHERE seq > ? ORDER BY seq", (after,)
            ).fetchall()


def new_key() -> str:
    """A key that no other run uses."""
    return f"drive-{os.getpid()}-{next(NAMES)}"


def until(ask: Callable[[], Any], holds: Callable[[Any], object], wait: float = 30.0) -> Any:
    """Ask until the answer is as wanted."""
    deadline = time.monotonic() + wait
    while True:
        answer = ask()
        if holds(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)


def theirs(venue: str) -> tuple[dict[str, Decimal], dict[str, Decimal], int]:
    """Units and cash that follow from the venue's own executions, and how many there were."""
    facts = VENUES[venue]
    held = {name: Decimal(amount) for name, amount in facts.begins.items()}
    rows = at_venue(venue, kind="fill")
    for row in rows:
        units, price = Decimal(str(row["qty"])), Decimal(str(row["price"]))
        sign = 1 if row["side"] == "buy" else -1
        base = row["symbol"].removesuffix("USDT") if facts.coins is PAIRS else row["symbol"]
        held[base] = held.get(base, Decimal(0)) + sign * units
        held[facts.currency] -= sign * units * price
        if row["fee"]:
            held[row["ccy"]] -= Decimal(str(row["fee"]))
    cash = {facts.currency: held.pop(facts.currency)}
    return {facts.coins.get(name, name): amount for name, amount in held.items() if amount}, cash, len(rows)


def apart(desk: LiveDesk, venue: str, extra: Mapping[str, Decimal] | None = None) -> list[str]:
    """Where the desk's books and the venue's ledger differ: units, cash by currency."""
    account = desk.accounts()[venue]["account"]
    books = desk.books()
    units, cash, executions = theirs(venue)
    for name, amount in (extra or {}).items():
        cash[name] += amount
    ours = {s: n for s, n in books.units(account).items() if n}
    money = {c: n for (whose, c), n in books.portfolio.balances.items() if whose == account and n}
    within = VENUES[venue].near * max(1, executions) or CENT
    wrong = [
        f"{s} {ours.get(s, 0)} not {units.get(s, 0)}"
        for s in sorted(ours.keys() | units.keys())
        if abs(ours.get(s, Decimal(0)) - units.get(s, Decimal(0))) > within
    ]
    wrong += [
        f"{c} {money.get(c, 0)} not {cash.get(c, 0)}"
        for c in sorted(money.keys() | cash.keys())
        if abs(money.get(c, Decimal(0)) - cash.get(c, Decimal(0))) > within
    ]
    return wrong


def compared(desk: LiveDesk, venue: str) -> list[str]:
    """Wait for the desk's own next comparison; what it found."""
    before = desk.accounts()[venue]["checked"]
    view = desk.account(venue, lambda a: a["checked"] != before or a["difference"], 90.0)
    wrong = [] if view["reconciled"] and not view["difference"] else [f"NOT RECONCILED {view['difference']}"]
    return wrong + (["HALTED"] if desk.halted() else [])


def reset(wire: str = "") -> None:
    """A venue without orders, faults and shocks, at a moment."""
    control("reset")
    control("clear")
    control("clock", **({"at": wire} if wire else {"offset": 0}))
