import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from marketpulse.signals.calibrate import (
    Sigmoid,
    expit,
    fit_sigmoid,
    fit_slope,
    fit_stretch,
    keep,
    logit,
    stretched,
)

RNG = np.random.default_rng(4)
N = 4_000
ODDS = RNG.normal(0.0, 0.8, N)
Y = (RNG.random(N) < expit(ODDS)).astype(float)
HALF = np.full(N, 0.5)
AT = np.arange(N)


def test_log_odds_and_back():
    p = np.linspace(0.001, 0.999, 50)
    np.testing.assert_allclose(expit(logit(p)), p, atol=1e-12)
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_without_a_prior_the_sigmoid_is_an_ordinary_logistic_regression():
    weight = np.full(N, 1e6)  # so many outcomes that the prior says nothing
    found = fit_sigmoid(expit(2.0 * ODDS - 0.3), Y, HALF, weight)
    plain = LogisticRegression(C=np.inf, tol=1e-10).fit((2.0 * ODDS - 0.3)[:, None], Y)
    assert found.slope == pytest.approx(plain.coef_[0, 0], abs=1e-4)
    assert found.shift == pytest.approx(plain.intercept_[0], abs=1e-4)


def test_an_opinion_that_is_too_sure_is_drawn_in():
    found = fit_sigmoid(expit(3.0 * ODDS), Y, HALF, np.ones(N))
    assert found.slope == pytest.approx(1 / 3, abs=0.04)


def test_an_opinion_that_is_wrong_becomes_the_base_rate_and_is_never_turned_round():
    base = np.full(N, 0.54)
    found = fit_sigmoid(expit(-ODDS), Y, base, np.ones(N))
    assert found == Sigmoid(0.0, 0.0)
    np.testing.assert_allclose(found.apply(expit(-ODDS), base), 0.54, atol=1e-12)


def test_few_outcomes_say_little():
    many = fit_sigmoid(expit(ODDS), Y, HALF, np.ones(N)).slope
    few = fit_sigmoid(expit(ODDS[:20]), (ODDS[:20] > 0).astype(float), HALF[:20], np.full(20, 0.2)).slope
    assert 0.0 < few < many


def test_a_vote_is_worth_what_it_was_worth():
    vote = np.sign(ODDS)
    right = np.mean(vote * (2 * Y - 1) > 0)
    assert fit_slope(vote, Y, 0.5, np.ones(N)) == pytest.approx(np.log(right / (1 - right)), abs=0.02)
    assert fit_slope(-vote, Y, 0.5, np.ones(N)) == 0.0


def test_a_timid_pool_is_stretched_and_no_opinion_stays_none():
    assert fit_stretch(expit(0.6 * ODDS), Y, HALF, np.ones(N)) == pytest.approx(1 / 0.6, abs=0.15)
    assert fit_stretch(expit(-ODDS), Y, HALF, np.ones(N)) == 0.0
    base = np.array([0.5, 0.53])
    assert stretched(base, base, 1.7).tolist() == base.tolist()


def test_what_is_kept_is_all_of_skill_and_nothing_of_noise():
    assert keep(expit(ODDS), Y, HALF, AT, 5) == pytest.approx(1.0, abs=0.05)
    kept = [keep(HALF + RNG.normal(0, 0.05, N), Y, HALF, AT, 5) for _ in range(40)]
    assert np.median(kept) == 0.0
    assert np.mean(kept) < 0.2
    assert keep(HALF, Y, HALF, AT, 5) == 0.0


def test_rows_of_one_day_count_once():
    """Forty copies of an observation prove no more than one."""
    few = slice(0, 120)
    p = np.clip(HALF + 0.05 * ODDS, 0.01, 0.99)
    once = keep(p[few], Y[few], HALF[few], AT[few], 1)
    copies = keep(*(np.repeat(a[few], 40) for a in (p, Y, HALF, AT)), 1)
    assert copies == pytest.approx(once, abs=1e-9)
