import json
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.risk.kelly import (
    chance_of_drawdown,
    growth_binary,
    growth_continuous,
    kelly_binary,
    kelly_continuous,
    kelly_weights,
    shrunk_mean,
)

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "kelly_and_sharpe.json").read_text())
NAN, INF = float("nan"), float("inf")


def test_thorp_coin():
    case = ANSWERS["coin"]
    fraction = kelly_binary(case["p"], case["win"], case["loss"])
    assert fraction == pytest.approx(case["fraction"], abs=case["tolerance"])
    growth = growth_binary(case["p"], case["win"], case["loss"], fraction)
    assert growth == pytest.approx(case["growth"], abs=case["tolerance"])


def test_thorp_index():
    case = ANSWERS["index"]
    given_ = case["mu"], case["sigma"], case["rate"]
    fraction = kelly_continuous(*given_)
    assert fraction == pytest.approx(case["fraction"], abs=case["tolerance"])
    assert growth_continuous(*given_, fraction) == pytest.approx(case["growth"], abs=case["tolerance"])
    assert fraction * case["sigma"] == pytest.approx(case["deviation"], abs=case["tolerance"])
    assert growth_continuous(*given_, 1.0) == pytest.approx(case["growth_of_one"], abs=case["tolerance"])


@given(st.floats(0.01, 0.99), st.floats(0.1, 5), st.floats(0.1, 1), st.floats(-0.3, 0.3))
def test_no_other_stake_grows_faster(p, win, loss, away):
    best = kelly_binary(p, win, loss)
    top, other = growth_binary(p, win, loss, best), growth_binary(p, win, loss, best + away)
    assert isnan(other) or other <= top + 1e-9


def test_without_an_edge_there_is_no_stake():
    assert kelly_binary(0.5, 1.0, 1.0) == 0.0
    assert kelly_binary(0.4, 1.0, 1.0) < 0
    assert kelly_continuous(0.03, 0.2, 0.03) == 0.0


@pytest.mark.parametrize("bad", [
    (NAN, 1.0, 1.0), (1.1, 1.0, 1.0), (-0.1, 1.0, 1.0), (0.5, 0.0, 1.0), (0.5, 1.0, 0.0), (0.5, INF, 1.0), (0.5, 1.0, NAN)
])  # fmt: skip
def test_a_bet_that_is_none_has_no_stake(bad):
    assert isnan(kelly_binary(*bad))
    assert isnan(growth_binary(*bad, 0.1))


@pytest.mark.parametrize(
    "bad", [(NAN, 0.1, 0.0), (0.1, 0.0, 0.0), (0.1, NAN, 0.0), (INF, 0.1, 0.0), (0.1, INF, 0.0)]
)
def test_an_asset_that_is_none_has_no_stake(bad):
    assert isnan(kelly_continuous(*bad))


def test_the_chance_of_a_drawdown_is_what_wealth_shows():
    # Half of full Kelly: the chance to fall to 70 % ever is 0.7 ** 3.
    rng = np.random.default_rng(1)
    mu, sigma, steps = 0.04, 0.2, 20_000
    stake = kelly_continuous(mu, sigma) / 2
    drift = (growth_continuous(mu, sigma, 0.0, stake)) / 50
    paths = np.cumsum(drift + stake * sigma / 50**0.5 * rng.standard_normal((400, steps)), axis=1)
    share = np.mean(paths.min(axis=1) < np.log(0.7))
    assert share == pytest.approx(chance_of_drawdown(0.7, 0.5), abs=0.06)
    assert chance_of_drawdown(0.5, 1.0) == 0.5
    assert chance_of_drawdown(0.5, 2.5) == 1.0
    assert chance_of_drawdown(0.5, 0.0) == 0.0


@pytest.mark.parametrize("bad", [(0.0, 1.0), (1.0, 1.0), (NAN, 1.0), (0.5, -1.0), (0.5, NAN)])
def test_a_drawdown_that_is_none_has_no_chance(bad):
    assert isnan(chance_of_drawdown(*bad))


def test_a_mean_that_could_be_luck_is_taken_for_none():
    assert shrunk_mean(np.array([0.01, -0.01, 0.02, -0.015])) == 0.0
    sure = np.array([0.010, 0.011, 0.009, 0.010] * 20)
    assert shrunk_mean(sure) == pytest.approx(0.01, rel=1e-2)
    assert shrunk_mean(np.array([0.01, -0.01] * 20), rate=0.0001) == 0.0001
    assert isnan(shrunk_mean(np.array([0.1])))
    assert isnan(shrunk_mean(np.array([0.1, NAN])))


def edge(n=2000, seed=1):
    return np.random.default_rng(seed).multivariate_normal(
        [0.002, 0.001, -0.001], 1e-4 * (0.7 * np.eye(3) + 0.3), n
    )


def test_without_bounds_the_stakes_are_a_quarter_of_the_full_fractions():
    returns = edge()[:, :2]
    found = kelly_weights(returns, cap=1e6)
    assert found.weights == pytest.approx(found.full / 4, rel=1e-6)
    covariance = np.cov(returns.T)
    assert found.full == pytest.approx(np.linalg.solve(covariance, found.mean), rel=0.2)


def test_no_stake_is_short_or_above_the_cap():
    found = kelly_weights(edge())
    assert found.full[2] < 0
    assert found.weights[2] == 0.0
    assert found.weights.max() == pytest.approx(0.15)
    assert found.growth > 0
    assert "Ledoit-Wolf" in found.note


def test_the_bounded_stakes_are_the_best_there_are():
    returns = edge(seed=3)
    found = kelly_weights(returns, cap=0.6)
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415 - a second that only this test pays

    square = ledoit_wolf(returns)[0] / 0.25

    def worth(w):
        return found.mean @ w - w @ square @ w / 2

    rng = np.random.default_rng(0)
    others = np.clip(found.weights + rng.normal(0, 0.05, (2000, 3)), 0, 0.6)
    assert max(map(worth, others)) <= worth(found.weights) + 1e-12


def test_noise_gets_no_stake_to_speak_of():
    found = kelly_weights(np.random.default_rng(8).normal(0, 0.01, (300, 4)))
    assert (found.weights <= 0.15).all()
    assert (found.weights[found.mean == 0] <= 1e-9).all() or (found.mean != 0).any()


@pytest.mark.parametrize(("returns", "why"), [
    (np.empty((0, 2)), "0 returns"), (np.ones((59, 2)), "59 returns"), (np.ones((100, 2)), "does not vary"),
    (np.r_[np.full((1, 2), NAN), np.random.default_rng(1).normal(size=(99, 2))], "finite"),
])  # fmt: skip
def test_stakes_of_what_cannot_be_told_are_unknown(returns, why):
    found = kelly_weights(returns)
    assert found.growth is None
    assert not len(found.weights)
    assert found.note.startswith("unknown: ")
    assert why in found.note


@pytest.mark.parametrize("call", [
    lambda: kelly_weights(np.ones(100)), lambda: kelly_weights(edge(), cap=0.0), lambda: kelly_weights(edge(), share=NAN)
])  # fmt: skip
def test_a_call_without_meaning_is_refused(call):
    with pytest.raises(ValueError, match="matrix"):
        call()
