"""Why, and protections, over REST."""

import pytest
from fakes import NOW

from marketpulse.types import Lock

LOCK = Lock("LOSING_SYMBOL:AAPL", "LOSING_SYMBOL", "AAPL", "The last 5 lost.", NOW, None)


@pytest.fixture
def locked(door):
    door.desk.show(locks=(LOCK,))
    return door


def test_why_names_the_first_failure_every_gate_and_the_change(door):
    answer = door.get("/api/v1/why/AAPL").json()
    assert answer["symbol"] == "AAPL"
    assert answer["first"] == next(g["code"] for g in answer["gates"] if g["passed"] is False)
    assert answer["change"]["field"] == "quantity"
    assert {"SIGNAL", "EDGE", "POSITION_LIMIT", "APPROVAL"} <= {g["code"] for g in answer["gates"]}
    assert not answer["past"]


def test_a_pair_may_be_written_with_a_dash_and_a_quantity_given(door):
    answer = door.get("/api/v1/why/BTC-USDT?quantity=0.5").json()
    assert (answer["symbol"], answer["asked"]) == ("BTC/USDT", "buy 0.5 BTC/USDT at the market")


def test_a_moment_before_is_asked_for_with_its_zone(door):
    answer = door.get("/api/v1/why/AAPL?at=2012-06-05T16:00:00Z").json()
    assert (answer["past"], answer["time"]) == (True, "2012-06-05T16:00:00Z")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("AAPL?at=yesterday", 422),
        ("AAPL?quantity=-1", 422),
        ("AAPL?quantity=1e5", 422),
        ("AAPL?quantity=" + "9" * 50, 422),
        ("NOPE", 404),
        ("A" * 41, 422),
    ],
)
def test_what_cannot_be_asked_is_an_error_that_repeats_nothing(door, query, status):
    answer = door.get(f"/api/v1/why/{query}")
    assert answer.status_code == status
    assert "yesterday" not in answer.text


def test_protections_say_why_until_when_and_how_they_are_lifted(locked):
    assert locked.get("/api/v1/protections").json() == {
        "protections": [
            {
                "name": "LOSING_SYMBOL:AAPL",
                "code": "LOSING_SYMBOL",
                "symbol": "AAPL",
                "message": "The last 5 lost.",
                "since": NOW.isoformat().replace("+00:00", "Z"),
                "until": None,
                "typed": "UNLOCK",
            }
        ]
    }


def test_one_is_lifted_by_its_word_only(locked):
    path = "/api/v1/protections/LOSING_SYMBOL:AAPL/unlock"
    refused = locked.post(path, {"confirm": "yes"})
    assert (refused.status_code, refused.json()["code"]) == (422, "BAD_CONFIRMATION")
    assert locked.post(path, {"confirm": "UNLOCK"}).status_code == 200
    assert locked.get("/api/v1/protections").json() == {"protections": []}
    assert locked.post(path, {"confirm": "UNLOCK"}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "why/AAPL"), ("GET", "protections"), ("POST", "protections/LOSING_SYMBOL:AAPL/unlock")],
)
def test_without_the_token_nothing_is_said_and_nothing_lifted(locked, method, path):
    assert locked.client.request(method, f"/api/v1/{path}").status_code == 401
    assert locked.desk.calls == []
