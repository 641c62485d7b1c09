"""The watches on the whole desk: settings in, sentences and refusals out, and the same after a restart."""

import threading
import time
from pathlib import Path

import pytest

from marketpulse.desk import Desk
from marketpulse.errors import Refused
from marketpulse.portfolio.codec import read_alert
from marketpulse.settings import load
from marketpulse.types import EventKind, OrderState

BUY = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10"}
STOP = {"symbol": "AAPL", "side": "sell", "type": "stop", "quantity": "10", "time_in_force": "gtc"}


def opened(folder, **more):
    given = {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder / "data"), **more}
    return Desk.open(load(given, Path("/nonexistent/.env")))


def until(desk, holds, wait=20.0):
    deadline = time.monotonic() + wait
    while not holds(desk.snapshot()):
        assert time.monotonic() < deadline, desk.snapshot()
        threading.Event().wait(0.05)
    return desk.snapshot()


def bought(desk, key):
    placed = desk.place(BUY, key)
    return until(desk, lambda s: s.order(placed.order.id).state is OrderState.FILLED)


def alerts(snapshot):
    return [read_alert(e.payload).code for e in snapshot.events if e.kind is EventKind.ALERT]


def noted(snapshot):
    return [note for note in snapshot.notes if "no confirmed stop" in note]


def refused(desk, key):
    with pytest.raises(Refused) as caught:
        desk.place(BUY, key)
    return caught.value.code


def test_a_playbook_that_demands_stops_says_so_once_and_after_a_restart(tmp_path):
    wants = {"MARKETPULSE_DEMAND_STOPS": "1"}
    with opened(tmp_path, **wants) as desk:
        bought(desk, "one")
        alarmed = until(desk, noted)
        assert noted(alarmed)[0].startswith("10 of 10 AAPL have had no confirmed stop")
        assert alerts(until(desk, lambda s: s.number > alarmed.number + 3)) == ["UNPROTECTED"]
    with opened(tmp_path, **wants) as desk:
        until(desk, noted)
        price = desk.snapshot().market["AAPL"].quote.price * 0.9
        desk.place({**STOP, "stop_price": f"{price:.2f}"}, "stop")
        guarded = until(desk, lambda s: not noted(s))
        assert alerts(until(desk, lambda s: len(alerts(s)) > 1 or s.number > guarded.number + 3)) == [
            "PROTECTED",
            "UNPROTECTED",
        ]


def test_without_the_setting_nothing_is_watched(tmp_path):
    with opened(tmp_path) as desk:
        filled = bought(desk, "one")
        later = until(desk, lambda s: (s.time - filled.time).total_seconds() > 180)
        assert alerts(later) == noted(later) == []


def test_the_buys_of_a_minute_are_a_setting_and_survive_a_restart(tmp_path):
    wants = {"MARKETPULSE_ORDERS_PER_MINUTE": "2"}
    with opened(tmp_path, **wants) as desk:
        bought(desk, "one")
        bought(desk, "two")
        assert refused(desk, "three") == "ORDER_RATE"
    with opened(tmp_path, **wants) as desk:
        until(desk, lambda s: s.number > 3)
        assert refused(desk, "four") == "ORDER_RATE"
        assert desk.place({**BUY, "side": "sell"}, "out").order.state is OrderState.NEW


def test_the_loss_of_a_day_is_a_setting_and_survives_a_restart(tmp_path):
    # Ten cents of 100,000, which a fee is more than; slow, so that the day does not end first.
    wants = {"MARKETPULSE_DAILY_LOSS": "0.000001", "MARKETPULSE_REPLAY_SPEED": "0.2"}
    with opened(tmp_path, **wants) as desk:
        bought(desk, "one")
        over = until(desk, lambda s: "DAILY_LOSS" in alerts(s))
        assert any("nothing is bought until the next day" in note for note in over.notes)
        assert refused(desk, "two") == "DAILY_LOSS"
    with opened(tmp_path, **wants) as desk:
        assert any("nothing is bought until the next day" in note for note in desk.snapshot().notes)
        until(desk, lambda s: s.number > 3)
        assert refused(desk, "three") == "DAILY_LOSS"
        assert alerts(desk.snapshot()) == ["DAILY_LOSS"]
