"""A desk driven into a daily loss, a drawdown lock and the red zone, started again, and let go as each of them says.

Nothing is replaced: the prices are a recording made for the test, played by the desk's own replay, and the risk
is measured by its own background process.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from marketpulse.desk import Desk
from marketpulse.errors import Refused
from marketpulse.market import instruments
from marketpulse.settings import load
from marketpulse.storage import MarketStore
from marketpulse.telegram.why import Explainer
from marketpulse.types import Bars, Book, EventKind, Feed, Interval, OrderState, Quote

BTC, ETH = "BTC/USDT", "ETH/USDT"
PRICES = {BTC: 50_000.0, ETH: 2_000.0}
DAYS = 401


def calm(seed):
    return np.random.default_rng(seed).normal(0, 0.004, DAYS)


def shaken():
    """Every twentieth of the newest 250 days loses more than any before it: no estimate keeps up with that."""
    moves = calm(1)
    for number, day in enumerate(range(DAYS - 250, DAYS, 20)):
        moves[day] = -0.02 * 1.1**number
    return moves


def record(folder, began, minutes, path=lambda _: 1.0, moves=None):
    """Write what a live desk would have kept: quotes and books each five seconds, and daily bars before."""
    store = MarketStore.open(folder / "live" / "market.db")
    store.save_instruments(instruments(Feed.LIVE).values())
    for n in range(minutes * 12):
        time = began + timedelta(seconds=5 * n)
        for symbol, start in PRICES.items():
            price = start * (path(n / 12) if symbol == BTC else 1.0)
            quote = Quote(symbol, price, price * 0.9999, price * 1.0001, 1e4, time, time, "binance")
            store.save_quotes([quote])
            if n % 2 == 0:
                levels = ((quote.bid, 50.0),), ((quote.ask, 50.0),)
                store.save_book(Book(symbol, *levels, time, time, "binance", n))
    day = began.replace(hour=0, minute=0)
    for symbol, start in PRICES.items():
        steps = (moves or {}).get(symbol, calm(7))
        close = start * np.cumprod(1 + steps) / np.prod(1 + steps)
        times = np.array([int((day - timedelta(days=DAYS - d)).timestamp()) for d in range(DAYS)])
        store.save_bars(Bars(symbol, Interval.DAY, times, close, close, close, close, close * 10, "binance"))
    store.close()


def opened(folder, **more):
    given = {
        "MARKETPULSE_FEED": "replay", "MARKETPULSE_TAPE": "recorded", "MARKETPULSE_DATA_DIR": str(folder), **more,
    }  # fmt: skip
    return Desk.open(load(given, Path("/nonexistent/.env")))


def until(desk, holds, seconds=90.0):
    for _ in range(int(seconds / 0.05)):
        if holds(desk.snapshot()):
            return desk.snapshot()
        desk._loop._thread.join(0.05)
    raise AssertionError((desk.snapshot().risk.limits, desk.snapshot().alerts, desk.snapshot().time))


def wish(symbol, quantity, side="buy"):
    return {"symbol": symbol, "side": side, "type": "market", "quantity": quantity}


def filled(desk, symbol, quantity, side="buy"):
    until(desk, lambda s: symbol in s.market and desk.preview(wish(symbol, quantity, side)).ok)
    order = desk.place(wish(symbol, quantity, side), f"{symbol} {side}").order
    until(desk, lambda s: s.order(order.id).state is OrderState.FILLED)


def codes(desk, symbol=ETH, quantity="0.1"):
    return {check.code for check in desk.preview(wish(symbol, quantity)).failed}


def alerts(desk):
    return {view.code for view in desk.snapshot().alerts if view.ended is None}


@pytest.mark.slow
def test_a_lost_day_and_a_drawdown_hold_over_a_restart_and_end_as_they_say(tmp_path):
    night = datetime(2026, 3, 10, 3, 30, tzinfo=UTC)  # half an hour before midnight in New York
    record(tmp_path, night, 45, lambda m: 1.0 - 0.12 * min(1.0, max(0.0, (m - 10) / 4)))
    tight = {
        "MARKETPULSE_DAILY_LOSS": "0.01", "MARKETPULSE_MAX_DRAWDOWN": "0.012", "MARKETPULSE_REPLAY_SPEED": "0.25",
    }  # fmt: skip
    both = {"DAILY_LOSS", "MAX_DRAWDOWN"}
    with opened(tmp_path, **tight) as desk:
        filled(desk, BTC, "0.28")
        assert codes(desk) == set()
        until(desk, lambda _: both <= codes(desk) and both <= alerts(desk))
        assert desk.preview(wish(BTC, "0.1", "sell")).ok
        with pytest.raises(Refused):
            desk.place(wish(ETH, "0.1"), "refused")
        denied = next(e for e in desk._loop.rooms.ledger.read() if e.kind is EventKind.DENIED)
        told = Explainer(desk)(denied)
        assert told.startswith("It fails first at DAILY_LOSS, -1,")
        assert told.endswith("No small change of it would pass now.")
    with opened(tmp_path, **tight) as desk:
        until(desk, lambda s: ETH in s.market and codes(desk) == both)
        assert {lock.code for lock in desk.snapshot().locks} == {"MAX_DRAWDOWN"}
        assert both <= alerts(desk)
        with pytest.raises(Refused):
            desk.unlock("DAILY_LOSS", "UNLOCK")  # it ends with the day, not by a word
        with pytest.raises(Refused):
            desk.unlock("MAX_DRAWDOWN", "unlock")
        desk.unlock("MAX_DRAWDOWN", "UNLOCK")
        assert codes(desk) == {"DAILY_LOSS"}
    with opened(tmp_path, **tight) as desk:
        until(desk, lambda s: ETH in s.market and codes(desk) == {"DAILY_LOSS"})  # the lifting is kept too
        until(desk, lambda s: s.time >= night + timedelta(minutes=31) and not codes(desk))
        filled(desk, ETH, "0.1")
    raised = [e.payload["code"] for e in ledger_of(tmp_path) if e.kind is EventKind.ALERT]
    assert (raised.count("DAILY_LOSS"), raised.count("MAX_DRAWDOWN")) == (1, 1)


def ledger_of(folder):
    from marketpulse.clock import WallClock  # noqa: PLC0415 - beside its only use
    from marketpulse.storage import Ledger  # noqa: PLC0415 - as above

    ledger = Ledger.open(folder / "recorded" / "ledger.db", WallClock())
    events = list(ledger.read())
    ledger.close()
    return events


@pytest.mark.slow
def test_a_book_in_the_red_zone_stays_there_over_a_restart_until_a_backtest_is_out_of_it(tmp_path):
    noon = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
    record(tmp_path, noon, 180, moves={BTC: shaken(), ETH: calm(3)})
    slow = {"MARKETPULSE_REPLAY_SPEED": "0.05"}
    with opened(tmp_path, **slow) as desk:
        filled(desk, BTC, "0.28")
        now = until(desk, lambda s: s.risk.red)
        assert now.risk.report.backtest().zone == "red"
        until(desk, lambda _: "RED_ZONE" in alerts(desk))
        assert codes(desk, BTC, "0.001") == {"RED_ZONE"}
        assert codes(desk, ETH, "4") == {"RED_ZONE"}  # 8 % of equity, above half of 15
        assert codes(desk, ETH, "3") == set()
    with opened(tmp_path, **slow) as desk:
        until(desk, lambda s: ETH in s.market and s.risk.red and codes(desk, ETH, "4") == {"RED_ZONE"})
        assert "RED_ZONE" in alerts(desk)
        filled(desk, BTC, "0.28", "sell")
        filled(desk, ETH, "3")
        until(desk, lambda s: not s.risk.red)
        assert desk.snapshot().risk.report.backtest().zone in {"green", "yellow"}
        until(desk, lambda _: "RED_ZONE" not in alerts(desk))
        assert codes(desk, ETH, "2") == set()
    raised = [e.payload["code"] for e in ledger_of(tmp_path) if e.kind is EventKind.ALERT]
    assert (raised.count("RED_ZONE"), raised.count("RED_ZONE_OVER")) == (1, 1)
