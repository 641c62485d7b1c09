import json
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.performance import sharpe, volatility

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "empyrical_returns.json").read_text())
RETURNS = st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=60)


@pytest.mark.parametrize("case", ANSWERS["cases"], ids=lambda c: c["name"])
def test_published_volatility_and_sharpe(case):
    returns = np.array(case["returns"])
    if case["volatility"] is not None:
        assert volatility(returns) == pytest.approx(case["volatility"], abs=ANSWERS["tolerance"])
    if case["sharpe"] is not None:
        answer = sharpe(returns)
        assert answer.value == pytest.approx(case["sharpe"], abs=ANSWERS["tolerance"])
        assert answer.n == len(returns)


def test_nist_numacc2_standard_deviation_is_certified_as_one_tenth():
    # NIST StRD, univariate, NumAcc2: 1.2 and then 1.1, 1.3 five hundred times.
    assert volatility(np.array([1.2] + [1.1, 1.3] * 500), periods=1) == pytest.approx(0.1, abs=1e-9)


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, float("nan")], [0.1, float("inf")]])
def test_what_cannot_be_told_is_nan(returns):
    assert isnan(volatility(np.array(returns)))
    assert isnan(sharpe(np.array(returns)).value)


@pytest.mark.parametrize("constant", [0.0, 0.01, 0.1])
def test_returns_that_do_not_vary_have_no_sharpe_ratio(constant):
    assert isnan(sharpe(np.full(20, constant)).value)


@settings(deadline=None)
@given(RETURNS, st.floats(0.1, 5.0))
def test_sharpe_does_not_depend_on_the_size_of_the_bet(returns, scale):
    one = sharpe(np.array(returns)).value
    two = sharpe(np.array(returns) * scale).value
    if abs(one) < 1e6 and abs(two) < 1e6:  # NaN compares False
        assert two == pytest.approx(one, rel=1e-6, abs=1e-9)


def test_a_higher_risk_free_return_lowers_the_ratio():
    returns = np.array([0.01, -0.02, 0.03, 0.0])
    assert sharpe(returns, free=0.001).value < sharpe(returns).value
