"""Proposals over REST: listed with their gates, approved and declined, and refused like everything else."""

import pytest
from proposed import ALL, PASSED, WAITING

from marketpulse.types import Conduct


@pytest.fixture
def told(door):
    door.desk.show(proposals=ALL, conduct=Conduct.CONFIRM)
    return door


def test_they_are_listed_with_their_orders_and_gates(told):
    body = told.get("/api/v1/proposals").json()
    assert (body["mode"], body["practice"]) == ("confirm", False)
    first, _, passed, _ = body["proposals"]
    assert (first["id"], first["state"], first["side"]) == (WAITING.id, "pending", "buy")
    assert (first["quantity"], first["stop_loss_price"], first["gate"]) == ("76", "187.96", None)
    assert passed["gate"]["code"] == "EDGE"
    assert (passed["id"], passed["quantity"]) == (PASSED.id, None)
    some = told.get("/api/v1/proposals?open_only=true").json()["proposals"]
    assert {p["state"] for p in some} == {"pending"}


def test_one_is_approved_and_one_declined(told):
    approved = told.post(f"/api/v1/proposals/{WAITING.id}/approve", b"")
    assert (approved.status_code, approved.json()["state"]) == (200, "ordered")
    declined = told.post(f"/api/v1/proposals/{ALL[1].id}/decline", b"")
    assert declined.json()["state"] == "declined"
    assert told.desk.calls == [("answer", WAITING.id, True), ("answer", ALL[1].id, False)]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nothing/approve", 404, "UNKNOWN_PROPOSAL"),
        (f"{PASSED.id}/approve", 409, "ANSWERED"),
        (f"{'x' * 41}/decline", 422, "BAD_REQUEST"),
    ],
)
def test_what_cannot_be_answered_is_refused(told, path, status, code):
    answer = told.post(f"/api/v1/proposals/{path}", b"")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert told.desk.calls == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", f"/{WAITING.id}/approve"), ("POST", f"/{WAITING.id}/decline")]
)
def test_without_the_token_nothing_is_said_or_done(told, method, path):
    assert told.client.request(method, f"/api/v1/proposals{path}").status_code == 401
    assert told.desk.calls == []
