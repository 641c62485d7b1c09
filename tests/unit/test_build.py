"""What ``auto`` means over the life of a data folder."""

from decimal import Decimal
from pathlib import Path

import pytest

from marketpulse import build
from marketpulse.clock import WallClock
from marketpulse.errors import Unavailable
from marketpulse.settings import load
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, Feed, NewEvent

NOWHERE = Path("/nonexistent/.env")


def choice(folder, monkeypatch, works, **given):
    class Silent:
        def __init__(self, clock, cache, keys):
            del clock, cache, keys

        def quote(self, instrument):
            if not works:
                raise Unavailable("no network")
            return instrument

    monkeypatch.setattr(build, "SOURCES", {"binance": Silent, "yahoo": Silent})
    return build._feed(load(given, NOWHERE).settings, folder)


@pytest.mark.parametrize(("works", "feed"), [(True, Feed.LIVE), (False, Feed.REPLAY)])
def test_auto_is_live_where_a_provider_answers_and_replay_where_none_does(tmp_path, monkeypatch, works, feed):
    assert choice(tmp_path, monkeypatch, works) is feed


def test_a_live_ledger_with_an_event_keeps_auto_live_without_a_network(tmp_path, monkeypatch):
    clock = WallClock()
    ledger = Ledger.open(tmp_path / "live" / "ledger.db", clock)
    assert choice(tmp_path, monkeypatch, works=False) is Feed.REPLAY
    ledger.append(NewEvent(clock.now(), "paper:desk", EventKind.CASH, "x", {"amount": str(Decimal(1))}))
    ledger.close()
    assert choice(tmp_path, monkeypatch, works=False) is Feed.LIVE


def test_a_broker_key_means_live_and_an_explicit_feed_wins(tmp_path, monkeypatch):
    key = {"KITE_API_KEY": "k" * 8}
    assert choice(tmp_path, monkeypatch, works=False, **key) is Feed.LIVE
    assert choice(tmp_path, monkeypatch, True, **key, MARKETPULSE_FEED="replay") is Feed.REPLAY
