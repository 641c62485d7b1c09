"""Drift beside scipy's numbers, and how often it is said where nothing has moved."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from marketpulse.signals.drift import ACT, WATCH, drift, drifted, kolmogorov, ks_sketch, psi
from marketpulse.types import DriftLine

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "drift.json").read_text())
LEVELS = np.linspace(0.0, 1.0, 101)
NORMAL = stats.norm.ppf(np.clip(LEVELS, 1e-5, 1 - 1e-5))
DECILES = stats.norm.ppf(np.arange(1, 10) / 10)
TENTHS = np.full(10, 0.1)


def test_the_index_is_jeffreys_divergence():
    case = ANSWERS["psi"]
    values = np.repeat(np.arange(10.0), case["counts"])
    found = psi(np.arange(0.5, 9.0), np.array(case["then"]), values)
    assert found == pytest.approx(case["expected"], rel=1e-12)


def test_an_empty_bin_and_no_values():
    gone = psi(np.array([0.0]), np.array([0.5, 0.5]), np.ones(50))
    assert gone == pytest.approx((1e-4 - 0.5) * np.log(1e-4 / 0.5) + 0.5 * np.log(2))
    assert np.isnan(psi(np.array([0.0]), np.array([0.5, 0.5]), np.array([np.nan])))


def test_values_that_are_not_known_are_left_out():
    values = np.array([-1.0, 1.0, np.nan, np.inf])
    assert psi(np.array([0.0]), np.array([0.5, 0.5]), values) == 0.0


def test_a_value_at_a_bound_lies_above_it():
    moved = psi(np.array([0.0]), np.array([0.2, 0.8]), np.zeros(9))
    assert moved == pytest.approx((1e-4 - 0.2) * np.log(1e-4 / 0.2) + 0.2 * np.log(1 / 0.8))


def test_a_small_move_that_is_certain_is_none_to_act_upon():
    assert drifted([DriftLine("a", "", 0.2, 1e-9, 2000)]) == ()


def test_where_nothing_moved_the_index_is_what_its_distribution_says():
    """(1/n + 1/m)^-1 PSI is chi-squared with nine degrees of freedom (Yurdakul 2018)."""
    rng = np.random.default_rng(1)
    found = [psi(DECILES, TENTHS, rng.normal(size=500)) for _ in range(400)]
    assert np.mean(found) == pytest.approx(9 / 500, rel=0.1)


def test_the_thresholds_are_those_of_the_literature():
    assert (WATCH, ACT) == (0.1, 0.25)


@pytest.mark.parametrize(
    ("z", "above"), list(zip(ANSWERS["kolmogorov"]["z"], ANSWERS["kolmogorov"]["above"], strict=True))
)
def test_kolmogorovs_distribution(z, above):
    assert kolmogorov(z) == pytest.approx(above, abs=1e-6)


def test_kolmogorov_far_out():
    assert kolmogorov(0.1) == 1.0
    assert 0.0 <= kolmogorov(9.0) < 1e-60


def test_the_distance_is_scipys_and_the_p_value_near_the_exact_one():
    case = ANSWERS["ks"]
    now = np.array(case["now"])
    distance, p = ks_sketch(NORMAL, 10**9, now, block=1)
    assert distance == pytest.approx(case["distance"], abs=0.003)  # a hundred quantiles for the whole
    for size, expected in case["p"]:
        _, p = ks_sketch(NORMAL, 10**9, now, block=60 // size)
        assert p == pytest.approx(expected, rel=0.1)


def test_a_sketch_with_jumps_is_compared_as_two_samples_are():
    rng = np.random.default_rng(2)
    then = np.round(rng.normal(size=4001), 0)  # seven values, most of them many quantiles
    now = np.round(rng.normal(0.4, 1.2, size=300), 1)
    distance, _ = ks_sketch(np.quantile(then, LEVELS, method="inverted_cdf"), len(then), now)
    assert distance == pytest.approx(stats.ks_2samp(then, now).statistic, abs=0.02)


def test_the_same_steps_are_no_distance():
    distance, _ = ks_sketch(LEVELS, 100, LEVELS)
    assert distance < 0.011


def test_blocks_make_the_test_honest_about_bars_that_hang_together():
    rng = np.random.default_rng(3)
    alarms = {1: 0, 21: 0}
    for _ in range(200):
        noise = np.convolve(rng.normal(size=272), np.ones(21), "valid") / np.sqrt(21)
        for block in alarms:
            alarms[block] += ks_sketch(NORMAL, 10**6, noise, block)[1] < 0.05
    assert alarms[1] > 100  # each bar counted as news: false more often than not
    assert alarms[21] <= 20


def test_too_few_blocks_have_no_p_value():
    assert ks_sketch(NORMAL, 10**6, np.zeros(83))[1] is None
    assert ks_sketch(NORMAL, 80, np.zeros(500))[1] is None
    assert ks_sketch(NORMAL, 10**6, np.array([np.nan]))[1] is None


def lines(recent, names=("a", "b", "c")):
    rows = len(names)
    return drift(
        names,
        edges=np.tile(DECILES, (rows, 1)),
        shares=np.tile(TENTHS, (rows, 1)),
        sketch=np.tile(NORMAL, (rows, 1)),
        rows=8000,
        recent=recent,
        words={"a": "what a is"},
    )


def test_the_feature_that_moved_most_comes_first_and_one_without_values_not_at_all():
    rng = np.random.default_rng(4)
    recent = rng.normal([0.0, 2.0, 0.0], 1.0, (252, 3))
    recent[:, 2] = np.nan
    recent[:50, 0] = np.nan
    found = lines(recent)
    assert [(line.feature, line.words, line.rows) for line in found] == [
        ("b", "b", 252),
        ("a", "what a is", 202),
    ]
    assert found[0].psi > ACT > WATCH > found[1].psi
    assert [line.feature for line in drifted(found)] == ["b"]


def test_chance_is_not_drift():
    rng = np.random.default_rng(5)
    assert sum(bool(drifted(lines(rng.normal(size=(252, 3))))) for _ in range(100)) == 0
    slow = [np.convolve(rng.normal(size=272), np.ones(21), "valid") / np.sqrt(21) for _ in range(3)]
    found = lines(np.stack(slow, axis=1))
    assert found[0].psi > WATCH  # few independent values look far away
    assert not drifted(found)
