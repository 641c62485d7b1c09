"""The verb ``train-deep`` without its extra, and what it takes for a recorded day."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from marketpulse.cli import deep as room
from marketpulse.cli import main
from marketpulse.cli.deep import recorded_minutes, tape_bars
from marketpulse.storage.market_store import MarketStore
from marketpulse.types import AssetClass, Bars, Instrument, Interval


@pytest.fixture
def no_extra(monkeypatch, tmp_path):
    monkeypatch.setenv("MARKETPULSE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(room.importlib.util, "find_spec", lambda name: None if name == "jax" else object())


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_it_says_what_to_run(capsys, tmp_path):
    assert main(["train-deep"]) == 1
    assert "make train-deep" in capsys.readouterr().err
    assert main(["train-deep", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "NO_JAX"
    assert not (tmp_path / "models").exists()


def test_the_tape_is_cut_before_it_is_adjusted():
    start = datetime(2005, 1, 3, tzinfo=UTC)  # Apple's split of February 2005 is not known yet
    early, late = tape_bars(start)["AAPL"], tape_bars(datetime(2012, 6, 1, tzinfo=UTC))["AAPL"]
    assert early.last_day().isoformat() == "2004-12-31"
    n = len(early)
    assert early.close[-1] == pytest.approx(late.close[n - 1] * 2.0, rel=0.02)
    np.testing.assert_allclose(np.diff(np.log(early.close)), np.diff(np.log(late.close[:n])), atol=1e-9)


def instrument():
    prices = Decimal("0.01"), Decimal("0.0001")
    return Instrument("BTC/USDT", "Bitcoin", AssetClass.CRYPTO, "USDT", "24/7", *prices)


def minutes(days, each):
    time = np.concatenate([86_400 * (20_000 + d) + 60 * np.arange(each, dtype=np.int64) for d in range(days)])
    price = np.full(len(time), 10.0)
    return Bars("BTC/USDT", Interval.MINUTE, time, price, price, price, price, price, "binance")


@pytest.mark.parametrize(("days", "each", "enough"), [(20, 200, True), (19, 200, False), (25, 199, False)])
def test_only_whole_recorded_days_count(tmp_path, days, each, enough):
    path = tmp_path / "market.db"
    store = MarketStore.open(path)
    store.save_instruments([instrument()])
    store.save_bars(minutes(days, each))
    store.close()
    found, most = recorded_minutes(path)
    assert (list(found) == ["BTC/USDT"]) is enough
    assert most == (days if each >= 200 else 0)


def test_without_a_live_desk_s_store_there_are_no_days_and_none_is_made(tmp_path):
    assert recorded_minutes(tmp_path / "market.db") == ({}, 0)
    assert list(tmp_path.iterdir()) == []
