import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.performance import Spell, drawdown, spells


def test_each_fall_is_told_with_its_trough_and_its_length():
    returns = np.array([0.1, -0.1, -0.1, 0.3, 0.0, -0.05, 0.01])
    found = spells(drawdown(returns).underwater)
    assert [(s.start, s.trough, s.end, s.length) for s in found] == [(1, 2, 3, 2), (5, 5, None, 2)]
    assert [s.depth for s in found] == pytest.approx([0.19, 0.05])


def test_a_loss_at_once_is_under_water_from_the_start():
    assert spells(np.array([-0.1])) == (Spell(0, 0, None, 0.1, 1),)


def test_dry_empty_and_unknown():
    assert spells(np.zeros(5)) == ()
    assert spells(np.empty(0)) == ()
    assert spells(np.array([-0.1, float("nan")])) == ()


@settings(deadline=None)
@given(st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=80))
def test_spells_cover_every_return_under_water_and_the_deepest_is_the_drawdown(returns):
    whole = drawdown(np.array(returns))
    found = spells(whole.underwater)
    assert sum(s.length for s in found) == np.sum(whole.underwater < 0)
    assert max((s.depth for s in found), default=0.0) == whole.depth
    assert sum(s.end is None for s in found) <= 1
