"""Sums over windows: many series at once say what each says alone, and nothing later moves a bit."""

from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.features.windows import (
    Sums,
    about_middle,
    centred,
    mean_and_deviation,
    moments,
    total,
    z_score,
)

NUMBERS = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, np.nan]))
SERIES = st.lists(NUMBERS, max_size=150).map(np.array)
WINDOWS = st.integers(1, 70)


def bits(values):
    return np.where(np.isnan(values), np.nan, values).tobytes()


@given(SERIES, st.lists(WINDOWS, min_size=1, max_size=4))
def test_several_series_and_windows_at_once_are_each_alone(values, windows):
    other = values[::-1] * 0.5
    together = Sums(np.ascontiguousarray(np.stack([values, other], axis=1)))
    for bars in windows:
        found = together.over(bars)
        assert bits(found[:, 0]) == bits(total(values, bars))
        assert bits(found[:, 1]) == bits(total(other, bars))


@given(SERIES, WINDOWS)
def test_a_sum_is_the_sum_of_its_window_and_missing_with_one_of_its_values(values, bars):
    found = total(values, bars)
    assert np.isnan(found[: bars - 1]).all()
    for row in range(bars - 1, len(values)):
        window = values[row - bars + 1 : row + 1]
        size = np.abs(window).sum()
        assert found[row] == pytest.approx(fsum(window), abs=1e-12 * size, rel=0, nan_ok=True)


@given(SERIES, WINDOWS, st.integers(0, 150))
def test_what_comes_later_moves_no_bit(values, bars, cut):
    assert bits(total(values[:cut], bars)) == bits(total(values, bars)[:cut])
    first = min(cut, len(values))
    kept = max(0, len(values) - first - bars + 1)
    assert bits(total(values[first:], bars)[bars - 1 :][:kept]) == bits(
        total(values, bars)[first + bars - 1 :]
    )


@given(SERIES, st.integers(2, 40))
def test_windows_less_their_mean_are_those_windows(values, bars):
    apart = centred(values, bars)
    assert apart.shape == (max(0, len(values) - bars + 1), bars)
    for row, one in enumerate(apart):
        window = values[row : row + bars]
        expected = window - window.mean()
        assert one == pytest.approx(expected, abs=1e-9, rel=0, nan_ok=True)


@given(SERIES, st.integers(2, 40))
def test_a_score_is_a_score_also_of_a_slice_with_steps(values, bars):
    wide = np.repeat(values, 2)
    assert bits(z_score(wide[::2], bars)) == bits(z_score(values, bars))
    assert len(z_score(values, bars)) == len(values)


def test_a_window_that_stands_still_has_no_score_and_no_deviation():
    still = np.full(30, 12.5)
    assert np.isnan(z_score(still, 20)).all()
    assert np.isnan(mean_and_deviation(still * 0.0, 20)[1]).all()


@given(SERIES, st.integers(2, 40))
def test_moments_from_sums_are_moments_of_values(values, bars):
    sums = Sums(np.ascontiguousarray(np.stack([values, np.square(values)], axis=1))).over(bars)
    for one, other in zip(moments(*sums.T, bars), mean_and_deviation(values, bars), strict=True):
        assert bits(one) == bits(other)


def test_what_is_kept_for_all_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        about_middle(21)[0][0] = 1.0
