"""Signals are scored when their horizon ends: once each, over restarts and crashes."""

import threading
from dataclasses import replace

import pytest
from issues_made import bars, day, name, signal
from unit.loop.court import Court

from marketpulse.errors import StorageError
from marketpulse.portfolio.outcome_codec import read_outcome
from marketpulse.types import Call, EventKind

CLOSES = [100 + n for n in range(12)]


@pytest.fixture
def court(tmp_path):
    court = Court(tmp_path)
    yield court
    court.close()


def outcomes(court):
    return {event.ref: read_outcome(event.payload) for event in court.events(EventKind.OUTCOME)}


def test_a_signal_is_scored_once_its_horizon_has_ended(court):
    court.issue(signal(0))
    court.day(5, CLOSES[:5])
    court.turn()
    assert outcomes(court) == {}
    assert [(i.id, i.outcome) for i in court.notary.issued] == [(name(signal(0)), None)]
    court.day(6, CLOSES[:6])
    court.turn()
    (found,) = outcomes(court).values()
    assert (found.ended, found.rose, found.time) == (day(5), True, court.clock.now())
    assert court.notary.issued[0].outcome == found
    assert (court.notary.scores.issued, court.notary.scores.ended) == (1, 1)


def test_a_bar_that_has_not_closed_ends_nothing(court):
    court.issue(signal(0))
    court.day(5, CLOSES[:6])  # the sixth bar's day is not over
    court.turn()
    assert outcomes(court) == {}


def test_scored_again_or_after_a_restart_it_is_the_same(court):
    court.issue(signal(0), signal(0, "MSFT"))
    court.day(6, CLOSES[:6])
    court.turn()
    court.turn()
    before = court.notary.issued, court.notary.scores
    court.restart()
    assert (court.notary.issued, court.notary.scores) == before
    court.day(7, CLOSES[:7])
    court.turn()
    assert len(outcomes(court)) == 1
    assert (court.notary.issued, court.notary.scores) == before


def test_what_a_crash_left_out_is_scored_after_the_restart(court):
    court.issue(signal(0), signal(1))
    court.day(7, CLOSES[:7])

    def broken():
        raise StorageError("the disk is full")

    whole, court.ledger.transaction = court.ledger.transaction, broken
    with pytest.raises(StorageError):
        court.turn()
    assert court.notary.scores.ended == 0
    court.ledger.transaction = whole
    court.turn()
    assert len(outcomes(court)) == 2


def test_an_outcome_that_stands_there_already_is_left(court):
    court.issue(signal(0), signal(1))
    court.day(7, CLOSES[:7])
    stale = court.notary._fold
    court.turn()
    first = outcomes(court)
    court.notary._fold, court.notary._seq = type(stale)(), 0
    court.ledger.read, real = (
        (lambda **_: iter([e for e in real() if e.kind is EventKind.SIGNAL])),
        court.ledger.read,
    )
    court.notary._seen = ()
    court.turn()
    court.ledger.read = real
    assert outcomes(court) == first


def test_what_was_never_called_does_not_wait_for_the_next_open(court):
    court.issue(signal(0))
    court.day(6, CLOSES[:6])
    court.turn()
    assert next(iter(outcomes(court).values())).moved is None


def test_a_call_waits_for_the_next_open_and_is_paid_at_it(court):
    court.issue(signal(0, call=Call.DOWN))
    court.day(6, CLOSES[:6])
    court.turn()
    assert outcomes(court) == {}
    forming = bars([0.0, 0.0, 0.0, 0.0, 0.0, 52.5, 60.0], open_=[1, 1, 1, 1, 1, 52.0, 53.0])
    court.market.forming["AAPL"] = forming  # a split of two has halved every price since
    court.turn()
    assert outcomes(court) == {}  # it looks again after five seconds
    court.clock.advance(6)
    court.turn()
    (found,) = outcomes(court).values()
    assert found.moved == pytest.approx(106.0 / 101.0 - 1)
    assert found.profit == pytest.approx(1 - 106.0 / 101.0 - 0.001)


def test_a_later_open_than_the_next_is_not_taken_for_it(court):
    court.issue(signal(0, call=Call.UP))
    court.day(6, CLOSES[:6])
    court.market.forming["AAPL"] = bars(CLOSES[:8])  # the seventh bar is there already, but not in the frames
    court.turn()
    assert outcomes(court) == {}


def test_an_open_that_never_comes_is_not_waited_for_for_ever(court):
    court.issue(signal(0, call=Call.UP))
    court.day(9, CLOSES[:6])
    court.turn()
    assert outcomes(court) == {}
    court.clock.advance(86_400)
    court.turn()
    (found,) = outcomes(court).values()
    assert (found.moved, found.profit, found.rose) == (None, None, True)


def test_what_cannot_be_scored_stays_open_and_says_why(court):
    court.issue(signal(0), signal(0, "GONE"), signal(1, base=None), signal(-40))
    court.day(9, CLOSES[:9])
    court.turn()
    assert len(outcomes(court)) == 1
    assert court.notary.left == {
        name(signal(0, "GONE")): f"GONE of {day(0)}: no bars of it are held.",
        name(signal(1)): f"AAPL of {day(1)}: a price or its base rate is missing.",
        name(signal(-40)): f"AAPL of {day(-40)}: its bar is no longer held.",
    }
    (note,) = court.notary.notes
    assert note.startswith("3 signals cannot be scored, such as this: ")
    assert court.notary.scores.lines[0].open == 3


def test_a_bar_that_has_not_come_yet_is_waited_for(court):
    court.issue(signal(7))
    court.day(9, CLOSES[:7])
    court.turn()
    assert (court.notary.left, court.notary.notes) == ({}, ())


def test_many_are_scored_in_several_turns(court, monkeypatch):
    monkeypatch.setattr("marketpulse.loop.notary._AT_ONCE", 20)
    court.issue(*(signal(0, f"S{n}") for n in range(45)))
    for n in range(45):
        court.day(6, CLOSES[:6], symbol=f"S{n}")
    for count in (20, 40, 45, 45):
        court.turn()
        assert court.notary.scores.ended == count


def test_while_nothing_changes_nothing_is_told_anew(court):
    court.issue(signal(0))
    court.day(6, CLOSES[:6])
    court.turn()
    issued, scores = court.notary.issued, court.notary.scores
    court.turn()
    assert court.notary.issued is issued
    assert court.notary.scores is scores
    assert court.notary.lately("v1") is court.notary.lately("v1")


def test_queries_of_other_threads(court):
    court.issue(signal(0), signal(0, "MSFT"), signal(1), signal(1, model_version="v2"))
    court.turn()
    found = []
    asked = threading.Thread(target=lambda: found.append(court.notary.of_symbol("AAPL", 2)))
    asked.start()
    asked.join()
    assert [i.id for i in found[0]] == [name(signal(1, model_version="v2")), name(signal(1))]
    assert [i.id for i in court.notary.of_model("v2")] == [name(signal(1, model_version="v2"))]
    assert court.notary.of_symbol("NOBODY", 5) == ()
    assert len(court.notary.since(signal(1).time)) == 2


def test_a_check_shows_at_the_next_turn_and_leaves_the_scores_alone(court):
    court.issue(signal(0))
    court.turn()
    scores = court.notary.scores
    court.notary.check(name(signal(0)), court.clock.now())
    court.turn()
    assert court.notary.issued[0].checked == court.clock.now()
    assert court.notary.scores is scores


def test_lately_is_of_one_model(court):
    court.issue(signal(0), replace(signal(0, "MSFT"), model_version="v2"))
    court.day(6, CLOSES[:6])
    court.day(6, CLOSES[:6], symbol="MSFT")
    court.turn()
    assert (court.notary.lately("v1").n, court.notary.lately("v2").n, court.notary.lately("v3").n) == (
        1,
        1,
        0,
    )
