"""A whole desk on its own recording: what was seen live, played again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from marketpulse.desk import Desk
from marketpulse.market import instruments
from marketpulse.settings import load
from marketpulse.storage import MarketStore
from marketpulse.types import Bars, Book, Feed, Interval, OrderRequest, OrderState, OrderType, Quote, Side

NOWHERE = Path("/nonexistent/.env")
BTC = "BTC/USDT"
BEGAN = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


def record(folder: Path, minutes: int = 60) -> None:
    """Write what a live desk would have kept of an hour."""
    store = MarketStore.open(folder / "live" / "market.db")
    store.save_instruments(instruments(Feed.LIVE).values())
    for n in range(minutes * 12):
        time = BEGAN + timedelta(seconds=5 * n)
        price = 50_000.0 + n
        quote = Quote(BTC, price, price - 1, price + 1, 100.0, time, time + timedelta(seconds=1), "binance")
        store.save_quotes([quote, replace(quote, symbol="AAPL", price=180 + n / 100, bid=None, ask=None)])
        if n % 2 == 0:
            levels = ((price - 1, 1.0),), ((price + 1, 1.0),)
            store.save_book(Book(BTC, *levels, time, time, "binance", n))
    days = [int((BEGAN - timedelta(days=400 - d)).replace(hour=0).timestamp()) for d in range(400)]
    close = 49_000.0 + 500 * np.sin(np.arange(400))
    store.save_bars(
        Bars(BTC, Interval.DAY, np.array(days), close, close + 9, close - 9, close, close, "binance")
    )
    store.close()


@pytest.fixture
def desk(tmp_path):
    record(tmp_path)
    given = {
        "MARKETPULSE_FEED": "replay",
        "MARKETPULSE_TAPE": "recorded",
        "MARKETPULSE_DATA_DIR": str(tmp_path),
        "MARKETPULSE_REPLAY_SPEED": "0.1",  # thirty-nine times as fast as it was
    }
    opened = Desk.open(load(given, NOWHERE))
    yield opened
    opened.close()


def until(desk, holds):
    for _ in range(400):
        if holds(desk.snapshot()):
            return desk.snapshot()
        desk._loop._thread.join(0.02)
    raise AssertionError(desk.snapshot())


def test_the_hour_is_played_and_an_order_is_filled_at_its_prices(desk, tmp_path):
    first = desk.snapshot()
    assert first.replay.banner == "REPLAY: your own recording, 39 times as fast as it was"
    datum = first.market[BTC]
    assert (datum.quote.source, datum.simulated) == ("recorded", False)
    assert 50_000 <= datum.quote.price < 50_720
    assert first.time < BEGAN + timedelta(minutes=10)
    later = until(desk, lambda s: s.market[BTC].quote.price > datum.quote.price + 5)
    assert later.market["AAPL"].quote.price < 190
    assert later.books[BTC][0].source == "recorded"
    placed = desk.place(OrderRequest(BTC, Side.BUY, OrderType.MARKET, Decimal("0.1")), "one").order
    filled = until(desk, lambda s: s.order(placed.id).state is OrderState.FILLED).order(placed.id)
    assert 50_000 < filled.average_price < 50_800
    assert (tmp_path / "recorded" / "ledger.db").exists()
    assert not (tmp_path / "replay").exists()


def test_a_restart_goes_on_and_the_live_recording_is_untouched(tmp_path):
    record(tmp_path)
    before = (tmp_path / "live" / "market.db").read_bytes()
    given = {
        "MARKETPULSE_FEED": "replay",
        "MARKETPULSE_TAPE": "recorded",
        "MARKETPULSE_DATA_DIR": str(tmp_path),
    }
    first = Desk.open(load({**given, "MARKETPULSE_REPLAY_SPEED": "5"}, NOWHERE))
    seen = until(first, lambda s: s.time > BEGAN + timedelta(minutes=20)).time
    first.close()
    again = Desk.open(load({**given, "MARKETPULSE_REPLAY_SPEED": "0.01"}, NOWHERE))
    assert again.snapshot().time >= seen - timedelta(seconds=5)
    again.close()
    assert (tmp_path / "live" / "market.db").read_bytes() == before


@pytest.mark.parametrize("feed", ["replay"])
def test_without_a_recording_the_packaged_tape_is_played_and_said(tmp_path, feed):
    given = {"MARKETPULSE_FEED": feed, "MARKETPULSE_TAPE": "recorded", "MARKETPULSE_DATA_DIR": str(tmp_path)}
    desk = Desk.open(load(given, NOWHERE))
    shown = desk.snapshot()
    desk.close()
    assert shown.market["AAPL"].quote.source == "tape"
    assert any("The packaged tape is played instead." in note for note in shown.notes)
