import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from marketpulse.models.reference import reference

NAMES = ("normal", "ties", "same", "rare", "half")


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(5)
    columns = np.full((4_000, 5), np.nan)
    columns[:, 0] = rng.normal(size=4_000)
    columns[:, 1] = rng.integers(0, 3, 4_000)
    columns[:, 2] = 1.5
    columns[:1_000, 3] = rng.normal(size=1_000)
    columns[:3_000, 4] = rng.normal(size=3_000)
    return columns


def test_what_is_rare_or_never_varies_is_left_out(x):
    found = reference(NAMES, x)
    assert found.names == ("normal", "ties", "half")
    assert found.missing == (0.0, 0.0, 0.25)
    assert found.rows == 4_000
    assert found.fits()


def test_shares_are_those_of_the_bins_as_written(x):
    found = reference(NAMES, x)
    for name, edges, shares in zip(found.names, found.edges, found.shares, strict=True):
        column = x[:, NAMES.index(name)]
        column = column[np.isfinite(column)]
        bins = np.bincount(np.searchsorted(edges, column, side="right"), minlength=10) / len(column)
        np.testing.assert_allclose(shares, bins, atol=1e-6)
        assert sum(shares) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(found.shares[0], 0.1, atol=1e-3)


def test_the_sketch_is_the_distribution(x):
    found = reference(NAMES, x)
    sketch = np.array(found.sketch[0])
    assert sketch[0] == pytest.approx(x[:, 0].min(), rel=1e-5)
    assert sketch[50] == pytest.approx(np.median(x[:, 0]), abs=1e-5)
    assert sketch[100] == pytest.approx(x[:, 0].max(), rel=1e-5)


def test_it_is_small_and_plain(x):
    wide = reference(tuple(map(str, range(45))), np.tile(x[:, :1], 45))
    assert len(json.dumps(asdict(wide), allow_nan=False)) < 60_000


def test_parts_of_another_size_do_not_fit(x):
    found = reference(NAMES, x)
    assert not replace(found, missing=found.missing[1:]).fits()
    assert not replace(found, edges=(found.edges[0][1:], *found.edges[1:])).fits()
    assert not replace(found, sketch=(found.sketch[0][::-1], *found.sketch[1:])).fits()
    assert not replace(found, rows=0).fits()


def test_no_rows_leave_no_features():
    assert reference(NAMES, np.empty((0, 5))).names == ()
