"""The chart's lines over a history, and the same carried forward bar by bar."""

import json
import pickle
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import talib
from walks import walk

from marketpulse.features.chart import LINES, chart
from marketpulse.features.streaming import Forming
from marketpulse.types import Bars, Interval

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "indicators.json").read_text())
N = 700
BARS = walk("ABC", N, 6)
FULL = chart(BARS)
PRICES = ("open", "high", "low", "close")


def row(t, bars=BARS):
    return tuple(float(getattr(bars, c)[t]) for c in ("high", "low", "close", "volume"))


def at(t, found=FULL):
    return [found[line][t] for line in LINES]


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def published(name):
    case = ANSWERS[name]
    close = np.array(case["close"])
    high, low = (np.array(case.get(c, case["close"])) for c in ("high", "low"))
    n = len(close)
    return Bars("X", Interval.DAY, np.arange(n), close, high, low, close, np.ones(n), "paper"), case


@pytest.mark.parametrize("name", ["rsi", "atr"])
def test_the_charts_lines_are_the_spreadsheets_over_a_history_and_bar_by_bar(name):
    bars, case = published(name)
    np.testing.assert_allclose(chart(bars)[name], numbers(case["expected"]), atol=case["tolerance"])
    column = list(LINES).index(name)
    forming = Forming(bars[:0])
    found = [forming.update(*row(t, bars))[column] for t in range(len(bars))]
    np.testing.assert_allclose(found, numbers(case["expected"]), atol=case["tolerance"])


def test_what_each_line_is_worked_out_plainly():
    high, low, close, volume = (getattr(BARS, c) for c in ("high", "low", "close", "volume"))
    last = {line: FULL[line][-1] for line in LINES}
    window = close[-20:]
    assert last["sma"] == pytest.approx(window.mean())
    assert last["middle"] == pytest.approx(window.mean())
    assert last["upper"] == pytest.approx(window.mean() + 2 * window.std())
    assert last["lower"] == pytest.approx(window.mean() - 2 * window.std())
    assert last["macd_histogram"] == pytest.approx(last["macd"] - last["macd_signal"])
    fast = [
        100
        * (close[t] - low[t - 13 : t + 1].min())
        / (high[t - 13 : t + 1].max() - low[t - 13 : t + 1].min())
        for t in range(N - 5, N)
    ]
    slow = [np.mean(fast[i : i + 3]) for i in range(3)]
    assert last["k"] == pytest.approx(slow[-1])
    assert last["d"] == pytest.approx(np.mean(slow))
    assert last["obv"] == pytest.approx(volume[0] + (np.sign(np.diff(close)) * volume[1:]).sum())
    decayed = close[:20].mean()
    for price in close[20:]:
        decayed += (price - decayed) * 2 / 21
    assert last["ema"] == pytest.approx(decayed)


@pytest.mark.parametrize("start", [0, 1, 33, 63, 64, 65, 400])
def test_bar_by_bar_gives_the_numbers_of_the_history_to_the_last_bit(start):
    forming = Forming(BARS[:start])
    if start:
        np.testing.assert_array_equal(forming.values, at(start - 1))
    for t in range(start, N):
        np.testing.assert_array_equal(forming.update(*row(t)), at(t))
        np.testing.assert_array_equal(forming.values, at(t))


@pytest.mark.parametrize("start", [0, 10, 62, 63, 64, 300])
def test_the_forming_bar_shows_what_closing_now_would_give_and_keeps_nothing(start):
    forming = Forming(BARS[:start])
    before = forming.values
    high, low, close, volume = row(start)
    for revised in (0.97, 1.01, 1.0):
        shown = forming.peek(high * revised, low * revised, close * revised, volume)
    np.testing.assert_array_equal(shown, at(start))
    np.testing.assert_array_equal(forming.values, before)
    np.testing.assert_array_equal(forming.update(*row(start)), shown)


def test_after_a_restart_it_is_opened_on_the_history_and_goes_on_as_before():
    forming = Forming(BARS[:200])
    for t in range(200, 300):
        forming.update(*row(t))
    with pytest.raises(TypeError):
        pickle.dumps(forming)
    again = Forming(BARS[:300])
    np.testing.assert_array_equal(again.values, forming.values)
    for t in range(300, 320):
        np.testing.assert_array_equal(again.update(*row(t)), forming.update(*row(t)))


@pytest.mark.parametrize("start", [10, 300])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
@pytest.mark.parametrize("column", range(3))
def test_a_bad_bar_gives_nothing_and_later_bars_do_not_see_it(start, bad, column):
    forming, plain = Forming(BARS[:start]), Forming(BARS[:start])
    spoilt = list(row(start))
    spoilt[column] = bad
    assert np.isnan(forming.peek(*spoilt)).all()
    assert np.isnan(forming.update(*spoilt)).all()
    np.testing.assert_array_equal(forming.update(*row(start)), plain.update(*row(start)))


def test_a_history_with_bad_bars_is_the_history_without_them():
    keep = ~np.isin(np.arange(N), [0, 50, 51, 650])
    holed = replace(BARS, low=np.where(keep, BARS.low, -1.0))
    without = replace(BARS, **{c: getattr(BARS, c)[keep] for c in ("time", *PRICES, "volume")})
    found, expected = chart(holed), chart(without)
    for line in LINES:
        np.testing.assert_array_equal(found[line][keep], expected[line])
        assert np.isnan(found[line][~keep]).all()
    np.testing.assert_array_equal(Forming(holed).values, Forming(without).values)
    assert np.isnan(chart(replace(BARS, close=np.zeros(N)))["sma"]).all()


def test_a_volume_that_is_not_known_counts_as_nothing_traded():
    known = np.arange(N) != 300
    unknown = replace(BARS, volume=np.where(known, BARS.volume, np.nan))
    zero = replace(BARS, volume=np.where(known, BARS.volume, 0.0))
    np.testing.assert_array_equal(chart(unknown)["obv"], chart(zero)["obv"])
    forming = Forming(unknown[:300])
    np.testing.assert_array_equal(forming.update(*row(300, unknown)), at(300, chart(zero)))


def test_later_bars_change_no_earlier_line():
    found = chart(BARS[:500])
    for line in LINES:
        np.testing.assert_array_equal(found[line], FULL[line][:500])


@pytest.mark.parametrize("n", [0, 1, 2, 20])
def test_a_short_history_gives_lines_that_are_not_defined_yet(n):
    found = chart(BARS[:n])
    assert all(len(found[line]) == n for line in LINES)
    assert np.isnan(found["macd"]).all()
    assert len(Forming(BARS[:n]).values) == len(LINES)


def test_columns_that_lie_apart_in_memory_are_read_right():
    wide = np.stack([BARS.open, BARS.high, BARS.low, BARS.close, BARS.volume], axis=1)
    strided = replace(BARS, **{c: wide[:, k] for k, c in enumerate((*PRICES, "volume"))})
    found = chart(strided)
    assert all(np.array_equal(found[line], FULL[line], equal_nan=True) for line in LINES)


def test_it_is_talibs_but_for_the_warm_up_of_the_true_range():
    expected = talib.ATR(BARS.high, BARS.low, BARS.close, 14)
    apart = np.abs(FULL["atr"] - expected)
    assert np.isfinite(FULL["atr"][13])
    assert np.isnan(expected[13])
    assert apart[14] > 1e-4
    assert all(later < earlier for earlier, later in pairwise(apart[14:100]))


def test_the_middle_band_is_the_simple_mean_to_the_last_bit():
    np.testing.assert_array_equal(FULL["sma"], talib.SMA(BARS.close, 20))
