"""Proposals as events and back, and the fold: the same however often, the first word stands."""

import json

import pytest
from fakes import NOW
from proposed import ALL, PASSED, WAITING

from marketpulse.portfolio.proposal_codec import Step, read_proposal, read_step, write_proposal, write_step
from marketpulse.portfolio.proposals import Proposals
from marketpulse.types import Event, EventKind, ProposalState, Purpose


def event(seq, ref, payload):
    return Event(seq, NOW, "desk", EventKind.PROPOSAL, ref, json.loads(json.dumps(payload)), None, "")


@pytest.mark.parametrize("made", ALL[:3], ids=lambda p: p.state.value)
def test_each_is_read_back_as_it_was_written(made):
    again = read_proposal(made.id, made.time, json.loads(json.dumps(write_proposal(made))))
    assert again == made


def test_a_step_is_no_proposal_and_back():
    step = Step(ProposalState.REFUSED, "No.", "HALTED")
    assert read_step(write_step(step)) == step
    assert read_step(write_proposal(WAITING)) is None


def test_the_fold_knows_what_is_open_what_was_decided_and_what_it_came_to():
    events = [
        event(1, WAITING.id, write_proposal(WAITING)),
        event(2, PASSED.id, write_proposal(PASSED)),
        event(3, WAITING.id, write_step(Step(ProposalState.APPROVED, "Approved."))),
    ]
    fold = Proposals.of(events)
    assert [p.state for p in fold.open] == [ProposalState.APPROVED]
    assert fold.decided(PASSED.signal)
    assert not fold.decided("IBM:2012-06-14:x")
    assert fold.bought(WAITING.signal).id == WAITING.id
    assert fold.sales(WAITING.signal) == ()
    refused = fold.apply(
        event(4, WAITING.id, write_step(Step(ProposalState.REFUSED, "It is halted.", "HALTED")))
    )
    assert (refused.rung.code, refused.rung.label) == ("HALTED", "Halted")
    assert fold.open == ()
    assert [p.id for p in fold.newest(9)] == [PASSED.id, WAITING.id]
    assert fold.get(WAITING.id).purpose is Purpose.OPEN
