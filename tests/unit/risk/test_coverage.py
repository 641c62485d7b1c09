import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from marketpulse.risk.coverage import (
    acerbi_szekely,
    basel_factor,
    basel_zone,
    christoffersen,
    dynamic_quantile,
    exceedance_chances,
    independence,
    joint_coverage,
    kupiec_pof,
    shortfall_ratio,
)

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "var_backtests.json").read_text())


def test_jorion_kupiec_of_jp_morgan_1998():
    case = ANSWERS["kupiec"]
    found = kupiec_pof(case["exceedances"], case["observations"], case["level"])
    assert found.statistic == pytest.approx(case["statistic"], abs=case["tolerance"])
    assert found.p_value < 0.05
    assert found.n == 252


def test_jorion_christoffersen_of_jp_morgan_1998():
    case = ANSWERS["christoffersen"]
    found = independence(*case["pairs"], case["level"])
    for value, name in (
        (found.after_calm, "after_calm"),
        (found.after_loss, "after_loss"),
        (found.statistic, "statistic"),
        (found.joint.statistic, "joint"),
    ):
        assert value == pytest.approx(case[name], abs=case["tolerance"])


def test_the_same_days_one_by_one_give_the_same_answer():
    n00, n01, n10, n11 = ANSWERS["christoffersen"]["pairs"]
    assert n01 == n10
    rows = [1] * (n11 // 6 + 1)
    # 14 spells of exceedances, 20 in all: six of two days and eight of one, then calm to the end.
    spells = [rows] * 6 + [[1]] * 8
    days = [0]
    for spell in spells:
        days += [*spell, 0]
    days += [0] * (n00 + n01 + n10 + n11 + 1 - len(days))
    found = christoffersen(days, 0.95)
    assert found == independence(n00, n01, n10, n11, 0.95)
    assert joint_coverage(days, 0.95) == found.joint


def test_hull_600_days():
    case = ANSWERS["hull"]
    more = exceedance_chances(12, case["observations"], case["level"])[0]
    fewer = exceedance_chances(1, case["observations"], case["level"])[1]
    assert more == pytest.approx(case["twelve_or_more"], abs=case["tolerance"])
    assert fewer == pytest.approx(case["one_or_fewer"], abs=case["tolerance"])


@pytest.mark.parametrize("count", range(11))
def test_basel_table(count):
    case = ANSWERS["basel"]
    at_most = exceedance_chances(count, case["observations"], case["level"])[1]
    assert at_most == pytest.approx(case["cumulative"][count], abs=case["tolerance"])
    assert basel_zone(count) == case["zones"][count]
    assert basel_factor(count) == case["factors"][count]


def test_far_beyond_the_table_it_stays_red():
    assert basel_zone(250) == "red"
    assert basel_factor(40) == 1.0


def test_other_levels_have_zones_by_the_same_chances():
    assert basel_zone(12, 250, 0.95) == "green"
    assert basel_zone(19, 250, 0.95) == "yellow"
    assert basel_zone(30, 250, 0.95) == "red"


@pytest.mark.parametrize(("x", "degrees"), [(0.5, 1), (3.9, 1), (5.0, 2), (12.0, 6), (200.0, 6)])
def test_p_values_are_those_of_chi_squared(x, degrees):
    from marketpulse.risk.coverage import _chi2  # noqa: PLC0415 - the one place that knows it

    assert _chi2(x, degrees) == pytest.approx(stats.chi2.sf(x, degrees), rel=1e-9)


@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from([0.95, 0.99]))
def test_kupiec_is_least_at_what_was_promised(n, share, level):
    count = round(n * share)
    found = kupiec_pof(count, n, level)
    assert found.statistic >= 0
    assert 0 <= found.p_value <= 1
    best = min(range(n + 1), key=lambda k: abs(k / n - (1 - level)))
    assert found.statistic >= kupiec_pof(best, n, level).statistic - 1e-6 or abs(count - n * (1 - level)) < 1


def test_no_and_only_exceedances_are_answered():
    assert kupiec_pof(0, 250).p_value == pytest.approx(stats.chi2.sf(-2 * 250 * np.log(0.99), 1))
    assert kupiec_pof(250, 250).p_value == 0.0
    calm = christoffersen([0] * 250)
    assert calm.statistic == pytest.approx(0.0, abs=1e-9)
    assert "too few" in calm.note
    assert calm.after_loss is None


def test_rows_of_exceedances_are_found_and_lone_ones_are_not():
    rows = np.zeros(1000)
    rows[500:510] = 1
    lone = np.zeros(1000)
    lone[::100] = 1
    assert christoffersen(rows).p_value < 1e-6
    assert christoffersen(lone).p_value > 0.5
    assert kupiec_pof(10, 1000).p_value == pytest.approx(1.0)


def test_the_dynamic_quantile_test_sees_what_the_estimate_tells():
    rng = np.random.default_rng(2)
    sigma = np.exp(rng.normal(0, 0.5, 4000))
    returns = sigma * rng.standard_normal(4000)
    right, flat = 1.6449 * sigma, np.full(4000, 2.1)
    assert dynamic_quantile(returns < -right, right, 0.95).p_value > 0.01
    moving = flat + 0.1 / sigma  # higher where the risk is lower
    assert dynamic_quantile(returns < -moving, moving, 0.95).p_value < 1e-6


def test_the_dynamic_quantile_statistic_by_hand():
    rng = np.random.default_rng(5)
    hits, var = rng.random(400) < 0.05, 1 + rng.random(400)
    y = hits - 0.05
    x = np.column_stack([np.ones(396), y[3:-1], y[2:-2], y[1:-3], y[:-4], var[4:]])
    slope = np.linalg.solve(x.T @ x, x.T @ y[4:])
    found = dynamic_quantile(hits, var, 0.95)
    assert found.statistic == pytest.approx(slope @ x.T @ x @ slope / (0.05 * 0.95), rel=1e-8)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 6), rel=1e-8)


def test_acerbi_and_szekely_by_simulation():
    # Normal days with the right shortfall: 0 on average, -0.70 is exceeded by 5 % of 250-day samples.
    rng = np.random.default_rng(1)
    var, es = np.full(250, 1.959964), np.full(250, 2.337803)
    found = [acerbi_szekely(rng.standard_normal(250), var, es, 0.975).statistic for _ in range(4000)]
    assert np.mean(found) == pytest.approx(0, abs=0.03)
    assert np.mean(np.array(found) < -0.70) == pytest.approx(0.05, abs=0.015)


def test_too_small_a_shortfall_is_found():
    rng = np.random.default_rng(1)
    returns = rng.standard_t(3, 2000)
    found = acerbi_szekely(returns, np.full(2000, 1.64), np.full(2000, 2.06), 0.95)
    assert found.statistic < 0
    assert found.p_value < 0.05
    assert shortfall_ratio(returns, np.full(2000, 1.64), np.full(2000, 2.06)) > 1.1


def test_without_days_or_forecasts_everything_is_unknown():
    assert kupiec_pof(0, 0).p_value is None
    assert christoffersen([1]).statistic is None
    assert christoffersen([]).joint.note == "unknown: fewer than two days"
    assert dynamic_quantile([0] * 200, [1.0] * 200).note.startswith("unknown: no exceedance")
    assert dynamic_quantile([0, 1] * 100, [float("nan")] * 200).p_value is None
    assert acerbi_szekely([], [], []).statistic is None
    assert acerbi_szekely([-1.0], [float("nan")], [1.0]).p_value is None
    assert np.isnan(shortfall_ratio(np.ones(3), np.ones(3), np.ones(3)))


@pytest.mark.parametrize("call", [
    lambda: kupiec_pof(5, 4), lambda: kupiec_pof(-1, 4), lambda: kupiec_pof(1, 4, 1.0), lambda: basel_zone(-1),
    lambda: basel_zone(300), lambda: christoffersen([0, 2]), lambda: christoffersen([0.0, float("nan")]),
    lambda: christoffersen([[0, 1]]), lambda: independence(-1, 0, 0, 0), lambda: dynamic_quantile([0], [1.0, 2.0]),
    lambda: christoffersen([0, 1], 0.2),
])  # fmt: skip
def test_what_cannot_be_is_refused(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
