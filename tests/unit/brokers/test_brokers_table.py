"""Venues are made by name, without a vendor's package and without a call."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from marketpulse.brokers import BROKERS
from marketpulse.brokers.remembered import Remembered
from marketpulse.clock import SimClock
from marketpulse.errors import ConfigError
from marketpulse.market import indian_shares, instruments
from marketpulse.settings import Settings
from marketpulse.types import AssetClass, Feed

CLOCK = SimClock(datetime(2026, 3, 9, 6, 0, tzinfo=UTC))
KNOWN = {**instruments(Feed.LIVE), **indian_shares()}
ALL_KEYS = {f"{name.upper()}_API_{part}": "k" * 8 for name in BROKERS for part in ("KEY", "SECRET")}


@pytest.mark.parametrize("name", BROKERS)
def test_each_venue_is_made_from_its_keys(name):
    broker = BROKERS[name](CLOCK, KNOWN, ALL_KEYS, False)
    assert broker.name == name
    assert broker.capabilities.live


@pytest.mark.parametrize("name", ["alpaca", "binance", "bybit"])
def test_the_test_network_moves_no_real_money(name):
    assert not BROKERS[name](CLOCK, KNOWN, ALL_KEYS, True).capabilities.live


def test_kite_has_no_test_network():
    with pytest.raises(ConfigError, match="no test network"):
        BROKERS["kite"](CLOCK, KNOWN, ALL_KEYS, True)


@pytest.mark.parametrize("name", BROKERS)
@pytest.mark.parametrize("part", ["KEY", "SECRET"])
def test_a_missing_key_is_named_and_none_is_shown(name, part):
    missing = f"{name.upper()}_API_{part}"
    with pytest.raises(ConfigError) as caught:
        BROKERS[name](CLOCK, KNOWN, {n: v for n, v in ALL_KEYS.items() if n != missing}, False)
    assert missing in str(caught.value)
    assert "kkkk" not in str(caught.value)


def test_every_venue_of_the_routes_can_be_made():
    routes = "equity=alpaca,crypto=binance,nse=kite"
    assert set(Settings(routes=routes).venues.values()) | {"bybit"} == set(BROKERS)


def test_the_shares_of_india_are_in_rupees_on_their_own_calendar():
    for instrument in indian_shares().values():
        assert (instrument.currency, instrument.calendar) == ("INR", "XBOM")
        assert instrument.asset_class is AssetClass.EQUITY
        assert instrument.symbol.endswith(".NS")


def test_making_all_venues_imports_no_vendor():
    code = (
        "import sys; from unit.brokers.test_brokers_table import *\n"
        "made = [BROKERS[n](CLOCK, KNOWN, ALL_KEYS, False) for n in BROKERS]\n"
        "print([m for m in ('ccxt', 'alpaca', 'kiteconnect') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ".:tests"},
    )
    assert done.stdout.strip() == "[]"


def test_an_account_is_remembered_for_its_key_only(tmp_path):
    first, other = "a" * 10, "b" * 10
    Remembered(tmp_path).keep("alpaca", first, "A1")
    Remembered(tmp_path).keep("binance", first, "B1")
    assert Remembered(tmp_path).recall("alpaca", first) == "A1"
    assert Remembered(tmp_path).recall("binance", first) == "B1"
    assert Remembered(tmp_path).recall("alpaca", other) is None
    assert Remembered(tmp_path).recall("kite", first) is None
    assert first not in (tmp_path / "accounts.json").read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"alpaca": 5}', '{"alpaca": {}}', "\x00"])
def test_a_broken_memory_remembers_nothing_and_is_written_anew(tmp_path, text):
    (tmp_path / "accounts.json").write_text(text)
    memory = Remembered(tmp_path)
    assert memory.recall("alpaca", "k") is None
    memory.keep("alpaca", "k", "A1")
    assert memory.recall("alpaca", "k") == "A1"


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path):
    memory = Remembered(tmp_path / "not there")
    memory.keep("alpaca", "k", "A1")
    assert memory.recall("alpaca", "k") is None
