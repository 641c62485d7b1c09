"""The sum that tells when a model turns bad: by hand, and by simulation how often it is wrong."""

import numpy as np
import pytest
from issues_made import kept, result, signal
from sklearn.linear_model import LogisticRegression

from bench.turned import between
from marketpulse.signals.cusum import RECENT, SLACK, calibration_slope, cusum, lately, surprise
from marketpulse.signals.scoring import FEWEST_DATES


def test_the_sum_by_hand():
    values = np.array([0.6, -0.3, 1.1, np.nan, -5.0, 0.2])
    assert cusum(values, 0.1).tolist() == pytest.approx([0.5, 0.1, 1.1, 1.1, 0.0, 0.1])


def test_a_surprise_is_the_difference_of_brier_scores_in_its_own_deviations():
    p, base, rose = np.array([0.7, 0.7, 0.54]), np.full(3, 0.54), np.array([0.0, 1.0, 1.0])
    found = surprise(p, base, rose)
    size = 2 * 0.16 * np.sqrt(0.54 * 0.46)
    assert found[0] == pytest.approx((0.7**2 - 0.54**2) / size)
    assert found[1] == pytest.approx((0.3**2 - 0.46**2) / size)
    assert np.isnan(found[2])


def test_a_model_as_good_as_the_base_rate_is_alarmed_about_once_in_a_thousand_signals():
    assert 700 < between("as good", 0.03, worlds=8) < 1500


def test_one_that_is_wrong_is_found_sooner_and_one_that_is_right_later():
    as_good = between("as good", 0.1, worlds=4)
    assert between("wrong way", 0.1, worlds=4) < as_good / 3
    assert between("right", 0.1, worlds=4) > 1.5 * as_good


def test_the_slope_is_scikit_learns():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.2, 0.8, 800)
    y = (rng.random(800) < 0.5 + 0.6 * (p - 0.5)).astype(float)
    odds = np.log(p / (1 - p))[:, None]
    found = LogisticRegression(C=np.inf, tol=1e-10).fit(odds, y).coef_[0, 0]
    assert calibration_slope(p, y) == pytest.approx(found, rel=1e-4)


@pytest.mark.parametrize(
    ("p", "y"),
    [
        (np.full(200, 0.54), np.tile([0.0, 1.0], 100)),
        (np.linspace(0.3, 0.7, 125), np.tile([0.0, 1.0, 0.0, 1.0, 0.0], 25)),
        (np.linspace(0.3, 0.7, 200), np.ones(200)),
    ],
    ids=["one opinion", "too few", "one outcome"],
)
def test_no_slope_is_told_where_there_is_none(p, y):
    assert calibration_slope(p, y) is None


def issued(dates, seed=2, truth=lambda p: p, size=0.1):
    rng = np.random.default_rng(seed)
    found = []
    for n in range(dates):
        for symbol in ("AAPL", "MSFT"):
            p = float(np.clip(0.54 + size * rng.normal(), 0.1, 0.9))
            found.append(kept(signal(n, symbol, p=p), result(n + 5, p, rose=bool(rng.random() < truth(p)))))
    return found


def test_lately_is_told_from_the_last_dates_and_the_sum_from_all():
    held = issued(300)
    found = lately([*held, kept(signal(400))])
    late = held[-2 * RECENT :]
    assert (found.n, found.dates, found.counted) == (252, RECENT, 600)
    assert found.brier == pytest.approx(np.mean([i.outcome.brier for i in late]))
    assert found.brier_base == pytest.approx(np.mean([i.outcome.brier_base for i in late]))
    assert found.low < found.skill < found.high
    assert 0.3 < found.slope < 2.5
    assert not found.alarm


def test_a_model_turned_bad_is_alarmed():
    found = lately([*issued(100), *(kept(i.signal, i.outcome) for i in issued(400, 3, lambda p: 1.08 - p))])
    assert found.alarm
    assert found.high < 0.0
    assert found.slope < 0.0


def test_signals_count_in_the_order_in_which_they_ended():
    held = [*issued(100), *(kept(i.signal, i.outcome) for i in issued(300, 3, lambda p: 1.08 - p)[200:])]
    assert lately(held[::-1]).sum == pytest.approx(lately(held).sum)


def test_too_few_dates_have_no_interval():
    assert lately(issued(FEWEST_DATES - 1)).low is None
    assert lately(issued(FEWEST_DATES)).low is not None


def test_who_says_the_base_rate_gives_no_evidence():
    found = lately(issued(200, size=0.0))
    assert (found.counted, found.sum, found.slope, found.skill) == (0, 0.0, None, 0.0)


def test_the_slack_is_small():
    assert 0.0 < SLACK < 0.5
