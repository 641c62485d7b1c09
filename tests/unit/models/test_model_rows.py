from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from walks import START, walk

from marketpulse.features import FEATURES
from marketpulse.models.rows import NotTrainable, build, digest, running_base
from marketpulse.models.train import FIRST_FIT, REFIT, folds

FAR = datetime(2030, 1, 1, tzinfo=UTC)
BARS = walk("AAA", 1600, 1)
OTHER = walk("BBB", 1600, 2)[300:]
MARKET = walk("^M", 1600, 3)


def test_a_label_is_the_direction_of_the_next_five_bars():
    rows = build([BARS], MARKET, FAR, 5)
    at = rows.day - START
    assert at[0] == 251
    assert at[-1] == 1600 - 6
    np.testing.assert_array_equal(rows.y, BARS.close[at + 5] > BARS.close[at])
    np.testing.assert_array_equal(rows.end, rows.day + 5)


def test_rows_are_in_the_order_of_days_and_do_not_depend_on_the_order_of_the_panel():
    one, two = (build(p, MARKET, FAR, 5) for p in ([BARS, OTHER], [OTHER, BARS]))
    assert (np.diff(one.day) >= 0).all()
    assert one.symbols == two.symbols == ("AAA", "BBB")
    np.testing.assert_array_equal(one.x, two.x)


def test_no_row_knows_a_bar_that_had_not_closed():
    cutoff = datetime(2003, 6, 2, 13, 30, tzinfo=UTC)
    day = int(cutoff.timestamp()) // 86_400
    assert build([BARS], MARKET, cutoff, 5).end.max() == day - 1
    midnight = cutoff.replace(hour=0, minute=0)
    assert build([BARS], MARKET, midnight, 5).end.max() == day - 1


def test_without_a_benchmark_its_feature_is_left_out():
    assert set(FEATURES) - set(build([BARS], None, FAR, 5).names) == {"market_5"}


def test_a_symbol_without_one_full_row_is_not_named():
    assert build([BARS, OTHER[:200]], MARKET, FAR, 5).symbols == ("AAA",)


def test_simulated_prices_are_refused():
    with pytest.raises(NotTrainable, match="Simulated"):
        build([BARS, replace(OTHER, source="simulated")], MARKET, FAR, 5)


@pytest.mark.parametrize("n", [0, 3, 255])
def test_too_short_a_panel_is_refused(n):
    with pytest.raises(NotTrainable):
        build([BARS[:n]], MARKET, FAR, 5)


def test_dates_are_split_whole_and_labels_purged():
    rows = build([BARS, OTHER], MARKET, FAR, 5)
    dates = np.unique(rows.day)
    tested = np.zeros(len(rows), dtype=int)
    for i, fold in enumerate(folds(rows)):
        first = dates[FIRST_FIT + i * REFIT]
        assert rows.end[fold.train].max() < first == rows.day[fold.test].min()
        assert rows.day[fold.train].max() == first - 6
        assert not set(rows.day[fold.train]) & set(rows.day[fold.test])
        tested += fold.test
    assert i == 3
    np.testing.assert_array_equal(tested, rows.day >= dates[FIRST_FIT])


def test_the_running_base_rate_counts_only_what_was_known():
    rows = build([BARS, OTHER], MARKET, FAR, 5)
    found = running_base(rows.y, rows.day, rows.end)
    assert np.isnan(found[rows.day < START + 251 + 6]).all()
    for i in (10, 700, len(rows) - 1):
        assert found[i] == pytest.approx(rows.y[rows.end < rows.day[i]].mean())


def test_the_digest_names_the_bars_before_the_cutoff_and_no_other():
    cutoff = datetime(2003, 6, 2, tzinfo=UTC)
    spoilt = replace(BARS, close=np.where(np.arange(1600) > 1300, 1.0, BARS.close))
    nudged = replace(BARS, close=BARS.close + (np.arange(1600) == 700) * 1e-9)
    assert digest([BARS, OTHER], MARKET, cutoff) == digest([OTHER, spoilt], MARKET, cutoff)
    assert digest([BARS], MARKET, cutoff) != digest([nudged], MARKET, cutoff)
    assert digest([BARS], MARKET, cutoff) != digest([BARS], None, cutoff)
