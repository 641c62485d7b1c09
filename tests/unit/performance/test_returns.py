from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from marketpulse.performance import returns, sessions

MONDAY = datetime(2012, 6, 4, tzinfo=UTC)
CLOSES = [MONDAY + timedelta(days=i, hours=20) for i in range(5)]


def test_returns_are_simple():
    assert returns([100.0, 50.0, 75.0]) == pytest.approx([-0.5, 0.5])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_value_that_is_no_equity_spoils_both_its_returns_and_no_other(bad):
    found = returns([100.0, bad, 100.0, 110.0])
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(0.1)


@pytest.mark.parametrize("few", [[], [100.0]])
def test_fewer_than_two_values_have_no_returns(few):
    assert returns(few).shape == (0,)


def test_one_value_per_session_and_none_for_the_unfinished_one():
    curve = [
        (MONDAY + timedelta(hours=14), 100.0),
        (MONDAY + timedelta(hours=19), 101.0),
        (MONDAY + timedelta(hours=20), 102.0),  # at the close: counts
        (MONDAY + timedelta(hours=21), 103.0),  # after it: Tuesday's
        (MONDAY + timedelta(days=2, hours=15), 104.0),  # Wednesday has not closed
    ]
    assert list(sessions(curve, CLOSES)) == [102.0, 103.0]


def test_sessions_before_the_account_began_are_left_out():
    curve = [(MONDAY + timedelta(days=3), 100.0), (MONDAY + timedelta(days=9), 101.0)]
    assert list(sessions(curve, CLOSES)) == [100.0, 100.0]


def test_no_samples_no_sessions():
    assert sessions([], CLOSES).shape == (0,)
    assert sessions([(MONDAY, 1.0)], []).shape == (0,)
