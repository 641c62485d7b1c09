import numpy as np
import pytest

from marketpulse.risk.clusters import clusters


def blocks(n=500, seed=1):
    """Two of one kind, three of another, and one by itself."""
    rng = np.random.default_rng(seed)
    one, two = rng.normal(size=(n, 1)), rng.normal(size=(n, 1))
    noise = rng.normal(size=(n, 6))
    return np.hstack([one + 0.3 * noise[:, :2], two + 0.3 * noise[:, 2:5], noise[:, 5:]])


NAMES = ("B", "A", "X", "Z", "Y", "M")


def test_what_moves_together_is_one_group():
    found = clusters(NAMES, blocks())
    assert found.groups == (("X", "Y", "Z"), ("A", "B"), ("M",))
    assert found.correlation.shape == (6, 6)
    assert np.diag(found.correlation) == pytest.approx(np.ones(6))
    assert found.note == "500 days, joined above 0.5"


def test_a_symbol_and_its_opposite_are_two_groups():
    one = np.random.default_rng(1).normal(size=300)
    assert clusters(("A", "B"), np.column_stack([one, -one])).groups == (("A",), ("B",))


def test_the_threshold_decides():
    rng = np.random.default_rng(1)
    shared = rng.normal(size=(2000, 1))
    returns = shared + rng.normal(size=(2000, 2))  # correlation one half
    assert len(clusters(("A", "B"), returns, 0.3).groups) == 1
    assert len(clusters(("A", "B"), returns, 0.7).groups) == 2


def test_alone_and_none():
    assert clusters(("A",), blocks()[:, :1]).groups == (("A",),)
    assert clusters((), np.empty((0, 0))).groups == ()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_a_column_that_cannot_be_told_is_named(bad):
    returns = blocks()
    returns[:, 3] = 0.01
    if bad is not None:
        returns[7, 3] = bad
    found = clusters(NAMES, returns)
    assert found.groups == ()
    assert found.note.startswith("unknown: Z: ")
    assert np.isnan(found.correlation).all()


def test_a_call_without_meaning_is_refused():
    with pytest.raises(ValueError, match="one column"):
        clusters(("A", "B"), np.ones((200, 3)))
    with pytest.raises(ValueError, match="between -1 and 1"):
        clusters(("A",), blocks()[:, :1], 1.0)
