"""Why, and the desk's proposals, from the command line."""

import os
import sys

import pytest
from proposed import ALL, PASSED, WAITING

from marketpulse.cli import main
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
    assert told.run("proposals", "--open")[1].endswith("\nNothing waits for an answer or for its order.\n")
    assert told.run("proposals")[1] == "Mode: confirm, practice\nNothing has been decided yet.\n"


def test_a_person_approves_and_declines(told):
    code, out, _ = told.run("approve", WAITING.id)
    assert (code, out) == (0, f"IBM is ordered. Order {WAITING.id} was placed.\n")
    assert told.run("decline", ALL[1].id)[1] == "AAPL is declined. Declined.\n"
    assert told.json("approve", PASSED.id)[1]["code"] == "ANSWERED"
    for none in ("nothing", "", "../orders", "a/b", "?"):
        assert told.json("approve", none)[1]["code"] == "UNKNOWN_PROPOSAL"


def test_a_reader_that_goes_away_is_no_fault_of_ours(told, monkeypatch):
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        assert main(["health"], transport=told.client._transport, pause=told.pause) == 141
        gone.write("what is written later goes nowhere\n")
