"""The risk over REST: whole, null where it is not known, behind the token."""

import json
from dataclasses import replace

import risks
from fakes import snapshot


def test_the_risk_is_told_whole(door):
    door.desk.shown = risks.measured()
    body = door.get("/api/v1/risk").json()
    assert body["report"]["losses"][0]["method"] == "headline"
    assert body["report"]["backtests"][0]["zone"] == "green"
    assert body["report"]["exceeded"] == [{"day": "2012-06-12", "pnl": -3_365.0, "var": 2_914.0}]
    assert [part["symbol"] for part in body["report"]["components"]] == ["AAPL", "BTC/USDT"]
    assert body["stress"][0] == {
        "name": "1987, one day", "pnl": -9_000.5, "own": [], "mapped": ["AAPL", "BTC/USDT"], "unknown": [],
        "about": "the index's published fall",
    }  # fmt: skip
    assert body["limits"][0]["code"] == "POSITION_LIMIT"


def test_before_the_first_report_there_is_none_and_what_is_no_number_is_null(door):
    bare = snapshot()
    door.desk.shown = replace(
        bare, risk=replace(bare.risk, gross=float("nan"), open_risk=None, computing=True)
    )
    answer = door.get("/api/v1/risk")
    body = answer.json()
    assert (body["report"], body["computing"], body["gross"], body["open_risk"]) == (None, True, None, None)
    assert "NaN" not in answer.text
    json.loads(answer.text)


def test_it_needs_the_token(door):
    assert door.client.get("/api/v1/risk").status_code == 401
