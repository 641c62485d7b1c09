import json
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.performance import annual_return, autocorrelation, calmar, sortino

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "empyrical_returns.json").read_text())
MIXED = next(case for case in ANSWERS["cases"] if case["name"] == "mixed")
NAN, INF = float("nan"), float("inf")


def test_published_sortino_annual_return_and_calmar():
    returns = np.array(MIXED["returns"])
    assert sortino(returns) == pytest.approx(MIXED["sortino"], abs=ANSWERS["tolerance"])
    n = MIXED["periods"]
    assert annual_return(returns, n=n) == pytest.approx(MIXED["annual_return"], abs=ANSWERS["tolerance"])
    assert calmar(returns, n=n) == pytest.approx(MIXED["calmar"], abs=ANSWERS["tolerance"])


def test_nist_numacc2_autocorrelation_is_certified():
    # NIST StRD, univariate, NumAcc2: 1.2 and then 1.1, 1.3 five hundred times; lag-1 coefficient -0.999.
    assert autocorrelation(np.array([1.2] + [1.1, 1.3] * 500)) == pytest.approx(-0.999, abs=1e-9)


def test_a_year_of_coins_is_longer_than_one_of_shares():
    returns = np.array([0.01, -0.005, 0.002])
    assert sortino(returns, 365) == pytest.approx(sortino(returns, 252) * (365 / 252) ** 0.5)
    assert 1 + annual_return(returns, 365) == pytest.approx((1 + annual_return(returns, 252)) ** (365 / 252))


def test_by_default_each_return_is_one_period():
    assert annual_return(np.array([0.1] * 252)) == pytest.approx(1.1**252 - 1)


@settings(deadline=None)
@given(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=60), st.floats(0.1, 4))
def test_sortino_does_not_depend_on_the_size_of_the_bet(returns, scale):
    one, two = sortino(np.array(returns)), sortino(np.array(returns) * scale)
    if abs(one) < 1e6 and abs(two) < 1e6:
        assert two == pytest.approx(one, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("returns", [[], [NAN, 0.1], [0.1, INF], [0.1, -INF, 0.2]])
def test_what_cannot_be_told_is_nan(returns):
    for measure in (sortino, annual_return, calmar, autocorrelation):
        assert isnan(measure(np.array(returns)))


def test_without_a_loss_there_is_nothing_to_divide_by():
    gains = np.array([0.01, 0.02])
    assert isnan(sortino(gains))
    assert isnan(calmar(gains))
    assert isnan(autocorrelation(np.full(20, 0.01)))
    assert isnan(sortino(np.array([0.01])))


def test_ruin_and_unheard_of_luck():
    assert annual_return(np.array([0.1, -1.0])) == -1.0
    assert isnan(annual_return(np.array([-1.5])))
    assert isnan(annual_return(np.array([100.0, 100.0]), periods=10_000))
    assert isnan(annual_return(np.array([0.1]), n=0))
