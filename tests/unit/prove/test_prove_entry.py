"""The command: what it prints and what it exits with."""

import io
import json

import pytest

from marketpulse.clock import SimClock
from marketpulse.prove import entry
from marketpulse.prove.found import Found
from marketpulse.prove.programme import PROOFS, Part
from marketpulse.prove.world import OPENING


@pytest.fixture
def run(monkeypatch):
    """Run the command on outcomes that are given instead of found."""

    def go(found, *words):
        def row(name, seed, jobs, _, *, quick):
            assert jobs > 0
            assert quick is ("--quick" in words)
            return entry.Row(name, PROOFS[name], found.get(name, Found(5)), 2.0, seed)

        monkeypatch.setattr(entry, "prove", row)
        out = io.StringIO()
        return entry.main(words, out, SimClock(OPENING)), out.getvalue()

    return go


def test_one_row_each_and_all_hold(run):
    code, said = run({})
    lines = said.splitlines()
    assert code == 0
    assert lines[0].split() == ["proof", "what", "runs", "found", "verdict", "seconds", "seed"]
    assert [line.split()[0] for line in lines[1:]] == list(PROOFS)
    assert all("  holds  " in line for line in lines[1:])


def test_one_that_fails_is_said_with_its_seed_and_the_exit_code_is_1(run):
    code, said = run(
        {"days": Found(5, {"lost fill": 2}, {}, (20261127,))}, "--only", "kills", "days", "--quick"
    )
    kills, days = said.splitlines()[1:]
    assert code == 1
    assert "holds" in kills
    assert days.split("  ")[-1].strip() == "20261127"
    assert "2 lost fill" in days
    assert "FAILS" in days


def test_a_proof_that_tried_nothing_does_not_hold(run):
    assert run({"wal": Found(0)}, "--only", "wal")[0] == 1


def test_json_holds_what_was_counted(run):
    code, said = run({"kills": Found(9, {}, {"orders": 3})}, "--only", "kills", "--json", "--seed", "5")
    assert code == 0
    assert json.loads(said)["proofs"] == [
        {
            "runs": 9, "faults": {}, "notes": {"orders": 3}, "seeds": [], "proof": "kills", "holds": True,
            "seconds": 2.0, "seed": 5,
        }
    ]  # fmt: skip


def test_an_unknown_proof_is_said(run, capsys):
    with pytest.raises(SystemExit) as left:
        run({}, "--only", "magic")
    assert left.value.code == 2
    assert "magic" in capsys.readouterr().err


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", PROOFS)
def test_parts_share_the_whole_and_no_two_have_a_seed_in_common(name, quick):
    proof = PROOFS[name]
    parts = proof.plan(100, quick=quick)
    if proof.each:
        assert [part.words["name"] for part in parts] == list(proof.each)
    elif proof.split:
        assert sum(part.size for part in parts) == proof.size[quick]
        seeds = [seed for part in parts for seed in range(part.seed, part.seed + part.size)]
        assert len(set(seeds)) == len(seeds)
    else:
        count = len(parts)
        assert parts == [Part(100, proof.size[quick], {"share": [i, count]}) for i in range(count)]


@pytest.mark.slow
def test_a_part_that_dies_is_a_fault(monkeypatch):
    monkeypatch.setitem(
        PROOFS, "wal", PROOFS["crowd"]
    )  # here only: the part's own process asks for what wal lacks
    row = entry.prove("wal", 1, 1, SimClock(OPENING), quick=True)
    assert not row.holds
    assert all("a part ended with" in what for what in row.found.faults)
