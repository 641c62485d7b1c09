"""Expected actions are what the companies announced, not what our code printed."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from marketpulse.sources.corporate import derive
from marketpulse.sources.recording import load_recording
from marketpulse.types import ActionKind, CorporateAction


def on(symbol: str, day: date) -> CorporateAction:
    return next(a for a in load_recording().actions[symbol] if a.day == day)


@pytest.mark.parametrize(
    ("symbol", "day"),
    [
        ("AAPL", date(2000, 6, 21)),
        ("AAPL", date(2005, 2, 28)),
        ("MSFT", date(2003, 2, 18)),
    ],
)
def test_two_for_one_splits_are_exact(symbol, day):
    assert on(symbol, day) == CorporateAction(symbol, day, ActionKind.SPLIT, Decimal(2))


def test_no_other_split_is_found():
    splits = [
        a for actions in load_recording().actions.values() for a in actions if a.kind is ActionKind.SPLIT
    ]
    assert len(splits) == 3


@pytest.mark.parametrize(
    ("symbol", "day", "announced", "close_before"),
    [
        ("AAPL", date(2012, 8, 9), 2.65, 619.86),
        ("MSFT", date(2003, 2, 19), 0.08, 24.96),
        ("MSFT", date(2004, 11, 15), 3.08, 29.97),  # 3.00 special and 0.08 regular
        ("IBM", date(2008, 5, 7), 0.50, 122.82),
        ("IBM", date(2012, 5, 8), 0.85, 203.75),
    ],
)
def test_dividends_are_within_the_stated_accuracy(symbol, day, announced, close_before):
    action = on(symbol, day)
    assert action.kind is ActionKind.DIVIDEND
    tolerance = max(0.0002 * close_before, 0.05 * (announced > 3)) + 0.005
    assert float(action.value) == pytest.approx(announced, abs=tolerance)


def test_the_dividend_of_apple_after_seventeen_years_is_within_a_cent():
    assert abs(on("AAPL", date(2012, 8, 9)).value - Decimal("2.65")) <= Decimal("0.01")


def test_ibm_paid_every_quarter():
    days = [a.day for a in load_recording().actions["IBM"]]
    assert len(days) == 52
    gaps = np.diff(np.array(days, dtype="datetime64[D]")).astype(int)
    assert gaps.min() > 80
    assert gaps.max() < 100


def test_rounding_noise_is_not_an_action():
    rng = np.random.default_rng(1)
    raw = np.round(50 + np.cumsum(rng.normal(0, 0.5, 500)), 2)
    days = [date.fromordinal(730_000 + i) for i in range(500)]
    assert derive("X", days, raw, np.round(raw * 0.7311, 2)) == ()


def test_google_and_facebook_paid_nothing():
    assert load_recording().actions["GOOG"] == ()
    assert load_recording().actions["FB"] == ()
