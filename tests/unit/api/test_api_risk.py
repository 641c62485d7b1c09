"""The risk over REST: whole, null where it is not known, behind the token."""

import json
from dataclasses import replace

import risks
from fakes import snapshot

from marketpulse.types.risk import Exposures


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


LIES = Exposures(
    0.29, 1.0, sectors=(("Tech", 0.2), ("no sector known", 0.09)), currencies=(("USD", 0.2), ("USDT", 0.09)),
    liquidity=(("BTC/USDT", None), ("AAPL", 0.25)),
)  # fmt: skip


def test_where_the_money_lies_is_told_and_null_before_it_is_measured(door):
    bare = snapshot()
    door.desk.shown = bare
    assert door.get("/api/v1/risk").json()["exposures"] is None
    door.desk.shown = replace(bare, risk=replace(bare.risk, exposures=LIES))
    assert door.get("/api/v1/risk").json()["exposures"] == {
        "net": 0.29, "leverage": 1.0, "classes": {name: round(share, 6) for name, share in bare.risk.exposure},
        "sectors": {"Tech": 0.2, "no sector known": 0.09}, "currencies": {"USD": 0.2, "USDT": 0.09},
        "days_to_sell": {"BTC/USDT": None, "AAPL": 0.25}, "volume_share": 0.1,
    }  # fmt: skip
