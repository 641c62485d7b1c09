from datetime import UTC, date, datetime

import numpy as np

from marketpulse.sources.table import bars_of, in_order, midnight
from marketpulse.types import Interval


def test_rows_become_columns():
    rows = np.array([[1.0, 3.0, 0.5, 2.0, 9.0]])
    bars = bars_of("X", Interval.DAY, np.array([86_400], dtype=np.int64), rows, "x")
    assert [float(c[0]) for c in (bars.open, bars.high, bars.low, bars.close, bars.volume)] == rows[
        0
    ].tolist()
    assert not bars.adjusted


def test_of_a_repeated_time_the_last_row_stays():
    time = np.array([3, 1, 3, 2, 1], dtype=np.int64)
    found, rows = in_order(time, np.arange(5.0)[:, None])
    assert found.tolist() == [1, 2, 3]
    assert rows[:, 0].tolist() == [4.0, 3.0, 2.0]


def test_no_rows_stay_none():
    found, rows = in_order(np.empty(0, dtype=np.int64), np.empty((0, 5)))
    assert (len(found), rows.shape) == (0, (0, 5))


def test_a_day_opens_at_midnight_utc():
    assert midnight(date(2026, 3, 9)) == datetime(2026, 3, 9, tzinfo=UTC).timestamp()
