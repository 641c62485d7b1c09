from datetime import UTC, datetime
from threading import Event

from marketpulse.clock import SimClock, WallClock
from marketpulse.market.schedule import Schedule
from marketpulse.meter import Meter


def test_jobs_come_back_after_the_seconds_they_name():
    clock = SimClock(datetime(2026, 1, 1, tzinfo=UTC))
    schedule = Schedule("test", clock, Meter())
    seen = []

    def every(name, seconds):
        def job():
            seen.append((clock.monotonic(), name))
            return seconds

        return job

    schedule.add(every("a", 5.0))
    schedule.add(every("b", 2.0), delay=1.0)
    for _ in range(11):
        schedule.run_due()
        clock.advance(1.0)
    assert [t for t, name in seen if name == "a"] == [0, 5, 10]
    assert [t for t, name in seen if name == "b"] == [1, 3, 5, 7, 9]


def test_a_job_that_fails_is_metered_and_comes_back():
    clock, meter = SimClock(datetime(2026, 1, 1, tzinfo=UTC)), Meter()
    schedule = Schedule("test", clock, meter)
    runs = []

    def broken():
        runs.append(1)
        raise KeyError("x")

    schedule.add(broken)
    schedule.run_due()
    assert meter.counts() == {"schedule.test": 1}
    clock.advance(10.0)
    schedule.run_due()
    assert len(runs) == 2


def test_threads_run_jobs_and_stop():
    schedule = Schedule("test", WallClock(), Meter())
    ran = Event()

    def job():
        ran.set()
        return 1000.0

    schedule.start(2)
    schedule.add(job)
    assert ran.wait(5)
    schedule.close()
    assert not any(thread.is_alive() for thread in schedule._threads)
