import json
from math import inf, isnan, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.risk.sharpes import (
    deflated_sharpe,
    expected_best_sharpe,
    max_drawdown,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
    sharpe_error,
)

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "kelly_and_sharpe.json").read_text())
DRAWDOWNS = json.loads((Path(__file__).parents[2] / "answers" / "empyrical_returns.json").read_text())
CASE = ANSWERS["probabilistic"]
NAN = float("nan")


@pytest.mark.parametrize("shape", CASE["cases"], ids=str)
def test_bailey_and_lopez_de_prado_hedge_fund(shape):
    found = probabilistic_sharpe(CASE["sharpe"], CASE["n"], shape["skew"], shape["kurtosis"])
    assert found == pytest.approx(shape["chance"], abs=CASE["tolerance"])


def test_bailey_and_lopez_de_prado_deflated():
    case = ANSWERS["deflated"]
    variance = case["variance_a_year"] / case["periods"]
    by_luck = expected_best_sharpe(case["trials"], variance)
    assert by_luck == pytest.approx(case["by_luck"], abs=case["tolerance"])
    found = deflated_sharpe(
        case["sharpe_a_year"] / sqrt(case["periods"]), case["n"], case["trials"], variance,
        skew=case["skew"], kurtosis=case["kurtosis"],
    )  # fmt: skip
    assert found == pytest.approx(case["chance"], abs=case["tolerance"])


def test_at_the_minimum_track_record_the_chance_is_the_confidence():
    needed = minimum_track_record(0.1, -1.0, 6.0, 0.02, 0.95)
    assert probabilistic_sharpe(0.1, round(needed), -1.0, 6.0, 0.02) == pytest.approx(0.95, abs=1e-3)
    assert minimum_track_record(0.1, benchmark=0.1) == inf


def test_the_standard_error_is_what_samples_show():
    rng = np.random.default_rng(0)
    samples = rng.normal(0.1, 1, (4000, 250))
    found = samples.mean(axis=1) / samples.std(axis=1, ddof=1)
    assert sharpe_error(0.1, 250) == pytest.approx(found.std(), rel=0.05)


@given(st.floats(-0.5, 0.5), st.integers(2, 5000), st.integers(1, 1000), st.floats(0, 0.1))
def test_what_was_tried_more_often_is_worth_less(sharpe, n, trials, variance):
    once, often = (deflated_sharpe(sharpe, n, count, variance) for count in (trials, trials + 1))
    assert 0 <= often <= once <= 1
    assert deflated_sharpe(sharpe, n, 1, variance) == probabilistic_sharpe(sharpe, n)


def test_moments_of_a_skewed_series():
    returns = np.array([0.01] * 90 + [-0.05] * 10)
    ratio, skew, kurtosis = moments(returns)
    assert ratio == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert skew < -2
    assert kurtosis > 7


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, NAN], [0.1, inf], [0.1] * 30, [0.0] * 30])
def test_what_has_no_moments_is_nan(returns):
    assert all(map(isnan, moments(np.array(returns))))


def test_nan_never_becomes_a_chance():
    assert isnan(probabilistic_sharpe(NAN, 100))
    assert isnan(probabilistic_sharpe(0.1, 1))
    assert isnan(probabilistic_sharpe(inf, 100))
    assert isnan(probabilistic_sharpe(2.0, 100, skew=5.0, kurtosis=1.0))  # no such distribution
    assert isnan(deflated_sharpe(0.1, 100, 0, 0.1))
    assert isnan(expected_best_sharpe(10, NAN))
    assert isnan(minimum_track_record(NAN))
    with pytest.raises(ValueError, match="confidence"):
        minimum_track_record(0.1, confidence=1.0)


@pytest.mark.parametrize("case", DRAWDOWNS["cases"], ids=lambda c: c["name"])
def test_published_drawdown(case):
    assert max_drawdown(np.array(case["returns"])) == pytest.approx(case["drawdown"], abs=1e-9)


@pytest.mark.parametrize("returns", [[], [NAN], [0.1, inf]])
def test_a_drawdown_of_nothing_is_nan(returns):
    assert isnan(max_drawdown(np.array(returns)))
