from dataclasses import replace

import numpy as np
import pytest
import talib
from walks import DAY, walk

from marketpulse.features import FEATURES, VERSION, WORDS, compute
from marketpulse.features.formulas import bollinger_z
from marketpulse.features.table import DEFINITIONS, MARKET, Definition

N = 600
BARS = walk("ABC", N, 1)
MARKET_BARS = walk("^M", N, 2)
FULL = compute(BARS, MARKET_BARS)
PRICES = ("open", "high", "low", "close")


def same(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, equal_nan=True)


def test_every_feature_is_defined_after_a_year_of_bars():
    assert FULL.values.shape == (N, len(FEATURES))
    assert 10 <= len(FEATURES) == len(set(FEATURES)) == len(WORDS)
    assert np.isfinite(FULL.values[251:]).all()
    assert not np.isfinite(FULL.values[:251]).all(axis=1).any()


def test_a_table_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        FULL.values[0, 0] = 1.0


@pytest.mark.parametrize("rows", [1, 64, 251, 252, 300, 599])
def test_later_bars_change_no_earlier_row_when_cut_off(rows):
    same(compute(BARS[:rows], MARKET_BARS[:rows]).values, FULL.values[:rows], 1e-12)


@pytest.mark.parametrize("bad", [1e6, 1e-6, np.nan, 0.0, -5.0, np.inf])
def test_later_bars_change_no_earlier_row_when_corrupted(bad):
    at = 400

    def spoilt(bars):
        columns = {c: np.append(getattr(bars, c)[:at], np.full(N - at, bad)) for c in (*PRICES, "volume")}
        return replace(bars, **columns)

    found = compute(spoilt(BARS), spoilt(MARKET_BARS))
    same(found.values[:at], FULL.values[:at], 1e-12)


@pytest.mark.parametrize("decimals", [12, 2, 1])
@pytest.mark.parametrize("factor", [3.7, 1e-4, 1e5, 1 / 7])
def test_the_scale_of_prices_and_volume_does_not_matter(factor, decimals):
    """Also where prices come in coarse ticks, so that many movements are equal."""
    plain = replace(BARS, **{c: np.round(getattr(BARS, c), decimals) for c in PRICES})
    scaled = replace(plain, **{c: getattr(plain, c) * factor for c in PRICES}, volume=BARS.volume / factor)
    market = replace(MARKET_BARS, **{c: getattr(MARKET_BARS, c) * factor for c in PRICES})
    same(compute(scaled, market).values, compute(plain, MARKET_BARS).values, 1e-9)


def test_a_bad_bar_is_left_out_and_later_rows_do_not_see_it():
    holed = replace(BARS, close=np.where(np.arange(N) == 500, np.nan, BARS.close))
    found = compute(holed, MARKET_BARS).values
    assert np.isnan(found[500]).all()
    keep = np.arange(N) != 500
    without = replace(BARS, **{c: getattr(BARS, c)[keep] for c in ("time", *PRICES, "volume")})
    same(found[keep], compute(without, MARKET_BARS).values, 0)


def test_the_market_is_joined_by_date_whatever_the_hour():
    shifted = replace(MARKET_BARS, time=MARKET_BARS.time + 14 * 3600)
    same(compute(BARS, shifted).values, FULL.values, 0)


def test_the_markets_last_bar_counts_for_four_days_and_no_longer():
    column = compute(BARS, MARKET_BARS[:500]).columns([MARKET])[:, 0]
    expected = FULL.columns([MARKET])[:, 0]
    same(column[:500], expected[:500], 0)
    same(column[500:504], np.full(4, expected[499]), 0)
    assert np.isnan(column[504:]).all()


def test_without_a_market_only_its_column_is_missing():
    found = compute(BARS, None)
    own = [name for name in FEATURES if name != MARKET]
    same(found.columns(own), FULL.columns(own), 0)
    for bench in (None, MARKET_BARS[:0], replace(MARKET_BARS, time=MARKET_BARS.time + N * DAY)):
        assert np.isnan(compute(BARS, bench).columns([MARKET])).all()


@pytest.mark.parametrize("n", [0, 1, 4, 6, 63])
def test_short_histories_give_rows_that_are_not_defined(n):
    found = compute(BARS[:n], MARKET_BARS)
    assert found.values.shape == (n, len(FEATURES))
    assert not np.isfinite(found.values).all(axis=1).any()


def test_a_flat_price_is_not_defined_and_never_infinite():
    flat = replace(BARS, **dict.fromkeys(PRICES, np.full(N, 12.5)))
    values = compute(flat, MARKET_BARS).values
    assert not np.isinf(values).any()
    assert np.isnan(values).any(axis=1).all()


def test_a_day_without_volume_is_not_defined():
    empty = replace(BARS, volume=np.where(np.arange(N) == 400, 0.0, BARS.volume))
    column = compute(empty, None).columns(["volume_63"])[:, 0]
    assert np.isnan(column[400:463]).all()
    assert np.isfinite(column[463:]).all()


def test_the_bollinger_position_agrees_with_talib():
    upper, middle, _ = talib.BBANDS(BARS.close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    same(bollinger_z(BARS.close), 2 * (BARS.close - middle) / (upper - middle), 1e-6)


def test_an_unknown_column_is_an_error():
    with pytest.raises(KeyError):
        FULL.columns(["close"])


def test_the_version_names_the_definitions():
    assert len(VERSION) == 16
    assert all(isinstance(d, Definition) and d.formula and d.words for d in DEFINITIONS)
