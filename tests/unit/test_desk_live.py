"""A desk with live accounts on the real rooms; the venues are doubles, and prices are simulated."""

import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from unit.execution.live import LiveVenue

from marketpulse import build
from marketpulse.desk import Desk
from marketpulse.errors import ConfigError, Refused
from marketpulse.settings import load
from marketpulse.sources.simulated import SimulatedSource
from marketpulse.types import Mode, OrderState

KEYS = {
    f"{name}_API_{part}": "k" * 8
    for name in ("ALPACA", "BINANCE", "BYBIT", "KITE")
    for part in ("KEY", "SECRET")
}
BUY = {"symbol": "BTC/USDT", "side": "buy", "type": "limit", "quantity": "0.001", "limit_price": "20000"}
SHARE = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "1"}


class Pairs(SimulatedSource):
    """Simulated pairs under a venue's name."""

    name = "binance"


class Venues:
    """Factories that count what they are asked to make."""

    def __init__(self, monkeypatch):
        self.made = []
        self.binance = LiveVenue("binance", "B1", {"USDT": "50000"})
        monkeypatch.setattr(build, "SOURCES", {"binance": lambda clock, *_: Pairs(clock)} | dict.fromkeys(
            ("bybit", "alpaca", "finnhub", "yahoo", "alphavantage"), self.missing
        ))  # fmt: skip
        monkeypatch.setattr(build, "BROKERS", dict.fromkeys(("alpaca", "bybit", "kite"), self.other) | {
            "binance": self.make
        })  # fmt: skip

    def missing(self, *_):
        raise ConfigError("not in this test")

    def other(self, *_):
        self.made.append("other")
        raise ConfigError("set its key to trade there")

    def make(self, clock, instruments, keys, sandbox):
        del clock, instruments, keys
        self.made.append(("binance", sandbox))
        return self.binance


@pytest.fixture
def venues(monkeypatch):
    return Venues(monkeypatch)


def settings(folder, **more):
    given = {"MARKETPULSE_FEED": "live", "MARKETPULSE_DATA_DIR": str(folder / "data"), **KEYS, **more}
    return load(given, Path("/nonexistent/.env"))


LIVE = {"MARKETPULSE_ROUTES": "crypto=binance,nse=kite", "MARKETPULSE_LIVE": "1"}


def until(desk, holds, wait=20.0):
    deadline = time.monotonic() + wait
    while not holds(desk.snapshot()):
        assert time.monotonic() < deadline, desk.snapshot().accounts
        threading.Event().wait(0.05)
    return desk.snapshot()


def near(snapshot):
    """A buy a little below the price."""
    return BUY | {"limit_price": str(round(snapshot.market["BTC/USDT"].quote.price * 0.95))}


def account(snapshot, broker="binance"):
    return next(view for view in snapshot.accounts if view.broker == broker)


def codes(preview):
    return {check.code for check in preview.failed}


def refused(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.code


def test_the_whole_way_of_a_live_account_from_the_start_to_a_fill(tmp_path, venues):
    with Desk.open(settings(tmp_path, **LIVE)) as desk:
        first = until(desk, lambda s: account(s).difference)
        assert first.mode is Mode.PAPER
        assert "USDT 0 here, 50000 there" in first.halt.why
        assert {"NOT_ARMED", "NOT_RECONCILED"} <= codes(desk.preview(BUY))
        assert codes(desk.preview(SHARE)) >= {"NO_ROUTE"}
        assert refused(desk.arm, "binance", "B2") == "NOT_ARMED"
        desk.adopt("binance", "B1", account(first).phrase)
        view = desk.arm("binance", "B1")
        assert view.armed
        desk.resume("RESUME")
        now = until(desk, lambda s: account(s).reconciled and s.valuation.equity is not None)
        assert now.mode is Mode.LIVE
        assert now.valuation.equity == pytest.approx(50_000, rel=0.01)
        until(desk, lambda s: "BTC/USDT" in s.market and desk.preview(near(s)).ok)
        order = desk.place(near(desk.snapshot()), "one").order
        until(desk, lambda s: s.order(order.id).state is OrderState.ACCEPTED)
        venues.binance.execute(
            order.client_order_id, "0.001", "20000", currency="USDT", time=desk.snapshot().time
        )
        until(desk, lambda s: s.order(order.id).state is OrderState.FILLED)
        assert venues.binance.sent == 1
        assert account(desk.snapshot()).cash["USDT"] >= Decimal(49_980)
    assert not [t for t in threading.enumerate() if t.name.startswith("account ")]
    with Desk.open(settings(tmp_path, **LIVE)) as desk:
        again = until(desk, lambda s: account(s).reconciled)
        assert again.mode is Mode.PAPER
        assert not account(again).armed
        assert "NOT_ARMED" in codes(desk.preview(BUY))
        assert venues.binance.sent == 1
        assert desk._loop.rooms.books.held("BTC/USDT", "binance:B1") == Decimal("0.001")


def test_an_account_whose_key_is_missing_says_so_and_the_shares_of_india_are_there(tmp_path, venues):
    with Desk.open(settings(tmp_path, **LIVE)) as desk:
        snapshot = desk.snapshot()
        assert account(snapshot, "kite").note == "kite: set its key to trade there."
        assert snapshot.instruments["INFY.NS"].currency == "INR"
        assert snapshot.sessions["XBOM"].calendar == "XBOM"
        order = {"symbol": "INFY.NS", "side": "buy", "type": "market", "quantity": "1"}
        assert {"NOT_ARMED", "NOT_RECONCILED"} <= codes(desk.preview(order))
    assert sorted(venues.made, key=str) == [("binance", False), "other"]


def test_a_test_network_keeps_a_ledger_of_its_own(tmp_path, venues):
    with Desk.open(settings(tmp_path, **LIVE, MARKETPULSE_SANDBOX="1")):
        assert ("binance", True) in venues.made
    assert (tmp_path / "data" / "sandbox" / "ledger.db").exists()
    assert not (tmp_path / "data" / "live").exists()


def test_with_all_on_paper_no_live_client_is_made_whatever_keys_are_there(tmp_path, venues):
    with Desk.open(settings(tmp_path, MARKETPULSE_LIVE="1")) as desk:
        snapshot = desk.snapshot()
        (paper,) = snapshot.accounts
        assert (paper.account, paper.mode, paper.armed) == ("paper:desk", Mode.PAPER, True)
        assert paper.cash == {"USD": Decimal(100_000)}
        assert snapshot.mode is Mode.PAPER
        assert snapshot.account == "paper:desk"
        assert refused(desk.arm, "binance", "B1") == "UNKNOWN_ACCOUNT"
        assert refused(desk.adopt, "binance", "B1", "ADOPT B1") == "UNKNOWN_ACCOUNT"
        assert refused(desk.login, "kite", "token") == "UNKNOWN_ACCOUNT"
    assert venues.made == []


def test_routes_mean_nothing_on_a_replay(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BROKERS", {})
    with Desk.open(settings(tmp_path, **LIVE, MARKETPULSE_FEED="replay")) as desk:
        snapshot = desk.snapshot()
        assert [view.account for view in snapshot.accounts] == ["paper:desk"]
        assert any("this replay trades on paper" in note for note in snapshot.notes)


def test_a_paper_desk_imports_no_live_adapter(tmp_path):
    code = (
        "import sys; from pathlib import Path; from unit.test_desk_live import Desk, settings\n"
        f"with Desk.open(settings(Path({str(tmp_path)!r}), MARKETPULSE_FEED='replay', MARKETPULSE_LIVE='1')): pass\n"
        "names = ('alpaca', 'binance', 'bybit', 'kite', 'kite_account')\n"
        "print([n for n in names if f'marketpulse.brokers.{n}' in sys.modules]"
        " + [n for n in ('kiteconnect', 'ccxt', 'alpaca') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ".:tests"},
    )
    assert done.stdout.strip() == "[]"
