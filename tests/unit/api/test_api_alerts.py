"""Alerts over REST: listed newest first, acknowledged one by one."""

import pytest
from fakes import NOW, WALL

from marketpulse.types import AlertView, Severity

ALERT = AlertView("17", NOW, WALL, "paper:desk", "OVERFILL", Severity.CRITICAL, "Too much was filled.", "o1")
OLD = AlertView("9", NOW, None, "desk", "DRAWDOWN", Severity.HIGH, "Down.", "equity", ended=NOW)


@pytest.fixture
def told(door):
    door.desk.show(alerts=(ALERT, OLD))
    return door


def test_open_alerts_are_listed_newest_first(told):
    first, second = told.get("/api/v1/alerts").json()["alerts"]
    assert first == {
        "id": "17",
        "time": NOW.isoformat().replace("+00:00", "Z"),
        "wall": WALL.isoformat().replace("+00:00", "Z"),
        "account": "paper:desk",
        "code": "OVERFILL",
        "severity": "critical",
        "message": "Too much was filled.",
        "about": "o1",
        "ended": None,
        "acknowledged": None,
    }
    assert (second["id"], second["wall"]) == ("9", None)


def test_one_is_acknowledged_and_gone(told):
    answer = told.post("/api/v1/alerts/17/ack", b"")
    assert (answer.status_code, answer.json()["id"]) == (200, "17")
    assert answer.json()["acknowledged"]
    assert [a["id"] for a in told.get("/api/v1/alerts").json()["alerts"]] == ["9"]


@pytest.mark.parametrize(("name", "status"), [("99", 404), ("x" * 21, 422), ("..%2f", 404)])
def test_one_that_is_not_there_is_an_error_that_repeats_nothing(told, name, status):
    answer = told.post(f"/api/v1/alerts/{name}/ack", b"")
    assert answer.status_code == status
    assert "99" not in answer.json()["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/alerts"), ("POST", "/api/v1/alerts/17/ack")])
def test_without_the_token_nothing_is_said_and_nothing_is_seen(told, method, path):
    assert told.client.request(method, path).status_code == 401
    assert told.desk.calls == []
