"""Why, and the desk's proposals, from the command line."""

import pytest
from proposed import ALL, PASSED, WAITING

from marketpulse.types import Conduct


@pytest.fixture
def told(terminal):
    terminal.desk.show(proposals=ALL, conduct=Conduct.CONFIRM)
    return terminal


def test_why_lists_the_gates_and_names_the_first_that_fails(told):
    code, out, err = told.run("why", "AAPL")
    assert (code, err) == (0, "")
    assert out.startswith("AAPL at ")
    assert "POSITION_LIMIT" in out
    code, found = told.json("why", "AAPL", "--at", "2012-06-05T16:00:00Z")
    assert (code, found["past"], found["time"]) == (0, True, "2012-06-05T16:00:00Z")
    assert told.json("why", "AAPL", "--at", "yesterday")[1]["code"] == "BAD_REQUEST"


def test_proposals_are_listed_with_the_gate_that_failed(told):
    code, out, _ = told.run("proposals")
    assert code == 0
    assert out.startswith("Mode: confirm\n")
    assert "EDGE" in out
    assert WAITING.sentence in out
    assert PASSED.id not in told.run("proposals", "--open")[1]
    told.desk.show(proposals=(), practice=True)
    assert told.run("proposals")[1] == "Mode: confirm, practice\nNothing has been decided yet.\n"


def test_a_person_approves_and_declines(told):
    code, out, _ = told.run("approve", WAITING.id)
    assert (code, out) == (0, f"IBM is ordered. Order {WAITING.id} was placed.\n")
    assert told.run("decline", ALL[1].id)[1] == "AAPL is declined. Declined.\n"
    assert told.json("approve", PASSED.id)[1]["code"] == "ANSWERED"
    assert told.json("approve", "nothing")[1]["code"] == "UNKNOWN_PROPOSAL"
