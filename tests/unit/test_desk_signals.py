"""A signal followed through its life on replay, and a repaint planted on a running desk."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from walks import TRAINED

from marketpulse import desk as facade
from marketpulse.desk import Desk
from marketpulse.errors import Refused
from marketpulse.loop import loop as loop_module
from marketpulse.models import Logistic
from marketpulse.models.record import LOGISTIC, stored_as
from marketpulse.models.train import train
from marketpulse.portfolio.codec import read_signal
from marketpulse.portfolio.outcome_codec import read_outcome
from marketpulse.settings import load
from marketpulse.signals import read_text
from marketpulse.sources.recording import load_recording
from marketpulse.storage import MarketStore
from marketpulse.types import AssetClass, EventKind
from marketpulse.types.alert import Severity

pytestmark = pytest.mark.slow

START = datetime(2012, 6, 1, tzinfo=UTC)
SHARES = ("AAPL", "GOOG", "IBM", "MSFT")


@pytest.fixture(scope="module")
def tape():
    return load_recording()


@pytest.fixture(scope="module")
def model(tape):
    bars = {s: b.until(START).adjust(tape.actions.get(s, ())) for s, b in tape.bars.items()}
    return train([bars[s] for s in SHARES], bars["^GSPC"], START, source="tape", trained=TRAINED)


@pytest.fixture
def folder(tmp_path, model, monkeypatch):
    """A data folder whose model has been trained already; nothing else is."""
    monkeypatch.setattr(loop_module, "_TRAIN_AFTER", 1e9)
    store = MarketStore.open(tmp_path / "replay" / "market.db")
    store.save_model(stored_as(LOGISTIC, AssetClass.EQUITY), Logistic.from_json(model).card.version, model)
    store.close()
    return tmp_path


def opened(folder, speed):
    given = {
        "MARKETPULSE_FEED": "replay",
        "MARKETPULSE_DATA_DIR": str(folder),
        "MARKETPULSE_REPLAY_SPEED": str(speed),
    }
    return Desk.open(load(given, Path("/nonexistent/.env")))


def until(desk, holds, wait=40.0):
    deadline = time.monotonic() + wait
    while not holds(desk.snapshot()):
        assert time.monotonic() < deadline, desk.snapshot().scores
        threading.Event().wait(0.05)
    return desk.snapshot()


def ended(count):
    return lambda snapshot: snapshot.scores.ended >= count


def test_a_signal_is_issued_frozen_scored_and_the_same_after_a_restart(folder, tape):
    with opened(folder, 120) as desk:
        shown = until(desk, ended(8))
        ledger, store = desk._loop.rooms.ledger, desk._loop.rooms.store
        one = next(i for i in shown.issued[::-1] if i.outcome is not None)
        frozen = next(e for e in ledger.read() if e.key == one.id)
        assert frozen.kind is EventKind.SIGNAL
        assert read_signal(frozen.payload) == one.signal
        assert read_text(store.features(one.signal.feature_hash))
        (scored,) = [e for e in ledger.read() if e.key == f"outcome:{one.id}"]
        assert (scored.kind, scored.ref) == (EventKind.OUTCOME, one.id)
        assert read_outcome(scored.payload) == one.outcome
        assert_true(one, tape)
        assert facade.get_signal_statistics().lines[0].n >= 8
        assert one.id in {i.id for i in facade.get_signals_by_symbol(one.signal.symbol)}
        before = {i.id: i.outcome for i in desk.snapshot().issued if i.outcome is not None}
    with opened(folder, 1) as again:
        first = again.snapshot()
        after = {i.id: i.outcome for i in first.issued}
        assert len(before) >= 8
        assert {i: after[i] for i in before} == before
        assert first.scores.ended >= len(before)
        assert first.scores.lines[0].brier == pytest.approx(
            np.mean([o.brier for o in after.values() if o is not None])
        )
        keys = [e.key for e in again._loop.rooms.ledger.read() if e.kind is EventKind.OUTCOME]
        assert len(keys) == len(set(keys))


def assert_true(one, tape):
    """Score it by the tape alone."""
    signal, raw = one.signal, tape.bars[one.signal.symbol]
    day = int(datetime.fromisoformat(signal.bar).replace(tzinfo=UTC).timestamp())
    row = int(np.searchsorted(raw.time, day))
    bars = raw[: row + 7].adjust(tape.actions.get(signal.symbol, ()))
    rose = bool(bars.close[row + 5] > bars.close[row])
    assert one.outcome.rose is rose
    assert one.outcome.ended == str(bars[: row + 6].last_day())
    assert one.outcome.brier == pytest.approx((signal.probability - rose) ** 2)
    if one.outcome.moved is not None:
        assert one.outcome.moved == pytest.approx(bars.open[row + 6] / bars.open[row + 1] - 1, rel=0.02)


def checked_now(desk):
    """Begin today's recomputation at once instead of twenty seconds after the start."""
    desk._loop._recompute._born -= 60


def test_a_number_changed_in_the_store_and_a_changed_bar_are_caught(folder):
    with opened(folder, 120) as desk:
        shown = until(desk, lambda s: len({i.signal.bar for i in s.issued}) >= 3)
    store = MarketStore.open(folder / "replay" / "market.db")
    victim = next(i for i in shown.issued if i.signal.symbol == "IBM").signal
    text = store.features(victim.feature_hash)
    value = next(v for v in read_text(text).values() if np.isfinite(v) and v)
    assert repr(value) in text
    store.save_features(victim.feature_hash, text.replace(repr(value), repr(value * 1.01)))
    store.close()
    with opened(folder, 1) as again:
        market = again._loop.rooms.market
        bars = market.bars("AAPL")
        close = bars.close.copy()
        close[-20:] *= 1.01
        market._state.history.put(replace(bars, close=close), market.actions("AAPL"))
        checked_now(again)
        found = until(again, lambda s: again._loop._recompute.left == 0 and s.scores.repainted >= 2)
        codes = {i.signal.symbol: i.repaint.code for i in found.issued if i.repaint is not None}
        assert codes["IBM"] == "FEATURES"
        assert codes["AAPL"] == "DATA"
        told = until(again, lambda s: {a.ref for a in s.alerts if a.code == "REPAINT"} >= {"IBM", "AAPL"})
        urgent = [a for a in told.alerts if a.code == "REPAINT"]
        assert all(a.severity is Severity.HIGH for a in urgent)
        assert len(urgent) == len({a.ref for a in urgent})
        assert "its bars have changed since" in next(a for a in urgent if a.ref == "AAPL").sentence


def test_what_is_not_touched_is_computed_again_and_the_same(folder):
    with opened(folder, 120) as desk:
        until(desk, lambda s: len({i.signal.bar for i in s.issued}) >= 3)
    with opened(folder, 1) as again:
        before = {i.id for i in again.snapshot().issued}  # what comes now is looked at tomorrow
        checked_now(again)
        found = until(again, lambda s: before <= {i.id for i in s.issued if i.checked is not None})
        assert len(before) >= 12
        assert found.scores.repainted == 0
        assert not [a for a in found.alerts if a.code == "REPAINT"]


def test_signals_are_issued_on_request_and_the_same_each_time(folder):
    with opened(folder, 1) as desk:
        first = desk.generate()
        assert {i.signal.symbol for i in first} >= {"AAPL", "MSFT"}
        assert desk.generate() == first
        (one,) = desk.generate("AAPL")
        assert one in first
        assert one.signal == desk.snapshot().signals["AAPL"]
        assert desk.generate("BTC/USDT") == ()  # simulated prices: nobody speaks of them
        assert facade.get_latest_signals(2) == desk.snapshot().issued[:2]
        assert facade.get_latest_signals(-1) == ()
        assert desk.get_signals_by_symbol("BTC/USDT") == ()
        for ask in (desk.generate, desk.get_signals_by_symbol):
            with pytest.raises(Refused) as refused:
                ask("NOBODY")
            assert refused.value.code == "UNKNOWN_SYMBOL"


def test_a_loop_that_does_not_turn_is_said_to_be_busy(folder, monkeypatch):
    with opened(folder, 1) as desk:
        monkeypatch.setattr("marketpulse.loop.showing._PATIENCE", 0.2)
        desk._loop._stop.set()
        desk._loop._wake.set()
        desk._loop._thread.join()
        with pytest.raises(Refused) as refused:
            desk.generate()
        assert refused.value.code == "BUSY"
