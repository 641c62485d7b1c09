import json
from pathlib import Path

import numpy as np
import pytest
import talib
from walks import walk

from marketpulse.features.indicators import adx, atr, ema, ewma_sigma, ewma_variance, rsi
from marketpulse.features.measures import autocorrelation
from marketpulse.features.windows import mean_and_deviation

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "indicators.json").read_text())


def numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def test_rsi_is_the_spreadsheets():
    case = ANSWERS["rsi"]
    found = rsi(np.array(case["close"]))
    np.testing.assert_allclose(found, numbers(case["expected"]), atol=case["tolerance"])


def test_atr_is_the_spreadsheets():
    case = ANSWERS["atr"]
    high, low, close = (np.array(case[k]) for k in ("high", "low", "close"))
    found = atr(high, low, close)
    np.testing.assert_allclose(found, numbers(case["expected"]), atol=case["tolerance"])


def test_the_variance_is_riskmetrics():
    case = ANSWERS["ewma"]
    found = ewma_variance(np.array(case["returns"]))
    np.testing.assert_allclose(found, case["expected"], atol=case["tolerance"])


def test_an_update_of_the_variance_is_hulls():
    case = ANSWERS["update"]
    found = np.sqrt(ewma_variance(np.array(case["returns"]), case["decay"])[-1])
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("n", [1, 31, 40, 62])
def test_a_series_shorter_than_its_window_has_no_autocorrelation(n):
    nothing = np.full(n, np.nan)
    assert np.isnan(autocorrelation(np.linspace(-0.01, 0.01, n), nothing, nothing, nothing, 63)).all()


def test_mean_deviation_and_autocorrelation_are_nists():
    case = ANSWERS["univariate"]
    series = np.array([case["first"], *case["pair"] * case["times"]])
    moments = mean_and_deviation(series, len(series))
    products = np.full(len(series), series[1:] @ series[:-1])
    found = [*(m[-1] for m in moments), autocorrelation(series, *moments, products, len(series))[-1]]
    np.testing.assert_allclose(found, case["expected"], rtol=0, atol=case["tolerance"])


def test_an_ema_of_a_step_comes_closer_by_its_factor():
    close = np.append(np.full(21, 100.0), np.full(3, 200.0))
    found = ema(close, 21)
    assert np.isnan(found[:20]).all()
    np.testing.assert_allclose(200 - found[20:], 100 * (20 / 22) ** np.arange(4))


@pytest.mark.parametrize("n", [0, 1, 5])
def test_short_histories_are_not_defined(n):
    close = np.linspace(100.0, 101.0, n)
    for found in (
        ema(close, 55),
        rsi(close),
        ewma_sigma(close),
        atr(close, close, close),
        adx(close, close, close),
    ):
        assert found.shape == (n,)
        assert np.isnan(found).all()


def test_a_price_that_stands_still_has_no_volatility_to_divide_by():
    assert np.isnan(ewma_sigma(np.full(300, 5.0))).all()


def test_adx_agrees_with_talib_where_no_movements_are_equal():
    """The two start their averages differently; 300 bars later that is forgotten."""
    bars = walk("ABC", 900, 4)
    ours, theirs = (
        adx(bars.high, bars.low, bars.close),
        talib.ADX(bars.high, bars.low, bars.close, timeperiod=14),
    )
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_allclose(ours[300:], theirs[300:], atol=1e-6)


def test_equal_movements_up_and_down_count_for_neither_side():
    """Each day a cent wider on both sides: equal in cents, and not in the last bit of a float."""
    cents = np.arange(1, 61)
    high, low, close = (1990 + cents) / 100, (1990 - cents) / 100, np.full(60, 19.9)
    assert np.unique(np.diff(high) > -np.diff(low)).size == 2
    assert np.isnan(adx(high, low, close)).all()


@pytest.mark.parametrize("decay", [0.01, 0.5, 0.94, 0.999])
def test_the_variance_is_the_recursion_over_any_length_and_after_any_shock(decay):
    returns = np.random.default_rng(2).normal(0, 0.01, 2_000)
    returns[700] = 14.0
    expected, found = [returns[0] ** 2], ewma_variance(returns, decay)
    for r in returns[1:]:
        expected.append(decay * expected[-1] + (1 - decay) * r**2)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    for n in (0, 1, 223, 224, 1_000):
        np.testing.assert_array_equal(ewma_variance(returns[:n], decay), found[:n])
