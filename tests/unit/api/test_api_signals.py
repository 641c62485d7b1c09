"""Signals and models over REST: what was issued, what became of it, and what serves."""

import json
from dataclasses import replace

import pytest
import seers

from marketpulse.errors import Refused
from marketpulse.types import SignalStatistics

LATEST, STATISTICS, MODELS = (
    "/api/intelligent/signals/latest",
    "/api/v1/signals/statistics",
    "/api/v1/models",
)
GENERATE = "/api/intelligent/signals/generate"


@pytest.fixture
def told(door):
    door.desk.shown = seers.ensemble()
    return door


def names(reply):
    return [(one["signal"]["symbol"], one["signal"]["bar"]) for one in reply.json()["signals"]]


def test_the_newest_signals_come_with_everything_they_were_frozen_with(told):
    first = told.client.get(LATEST).json()["signals"][0]  # no token: it is what the market says
    signal = first["signal"]
    assert (first["id"], first["outcome"], first["repaint"], first["checked"]) == (
        "signal:AAPL:2012-06-13", None, None, None,
    )  # fmt: skip
    assert (signal["call"], signal["probability"], signal["base_rate"], signal["edge"]) == (
        "UP", 0.574, 0.541, "WEAK EDGE",
    )  # fmt: skip
    assert (signal["needed"], signal["agreed"], signal["right"]) == (0.014, 1.0, 0.556)
    assert signal["reasons"][0] == {"feature": "rsi_2", "log_odds": -0.041}
    assert [vote["model"] for vote in signal["votes"]] == [vote.model for vote in seers.votes()]
    assert signal["votes"][-1]["probability"] is None
    assert signal["shadow"] == {"model_version": "77aa01fe22c4b9d0", "probability": 0.558}
    assert (signal["data_hash"], signal["served"]) == ("cd" * 32, "ONNX")


def test_what_became_of_one_is_told(told):
    ended = told.client.get(LATEST, params={"limit": 500}).json()["signals"][4:]
    right, _, wrong = ended
    assert right["outcome"]["rose"] is True
    assert right["outcome"]["profit"] == pytest.approx(0.02)
    assert wrong["repaint"]["code"] == "FEATURES"
    assert "unusual volume" in wrong["repaint"]["message"]


def test_how_many_and_of_which_class_can_be_asked(told):
    assert len(names(told.client.get(LATEST, params={"limit": 2}))) == 2
    assert names(told.client.get(LATEST, params={"kind": "crypto"})) == []
    shares = names(told.client.get(LATEST, params={"kind": "equity", "limit": 5}))
    assert len(shares) == 5
    assert {bar for _, bar in shares[:4]} == {"2012-06-13"}
    for wrong in ({"limit": 0}, {"limit": 501}, {"kind": "bonds"}):
        assert told.client.get(LATEST, params=wrong).json()["code"] == "BAD_REQUEST"


def test_the_signals_of_one_symbol(told):
    reply = told.client.get("/api/intelligent/signals/aapl")
    assert names(reply) == [("AAPL", "2012-06-13"), ("AAPL", "2012-05-30")]
    assert names(told.client.get("/api/intelligent/signals/BTC-USDT")) == []
    unknown = told.client.get("/api/intelligent/signals/AAPPL")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "UNKNOWN_SYMBOL")
    assert "Did you mean AAPL" in unknown.json()["message"]


def test_signals_are_made_for_one_symbol_or_for_all(told):
    assert len(names(told.post(GENERATE, b""))) == 4
    assert names(told.post(GENERATE, {"symbol": "ibm"})) == [("IBM", "2012-06-13")]
    assert names(told.post(GENERATE, {"symbol": None})) == names(told.post(GENERATE, {}))
    made = [symbol for verb, symbol in told.desk.calls if verb == "generate"]
    assert made == [None, "IBM", None, None]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"symbol": "NOPE"}, 404, "UNKNOWN_SYMBOL"),
        ({"symbol": 7}, 422, "BAD_REQUEST"),
        ({"symbl": "AAPL"}, 422, "BAD_REQUEST"),
        (b"[", 400, "BAD_JSON"),
    ],
)
def test_a_wrong_body_makes_nothing(told, body, status, code):
    reply = told.post(GENERATE, body)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert told.desk.calls == []


@pytest.mark.parametrize(("method", "path"), [("POST", GENERATE), ("GET", STATISTICS), ("GET", MODELS)])
def test_without_the_token_nothing_is_made_and_nothing_is_told(told, method, path):
    assert told.client.request(method, path).status_code == 401
    assert told.desk.calls == []


def test_the_scoreboard_is_told_whole(told):
    body = told.get(STATISTICS).json()
    assert (body["issued"], body["ended"], body["repainted"], body["since"]) == (256, 252, 1, "2012-03-05")
    whole = body["lines"][0]
    assert (whole["group"], whole["n"], whole["calls"], whole["right"], whole["base_right"]) == (
        "all", 252, 61, 34, 33,
    )  # fmt: skip
    assert whole["calibration"][0] == [0.515, 0.53, 40]
    assert body["lines"][4]["skill"] is None  # of four signals nothing can be told
    told.desk.show(scores=SignalStatistics())
    assert told.get(STATISTICS).json() == {
        "issued": 0, "ended": 0, "repainted": 0, "since": None, "lines": [],
    }  # fmt: skip


def test_the_models_are_told_whole(told):
    shares, coins = told.get(MODELS).json()["models"]
    assert (shares["kind"], shares["stage"], shares["card"]["edge"]) == ("equity", "ready", "NO EDGE SHOWN")
    assert shares["card"]["score"]["auc"] == 0.512
    assert (shares["evidence"]["tried"], shares["evidence"]["deflated"]) == (38, 0.42)
    assert shares["servings"][3]["faults"] == ["DIFFERS"]
    assert shares["servings"][1]["worst"] == 2e-16
    assert [part["passed"] for part in shares["health"]] == [True, False, True, None]
    assert shares["drift"][0]["psi"] == 0.31
    assert shares["rests"][0]["state"] == "open"
    assert (shares["latency_p50"], shares["latency_p99"]) == (0.00046, 0.0021)
    assert shares["shadow"]["scored"] == 21
    assert (coins["card"], coins["evidence"], coins["progress"]) == (None, None, 0.4)


def test_what_is_no_number_is_null(told):
    nan = float("nan")
    bad = replace(seers.SAID["AAPL"], probability=nan, needed=nan, right=nan, reasons=(("rsi_2", nan),))
    view = replace(seers.SHARES, record=replace(seers.RECORD, p_value=nan, deflated=float("inf")))
    told.desk.show(issued=(replace(seers.ISSUED[0], signal=bad),), models=(view,))
    said = told.client.get(LATEST)
    assert said.json()["signals"][0]["signal"]["probability"] is None
    assert told.get(MODELS).json()["models"][0]["evidence"]["deflated"] is None
    for text in (said.text, told.get(MODELS).text):
        assert "NaN" not in text
        json.loads(text)


@pytest.mark.parametrize("code", ["BUSY", "READ_ONLY"])
def test_a_desk_that_cannot_issue_now_is_no_fault_of_the_caller(told, monkeypatch, code):
    def busy(_):
        raise Refused(code, "Not now.")

    monkeypatch.setattr(told.desk, "generate", busy)
    reply = told.post(GENERATE, {})
    assert (reply.status_code, reply.json()["code"]) == (503, code)
