from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from marketpulse.types import AssetClass, Instrument
from pages import formats
from pages.formats import DASH, MINUS

BTC = Instrument("BTC/USDT", "Bitcoin", AssetClass.CRYPTO, "USDT", "24/7", Decimal("0.1"), Decimal("0.0001"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1131.666, "1,131.67"),
        (-1131.66, f"{MINUS}1,131.66"),
        (0.004, "0.00"),
        (-0.004, "0.00"),
        (Decimal("1E+3"), "1,000.00"),
        (None, DASH),
        (float("nan"), DASH),
        (float("inf"), DASH),
        (Decimal("NaN"), DASH),
    ],
)
def test_numbers_carry_a_true_minus_and_unknown_is_a_dash(value, text):
    assert formats.number(value) == text


def test_signs_stand_before_the_currency():
    assert formats.money(-12.5) == f"{MINUS}$12.50"
    assert formats.money(12.5, plus=True) == "+$12.50"
    assert formats.money(0, plus=True) == "$0.00"
    assert formats.money(3, currency="INR") == "3.00 INR"


def test_fractions_become_percent():
    assert formats.percent(0.0168, 2, plus=True) == "+1.68%"
    assert formats.percent(-0.031) == f"{MINUS}3.1%"


def test_a_price_has_the_decimals_of_its_tick():
    assert formats.price(64210.5, BTC) == "64,210.5"
    assert formats.price(None, BTC) == DASH
    assert formats.price(1, None) == "1.00"


@pytest.mark.parametrize(
    ("value", "text"),
    [("1200.000", "1,200"), ("0.1500", "0.15"), ("100", "100"), ("0.00010000", "0.0001"), ("0", "0")],
)
def test_units_lose_their_trailing_zeros(value, text):
    assert formats.quantity(Decimal(value)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.83, "0.8 s"),
        (-1, "0.0 s"),
        (45, "45 s"),
        (754, "13 min"),
        (9000, "2 h"),
        (400_000, "5 d"),
        (None, DASH),
    ],
)
def test_ages_are_short(seconds, text):
    assert formats.age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(8040, "2h 14m"), (59, "59s"), (540, "9m"), (273_600, "3d 4h"), (-5, "0s")]
)
def test_times_to_go_are_short(seconds, text):
    assert formats.duration(timedelta(seconds=seconds)) == text


def test_moments_are_shown_in_new_york_on_both_sides_of_a_clock_change():
    assert formats.eastern(datetime(2012, 3, 9, 15, tzinfo=UTC)) == "10:00:00"
    assert formats.eastern(datetime(2012, 3, 12, 15, tzinfo=UTC)) == "11:00:00"


def test_colour_follows_the_sign_and_the_use_of_a_limit():
    assert [formats.tone(x) for x in (1.0, -1.0, 0.0, None)] == ["up", "down", "muted", "muted"]
    assert [formats.use_tone(x) for x in (0.5, 0.8, 1.0, 1.01, None)] == [
        "accent",
        "warn",
        "warn",
        "down",
        "muted",
    ]
