import json
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.performance import drawdown, returns

FOLDER = Path(__file__).parents[2] / "answers"
EMPYRICAL = json.loads((FOLDER / "empyrical_returns.json").read_text())
FALLS = json.loads((FOLDER / "sp500_falls.json").read_text())


@pytest.mark.parametrize("case", EMPYRICAL["cases"], ids=lambda c: c["name"])
def test_published_depth(case):
    assert drawdown(np.array(case["returns"])).depth == pytest.approx(
        case["drawdown"], abs=EMPYRICAL["tolerance"]
    )


@pytest.mark.parametrize("fall", FALLS["falls"], ids=lambda f: str(f["fall"]))
def test_published_falls_of_the_sp500(fall):
    found = drawdown(returns([fall["high"], fall["low"]]))
    assert found.depth == pytest.approx(fall["fall"], abs=FALLS["tolerance"])


def test_a_loss_on_the_first_day_counts():
    assert drawdown(np.array([-0.1, 0.05])).depth == pytest.approx(0.1)


def test_now_is_where_the_account_stands():
    found = drawdown(np.array([-0.5, 1.0]))
    assert (found.depth, found.now) == (0.5, 0.0)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [float("-inf"), 0.1]])
def test_what_cannot_be_told_is_nan(values):
    found = drawdown(np.array(values))
    assert isnan(found.depth)
    assert isnan(found.now)
    assert np.isnan(found.underwater).all()


@settings(deadline=None)
@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60), st.floats(0.0, 0.1))
def test_depth_is_a_fraction_and_lower_returns_only_deepen_it(values, cost):
    found = drawdown(np.array(values))
    assert 0.0 <= found.now <= found.depth <= 1.0
    assert (found.underwater <= 0).all()
    assert drawdown(np.array(values) - cost).depth >= found.depth - 1e-12
