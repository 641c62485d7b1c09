from dataclasses import replace

import numpy as np
import pytest
from walks import walk

from marketpulse.features.full import NAMES
from marketpulse.models.panel import NEVER, build_panel, weights
from marketpulse.models.rows import NotTrainable

BARS = walk("AAA", 700, 1)
OTHER = walk("BBB", 700, 2)[100:]
THIRD = walk("CCC", 700, 3)
COLUMNS = ("x", "y", "time", "end", "symbol", "bar", "base", "sigma", "moved")


def test_rows_begin_when_the_long_features_are_there_and_go_on_to_the_newest_bar():
    panel = build_panel([BARS], None, 5)
    assert panel.names == NAMES
    assert panel.bar.tolist() == list(range(252, 700))
    assert panel.known.sum() == len(panel) - 5
    assert (panel.end[-5:] == NEVER).all()
    np.testing.assert_array_equal(panel.y[:-5], BARS.close[panel.bar[:-5] + 5] > BARS.close[panel.bar[:-5]])
    np.testing.assert_array_equal(panel.end[:-5], BARS.time[panel.bar[:-5] + 5])


def test_money_is_counted_from_the_next_open_to_the_one_after():
    panel = build_panel([BARS], None, 5)
    expected = np.log(BARS.open[300 + 2] / BARS.open[300 + 1])
    assert panel.moved[panel.bar == 300] == pytest.approx(expected, abs=1e-8)
    assert np.isnan(panel.moved[-2:]).all()
    assert np.isfinite(panel.moved[:-2]).all()


def test_dates_come_in_order_whatever_the_order_of_the_panel():
    one, two = (build_panel(bars, None, 5) for bars in ([BARS, OTHER, THIRD], [THIRD, OTHER, BARS]))
    assert (np.diff(one.time) >= 0).all()
    assert one.symbols == two.symbols == ("AAA", "BBB", "CCC")
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(one, column), getattr(two, column))
    assert np.isfinite(one.x[:, NAMES.index("rank_21")]).all()


def test_the_base_rate_counts_what_had_ended_only():
    panel = build_panel([BARS, OTHER], None, 5)
    for i in (60, 500, len(panel) - 1):
        assert panel.base[i] == pytest.approx(panel.y[panel.end < panel.time[i]].mean())


@pytest.mark.parametrize("unit", [3.7, 1e-6, 1e9, 2.0])
def test_prices_in_another_unit_give_the_same_rows(unit):
    other = replace(BARS, **{c: unit * getattr(BARS, c) for c in ("open", "high", "low", "close")})
    one, two = build_panel([BARS], None, 5), build_panel([other], None, 5)
    for column in COLUMNS:
        np.testing.assert_allclose(getattr(one, column), getattr(two, column), rtol=0, atol=1e-9)


def test_a_bar_that_is_no_bar_has_no_row_and_no_label_rests_on_it():
    close = BARS.close.copy()
    close[500] = np.nan
    panel = build_panel([replace(BARS, close=close)], None, 5)
    assert 500 not in panel.bar
    assert np.isnan(panel.y[panel.bar == 495])
    assert panel.end[panel.bar == 495] == NEVER


def test_overlapping_labels_share_their_say():
    panel = build_panel([BARS, OTHER], None, 5)
    rows = np.flatnonzero(panel.known)
    found = weights(panel, rows)
    assert np.median(found) == pytest.approx(0.2)
    assert found.max() <= 1.0
    apart = rows[panel.symbol[rows] == 0][::5]
    np.testing.assert_allclose(weights(panel, apart), 1.0)


@pytest.mark.parametrize("bars", [[], [BARS[:252]], [replace(BARS, close=np.full(700, np.nan))]])
def test_without_one_row_it_says_so(bars):
    with pytest.raises(NotTrainable, match="253 bars"):
        build_panel(bars, None, 5)


def test_made_up_prices_are_refused():
    with pytest.raises(NotTrainable, match="Simulated"):
        build_panel([replace(BARS, source="simulated")], None, 5)
