"""POST /api/v1/statements: a file in, what it would do out, and nothing booked without its hash."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from marketpulse.errors import Refused
from marketpulse.types import RefusedRow, Side, Statement, StatementRow

ROW = StatementRow(
    2, "k", datetime(2026, 11, 2, tzinfo=UTC), "AAPL", Side.BUY, Decimal("1E+1"), Decimal("2.50"), "USD"
)
SHOWN = Statement(
    "paper:desk", "generic", (ROW,), (RefusedRow(3, "No."),), (), {"AAPL": Decimal(10)}, {"USD": Decimal(-25)},
    ("Times without a zone were read as UTC.",), "abc",
)  # fmt: skip


class Clerk:
    """What the desk would say."""

    def __init__(self):
        self.asked = []

    def __call__(self, text, account, commit=""):
        self.asked.append((text, account, commit))
        if account != "paper:desk":
            raise Refused("UNKNOWN_ACCOUNT", "There is no such account here.")
        return SHOWN


@pytest.fixture
def clerk(door, monkeypatch):
    clerk = Clerk()
    monkeypatch.setattr(door.desk, "statement", clerk, raising=False)
    return clerk


def send(door, body=b"time,symbol\n", **query):
    asked = "&".join(f"{k}={v}" for k, v in query.items())
    return door.client.post(f"/api/v1/statements?{asked}", content=body, headers=door.headers())


def test_a_preview_names_every_line_and_every_number_exactly(door, clerk):
    reply = send(door, "\ufefftime,symbol\n".encode(), account="paper:desk")
    assert reply.status_code == 200
    said = reply.json()
    assert (said["new"], said["refused"], said["duplicates"], said["committed"]) == (1, 1, 0, False)
    assert (said["rows"][0]["quantity"], said["rows"][0]["price"]) == ("10", "2.50")
    assert said["refused_rows"] == [{"line": 3, "sentence": "No."}]
    assert (said["units"], said["cash"], said["hash"]) == ({"AAPL": "10"}, {"USD": "-25"}, "abc")
    assert clerk.asked == [("time,symbol\n", "paper:desk", "")]


def test_the_hash_is_passed_on(door, clerk):
    send(door, account="paper:desk", commit="abc")
    assert clerk.asked[0][2] == "abc"


def test_what_is_refused_is_said(door, clerk):
    reply = send(door, account="x:1")
    assert (reply.status_code, reply.json()["code"]) == (422, "UNKNOWN_ACCOUNT")
    assert send(door).status_code == 422
    assert send(door, b"\xff\xfe", account="paper:desk").json()["code"] == "BAD_REQUEST"
    assert send(door, b"x" * 2_000_001, account="paper:desk").json()["code"] == "TOO_LARGE"
    assert len(clerk.asked) == 1


def test_it_needs_the_token(door, clerk):
    reply = door.client.post("/api/v1/statements?account=paper:desk", content=b"x")
    assert reply.status_code == 401
    assert clerk.asked == []
