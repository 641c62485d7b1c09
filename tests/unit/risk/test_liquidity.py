"""Days to sell: the arithmetic, the limit, and what is not known."""

from dataclasses import replace
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import bars

from marketpulse.risk.liquidity import WINDOW, liquidity_days, liquidity_limit, usual_volume

numbers = st.floats(allow_nan=True, allow_infinity=True)


def volumes(*values):
    made = bars("X", np.full(len(values), 100.0))
    return replace(made, volume=np.array(values, np.float64))


def test_the_median_of_the_newest_21_days_counts_so_one_wild_day_does_not():
    assert usual_volume(volumes(*[9e9] * 5, *[100.0] * 10, 1e9, *[200.0] * 10)) == 200.0
    assert usual_volume(volumes(1e9, *[100.0] * 20)) == 100.0


@pytest.mark.parametrize(
    "made", [volumes(), volumes(5.0), volumes(*[1.0] * (WINDOW - 1)), volumes(*[1.0] * 20, nan)]
)
def test_a_usual_volume_needs_21_days_that_have_one(made):
    assert isnan(usual_volume(made))


@pytest.mark.parametrize(
    ("units", "median", "share", "days"),
    [
        (5_000.0, 10_000.0, 0.1, 5.0),
        (-5_000.0, 10_000.0, 0.1, 5.0),
        (0.0, 0.0, 0.1, 0.0),
        (1.0, 0.0, 0.1, inf),
    ],
)
def test_days_are_units_over_a_share_of_the_volume(units, median, share, days):
    assert liquidity_days(units, median, share) == days


@given(units=numbers, median=numbers, share=numbers, most=st.floats(0.1, 100))
def test_what_is_not_known_never_passes(units, median, share, most):
    found = liquidity_limit("X", units, median, most, share)
    days = liquidity_days(units, median, share)
    assert found.passed is (days <= most + 1e-9)
    if isnan(units) or isnan(median) or isnan(share) or median == inf:
        assert not found.passed
        assert found.value == "unknown"


def test_the_limit_says_days_and_what_is_missing():
    within = liquidity_limit("X", 1_000.0, 10_000.0, 5.0, 0.1)
    assert (within.passed, within.value, within.limit, within.use) == (True, "1.0 d", "5 d", 0.2)
    beyond = liquidity_limit("X", 6_000.0, 10_000.0, 5.0, 0.1)
    assert beyond.sentence == "X could be sold in 6.0 days at 10% of its usual volume, beyond the 5 allowed."
    assert "21 daily bars" in liquidity_limit("X", 1.0, nan).sentence
    assert "Nothing is traded" in liquidity_limit("X", 1.0, 0.0).sentence
    assert liquidity_limit("X", 1.0, nan, unread=True).passed
