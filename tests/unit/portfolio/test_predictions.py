"""The fold of what was issued: the same whenever it is read, and unmoved by what is doubled or unknown."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from issues_made import FIRST, Book, name, result, signal

from marketpulse.portfolio.outcome_codec import (
    outcome_key,
    read_outcome,
    read_repaint,
    repaint_key,
    write_outcome,
    write_repaint,
)
from marketpulse.portfolio.predictions import Predictions
from marketpulse.types import Outcome, Repaint

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=20)
OUTCOMES = st.builds(
    Outcome,
    TEXT,
    st.just(FIRST),
    st.booleans(),
    FLOATS,
    FLOATS,
    FLOATS,
    FLOATS,
    st.none() | FLOATS,
    st.none() | FLOATS,
)


@given(OUTCOMES)
def test_an_outcome_comes_back_as_it_went_in_without_a_float_in_its_json(outcome):
    payload = write_outcome(outcome)
    assert not any(isinstance(value, float) for value in payload.values())
    assert read_outcome(json.loads(json.dumps(payload))) == outcome


@given(st.builds(Repaint, st.just(FIRST), TEXT, TEXT))
def test_a_repaint_comes_back_as_it_went_in(repaint):
    assert read_repaint(json.loads(json.dumps(write_repaint(repaint)))) == repaint


def test_a_signal_is_open_until_its_outcome_and_carries_it_from_then_on():
    one, two = signal(0), signal(1, "MSFT")
    book = Book().issue(one).issue(two)
    fold = Predictions.of(book.events)
    assert {symbol: [i.id for i in some] for symbol, some in fold.open.items()} == {
        "AAPL": [name(one)],
        "MSFT": [name(two)],
    }
    for event in book.end(name(one)).events[-1:]:
        fold.take(event)
    assert list(fold.open) == ["MSFT"]
    assert fold.find(name(one)).outcome == result()
    assert fold.find(name(one)).signal == one
    assert [i.id for i in fold.newest(5)] == [name(two), name(one)]


def test_an_old_ledgers_id_is_its_key_too():
    fold = Predictions.of(
        Book().issue(signal(), "signal:AAPL:2012-06-01").end("signal:AAPL:2012-06-01").events
    )
    assert fold.find("signal:AAPL:2012-06-01").outcome is not None
    assert not fold.open


@pytest.mark.parametrize("twice", [1, 2])
def test_doubled_events_and_those_of_nothing_change_nothing(twice):
    one = signal()
    book = Book()
    for _ in range(twice):
        book.issue(one).end("signal:NOBODY:2012-06-01").repaint("signal:NOBODY:2012-06-01")
    for _ in range(twice):
        book.end(name(one)).repaint(name(one))
    fold = Predictions.of(book.events)
    before = fold.version
    again = book.issue(one).end(name(one), result(9, rose=False)).repaint(name(one), "FEATURES")
    for event in again.events[-3:]:
        fold.take(event)
    (only,) = fold.newest(9)
    assert (only.outcome, only.repaint.code, fold.version) == (result(), "DATA", before)


def test_what_gave_no_probability_was_not_issued():
    fold = Predictions.of(Book().issue(replace(signal(), probability=None)).events)
    assert (len(fold), fold.open, fold.newest(3)) == (0, {}, ())


def many(count, ended):
    book = Book()
    for n in range(count):
        book.issue(signal(n))
        if n - 5 in ended:
            book.end(name(signal(n - 5)), result(n))
    return book.events


@given(st.sets(st.integers(0, 20)), st.integers(0, 40))
def test_folded_in_two_runs_it_is_what_one_run_gives(ended, cut):
    events = many(20, ended)
    whole = Predictions(3)
    for event in events:
        whole.take(event)
    again = Predictions(3)
    for event in (*events[:cut], *events):  # read again from the beginning after a crash
        again.take(event)
    assert list(again) == list(whole)
    assert again.open == whole.open
    assert again.of_symbol("AAPL", 9) == whole.of_symbol("AAPL", 9)


def test_old_ended_signals_are_kept_thin_and_open_ones_whole():
    fold = Predictions(3)
    for event in many(20, set(range(10)) - {4}):
        fold.take(event)
    by_day = {i.signal.bar: i for i in fold}
    assert len(fold) == 20
    assert by_day["2012-06-05"].signal == signal(4)  # open still
    thin = by_day["2012-06-02"].signal
    assert (thin.votes, thin.sentence) == ((), "")
    assert (thin.probability, thin.regime, thin.model_version) == (0.6, "rising, calm", "v1")
    assert [i.signal for i in fold.of_symbol("AAPL", 9)] == [signal(19), signal(18), signal(17)]
    assert fold.of_symbol("NOBODY", 9) == ()


def test_a_check_is_known_to_its_run_only():
    events = Book().issue(signal()).events
    fold = Predictions.of(events)
    fold.check(name(signal()), FIRST)
    fold.check("signal:NOBODY:2012-06-01", FIRST)
    assert fold.newest(1)[0].checked == FIRST
    assert Predictions.of(events).newest(1)[0].checked is None


def test_signals_since_a_moment_newest_first():
    fold = Predictions.of(Book().issue(signal(0)).issue(signal(1)).issue(signal(2)).events)
    assert [i.signal.bar for i in fold.since(signal(1).time)] == ["2012-06-03", "2012-06-02"]


def test_keys_name_the_signal():
    assert (outcome_key("a"), repaint_key("a")) == ("outcome:a", "repaint:a")
