import numpy as np
import pytest

from marketpulse.sources.unsplit import unsplit


def test_unsplit_of_two_splits():
    table = np.array([[10.0, 10, 10, 10, 600], [20.0, 20, 20, 20, 300], [30.0, 30, 30, 30, 100]])
    raw, cash = unsplit(table, np.array([0.1, 0.0, 0.3]), np.array([0.0, 2.0, 3.0]))
    assert raw[:, 3].tolist() == [60.0, 60.0, 30.0]
    assert raw[:, 4].tolist() == [100.0, 100.0, 100.0]
    assert cash.tolist() == pytest.approx([0.6, 0.0, 0.3])


def test_without_a_split_nothing_changes():
    table = np.array([[10.0, 11, 9, 10, 600], [20.0, 20, 20, 20, 300]])
    raw, cash = unsplit(table, np.array([0.1, 0.0]), np.zeros(2))
    assert raw.tolist() == table.tolist()
    assert cash.tolist() == [0.1, 0.0]


def test_unsplit_of_a_price_beyond_all_bounds_is_infinite_and_warns_of_nothing():
    table = np.array([[1e305, 1e305, 1e305, 1e305, 1.0]])
    raw, _ = unsplit(table, np.zeros(1), np.zeros(1))
    assert np.isinf(raw[0, :4]).all()
