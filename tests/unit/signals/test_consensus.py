import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.signals import single
from marketpulse.signals.calibrate import expit, logit, stretched
from marketpulse.signals.consensus import (
    Ballot,
    Circumstances,
    agree,
    agreement,
    caveats,
    hurdle,
    pool,
    quorum,
    reach,
    shares,
)
from marketpulse.types import Call

BASE = np.array([0.53])
NONE = np.array([0.0])
nan = np.nan


def column(*values):
    return np.array([[v] for v in values])


def test_only_skill_is_heard_and_half_of_the_weight_is_equal():
    share = shares(np.array([0.04, 0.0, -0.5, nan, 0.01]))
    assert share.tolist() == pytest.approx([0.65, 0, 0, 0, 0.35])
    assert shares(np.array([-0.1, nan, 0.0])).tolist() == [0, 0, 0]


def test_without_skill_the_pool_is_the_base_rate():
    assert pool(column(0.9, 0.1), np.zeros(2), BASE).tolist() == [0.53]


def test_pooling_is_of_log_odds_and_an_abstention_gives_its_share_away():
    p = pool(column(0.8, 0.5, nan), np.array([0.25, 0.25, 0.5]), BASE)
    assert np.log(p / (1 - p)) == pytest.approx(0.5 * np.log(4))
    assert pool(column(nan, nan), np.array([0.5, 0.5]), BASE).tolist() == [0.53]
    assert pool(column(1.0, 1.0), np.array([0.5, 0.5]), BASE).tolist() == [0.98]


@pytest.mark.parametrize(
    ("p", "share", "needed", "side"),
    [
        ((0.6, 0.6), (0.5, 0.5), 0.02, 1),
        ((0.45, 0.45), (0.5, 0.5), 0.02, -1),
        ((0.6, 0.6), (1.0, 0.0), 0.02, 0),  # one with skill is not two
        ((0.6, nan), (0.5, 0.5), 0.02, 0),  # one abstains
        ((0.6, 0.6), (0.5, 0.5), 0.08, 0),  # costs more than it brings
        ((0.51, 0.51), (0.5, 0.5), 0.0, 0),  # under the base rate, and still more likely to rise than to fall
        ((0.75, 0.5, 0.5), (0.5, 0.25, 0.25), 0.02, 0),  # half of the shares only
        ((0.75, 0.6, 0.5), (0.4, 0.3, 0.3), 0.02, 1),
    ],
)
def test_a_quorum_needs_two_with_skill_sixty_percent_and_more_than_the_costs(p, share, needed, side):
    assert quorum(column(*p), np.array(share), BASE, np.array([needed])).tolist() == [side]


def test_costs_ask_for_more_where_little_moves():
    still, calm, wild = hurdle(np.array([0.0, 0.005, 0.02]), 5, 0.001)
    assert still == np.inf
    assert calm == pytest.approx(4 * wild)
    assert wild == pytest.approx(0.001 / (np.sqrt(2 / np.pi) * 0.02 * np.sqrt(5)))


def test_what_lies_between_base_rate_and_one_half_reaches_nowhere():
    p = np.array([0.40, 0.45, 0.47, 0.50, 0.53])
    assert reach(p, np.full(5, 0.45)) == pytest.approx([-0.05, 0.0, 0.0, 0.0, 0.03])


def ballot(name, p, share, kept=1.0):
    return Ballot(name, p, p, kept, 0.02, share)


REASONS = {"a": {"rsi_14": 0.4, "gap": -0.1}, "b": {"rsi_14": 0.2, "atr_14": -0.6}, "c": {"gap": 9.0}}


def test_a_decision_carries_its_votes_its_reasons_and_what_is_held_against_it():
    ballots = [ballot("a", 0.62, 0.6, 0.5), ballot("b", 0.6, 0.4), ballot("c", 0.1, 0.0)]
    found = agree(ballots, 0.53, 0.02, REASONS, Circumstances(drift=0.3))
    assert found.call is Call.UP
    assert found.agreed == pytest.approx(1.0)
    assert found.ballots == tuple(ballots)
    assert dict(found.reasons) == pytest.approx(
        {"atr_14": -0.24, "rsi_14": 0.6 * 0.5 * 0.4 + 0.4 * 0.2, "gap": -0.03}
    )
    assert [name for name, _ in found.reasons] == ["atr_14", "rsi_14", "gap"]
    assert found.caveats == ("The features have drifted from those of the training (PSI 0.30).",)
    assert "2 members, 100 % of the vote on this side" in found.why


def test_a_stretch_moves_the_opinion_and_its_reasons_alike():
    ballots = [ballot("a", 0.56, 0.5), ballot("b", 0.56, 0.5)]
    plain, more = (agree(ballots, 0.5, 0.02, REASONS, Circumstances(), stretch=s) for s in (1.0, 1.5))
    odds = [np.log(one.probability / (1 - one.probability)) for one in (plain, more)]
    assert odds[1] == pytest.approx(1.5 * odds[0])
    assert more.reasons[0][1] == pytest.approx(1.5 * plain.reasons[0][1])


@pytest.mark.parametrize(
    ("ballots", "needed", "why"),
    [
        ([ballot("a", 0.9, 1.0), ballot("b", 0.9, 0.0)], 0.02, "One member has shown skill"),
        ([ballot("a", None, 0.5), ballot("b", 0.9, 0.5)], 0.02, "One member has shown skill"),
        ([ballot("a", 0.7, 0.5), ballot("b", 0.4, 0.5)], 0.02, "Only 50 % of the vote"),
        ([ballot("a", 0.55, 0.5), ballot("b", 0.55, 0.5)], 0.05, "would not pay for a trade"),
    ],
)
def test_no_signal_says_why(ballots, needed, why):
    found = agree(ballots, 0.53, needed, {}, Circumstances())
    assert found.call is Call.NONE
    assert why in found.why


def test_every_caveat_has_its_sentence_and_what_is_unknown_is_not_held_against_it():
    assert caveats(Circumstances(), 2, 5) == ()
    said = caveats(Circumstances(late=1, spread=0.01, cover=0.5, drift=0.25), 1, 5)
    assert [word for word, one in zip(("1 bar late", "wide", "thinner", "drifted", "Few votes"), said, strict=True) if word in one] == [
        "1 bar late", "wide", "thinner", "drifted", "Few votes",
    ]  # fmt: skip


PROBABILITIES = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.5, 0.53, nan]))
VOTES = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7]), PROBABILITIES), max_size=12)


@given(VOTES, st.sampled_from([0.47, 0.5, 0.53]), st.floats(0.0, 0.1), st.sampled_from([0.0, 0.7, 1.0, 1.4]))
def test_one_row_in_floats_is_decided_as_in_arrays(votes, base, needed, stretch):
    p, share = column(*(p for _, p in votes)).reshape(len(votes), 1), np.array([s for s, _ in votes])
    bases, costs = np.array([base]), np.array([needed])
    pooled = stretched(pool(p, share, bases), bases, stretch)
    beyond = reach(pooled, bases)
    ballots = [Ballot(str(i), None, None if p != p else p, 1.0, 0.1, s) for i, (s, p) in enumerate(votes)]  # noqa: PLR0124 - NaN
    found = agree(ballots, base, needed, {}, Circumstances(), stretch=stretch)
    assert found.probability == pytest.approx(pooled[0], abs=1e-12)
    close = abs(pooled[0] - base) < 1e-12
    agreed = agreement(p, share, bases, np.sign(pooled - bases))[0]
    assert close or found.agreed == pytest.approx(agreed, abs=1e-12)
    edge = close or abs(agreed - 0.6) < 1e-12 or abs(abs(beyond[0]) - needed) < 1e-12
    side = {Call.UP: 1, Call.DOWN: -1}.get(found.call, 0)
    assert edge or side == quorum(p, share, bases, costs, pooled)[0]


@given(st.floats(0.0, 1.0), st.floats(0.02, 0.98), st.one_of(st.floats(0.0, 0.2), st.just(nan)))
def test_odds_reach_and_hurdle_of_one_are_those_of_arrays(p, base, sigma):
    one, bases = np.array([p]), np.array([base])
    assert single.logit(p) == pytest.approx(logit(one)[0], abs=1e-12)
    assert single.expit(20 * p - 10) == pytest.approx(np.clip(expit(20 * one - 10), 0.02, 0.98)[0], abs=1e-12)
    assert single.reach(p, base) == reach(one, bases)[0]
    assert single.hurdle(sigma, 5, 5e-4) == pytest.approx(hurdle(np.array([sigma]), 5, 5e-4)[0], rel=1e-12)
