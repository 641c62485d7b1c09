from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.market.quality import Gate, Reference, sound
from marketpulse.types import Quote

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
KNOWN = Reference(price=100.0, closes=(99.0,), sigma=0.01)


def quote(price, *, bid=None, ask=None, time=NOW, low=None, high=None) -> Quote:
    return Quote("X", price, bid, ask, None, time, time, "yahoo", None, high, low)


def judge(price, reference=KNOWN, **more):
    return Gate().judge(quote(price, **more), NOW, reference)


def test_an_ordinary_price_is_believed():
    assert judge(101.0, bid=100.9, ask=101.1, low=99.0, high=102.0).believed


@pytest.mark.parametrize(
    ("price", "why"),
    [
        (0.0, "is zero"),
        (-100.0, "is negative"),
        (nan, "is not a finite number"),
        (inf, "is not a finite number"),
        (10_000.0, "is a hundred times"),
        (9_900.0, "is a hundred times"),
        (1.0, "is a hundredth"),
        (0.99, "is a hundredth"),
        (121.0, "jumped +21%"),
        (79.0, "jumped -21%"),
    ],
)
def test_an_implausible_price_is_not(price, why):
    verdict = judge(price)
    assert not verdict.believed
    assert why in verdict.reason


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"bid": 101.0, "ask": 100.0}, "crossed book"),
        ({"bid": 100.0, "ask": 100.0}, "crossed book"),
        ({"bid": 0.0, "ask": 100.0}, "is zero"),
        ({"bid": nan, "ask": 100.0}, "is not a finite number"),
        ({"bid": 110.0, "ask": 111.0}, "far from its own book"),
        ({"low": 102.0, "high": 105.0}, "outside its own day"),
        ({"time": NOW + timedelta(seconds=60)}, "60 s ahead"),
    ],
)
def test_a_price_that_contradicts_its_own_quote_is_not_believed(more, why):
    verdict = judge(100.0, **more)
    assert not verdict.believed
    assert why in verdict.reason


def test_a_range_that_makes_no_sense_is_not_used():
    assert judge(100.0, low=105.0, high=95.0).believed
    assert judge(100.0, low=nan, high=101.0).believed


def test_the_daily_close_shows_a_unit_mix_up_even_where_the_last_price_agrees():
    assert not judge(9_900.0, Reference(price=9_800.0, closes=(99.0,))).believed


def test_a_wild_instrument_may_move_further():
    assert judge(140.0, Reference(price=100.0, sigma=0.05)).believed
    assert not judge(150.0, Reference(price=100.0, sigma=0.05)).believed


def test_the_first_price_of_all_is_believed_when_it_agrees_with_itself():
    nothing = Reference(price=None)
    assert judge(100.0, nothing, bid=99.9, ask=100.1).believed
    assert not judge(10_000.0, nothing, low=99.0, high=101.0).believed


def follow(gate, prices, step=10.0):
    """Feed one price every ``step`` seconds; return the verdicts."""
    verdicts = []
    for n, price in enumerate(prices):
        now = NOW + timedelta(seconds=n * step)
        verdicts.append(gate.judge(quote(price, time=now), now, KNOWN).believed)
    return verdicts


def test_a_jump_that_lasts_five_minutes_becomes_true():
    believed = follow(Gate(), [130.0] * 40)
    assert believed.index(True) == 30


def test_a_jump_that_ends_is_forgotten():
    gate = Gate()
    assert not any(follow(gate, [130.0] * 20))
    assert follow(gate, [100.0]) == [True]
    assert not any(follow(gate, [130.0] * 30))


def test_jumps_that_disagree_do_not_confirm_each_other():
    assert not any(follow(Gate(), [130.0, 150.0] * 40))


def test_two_quotes_far_apart_are_too_few():
    gate = Gate()
    assert follow(gate, [130.0, 130.0], step=400.0) == [False, False]


@given(
    st.one_of(
        st.floats(max_value=0.0),
        st.sampled_from([inf, nan]),
        st.floats(8_001, 12_499),
        st.floats(0.801, 1.249),
    ),
    st.integers(1, 50),
)
def test_garbage_is_never_believed_however_long_it_lasts(price, count):
    assert not any(follow(Gate(), [price] * count, step=60.0))


def test_a_book_whose_sides_are_twice_apart_is_no_market():
    assert judge(100.0, bid=98.0, ask=195.0).believed
    assert judge(100.0, bid=98.0, ask=197.0).reason.startswith("came with a book that is no market")


def test_a_price_of_another_year_is_refused():
    assert judge(100.0, time=NOW - timedelta(days=365)).believed
    assert judge(100.0, time=NOW - timedelta(days=367)).reason == "is more than a year old"


@pytest.mark.parametrize("value", [nan, inf, -inf, 0.0, -100.0, 5e-324, 9.0, 1_001.0, 1e300])
@pytest.mark.parametrize("name", ["open", "high", "low"])
def test_what_stands_beside_a_price_and_cannot_be_is_left_out(name, value):
    good = replace(quote(100.0, low=99.0, high=102.0), open=100.5, volume=7.0)
    assert sound(good) is good
    odd = replace(good, **{name: value})
    assert sound(odd) == replace(good, **{name: None})


@pytest.mark.parametrize("volume", [nan, inf, -1.0, 1e300])
def test_a_volume_that_cannot_be_is_left_out(volume):
    assert sound(replace(quote(100.0), volume=volume)) == quote(100.0)


def test_a_range_upside_down_is_left_out():
    assert sound(quote(100.0, low=103.0, high=102.0)) == quote(100.0)
