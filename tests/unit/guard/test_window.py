from datetime import UTC, datetime

import pytest

from marketpulse.clock import SimClock
from marketpulse.guard.window import Rate, Stats, Window


def test_before_a_call_nothing_is_known():
    assert Window().stats(0.0) == Stats(None, None, None, 0)


def test_latencies_are_of_good_calls_and_errors_of_all():
    window = Window()
    for n in range(1, 21):
        window.add(float(n), n / 10, failed=False)
    for _ in range(5):
        window.add(20.0, 30.0, failed=True)
    assert window.stats(20.0) == Stats(p50=1.0, p95=1.9, errors=0.2, calls=25)


def test_only_failures_have_no_latency():
    window = Window()
    window.add(0.0, 3.0, failed=True)
    assert window.stats(0.0) == Stats(None, None, 1.0, 1)


def test_a_quarter_of_an_hour_is_remembered():
    window = Window()
    window.add(0.0, 1.0, failed=True)
    window.add(100.0, 2.0, failed=False)
    assert window.stats(900.0).calls == 2
    assert window.stats(901.0) == Stats(2.0, 2.0, 0.0, 1)
    assert window.stats(1001.0).calls == 0


def test_it_is_bounded():
    window = Window()
    for _ in range(10_000):
        window.add(0.0, 1.0, failed=False)
    assert window.stats(0.0).calls == 4096


def test_figures_of_many_calls_are_a_second_old_at_most():
    window = Window()
    for _ in range(300):
        window.add(0.0, 1.0, failed=False)
    assert window.stats(0.0).calls == 300
    window.add(0.5, 1.0, failed=True)
    assert window.stats(0.5).calls == 300
    assert window.stats(1.0).calls == 301


@pytest.fixture
def clock() -> SimClock:
    return SimClock(datetime(2026, 1, 1, tzinfo=UTC))


def test_the_rate_of_the_first_minutes_is_not_diluted(clock):
    rate = Rate(clock)
    assert rate.per_minute() == 0.0
    for _ in range(30):
        rate.count()
    assert rate.per_minute() == 30.0
    clock.advance(120)
    assert rate.per_minute() == pytest.approx(15.0)


def test_a_steady_rate_is_told_exactly_at_any_moment(clock):
    rate = Rate(clock)
    for n in range(6000):
        rate.count()
        clock.advance(0.5)
        if n > 200:
            assert rate.per_minute() == pytest.approx(120.0, rel=0.01)


def test_a_burst_is_forgotten_after_a_quarter_of_an_hour(clock):
    rate = Rate(clock)
    for _ in range(900):
        rate.count()
    clock.advance(839)
    assert rate.per_minute() > 60.0
    clock.advance(61)
    assert rate.per_minute() == 0.0
