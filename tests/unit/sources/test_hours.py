from datetime import UTC, datetime

import numpy as np
import pytest

from marketpulse.sources.hours import regular, to_hours

WINTER, SUMMER = (2026, 1, 5), (2026, 7, 6)


def stamps(day, *times: str):
    return np.array(
        [int(datetime(*day, int(t[:2]), int(t[3:]), tzinfo=UTC).timestamp()) for t in times], dtype=np.int64
    )


def rows(count: int):
    """Row n: open n, high n + 2, low n - 2, close n + 1, volume 10 n."""
    n = np.arange(1.0, count + 1)
    return np.column_stack([n, n + 2, n - 2, n + 1, 10 * n])


@pytest.mark.parametrize(
    ("day", "times", "kept"),
    [
        (WINTER, ("14:29", "14:30", "20:59", "21:00"), ["14:30", "20:59"]),
        (SUMMER, ("13:29", "13:30", "19:59", "20:00"), ["13:30", "19:59"]),
    ],
)
def test_regular_trading_is_told_by_the_clock_in_new_york(day, times, kept):
    time, table = regular(stamps(day, *times), rows(4))
    assert time.tolist() == stamps(day, *kept).tolist()
    assert table[:, 0].tolist() == [2.0, 3.0]


def test_hours_begin_at_half_past_and_take_first_highest_lowest_last_and_sum():
    times = ("14:30", "14:45", "15:15", "15:30", "17:15", "20:45")
    time, table = to_hours(stamps(WINTER, *times), rows(6))
    assert time.tolist() == stamps(WINTER, "14:30", "15:30", "16:30", "20:30").tolist()
    assert table.tolist() == [
        [1.0, 5.0, -1.0, 4.0, 60.0],
        [4.0, 6.0, 2.0, 5.0, 40.0],
        [5.0, 7.0, 3.0, 6.0, 50.0],
        [6.0, 8.0, 4.0, 7.0, 60.0],
    ]


def test_nothing_gives_nothing():
    time, table = to_hours(*regular(stamps(WINTER), rows(0)))
    assert (len(time), len(table)) == (0, 0)
