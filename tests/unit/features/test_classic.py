from dataclasses import replace

import numpy as np
import pytest
from walks import walk

from marketpulse.features.chart import chart
from marketpulse.features.classic import CATALOGUE, Pane, draw

N = 400
BARS = walk("ABC", N, 8)
FULL = draw(BARS, CATALOGUE)
HIGH, LOW, CLOSE, VOLUME = BARS.high, BARS.low, BARS.close, BARS.volume
TYPICAL = (HIGH + LOW + CLOSE) / 3


def last(line):
    return FULL[line][-1]


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_line_warms_up_once_and_stays_and_sees_no_later_bar(name):
    lines, part = draw(BARS, [name]), draw(BARS[:300], [name])
    assert tuple(lines) == CATALOGUE[name].lines
    for line, values in lines.items():
        first = int(np.isfinite(values).argmax())
        assert len(values) == N
        assert np.isfinite(values[first:]).all()
        assert first < 200
        np.testing.assert_array_equal(part[line], values[:300])


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("n", [0, 1, 2, 15])
def test_a_short_history_gives_lines_of_its_length(name, n):
    assert all(len(values) == n for values in draw(BARS[:n], [name]).values())


@pytest.mark.parametrize("name", CATALOGUE)
def test_only_what_is_drawn_over_the_price_is_in_its_currency(name):
    by = 2.0**10
    larger = draw(
        replace(BARS, **{c: getattr(BARS, c) * by for c in ("open", "high", "low", "close")}), [name]
    )
    for line, values in larger.items():
        moves = CATALOGUE[name].pane is Pane.PRICE or line.startswith(("macd", "atr"))
        np.testing.assert_allclose(values, FULL[line] * (by if moves else 1.0), rtol=1e-9, atol=1e-9)


def test_no_two_indicators_share_a_line_and_each_has_its_words_and_source():
    names = [line for one in CATALOGUE.values() for line in one.lines]
    assert len(names) == len(set(names))
    assert len({one.words for one in CATALOGUE.values()}) == len(CATALOGUE)
    assert all(one.source for one in CATALOGUE.values())


def test_the_charts_set_is_in_the_catalogue_with_the_same_numbers():
    found = chart(BARS)
    for line, values in found.items():
        name = {"sma": "sma_20", "ema": "ema_20"}.get(line, line)
        np.testing.assert_array_equal(FULL[name], values)


def test_lines_worked_out_plainly():
    assert last("donchian_upper") == HIGH[-20:].max()
    assert last("donchian_lower") == LOW[-20:].min()
    assert last("vwap_20") == pytest.approx((TYPICAL * VOLUME)[-20:].sum() / VOLUME[-20:].sum())
    assert last("wma_20") == pytest.approx(np.average(CLOSE[-20:], weights=np.arange(1, 21)))
    assert last("roc") == pytest.approx(100 * (CLOSE[-1] / CLOSE[-11] - 1))
    top, bottom = HIGH[-14:].max(), LOW[-14:].min()
    assert last("williams") == pytest.approx(-100 * (top - CLOSE[-1]) / (top - bottom))
    window = TYPICAL[-20:]
    apart = np.abs(window - window.mean()).mean()
    assert last("cci") == pytest.approx((window[-1] - window.mean()) / (0.015 * apart))
    assert last("aroon_up") == pytest.approx(100 * HIGH[-26:].argmax() / 25)
    assert last("aroon_down") == pytest.approx(100 * LOW[-26:].argmin() / 25)
    way = np.sign(np.diff(TYPICAL))[-14:]
    flow = (TYPICAL * VOLUME)[-14:]
    assert last("mfi") == pytest.approx(100 * flow[way > 0].sum() / flow.sum())
    middle = last("keltner_middle")
    assert middle == last("ema_20")
    assert last("keltner_upper") - middle == pytest.approx(middle - last("keltner_lower"))
    assert last("keltner_upper") > last("keltner_middle")


def test_bad_bars_are_left_out():
    keep = ~np.isin(np.arange(N), [0, 100, 399])
    holed = draw(replace(BARS, high=np.where(keep, HIGH, np.nan)), ["atr_14", "vwap_20"])
    kept = replace(
        BARS, **{c: getattr(BARS, c)[keep] for c in ("time", "open", "high", "low", "close", "volume")}
    )
    for line, values in draw(kept, ["atr_14", "vwap_20"]).items():
        np.testing.assert_array_equal(holed[line][keep], values)
        assert np.isnan(holed[line][~keep]).all()


def test_a_name_that_is_not_offered_is_an_error():
    with pytest.raises(KeyError):
        draw(BARS, ["magic"])
