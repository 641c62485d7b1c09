"""A new model serves only where it was better on what neither had seen."""

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from walks import CUTOFF

from marketpulse.clock import WallClock
from marketpulse.models.opening import open_artefact
from marketpulse.models.panel import build_panel
from marketpulse.models.promotion import LEAST_DATES, beside, judge
from marketpulse.models.record import decode, encode
from marketpulse.models.serving import Served

Y = np.tile([1.0, 0.0], 30)
AT = np.arange(60)
GOOD, PLAIN = 0.4 + 0.2 * Y, np.full(60, 0.5)


def test_the_better_one_is_promoted_and_the_worse_one_is_not():
    better, worse = judge(GOOD, PLAIN, Y, AT), judge(PLAIN, GOOD, Y, AT)
    assert better.promoted
    assert not worse.promoted
    assert better.difference == pytest.approx(0.09) == -worse.difference
    assert better.sentence == (
        "On 60 dates that neither had been trained on, its Brier score was lower by 0.090000 than that of the "
        "model before it."
    )
    assert "higher by 0.090000 than" in worse.sentence


def test_two_that_say_the_same_change_nothing():
    found = judge(PLAIN, PLAIN, Y, AT)
    assert not found.promoted
    assert found.difference == 0.0
    assert "the same as that of the model that serves" in found.sentence


def test_one_date_too_few_is_a_trial_however_good_it_was():
    n = LEAST_DATES
    assert judge(GOOD[:n], PLAIN[:n], Y[:n], AT[:n]).promoted
    few = judge(GOOD[: n - 1], PLAIN[: n - 1], Y[: n - 1], AT[: n - 1])
    assert not few.promoted
    assert few.n_dates == n - 1
    assert few.difference > 0.0
    assert few.sentence.startswith(f"Only {n - 1} of {n} dates")


def test_many_rows_of_one_date_are_one_date():
    at = np.repeat([0, 1], 30)
    assert judge(GOOD, PLAIN, Y, at).n_dates == 2
    crowded = np.concatenate([np.zeros(40, dtype=np.int64), np.arange(1, 21)])
    new = np.concatenate([np.abs(Y[:40] - 0.9), Y[40:]])  # wrong on one crowded date, right on twenty
    found = judge(new, PLAIN, Y, crowded)
    assert found.difference == pytest.approx((20 * 0.25 + (0.25 - 0.81)) / 21)


def test_rows_of_which_one_said_nothing_or_nothing_is_known_are_left_out():
    new, old, y = GOOD.copy(), PLAIN.copy(), Y.copy()
    new[:10], old[10:20], y[20:30] = np.nan, np.nan, np.nan
    assert judge(new, old, y, AT).n_dates == 30
    none = judge(np.full(60, np.nan), old, y, AT)
    assert (none.promoted, none.n_dates, none.difference) == (False, 0, None)


@pytest.fixture(scope="module")
def later(panel):
    """The bars of the document's training and some half a year more."""
    return build_panel(panel[:1], None, 5)


@pytest.fixture(scope="module")
def served(document, later):
    """What the old one says of every row."""
    opened = open_artefact(document[0], decode(document[1]).manifest)
    return Served(opened, WallClock(), Random(1)).ask(later.x, later.base).probability


def test_only_rows_after_the_old_ones_training_are_compared_and_it_is_asked_as_it_serves(
    document, later, served
):
    folder, text = document
    right = np.where(later.y > 0.0, 0.9, 0.1)
    found = beside(later, right, "another", text, folder)
    ended = int(CUTOFF.replace(hour=0, minute=0).timestamp())
    after = (later.time >= ended) & later.known
    assert found.promoted
    assert found.n_dates == after.sum() > 100
    y = later.y[after]
    assert found.difference == pytest.approx(np.mean((served[after] - y) ** 2) - 0.01)


def test_what_it_says_itself_is_no_better(document, later, served):
    found = beside(later, served, "another", document[1], document[0])
    assert not found.promoted
    assert found.difference == 0.0


def test_where_nothing_has_ended_since_it_is_on_trial(document, panel):
    seen = build_panel([panel[0].until(CUTOFF)], None, 5)
    found = beside(seen, np.full(len(seen), 0.5), "another", document[1], document[0])
    assert not found.promoted
    assert found.n_dates == 0
    assert "on trial" in found.sentence


def test_without_an_old_one_that_can_be_asked_it_is_promoted_at_once(document, later, tmp_path):
    folder, text = document
    p = np.full(len(later), 0.5)
    said = [
        beside(later, p, "another", None, folder),
        beside(later, p, "another", text[:-10], folder),
        beside(later, p, "another", text, tmp_path),
        beside(replace(later, horizon=3), p, "another", text, folder),
        beside(later, p, decode(text).card.version, text, folder),
    ]
    assert all(found.promoted for found in said)
    assert [found.sentence.split(":")[0] for found in said] == [
        "There was no ensemble before it.",
        "The one before it cannot be used",
        "The files of the one before it cannot be opened.",
        "The one before it speaks of other features or another horizon.",
        "It is the model that serves already",
    ]


def test_the_old_one_may_be_any_document_that_is_whole(document, later):
    changed = replace(decode(document[1]), meta_sentence="Another sentence.")
    assert json.loads(encode(changed))["meta_sentence"] == "Another sentence."
    assert beside(later, np.full(len(later), 0.5), "another", encode(changed), document[0]).n_dates > 100
