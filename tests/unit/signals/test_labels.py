import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from walks import bars_of, walk

from marketpulse.signals.labels import beat_median, rose, triple_barrier, uniqueness
from marketpulse.types import Bars, Interval

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "labels.json").read_text())
NAN = np.nan
BARS = walk("ABC", 300, 5)


def drawn(*rows):
    """Bars from (high, low, close)."""
    high, low, close = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    return Bars("X", Interval.DAY, np.arange(len(rows)), close, high, low, close, np.ones(len(rows)), "test")


def barrier(*later, atr=1.0, span=None):
    """The label of a purchase at 100 with barriers two ATR away, from the (high, low) of the bars after it."""
    bars = drawn((100, 100, 100), *((h, low, low) for h, low in later))
    found = triple_barrier(bars, np.full(len(bars), atr), 2.0, span or len(later))
    return found.value[0], found.end[0]


@pytest.mark.parametrize("horizon", [1, 5])
def test_a_rise_is_a_higher_close_so_many_bars_later(horizon):
    found = rose(BARS.close, horizon)
    for t in range(300 - horizon):
        assert found.value[t] == (BARS.close[t + horizon] > BARS.close[t])
        assert found.end[t] == t + horizon
    assert not found.known[-horizon:].any()
    assert (found.end[-horizon:] == 300).all()


def test_a_close_that_is_the_same_is_no_rise_and_a_hole_no_answer():
    found = rose(np.array([5.0, 5.0, NAN, 6.0, 0.0]), 1)
    np.testing.assert_array_equal(found.value, [0.0, NAN, NAN, NAN, NAN])
    np.testing.assert_array_equal(found.end, [1, 5, 5, 5, 5])


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_history_no_longer_than_the_horizon_has_no_answers(n):
    found = rose(np.ones(n), 5)
    assert len(found.value) == len(found.end) == n
    assert not found.known.any()
    assert not triple_barrier(BARS[:n], np.ones(n), 2.0, 5).known.any()


@pytest.mark.parametrize(
    ("later", "answer"),
    [
        ([(101, 99), (102, 99), (90, 90)], (1.0, 2)),
        ([(101, 99), (101, 98), (110, 110)], (-1.0, 2)),
        ([(101, 99), (101.99, 98.01), (101, 99)], (0.0, 3)),
        ([(103, 97), (101, 99), (101, 99)], (-1.0, 1)),
        ([(101, 99), (105, 104), (101, 99)], (1.0, 2)),
        ([(101, 99), (101, 99), (102, 98)], (-1.0, 3)),
    ],
    ids=[
        "target",
        "stop",
        "time",
        "both at once is the stop",
        "a gap over the target",
        "both on the last bar",
    ],
)
def test_what_came_first(later, answer):
    assert barrier(*later) == answer


def test_a_label_waits_for_its_whole_time_even_where_a_barrier_was_touched():
    value, end = barrier((105, 99), (101, 99), span=3)
    assert np.isnan(value)
    assert end == 3


def test_a_hole_on_the_way_gives_no_answer_and_one_after_it_does_not_matter():
    assert np.isnan(barrier((101, 99), (NAN, NAN), (105, 99))[0])
    assert barrier((105, 99), (NAN, NAN), (101, 99)) == (1.0, 1)


@pytest.mark.parametrize("atr", [NAN, 0.0, -1.0])
def test_without_a_distance_there_is_no_barrier(atr):
    assert np.isnan(barrier((105, 99), (105, 99), atr=atr)[0])


def test_the_barriers_are_those_of_a_plain_walk_through_the_bars():
    atr = np.full(300, 2.2)
    found = triple_barrier(BARS, atr)
    outcomes = set()
    for t in range(290):
        value, end = 0.0, t + 10
        for later in range(t + 1, t + 11):
            if BARS.low[later] <= BARS.close[t] - 4.4:
                value, end = -1.0, later
                break
            if BARS.high[later] >= BARS.close[t] + 4.4:
                value, end = 1.0, later
                break
        assert (found.value[t], found.end[t]) == (value, end), t
        outcomes.add(value)
    assert outcomes == {-1.0, 0.0, 1.0}
    assert not found.known[290:].any()


def test_the_scale_of_prices_does_not_matter():
    by = 8.0
    scaled = drawn(*zip(BARS.high * by, BARS.low * by, BARS.close * by, strict=True))
    one, two = triple_barrier(BARS, np.ones(300)), triple_barrier(scaled, np.full(300, by))
    np.testing.assert_array_equal(one.value, two.value)
    np.testing.assert_array_equal(one.end, two.end)


def test_half_of_an_even_panel_beats_the_median():
    panel = {
        f"S{i}": bars_of(f"S{i}", 0.01 * np.random.default_rng(i).standard_normal(200), i) for i in range(6)
    }
    closes, days = {n: b.close for n, b in panel.items()}, {n: b.time for n, b in panel.items()}
    found = beat_median(closes, days, 5)
    votes = np.stack([found[n].value for n in panel])
    assert (votes[:, :195].sum(axis=0) == 3).all()
    assert np.isnan(votes[:, 195:]).all()
    moved = np.stack([np.log(c[5:] / c[:-5]) for c in closes.values()])
    np.testing.assert_array_equal(votes[:, :195], moved > np.median(moved, axis=0))
    np.testing.assert_array_equal(found["S2"].end, [*range(5, 200), *[200] * 5])


def test_only_returns_over_the_same_dates_are_compared():
    """C misses the third day, so that its two-bar returns around it span other dates."""
    week = np.arange(1, 7)
    closes = {
        n: np.array(c, dtype=float)
        for n, c in {"A": range(1, 7), "B": [2] * 6, "D": [9, 8, 7, 6, 5, 4]}.items()
    }
    days = dict.fromkeys(closes, week)
    closes["C"], days["C"] = np.array([1.0, 1.0, 5.0, 5.0, 5.0]), np.array([1, 2, 4, 5, 6])
    found = beat_median(closes, days, 2)
    assert np.isnan(found["C"].value[:2]).all()
    assert found["C"].value[2] == 0.0  # the fourth day, over the fourth to the sixth
    np.testing.assert_array_equal(found["A"].value[:4], [1, 1, 1, 1])
    assert list(beat_median({n: closes[n] for n in "AB"}, days, 2)["A"].known) == [False] * 6
    assert beat_median({}, {}, 2) == {}


def numbers(pairs):
    return np.array([float(Fraction(*p)) for p in pairs])


def test_average_uniqueness_is_the_books():
    case = ANSWERS["uniqueness"]
    start, end = np.array(case["start"]), np.array(case["end"])
    np.testing.assert_allclose(uniqueness(start, end), numbers(case["expected"]))
    drawn_twice = [uniqueness(start[[i, 1]], end[[i, 1]])[0] for i in range(3)]
    np.testing.assert_allclose(drawn_twice / np.sum(drawn_twice), numbers(case["after_second"]))


def test_labels_of_five_bars_on_every_bar_weigh_a_fifth_and_those_apart_weigh_one():
    start = np.arange(100)
    np.testing.assert_allclose(uniqueness(start, start + 5)[10:-10], 0.2)
    apart = start * 5
    np.testing.assert_allclose(uniqueness(apart, apart + 5), 1.0)
    assert len(uniqueness(start[:0], start[:0])) == 0


def test_the_weights_are_those_of_a_plain_count():
    rng = np.random.default_rng(3)
    start = np.sort(rng.integers(50, 150, 60))
    end = start + rng.integers(1, 12, 60)
    counts = [sum(s < t <= e for s, e in zip(start, end, strict=True)) for t in range(200)]
    expected = [
        np.mean([1 / counts[t] for t in range(s + 1, e + 1)]) for s, e in zip(start, end, strict=True)
    ]
    np.testing.assert_allclose(uniqueness(start, end), expected)
