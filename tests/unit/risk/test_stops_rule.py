from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.risk.stops_rule import gap_loss, r_multiple, target_price, volatility_stop

NAN, INF = float("nan"), float("inf")


def test_the_chandelier_hangs_from_the_highest_price():
    stop = volatility_stop(100.0, 104.0, 4.0, 0.01)
    assert (stop.price, stop.rule) == (94.0, "chandelier")
    assert stop.distance == pytest.approx(0.06)
    assert "2.5 ATR of 4 under 104" in stop.note


def test_the_floor_keeps_it_away_from_noise():
    stop = volatility_stop(100.0, 104.0, 0.5, 0.045)
    assert stop.rule == "floor"
    assert stop.price == pytest.approx(100 * (1 - 1.5 * 0.045))


@given(st.floats(1, 1e5), st.floats(0, 1), st.floats(0.001, 0.2), st.floats(0, 0.3))
def test_a_stop_is_below_the_price_by_both_rules(last, above, range_, sigma):
    highest, atr = last * (1 + above), last * range_
    stop = volatility_stop(last, highest, atr, sigma)
    if stop.price is not None:
        assert 0 < stop.price <= last * (1 - 1.5 * sigma) + 1e-9 * last
        assert stop.price <= highest - 2.5 * atr + 1e-9 * highest


@pytest.mark.parametrize("bad", [
    (NAN, 1.0, 0.1, 0.01), (100.0, INF, 0.1, 0.01), (100.0, 101.0, 0.0, 0.01), (100.0, 101.0, NAN, 0.01),
    (100.0, 101.0, 1.0, NAN), (100.0, 99.0, 1.0, 0.01), (-1.0, 1.0, 1.0, 0.01), (100.0, 100.0, 50.0, 0.01),
    (100.0, 100.0, 1.0, 0.7),
])  # fmt: skip
def test_a_stop_that_cannot_be_told_is_unknown(bad):
    stop = volatility_stop(*bad)
    assert stop.price is None
    assert stop.note.startswith("unknown")


def test_targets_and_multiples_belong_together():
    target = target_price(100.0, 96.0, 3.0)
    assert target == 112.0
    assert r_multiple(100.0, 96.0, target) == 3.0
    assert r_multiple(100.0, 96.0, 96.0) == -1.0
    assert r_multiple(100.0, 96.0, 90.0) == -2.5  # a gap through the stop
    assert isnan(target_price(100.0, 100.0, 2.0))
    assert isnan(target_price(100.0, NAN, 2.0))
    assert isnan(r_multiple(100.0, 101.0, 110.0))


def test_gaps_through_the_stop_cost_more_than_was_planned():
    found = gap_loss(200.0, 190.0, np.array([0.0, -0.10, 0.02, -0.049, -0.06, -0.05, 0.0, 0.0]))
    assert found.chance == 2 / 8
    assert (found.mean, found.worst, found.planned) == (16.0, 20.0, 10.0)
    assert found.note == "2 of 8 gaps would have jumped the stop"
    calm = gap_loss(200.0, 190.0, np.array([0.01, -0.01]))
    assert (calm.chance, calm.mean) == (0.0, None)


@pytest.mark.parametrize(("last", "stop", "gaps"), [
    (NAN, 1.0, [0.0]), (100.0, 100.0, [0.0]), (100.0, 0.0, [0.0]), (100.0, NAN, [0.0]), (100.0, 90.0, []),
    (100.0, 90.0, [0.0, NAN]), (100.0, 90.0, [-INF]),
])  # fmt: skip
def test_gaps_that_cannot_be_told_are_unknown(last, stop, gaps):
    found = gap_loss(last, stop, np.array(gaps))
    assert found.chance is None
    assert found.note.startswith("unknown")
