"""The facade on the real rooms: the whole way from a wish to a fill, and what a second start finds."""

import json
import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from marketpulse import desk as facade
from marketpulse.desk import Desk
from marketpulse.errors import ConfigError, Refused, StorageError
from marketpulse.loop.showing import overdue
from marketpulse.settings import load
from marketpulse.types import DeskStatus, Interval, OrderState

BUY = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10"}


def settings(folder, **more):
    given = {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder / "data"), **more}
    return load(given, Path("/nonexistent/.env"))


@pytest.fixture
def desk(tmp_path):
    with Desk.open(settings(tmp_path), "http://127.0.0.1:1") as opened:
        yield opened


def until(desk, holds, wait=15.0):
    deadline = time.monotonic() + wait
    while not holds(desk.snapshot()):
        assert time.monotonic() < deadline, desk.snapshot()
        threading.Event().wait(0.05)
    return desk.snapshot()


def state(order_id, wanted):
    return lambda snapshot: snapshot.order(order_id).state is wanted


def test_a_fresh_desk_has_its_cash_and_moving_prices(desk):
    first = desk.snapshot()
    assert first.valuation.cash == first.valuation.deposits == Decimal(100_000)
    assert first.status is DeskStatus.OK
    assert facade.current() is desk
    price = first.market["AAPL"].quote.price
    later = until(desk, lambda s: s.market["AAPL"].quote.price != price)
    assert later.number > first.number
    assert later.time > first.time


def test_an_order_is_committed_before_it_is_sent_and_filled_after(desk):
    placed = desk.place(BUY, "one")
    assert placed.order.state is OrderState.NEW
    assert not placed.repeated
    snapshot = until(desk, state(placed.order.id, OrderState.FILLED))
    (position,) = snapshot.valuation.positions
    assert position.quantity == Decimal(10)
    fill = snapshot.fills[0]
    assert snapshot.valuation.cash == Decimal(100_000) - fill.quantity * fill.price - fill.fee
    assert desk.place(BUY, "one").repeated
    assert len(desk.snapshot().orders) == 1


def test_the_snapshot_shows_an_order_as_soon_as_it_is_placed(desk):
    placed = desk.place(BUY, "seen")
    assert desk.snapshot().order(placed.order.id) is not None


def test_refusals_are_shown_and_previews_never_raise(desk):
    with pytest.raises(Refused) as refused:
        desk.place({**BUY, "side": "sell"}, "sell")
    assert refused.value.code == "INSUFFICIENT_POSITION"
    assert desk.snapshot().orders[0].state is OrderState.DENIED
    assert not desk.preview({**BUY, "symbol": "APPL"}).ok
    assert desk.preview({**BUY, "symbol": "APPL"}).failed[0].code == "UNKNOWN_SYMBOL"
    assert desk.preview(BUY).ok


def test_started_again_it_has_the_same_books_and_a_clock_not_before(tmp_path):
    with Desk.open(settings(tmp_path)) as first:
        placed = first.place(BUY, "one")
        before = until(first, state(placed.order.id, OrderState.FILLED))
    with Desk.open(settings(tmp_path)) as again:
        after = again.snapshot()
        assert after.valuation.cash == before.valuation.cash
        assert [(p.symbol, p.quantity) for p in after.valuation.positions] == [("AAPL", Decimal(10))]
        assert after.order(placed.order.id).state is OrderState.FILLED
        assert after.time >= before.time
        assert again.place(BUY, "one").repeated


def test_another_start_day_does_not_move_a_replay_that_has_begun(tmp_path):
    with Desk.open(settings(tmp_path)) as first:
        start = first.snapshot().replay.start
    with Desk.open(settings(tmp_path, MARKETPULSE_REPLAY_START="2005-01-03")) as again:
        assert again.snapshot().replay.start == start
        assert again.snapshot().time >= start
        assert any("This replay began on 2012-06-01" in note for note in again.snapshot().notes)


def test_halt_refuses_the_next_order_and_resume_wants_its_word(desk):
    desk.halt("a test")
    with pytest.raises(Refused) as refused:
        desk.place(BUY, "halted")
    assert refused.value.code == "HALTED"
    assert desk.snapshot().status is DeskStatus.HALTED
    with pytest.raises(Refused):
        desk.resume("yes")
    desk.resume("RESUME")
    assert desk.place(BUY, "again").order.state is OrderState.NEW


def test_history_ends_with_the_forming_bar_and_unknown_names_are_refused(desk):
    bars = desk.history("AAPL", Interval.DAY, 30)
    assert len(bars) == 30
    assert bars.adjusted
    assert bars.last_day() == desk.snapshot().time.date()
    with pytest.raises(Refused):
        desk.history("NOPE", Interval.DAY, 30)


@pytest.mark.usefixtures("desk")
def test_one_desk_a_folder_and_the_second_names_the_first(tmp_path):
    with pytest.raises(ConfigError) as refused:
        Desk.open(settings(tmp_path))
    assert str(os.getpid()) in str(refused.value)
    assert json.loads((tmp_path / "data" / "desk.json").read_text())["pid"] == os.getpid()


def test_closed_it_leaves_no_trace_of_running_and_lets_the_folder_go(tmp_path):
    opened = Desk.open(settings(tmp_path))
    opened.close()
    opened.close()
    assert not (tmp_path / "data" / "desk.json").exists()
    with pytest.raises(ConfigError):
        facade.current()
    Desk.open(settings(tmp_path)).close()


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        Desk.open(settings(tmp_path))


@pytest.mark.slow
def test_the_model_is_trained_before_the_replays_start_and_signals_are_frozen_once(tmp_path):
    with Desk.open(settings(tmp_path, MARKETPULSE_REPLAY_SPEED="60")) as desk:
        snapshot = until(desk, lambda s: s.signals.get("AAPL") and s.signals["AAPL"].probability, 60)
        assert snapshot.model.card.last_bar < "2012-06-01"
        assert all(s.probability is None for s in snapshot.signals.values() if "/" in s.symbol)
        later = until(desk, lambda s: s.signals["AAPL"].bar > snapshot.signals["AAPL"].bar)
        version = later.model.card.version
        ledger = desk._loop.rooms.ledger
        keys = [e.key for e in ledger.read() if e.kind == "signal"]
        assert len(keys) == len(set(keys)) >= 8
    with Desk.open(settings(tmp_path)) as again:
        assert again.snapshot().model.card.version == version


def test_the_tape_ends_with_a_sentence_and_closed_trading(tmp_path):
    with Desk.open(
        settings(tmp_path, MARKETPULSE_REPLAY_START="2013-02-28", MARKETPULSE_REPLAY_SPEED="600")
    ) as desk:
        snapshot = until(desk, lambda s: s.replay.ended)
        assert "start --again" in snapshot.replay.banner
        with pytest.raises(Refused) as refused:
            desk.place(BUY, "late")
        assert refused.value.code == "MARKET_CLOSED"


def test_what_was_bought_today_earns_from_its_own_price_whatever_clock_it_lives_by(desk):
    for key, symbol, quantity in (("coin", "BTC/USDT", "0.01"), ("share", "AAPL", "1")):
        placed = desk.place({**BUY, "symbol": symbol, "quantity": quantity}, key)
        until(desk, state(placed.order.id, OrderState.FILLED))
    for position in desk.snapshot().valuation.positions:
        assert position.day_pnl == pytest.approx(position.unrealized, abs=1e-6)


def test_a_picture_that_is_no_longer_renewed_marks_every_price(desk):
    newest = desk.snapshot()
    old = replace(newest, wall=newest.wall - timedelta(seconds=42))
    shown = overdue(old, 42.0)
    assert shown.status is DeskStatus.DEGRADED
    assert all(d.stale and d.age >= 42 and "42 s" in d.why for d in shown.market.values())
    assert "does not answer" in shown.notes[0]


def test_a_ledger_that_cannot_be_read_halts_and_leaves_the_loop_alive(desk, monkeypatch):
    loop = desk._loop

    def broken(after=0):
        del after
        raise StorageError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(loop.rooms.ledger, "read", broken)
        threading.Event().wait(0.8)
        assert loop._thread.is_alive()
    until(desk, lambda s: s.status is DeskStatus.HALTED)
    assert "the disk is gone" in desk.snapshot().halt.why
    desk.resume("RESUME")
    assert desk.place(BUY, "after").order.state is OrderState.NEW
