import json
from pathlib import Path

import numpy as np
import pytest
from arch.univariate import SkewStudent
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.risk.tails import (
    cornish_fisher_tail,
    historical_tail,
    normal_tail,
    skewt_quantile,
    skewt_tail,
)

HULL = json.loads((Path(__file__).parents[2] / "answers" / "value_at_risk.json").read_text())["one_share"]
LEVEL = st.floats(0.51, 0.999)


def test_hull_one_share_over_one_day_and_ten():
    day = HULL["value"] * HULL["deviation"]
    ten = day * HULL["days"] ** 0.5
    for deviation, rounded, exact in (
        (day, HULL["var_1"], HULL["exact_1"]),
        (ten, HULL["var_10"], HULL["exact_10"]),
    ):
        found = normal_tail(0.0, deviation, HULL["level"], z=HULL["z"]).var
        assert found == pytest.approx(rounded, abs=HULL["tolerance"])
        assert normal_tail(0.0, deviation, HULL["level"]).var == pytest.approx(exact, abs=HULL["tolerance"])


def test_the_normal_shortfall_is_the_mean_of_the_quantiles_beyond():
    deep = [normal_tail(0.001, 0.02, 1 - (i + 0.5) / 2000 * 0.025).var for i in range(2000)]
    assert normal_tail(0.001, 0.02, 0.975).es == pytest.approx(np.mean(deep), rel=1e-3)


@pytest.mark.parametrize(("nu", "skew"), [(3.0, 0.4), (8.0, -0.1), (20.0, -0.6), (100.0, 0.0)])
@pytest.mark.parametrize("level", [0.6, 0.7, 0.95, 0.99, 0.999])
def test_the_skewed_t_is_that_of_arch(nu, skew, level):
    theirs, shape = SkewStudent(), np.array([nu, skew])
    tail = skewt_tail(nu, skew, level)
    assert tail.var == pytest.approx(-float(theirs.ppf(np.array([1 - level]), shape)[0]), rel=1e-9)
    # The mean of their quantiles beyond, in the logarithm of the probability, so that the far tail counts.
    p = (1 - level) * np.exp(-np.linspace(0, 40, 40_001))
    mean = np.trapezoid(-theirs.ppf(p, shape) * p, dx=40 / 40_000) / (1 - level)
    assert tail.es == pytest.approx(mean, rel=1e-3)


def test_the_skewed_t_has_mean_0_and_variance_1():
    z = skewt_quantile((np.arange(400_000) + 0.5) / 400_000, 8.0, -0.3)
    assert z.mean() == pytest.approx(0, abs=1e-3)
    assert z.std() == pytest.approx(1, abs=1e-2)


def test_without_skew_and_excess_the_expansion_is_the_normal():
    found, normal = cornish_fisher_tail(0.001, 0.02, 0.0, 0.0, 0.99), normal_tail(0.001, 0.02, 0.99)
    assert found.var == pytest.approx(normal.var, rel=1e-12)
    assert found.es == pytest.approx(normal.es, rel=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.floats(-4, 4), st.floats(-1.5, 30), LEVEL, LEVEL)
def test_the_expansion_grows_with_the_level_even_where_it_is_no_quantile_function(skew, excess, one, two):
    low, high = sorted((one, two))
    less, more = (cornish_fisher_tail(0.0, 1.0, skew, excess, level) for level in (low, high))
    assert less.var <= more.var + 1e-9
    assert less.es <= more.es + 1e-9
    assert more.es >= more.var - 1e-9


@settings(deadline=None)
@given(st.floats(2.1, 200), st.floats(-0.9, 0.9), LEVEL, LEVEL)
def test_the_skewed_t_grows_with_the_level(nu, skew, one, two):
    low, high = sorted((one, two))
    less, more = (skewt_tail(nu, skew, level) for level in (low, high))
    assert less.var <= more.var + 1e-9
    assert less.es <= more.es + 1e-9
    assert more.es >= more.var - 1e-9


@pytest.mark.parametrize("seed", range(30))
def test_of_many_outcomes_the_same_tail_is_found_as_by_sorting_them(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12_000))
    pnl, level = rng.standard_t(2, n), float(rng.uniform(0.5, 0.999))
    pnl = np.round(pnl, 1) if seed % 3 == 0 else pnl  # ties
    k = max(1, int(n * (1 - level) + 1e-9))
    worst = np.sort(pnl)[:k]
    tail = historical_tail(pnl, level)
    assert tail.var == -worst[-1]
    assert tail.es == pytest.approx(-worst.mean(), abs=1e-9)


def test_a_sorted_history_does_not_mislead_the_look_at_a_sample():
    pnl = np.arange(10_000.0)
    for given_order in (pnl, pnl[::-1].copy()):
        assert historical_tail(given_order, 0.99).var == -99.0
