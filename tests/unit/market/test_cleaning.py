import numpy as np
import pytest

from marketpulse.market.cleaning import clean, union
from marketpulse.types import Bars, Interval

DAY = 86_400


def bars_of(closes, source="yahoo", start=0) -> Bars:
    close = np.array(closes, dtype=float)
    time = (np.arange(len(close)) + start) * DAY
    return Bars("X", Interval.DAY, time, close.copy(), close + 1, close - 1, close, close * 10, source)


@pytest.fixture
def bars() -> Bars:
    return bars_of([100.0 + n % 5 for n in range(30)])


def test_good_bars_pass_unchanged(bars):
    good, dropped = clean(bars)
    assert dropped == ()
    assert good.close.tolist() == bars.close.tolist()


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("close", np.nan, "not a number"),
        ("open", np.inf, "not a number"),
        ("low", 0.0, "zero or negative"),
        ("close", -100.0, "zero or negative"),
        ("high", 50.0, "out of order"),
        ("low", 150.0, "out of order"),
        ("volume", np.nan, "volume"),
        ("volume", -1.0, "volume"),
        ("high", 10_100.0, "hundred times"),
    ],
)
@pytest.mark.parametrize("row", [0, 15, 29])
def test_one_bad_row_is_taken_out_and_the_others_stay(bars, column, value, why, row):
    getattr(bars, column)[row] = value
    good, dropped = clean(bars)
    assert [t for t, _ in dropped] == [row * DAY]
    assert why in dropped[0][1]
    assert len(good) == 29
    assert row * DAY not in good.time


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_a_whole_bar_in_other_units_is_taken_out(bars, factor):
    for column in (bars.open, bars.high, bars.low, bars.close):
        column[28:] *= factor
    good, dropped = clean(bars)
    assert len(dropped) == 2
    assert len(good) == 28


def test_a_split_is_no_bad_row():
    good, dropped = clean(bars_of([700.0] * 10 + [100.0] * 10))
    assert len(good) == 20
    assert dropped == ()


def test_repeated_and_unordered_rows_are_put_right():
    bars = bars_of([100.0, 101.0, 102.0])
    mixed = Bars(
        "X",
        Interval.DAY,
        np.array([2 * DAY, 0, DAY, DAY]),
        *(c[[2, 0, 0, 1]] for c in (bars.open, bars.high, bars.low, bars.close, bars.volume)),
        source="yahoo",
    )
    good, dropped = clean(mixed)
    assert good.time.tolist() == [0, DAY, 2 * DAY]
    assert good.close.tolist() == [100.0, 101.0, 102.0]
    assert dropped == ()


def test_nothing_is_left_of_garbage():
    good, dropped = clean(bars_of([np.nan] * 5))
    assert len(good) == 0
    assert len(dropped) == 5


def test_new_bars_join_held_ones_and_win():
    both = union(bars_of([1.0, 2.0, 3.0]), bars_of([30.0, 4.0], start=2))
    assert both.close.tolist() == [1.0, 2.0, 30.0, 4.0]
    assert both.time.tolist() == [0, DAY, 2 * DAY, 3 * DAY]


def test_two_sources_are_never_spliced():
    assert union(bars_of([1.0, 2.0, 3.0]), bars_of([4.0], source="other", start=3)).close.tolist() == [4.0]
