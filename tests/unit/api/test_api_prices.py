from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

import numpy as np
import pytest
from fakes import LIVE_PROVIDERS, MARKET, PROVIDERS, bars, live, snapshot

from marketpulse.types import DeskStatus, Halt

DATUM = {
    "symbol", "price", "bid", "ask", "spread", "volume", "time", "received", "source", "age_seconds", "stale", "session",
    "agreement", "witnesses",
}  # fmt: skip


def health(door, **changes):
    door.desk.shown = snapshot(**changes)
    return door.client.get("/health").json()


def test_health_has_the_shape_it_promises(door):
    answer = health(door)
    assert set(answer) == {"status", "mode", "feed", "version", "started", "providers"}
    assert (answer["mode"], answer["feed"]) == ("paper", "replay")
    assert answer["providers"]["yahoo"]["ok"] is False
    assert datetime.fromisoformat(answer["started"]).tzinfo is not None


def test_a_failing_provider_degrades_even_a_desk_that_says_ok(door):
    assert health(door, status=DeskStatus.OK)["status"] == "degraded"
    assert health(door, status=DeskStatus.OK, providers=PROVIDERS[:2])["status"] == "ok"


def test_a_provider_without_its_key_is_no_failure(door):
    assert (
        health(door, status=DeskStatus.OK, providers=(LIVE_PROVIDERS[0], LIVE_PROVIDERS[-1]))["status"]
        == "ok"
    )


def test_health_tells_the_state_of_each_capability(door):
    door.desk.shown = live()
    providers = door.client.get("/health").json()["providers"]
    assert providers["finnhub"]["cells"] == {
        "quote": "closed", "bars": "isolated", "news": "closed", "stream": "open",
    }  # fmt: skip
    assert set(providers["kite"]) == {"ok", "state", "provides", "latency", "last_good", "note", "cells"}


def test_a_datum_says_who_agrees_and_who_does_not(door):
    door.desk.shown = live()
    agreed, disputed, alone = (
        door.client.get(f"/api/live/market-data/{s}").json() for s in ("AAPL", "IBM", "GOOG")
    )
    assert (agreed["agreement"], disputed["agreement"], alone["agreement"]) == ("agreed", "disputed", "alone")
    (witness,) = disputed["witnesses"]
    assert set(witness) == {"source", "price", "time", "difference", "tolerance"}
    assert (witness["source"], witness["price"], witness["difference"]) == ("finnhub", 19.58, -0.9)
    assert alone["witnesses"] == []


def test_a_halt_outranks_everything(door):
    now = door.desk.snapshot().time
    assert health(door, status=DeskStatus.OK, halt=Halt(now, "why"))["status"] == "halted"
    assert health(door, status=DeskStatus.HALTED)["status"] == "halted"


def test_market_data_is_an_array_of_everything_with_a_price(door):
    answer = door.client.get("/api/live/market-data").json()
    assert [d["symbol"] for d in answer] == list(MARKET)
    assert all(set(d) == DATUM for d in answer)


def test_one_datum_in_numbers_of_the_instruments_precision(door):
    answer = door.client.get("/api/live/market-data/AAPL").json()
    assert answer["price"] == 571.53
    assert answer["spread"] == round(answer["ask"] - answer["bid"], 2)
    assert (answer["source"], answer["stale"], answer["session"]) == ("tape", False, "open")
    index = door.client.get("/api/live/market-data/%5EGSPC").json()
    assert (index["bid"], index["ask"], index["spread"]) == (None, None, None)


@pytest.mark.parametrize("written", ["BTC-USDT", "btc-usdt", "BTC/USDT", "BTC%2FUSDT"])
def test_a_pair_is_found_as_people_write_it(door, written):
    assert door.client.get(f"/api/live/market-data/{written}").json()["symbol"] == "BTC/USDT"


@pytest.mark.parametrize("path", ["market-data", "bars"])
def test_an_unknown_symbol_is_404_with_the_nearest_name(door, path):
    reply = door.client.get(f"/api/live/{path}/APPL")
    assert (reply.status_code, reply.json()["code"]) == (404, "UNKNOWN_SYMBOL")
    assert "Did you mean AAPL?" in reply.json()["message"]
    assert "APPL" not in reply.json()["message"].replace("AAPL", "")


def test_no_price_yet_is_said(door):
    door.desk.show(market=MappingProxyType({}))
    reply = door.client.get("/api/live/market-data/AAPL")
    assert (reply.status_code, reply.json()["code"]) == (404, "NO_PRICE")
    assert door.client.get("/api/live/market-data").json() == []


def test_a_number_that_is_not_finite_is_null(door):
    datum = MARKET["AAPL"]
    bad = replace(datum, quote=replace(datum.quote, bid=float("nan"), volume=float("inf")))
    door.desk.show(market=MappingProxyType({"AAPL": bad}))
    answer = door.client.get("/api/live/market-data/AAPL").json()
    assert (answer["bid"], answer["spread"], answer["volume"]) == (None, None, None)


def test_bars_are_rounded_and_oldest_first(door):
    answer = door.client.get("/api/live/bars/AAPL?n=5").json()
    assert set(answer) == {"symbol", "interval", "adjusted", "source", "bars"}
    times = [b["time"] for b in answer["bars"]]
    assert times == sorted(times)
    assert len(times) == 5
    assert answer["bars"][-1]["close"] == 571.53
    assert all(round(b["low"], 2) == b["low"] <= b["open"] <= b["high"] for b in answer["bars"])


def test_a_bar_that_is_not_finite_is_left_out(door, monkeypatch):
    walk = bars("AAPL", n=5)
    broken = replace(walk, close=np.array([1.0, np.nan, 3.0, 4.0, 5.0]))
    monkeypatch.setattr(door.desk, "history", lambda *_: broken)
    assert len(door.client.get("/api/live/bars/AAPL").json()["bars"]) == 4


@pytest.mark.parametrize("query", ["n=0", "n=5001", "n=x", "n=1e3", "interval=2d", "interval=", "n="])
def test_a_wrong_question_is_refused_without_repeating_it(door, query):
    reply = door.client.get(f"/api/live/bars/AAPL?{query}")
    assert (reply.status_code, reply.json()["code"]) == (422, "BAD_REQUEST")
    assert reply.headers["content-type"] == "application/problem+json"
