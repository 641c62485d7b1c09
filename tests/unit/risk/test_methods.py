from math import isnan, sqrt

import numpy as np
import pytest
from arch.data import sp500
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.risk import (
    Estimate,
    Method,
    expected_shortfall,
    historical_var,
    loss_estimates,
    value_at_risk,
)
from marketpulse.risk import methods as module

RETURNS = sp500.load()["Adj Close"].pct_change().dropna().to_numpy()[2000:3200]
QUICK = (Method.HISTORICAL, Method.NORMAL, Method.CORNISH_FISHER, Method.EWMA_T)
GJR = (Method.FHS_GJR, Method.GJR_SKEWT, Method.HEADLINE)
SERIES = st.tuples(st.integers(0, 2**32 - 1), st.integers(100, 160), st.floats(2.5, 30)).map(
    lambda t: 0.01 * np.random.default_rng(t[0]).standard_t(t[2], t[1])
)
LEVEL = st.floats(0.9, 0.995)


@pytest.fixture(scope="module")
def day():
    return loss_estimates(RETURNS)


@pytest.fixture(scope="module")
def week():
    return loss_estimates(RETURNS, days=5)


def test_every_method_answers_with_a_positive_loss_and_its_shortfall(day, week):
    for found in (day, week):
        assert list(found) == list(Method)
        for pair in found.values():
            assert 0 < pair.var.value <= pair.es.value
            assert pair.var.n >= 500


def test_the_headline_is_the_larger_of_the_two_with_its_own_shortfall(day, week):
    for found in (day, week):
        one, two = found[Method.FHS_GJR], found[Method.GJR_SKEWT]
        assert found[Method.HEADLINE] == (one if one.var.value >= two.var.value else two)
        assert found[Method.HEADLINE].var.method in (Method.FHS_GJR, Method.GJR_SKEWT)


def test_a_week_is_more_than_a_day_and_about_its_root(day, week):
    for method in Method:
        assert 1.3 < week[method].var.value / day[method].var.value < 3.2
    assert week[Method.NORMAL].var.value < sqrt(5) * day[Method.NORMAL].var.value  # the mean is a gain
    assert "5-day" in week[Method.FHS_GJR].var.note


def test_what_is_simulated_says_its_standard_error(day, week):
    assert day[Method.MONTE_CARLO].var.error > 0
    assert day[Method.GJR_SKEWT].var.error is None
    assert week[Method.GJR_SKEWT].es.error > 0
    for method in (Method.HISTORICAL, Method.EWMA_T, *GJR, Method.MONTE_CARLO):
        assert week[method].var.error < 0.1 * week[method].var.value


def test_monte_carlo_of_one_series_agrees_with_the_closed_form(day):
    one, other = day[Method.MONTE_CARLO], day[Method.GJR_SKEWT]
    assert one.var.value == pytest.approx(other.var.value, abs=4 * one.var.error)
    assert one.es.value == pytest.approx(other.es.value, abs=4 * one.es.error)


def test_the_seed_decides_what_is_simulated():
    first = value_at_risk(RETURNS, 0.99, "historical", 5, seed=1)
    assert first == value_at_risk(RETURNS, 0.99, "historical", 5, seed=1)
    assert first != value_at_risk(RETURNS, 0.99, "historical", 5, seed=2)


def test_by_default_it_is_the_desks_historical_simulation():
    found = value_at_risk(RETURNS)
    assert found.value == historical_var(RETURNS[-500:])
    assert found.method == "historical"
    assert found.n == 500
    assert float(found) == found.value
    assert float(expected_shortfall(RETURNS)) > float(found)


def test_single_calls_answer_as_the_whole_table(day):
    for method in (*QUICK, Method.GJR_SKEWT):
        assert value_at_risk(RETURNS, method=method) == day[method].var
        assert expected_shortfall(RETURNS, method=str(method)) == day[method].es


def test_under_500_returns_exponential_weights_stand_in_and_say_so():
    for method in GJR:
        found = value_at_risk(RETURNS[:499], method=method)
        assert found.method is Method.EWMA_T
        assert found.value == value_at_risk(RETURNS[:499], method=Method.EWMA_T).value
        assert "because fewer than 500 returns" in found.note
    assert value_at_risk(RETURNS[:500], method=Method.GJR_SKEWT).method is Method.GJR_SKEWT


def test_where_a_fit_fails_exponential_weights_stand_in_and_say_so(monkeypatch):
    monkeypatch.setattr(module, "fit_gjr", lambda _: None)
    found = expected_shortfall(RETURNS, method=Method.HEADLINE, days=5)
    assert found.method is Method.EWMA_T
    assert "because the GARCH fit failed" in found.note


def test_a_book_is_its_positions_and_money_is_money():
    matrix = np.column_stack([RETURNS, RETURNS[::-1]])
    book = value_at_risk(matrix, weights=[600.0, 400.0])
    assert book.value == pytest.approx(value_at_risk(600 * RETURNS + 400 * RETURNS[::-1]).value)
    assert value_at_risk(RETURNS * 1000).value == pytest.approx(1000 * value_at_risk(RETURNS).value)


def test_monte_carlo_of_a_book_joins_its_positions():
    rng = np.random.default_rng(4)
    shared = rng.standard_t(5, 600)
    matrix = 0.01 * np.column_stack(
        [shared + 0.3 * rng.standard_t(5, 600), shared + 0.3 * rng.standard_t(5, 600)]
    )
    found = value_at_risk(matrix, 0.99, "monte_carlo", weights=[1.0, 1.0])
    hedged = value_at_risk(matrix, 0.99, "monte_carlo", weights=[1.0, -1.0])
    assert "t copula" in found.note
    assert found.value == pytest.approx(value_at_risk(matrix, weights=[1.0, 1.0]).value, rel=0.5)
    assert hedged.value < found.value / 2


@settings(deadline=None, max_examples=40)
@given(SERIES, LEVEL, LEVEL)
def test_a_higher_level_is_never_a_smaller_loss_and_the_shortfall_is_beyond(returns, one, two):
    low, high = sorted((one, two))
    for method in QUICK:
        less, more = (value_at_risk(returns, level, method) for level in (low, high))
        assert less.value <= more.value * (1 + 1e-9)
        for level, var in ((low, less), (high, more)):
            assert expected_shortfall(returns, level, method).value >= var.value * (1 - 1e-9)


@pytest.mark.parametrize("days", [1, 5])
def test_the_same_holds_of_what_is_fitted_and_simulated(days):
    ladder = [loss_estimates(RETURNS, level, days) for level in (0.9, 0.95, 0.975, 0.99, 0.995)]
    for method in Method:
        values = [found[method].var.value for found in ladder]
        assert values == sorted(values)
        assert all(found[method].es.value >= found[method].var.value for found in ladder)


BAD = {
    "empty": ([], "0 returns"),
    "one": ([0.01], "1 returns"),
    "few": ([0.01, -0.01] * 40, "80 returns"),
    "constant": ([0.01] * 300, "do not vary"),
    "nothing": ([0.0] * 300, "do not vary"),
    "nan": ([0.01, -0.01] * 100 + [float("nan")], "value 201 of 201"),
    "inf": ([float("inf")] + [0.01, -0.01] * 100, "value 1 of 201"),
    "-inf": ([0.01, -0.01] * 100 + [float("-inf"), 0.0], "value 201 of 202"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("method", Method)
def test_what_cannot_be_told_is_unknown_and_says_why(name, method):
    returns, why = BAD[name]
    for ask in (value_at_risk, expected_shortfall):
        found = ask(returns, method=method)
        assert found.value is None
        assert isnan(float(found))
        assert found.note.startswith("unknown: ")
        assert why in found.note


@pytest.mark.parametrize("method", Method)
def test_values_at_the_ends_of_what_a_float_holds_are_unknown(method):
    assert value_at_risk(np.array([1e200, -1e200] * 100), method=method).note.endswith("larger than 1e+75")
    assert value_at_risk(np.array([1e-200, -1e-200] * 100), method=method).note.endswith("do not vary")
    assert value_at_risk(np.array([1e70, -1e70] * 300), method=method).value > 0


def test_a_book_that_cannot_lose_loses_0():
    found = value_at_risk(np.linspace(0.01, 0.02, 300))
    assert found.value == 0.0


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0, 99.0, float("nan")])
def test_a_level_lies_between_a_half_and_one(level):
    with pytest.raises(ValueError, match=r"between 0\.5 and 1"):
        value_at_risk(RETURNS, level)


@pytest.mark.parametrize("days", [0, -1, 1.5])
def test_a_horizon_is_whole_days(days):
    with pytest.raises(ValueError, match="whole number"):
        value_at_risk(RETURNS, days=days)


def test_strange_methods_and_shapes_are_refused():
    with pytest.raises(ValueError, match="magic"):
        value_at_risk(RETURNS, method="magic")
    with pytest.raises(ValueError, match="matrix"):
        value_at_risk(np.ones((200, 2)))
    with pytest.raises(ValueError, match="as many columns"):
        value_at_risk(np.ones((200, 2)), weights=[1.0])
    with pytest.raises(ValueError, match="as many columns"):
        value_at_risk(RETURNS, weights=[1.0, 2.0])


def test_an_estimate_cannot_be_changed():
    with pytest.raises(AttributeError):
        Estimate(1.0, Method.NORMAL, 1, "").value = 2.0
