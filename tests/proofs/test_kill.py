"""``python -m marketpulse prove --quick`` as a person runs it, and what each of its rows must have tried.

A row without faults holds only if the faults it is about did happen; that is what is asserted here.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from marketpulse.execution.kit import POINTS
from marketpulse.prove.mutants import CROWD, KILLED

ROOT = Path(__file__).parents[2]
KILLS = 300

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # alone it takes about a minute


@pytest.fixture(scope="module")
def rows():
    command = [sys.executable, "-m", "marketpulse", "prove", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    rows = {row["proof"]: row for row in json.loads(done.stdout)["proofs"]}
    assert (done.returncode == 0) is all(row["holds"] for row in rows.values())
    return rows


def holds(row):
    assert row["faults"] == {}, row["seeds"]
    assert row["holds"]
    return row["notes"]


def test_i01_i04_i05_nothing_is_lost_or_doubled_when_killed(rows):
    notes = holds(rows["kills"])
    assert rows["kills"]["runs"] >= KILLS
    assert not [point for point in (*POINTS, "any time") if not notes[f"at {point}"]]
    assert notes["late accept"] > 0
    assert notes["orders"] > KILLS


def test_i05_a_power_cut_takes_nothing_that_a_commit_promised(rows):
    notes = holds(rows["power"])
    assert rows["power"]["runs"] >= 40
    assert notes["orders"] > 40


def test_i05_whatever_call_to_the_database_fails_nothing_is_lost(rows):
    notes = holds(rows["calls"])
    assert rows["calls"]["runs"] == notes["calls on the path"] > 100
    assert all(notes[error] > 10 for error in ("busy", "full", "io", "readonly"))


def test_i05_a_cut_log_leaves_a_whole_beginning(rows):
    notes = holds(rows["wal"])
    assert rows["wal"]["runs"] > 190
    assert notes["events"] > 20


def test_i07_i11_limits_hold_exactly_and_writers_wait_for_each_other(rows):
    notes = holds(rows["crowd"])
    assert notes["accepted against INSUFFICIENT_CASH"] == 60_000 // 2_001
    assert notes["accepted against POSITION_LIMIT"] == 150_000 // 2_500
    assert notes["refused"] == 2 * 16 * 60 - 29 - 60
    assert notes["written by separate connections"] == 16 * 6 // 2


def test_i02_i09_i10_simulated_days_end_with_the_venues_books_and_replay_bit_for_bit(rows):
    notes = holds(rows["days"])
    assert rows["days"]["runs"] == 12
    happened = (
        "killed",
        "late accept",
        "request lost",
        "answer lost",
        "partial fill",
        "turned away",
        "quote gap",
        "changed in place",
        "remainder given up",
        "flatten",
        "stop order",
        "replacement order",
        "flatten order",
    )
    assert not [what for what in happened if not notes[what]]
    assert notes["fills"] > notes["orders"] > 100


def test_i03_i04_random_walks_keep_to_the_list_and_to_the_table(rows):
    notes = holds(rows["ledger"]) | holds(rows["lifecycle"])
    assert all(notes[what] > 0 for what in ("undone", "fills", "legal steps", "illegal steps refused"))


@pytest.mark.parametrize("mutant", [*KILLED, CROWD])
def test_the_harness_has_teeth(rows, mutant):
    """Designs that lose money, each a few lines away from ours, are caught."""
    notes = holds(rows["mutants"])
    assert [what for what in notes if what.startswith(f"{mutant}: ")]
