import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.risk.attribution import book_deviation, component_var, contributions
from marketpulse.risk.tails import historical_tail, normal_tail

HULL = json.loads((Path(__file__).parents[2] / "answers" / "value_at_risk.json").read_text())["two_shares"]


def hull():
    one, two = HULL["deviations"]
    shared = HULL["correlation"] * one * two
    return np.array(HULL["values"], float), np.array([[one**2, shared], [shared, two**2]])


def test_hull_two_shares_and_what_spreading_saves():
    values, covariance = hull()
    deviation = book_deviation(values, covariance)
    assert deviation == pytest.approx(HULL["deviation"], abs=HULL["tolerance"])

    def ten_days(sd):
        return normal_tail(0.0, sqrt(HULL["days"]) * sd, 0.99, z=HULL["z"]).var

    both, second = ten_days(deviation), ten_days(values[1] * HULL["deviations"][1])
    first = ten_days(values[0] * HULL["deviations"][0])
    assert both == pytest.approx(HULL["var_10"], abs=HULL["tolerance"])
    assert second == pytest.approx(HULL["second_alone"], abs=HULL["tolerance"])
    assert first + second - both == pytest.approx(HULL["benefit"], abs=HULL["tolerance"])


def test_normal_components_add_up_and_a_hedge_lowers_the_risk():
    values, covariance = hull()
    total = normal_tail(0.0, book_deviation(values, covariance), 0.99).var
    assert component_var(values, covariance).sum() == pytest.approx(total, rel=1e-9)
    values[1] = -1e6
    assert component_var(values, covariance)[1] < 0
    assert component_var(np.zeros(2), covariance) == pytest.approx([0.0, 0.0])


BOOKS = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 600), st.floats(0.9, 0.995))


@settings(deadline=None, max_examples=80)
@given(BOOKS)
def test_components_add_up_to_the_whole(book):
    seed, k, n, level = book
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1e4, k) * (rng.random(k) > 0.1)
    scenarios = rng.standard_t(4, (n, k)) * 0.01
    parts = contributions([str(i) for i in range(k)], values, scenarios, level)
    tail = historical_tail(scenarios @ values, level)
    scale = max(1.0, np.abs(values).sum())
    assert parts.var == pytest.approx(max(0.0, tail.var), abs=1e-9 * scale)
    assert parts.es == pytest.approx(max(0.0, tail.es), abs=1e-9 * scale)
    assert parts.component_var.sum() == pytest.approx(parts.var, abs=1e-9 * scale)
    assert parts.component_es.sum() == pytest.approx(parts.es, abs=1e-9 * scale)
    assert parts.marginal_es * values == pytest.approx(parts.component_es, abs=1e-9 * scale)
    assert np.isfinite(parts.incremental_var).all()


def test_components_are_those_of_the_normal_distribution_where_returns_are():
    values, covariance = hull()
    scenarios = np.random.default_rng(2).multivariate_normal([0, 0], covariance, 200_000)
    parts = contributions(("MSFT", "T"), values, scenarios)
    assert parts.component_var == pytest.approx(component_var(values, covariance), rel=0.1)


def test_the_incremental_risk_is_the_risk_without():
    rng = np.random.default_rng(3)
    scenarios, values = rng.standard_t(4, (500, 3)) * 0.01, np.array([5.0, 3.0, -2.0])
    parts = contributions("ABC", values, scenarios)
    without = contributions("AB", values[:2], scenarios[:, :2])
    assert parts.incremental_var[2] == pytest.approx(parts.var - without.var)
    assert parts.incremental_es[2] == pytest.approx(parts.es - without.es)


def test_a_position_alone_is_the_whole():
    scenarios = np.random.default_rng(3).normal(size=(300, 1))
    parts = contributions(("A",), np.array([10.0]), scenarios)
    assert parts.component_var == pytest.approx([parts.var])
    assert parts.incremental_var == pytest.approx([parts.var])


def test_a_book_that_cannot_lose_has_no_parts():
    parts = contributions(("A",), np.array([1.0]), np.full((200, 1), 0.01))
    assert (parts.var, parts.es, list(parts.component_var)) == (0.0, 0.0, [0.0])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_none_makes_it_unknown(bad):
    scenarios = np.zeros((200, 2))
    for found in (
        contributions("AB", np.array([1.0, bad]), scenarios),
        contributions("AB", np.array([1.0, 2.0]), np.full((200, 2), bad)),
    ):
        assert found.var is None
        assert np.isnan(found.component_var).all()
        assert found.note.startswith("unknown")
    assert contributions("", np.empty(0), np.empty((5, 0))).var is None
    assert contributions("A", np.ones(1), np.empty((0, 1))).var is None


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one value and one column"):
        contributions("AB", np.ones(2), np.ones((5, 3)))
