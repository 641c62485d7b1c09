from math import isnan

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from marketpulse.performance import (
    annual_return,
    calmar,
    drawdown,
    sharpe,
    sortino,
    tear_sheet,
    volatility,
)

NAN, INF = float("nan"), float("inf")


@settings(deadline=None)
@given(st.lists(st.floats(-0.3, 0.3), max_size=60), st.sampled_from([252, 365]), st.floats(0, 0.001))
@example([], 252, 0.0)
@example([0.1], 252, 0.0)
@example([-1.0, 0.1], 252, 0.0)
@example([0.01] * 30, 252, 0.0)
@example([0.0] * 30, 252, 0.0)
def test_each_number_is_that_of_the_single_function(returns, periods, free):
    values = np.array(returns)
    found = tear_sheet(values, periods, free)
    singles = {
        "annual_return": annual_return(values, periods),
        "volatility": volatility(values, periods),
        "sharpe": sharpe(values, periods, free).value,
        "sortino": sortino(values, periods, free),
        "calmar": calmar(values, periods),
        "drawdown": drawdown(values).depth,
    }
    for name, single in singles.items():
        value = getattr(found, name)
        if isnan(single) or isnan(value) or abs(single) > 1e9:
            assert isnan(value) == isnan(single) or abs(single) > 1e9, name
        else:
            assert value == pytest.approx(single, rel=1e-6, abs=1e-9), name
    assert (found.n, found.periods) == (len(returns), periods)


@pytest.mark.parametrize("bad", [[NAN], [0.1, NAN], [INF, 0.1], [INF, -INF], [0.1, -INF]])
def test_one_number_that_is_none_makes_all_unknown(bad):
    found = tear_sheet(np.array(bad))
    for name in ("annual_return", "volatility", "sharpe", "sortino", "calmar", "drawdown"):
        assert isnan(getattr(found, name))


def test_wealth_beyond_counting_is_unknown():
    assert isnan(tear_sheet(np.full(5000, 0.3)).annual_return)
    assert isnan(tear_sheet(np.array([1e300, 1e300])).sharpe)
    lucky = tear_sheet(np.array([100.0, 100.0, -0.5]), periods=10_000)
    assert isnan(lucky.annual_return)
    assert lucky.drawdown == 0.5
