"""Buys of the last minute, by the wall clock of their intents."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tickets import NOW

from marketpulse.portfolio.pace import MOST, Pace


def buy(seconds, side="buy"):
    return {"side": side, "wall": (NOW + timedelta(seconds=seconds)).isoformat()}


def count(pace, seconds):
    return pace.count(NOW + timedelta(seconds=seconds))


def test_a_buy_counts_for_sixty_seconds_and_a_sale_never():
    pace = Pace()
    for payload in (buy(0), buy(10), buy(10, "sell"), buy(59.999)):
        pace.note(payload)
    assert [count(pace, s) for s in (59.999, 60.0, 69.999, 70.0, 119.998, 119.999)] == [3, 2, 2, 1, 1, 0]


def test_a_clock_that_was_set_back_does_not_lock_the_desk():
    pace = Pace()
    pace.note(buy(3600))
    assert count(pace, 0) == 0
    pace.note(buy(0))
    assert count(pace, 1) == 1


def test_it_remembers_no_more_than_any_limit_needs():
    pace = Pace()
    for _ in range(MOST + 50):
        pace.note(buy(0))
    assert count(pace, 1) == MOST


@given(st.lists(st.floats(0, 100), max_size=60), st.integers(1, 5))
def test_it_counts_what_a_plain_count_counts(gaps, every):
    pace, times, now = Pace(), [], 0.0
    for number, gap in enumerate(gaps):
        now = round(now + gap, 3)
        pace.note(buy(now))
        times.append(now)
        if number % every == 0:
            assert count(pace, now) == sum(
                NOW + timedelta(seconds=now) - (NOW + timedelta(seconds=t)) < timedelta(seconds=60)
                for t in times
            )
