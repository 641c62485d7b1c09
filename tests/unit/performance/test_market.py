from math import isnan

import numpy as np
import pytest
import statsmodels.api as sm

from marketpulse.performance import beta, turnover

NAN, INF = float("nan"), float("inf")


def pair(n=300, seed=1):
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0003, 0.01, n)
    noise = np.convolve(rng.normal(0, 0.005, n + 2), [1, 0.6, 0.3], "valid")  # neighbours are alike
    return 0.0002 + 1.3 * market + noise, market


@pytest.mark.parametrize("n", [20, 60, 300, 1000])
def test_beta_and_its_error_are_those_of_statsmodels(n):
    returns, market = pair(n)
    found = beta(returns, market)
    theirs = sm.OLS(returns, sm.add_constant(market)).fit(cov_type="HAC", cov_kwds={"maxlags": found.lags})
    assert found.alpha == pytest.approx(theirs.params[0], rel=1e-6)
    assert found.value == pytest.approx(theirs.params[1], rel=1e-9)
    assert found.error == pytest.approx(theirs.bse[1], rel=1e-9)
    assert found.n == n


def test_the_market_has_a_beta_of_one_to_itself():
    _, market = pair()
    found = beta(market, market)
    assert found.value == pytest.approx(1.0)
    assert found.error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("n", [0, 1, 19])
def test_too_few_pairs_are_unknown(n):
    returns, market = pair()
    found = beta(returns[:n], market[:n])
    assert isnan(found.value)
    assert isnan(found.error)
    assert found.n == n


def test_numbers_that_are_none_and_a_market_that_stands_still_are_unknown():
    returns, market = pair()
    for bad in (NAN, INF):
        spoiled = market.copy()
        spoiled[5] = bad
        assert isnan(beta(returns, spoiled).value)
        assert isnan(beta(spoiled, market).value)
    assert isnan(beta(returns, np.full(300, 0.1)).value)
    assert isnan(beta(returns, np.zeros(300)).value)


def test_returns_of_other_days_are_refused():
    with pytest.raises(ValueError, match="one return"):
        beta(np.zeros(30), np.zeros(31))


def test_turnover_is_the_smaller_side_a_year():
    assert turnover(100.0, 50.0, 1000.0, 252) == pytest.approx(0.05)
    assert turnover(100.0, 200.0, 1000.0, 365, periods=365) == pytest.approx(0.1)
    assert turnover(0.0, 500.0, 1000.0, 10) == 0.0


@pytest.mark.parametrize("bad", [
    (NAN, 1.0, 1.0, 1), (1.0, INF, 1.0, 1), (-1.0, 1.0, 1.0, 1), (1.0, 1.0, 0.0, 1), (1.0, 1.0, -5.0, 1),
    (1.0, 1.0, NAN, 1), (1.0, 1.0, 1.0, 0), (1.0, NAN, 1.0, 1),
])  # fmt: skip
def test_turnover_that_cannot_be_told_is_nan(bad):
    assert isnan(turnover(*bad))
