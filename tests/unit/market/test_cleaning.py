from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from marketpulse.market.cleaning import clean, disagreement, unexplained_splits, union
from marketpulse.types import ActionKind, Bars, CorporateAction, Interval

DAY = 86_400


def bars_of(closes, source="yahoo", start=0) -> Bars:
    close = np.array(closes, dtype=float)
    time = (np.arange(len(close)) + start) * DAY
    return Bars("X", Interval.DAY, time, close.copy(), close + 1, close - 1, close, close * 10, source)


@pytest.fixture
def bars() -> Bars:
    return bars_of([100.0 + n % 5 for n in range(30)])


def test_good_bars_pass_unchanged(bars):
    good, bad, reasons = clean(bars)
    assert (len(bad), reasons) == (0, ())
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
        ("low", 7.0, "more than ten times the low"),
        ("high", 1_500.0, "more than ten times the low"),
        ("volume", np.nan, "volume"),
        ("volume", -1.0, "volume"),
        ("high", 10_100.0, "hundred times"),
    ],
)
@pytest.mark.parametrize("row", [0, 15, 29])
def test_one_bad_row_is_taken_out_and_the_others_stay(bars, column, value, why, row):
    getattr(bars, column)[row] = value
    good, bad, reasons = clean(bars)
    assert bad.time.tolist() == [row * DAY]
    assert why in reasons[0]
    assert len(good) == 29
    assert row * DAY not in good.time


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_a_whole_bar_in_other_units_is_taken_out(bars, factor):
    for column in (bars.open, bars.high, bars.low, bars.close):
        column[28:] *= factor
    good, bad, _ = clean(bars)
    assert len(bad) == 2
    assert len(good) == 28


def test_a_split_is_no_bad_row():
    good, bad, _ = clean(bars_of([700.0] * 10 + [100.0] * 10))
    assert (len(good), len(bad)) == (20, 0)


def test_repeated_and_unordered_rows_are_put_right():
    bars = bars_of([100.0, 101.0, 102.0])
    mixed = Bars(
        "X",
        Interval.DAY,
        np.array([2 * DAY, 0, DAY, DAY]),
        *(c[[2, 0, 0, 1]] for c in (bars.open, bars.high, bars.low, bars.close, bars.volume)),
        source="yahoo",
    )
    good, bad, _ = clean(mixed)
    assert good.time.tolist() == [0, DAY, 2 * DAY]
    assert good.close.tolist() == [100.0, 101.0, 102.0]
    assert len(bad) == 0


def test_nothing_is_left_of_garbage():
    good, bad, reasons = clean(bars_of([np.nan] * 5))
    assert (len(good), len(bad), len(reasons)) == (0, 5, 5)


def test_new_bars_join_held_ones_and_win():
    both = union(bars_of([1.0, 2.0, 3.0]), bars_of([30.0, 4.0], start=2))
    assert both.close.tolist() == [1.0, 2.0, 30.0, 4.0]
    assert both.time.tolist() == [0, DAY, 2 * DAY, 3 * DAY]


def test_nothing_joined_to_something_is_that_thing():
    none = bars_of([])
    assert union(none, bars_of([4.0])).close.tolist() == [4.0]
    assert union(bars_of([4.0]), none).close.tolist() == [4.0]


def test_a_bar_of_tomorrow_is_taken_out():
    bars = bars_of([100.0, 101.0, 102.0])
    good, bad, reasons = clean(bars, datetime.fromtimestamp(2 * DAY - 1, UTC))
    assert good.close.tolist() == [100.0, 101.0]
    assert (bad.time.tolist(), reasons) == ([2 * DAY], ("the bar lies in the future",))


def split(day: int, ratio: str) -> CorporateAction:
    return CorporateAction("X", date(1970, 1, 1) + timedelta(days=day), ActionKind.SPLIT, Decimal(ratio))


@pytest.mark.parametrize("ratio", [2, 3, 4, 5, 7, 10, 20, 1 / 2, 1 / 4, 1 / 10])
def test_a_step_of_a_whole_ratio_needs_a_split_to_explain_it(ratio):
    closes = np.r_[np.full(10, 700.0), np.full(10, 700.0 / ratio)]
    bars = Bars("X", Interval.DAY, np.arange(20) * DAY, *([closes] * 4), closes * 0 + 5, "yahoo")
    assert unexplained_splits(bars, ()) == (10,)
    assert unexplained_splits(bars, (split(10, "2"),)) == ()
    assert unexplained_splits(bars, (split(9, "2"),)) == (10,)


def test_a_true_fall_is_no_split():
    opens = np.array([100.0, 46.0, 40.0, 41.0])  # off 2:1 by 8 %
    bars = Bars("X", Interval.DAY, np.arange(4) * DAY, opens, opens + 1, opens - 1, opens, opens, "yahoo")
    assert unexplained_splits(bars, ()) == ()
    wild = np.array([100.0, 50.0, 50.0])  # at 2:1, but the day's range says what happened
    bars = Bars("X", Interval.DAY, np.arange(3) * DAY, wild, wild * 1.4, wild * 0.9, wild, wild, "yahoo")
    assert unexplained_splits(bars, ()) == ()


def test_how_far_two_providers_lie_apart():
    held = bars_of([100.0] * 20)
    assert disagreement(held, bars_of([101.0] * 20, source="alpaca")) == pytest.approx(0.01)
    assert disagreement(held, bars_of([100.0] * 5, source="alpaca")) is None
    assert disagreement(held, bars_of([], source="alpaca")) is None
