import json
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pytest

from marketpulse.risk.volatility import ewma_step, ewma_volatility, garch_long_run, garch_step

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "value_at_risk.json").read_text())


def test_hull_exponential_weights():
    case = ANSWERS["ewma"]
    found = ewma_step(case["volatility"], case["value"], case["decay"])
    assert found == pytest.approx(case["next"], abs=case["tolerance"])


def test_hull_garch_step_and_long_run():
    case = ANSWERS["garch"]
    found = garch_step(case["omega"], case["alpha"], case["beta"], case["volatility"] ** 2, case["value"])
    assert found == pytest.approx(case["variance"], rel=1e-9)
    assert sqrt(found) == pytest.approx(case["next"], abs=case["tolerance"])
    long_run = garch_long_run(case["omega"], case["alpha"], case["beta"])
    assert long_run == pytest.approx(case["long_run"], rel=1e-9)
    assert sqrt(long_run) == pytest.approx(case["long_run_volatility"], abs=case["tolerance"])


def test_riskmetrics_table():
    case = ANSWERS["riskmetrics"]
    found = ewma_volatility(np.array(case["returns"]), case["decay"])
    assert found**2 == pytest.approx(np.array(case["variances"]), abs=case["tolerance"])
    equal = sqrt(np.mean(np.square(case["returns"])))
    assert equal == pytest.approx(case["equal_weights"], abs=case["tolerance"])


def test_only_a_loss_counts_more_in_gjr():
    gain, loss = (garch_step(0.0, 0.1, 0.8, 1.0, value, gamma=0.2) for value in (1.0, -1.0))
    assert (gain, loss) == (pytest.approx(0.9), pytest.approx(1.1))


def test_a_variance_that_does_not_return_has_no_long_run():
    assert isnan(garch_long_run(1e-6, 0.2, 0.8))
    assert isnan(garch_long_run(1e-6, 0.1, float("nan")))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_from_a_value_that_is_none_on_everything_is_nan(bad):
    found = ewma_volatility(np.array([0.01, bad, 0.01]))
    assert not isnan(found[0])
    assert np.isnan(found[1:]).all()
    assert np.isnan(ewma_volatility(np.array([bad, 0.01]))).all()


def test_none_one_and_constant():
    assert ewma_volatility(np.empty(0)).shape == (0,)
    assert ewma_volatility(np.array([-0.02])) == pytest.approx([0.02])
    assert ewma_volatility(np.full(5, 0.01)) == pytest.approx(np.full(5, 0.01))


@pytest.mark.parametrize("decay", [0.0, 1.0, float("nan")])
def test_a_decay_is_a_fraction(decay):
    with pytest.raises(ValueError, match="decay"):
        ewma_volatility(np.ones(3), decay)
