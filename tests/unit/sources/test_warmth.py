from threading import Event, Thread

import pytest

from marketpulse.errors import BadData, Unavailable
from marketpulse.sources.warmth import Warmth


def fail(error: Exception):
    def work():
        raise error

    return work


def test_the_first_callers_request_is_made_once():
    made = []
    warmth = Warmth("x", 5.0)
    assert warmth.run(lambda: made.append(1) or "answer") == "answer"
    assert made == [1]
    assert warmth.run(lambda: made.append(2) or "again") == "again"
    assert made == [1, 2]


def test_while_one_hangs_nobody_waits_for_it_and_nobody_starts_another():
    warmth, release, begun = Warmth("x", 0.01), Event(), []

    def hang():
        begun.append(1)
        release.wait(10)
        return "late"

    for _ in range(3):
        with pytest.raises(Unavailable, match="x: its first request is still under way"):
            warmth.run(hang)
    assert begun == [1]
    first = warmth._first
    release.set()
    assert first.result(10) == "late"
    assert warmth.run(lambda: "warm") == "warm"


def test_those_who_waited_ask_for_themselves_once_it_is_warm():
    warmth, release, begun = Warmth("x", 10.0), Event(), Event()

    def slow():
        begun.set()
        release.wait(10)
        return "first"

    answers = []
    threads = [Thread(target=lambda: answers.append(warmth.run(slow)))]
    threads[0].start()
    assert begun.wait(10)
    threads.append(Thread(target=lambda: answers.append(warmth.run(lambda: "second"))))
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join(10)
    assert sorted(answers) == ["first", "second"]


def test_an_answer_that_is_an_error_means_warm_and_a_failed_connection_cold():
    warmth = Warmth("x", 5.0)
    with pytest.raises(Unavailable, match="gone"):
        warmth.run(fail(Unavailable("gone")))
    assert not warmth._warm
    with pytest.raises(BadData):
        warmth.run(fail(BadData("page")))
    assert warmth._warm
    with pytest.raises(Unavailable):
        warmth.run(fail(Unavailable("gone")))
    assert not warmth._warm


def test_an_error_of_ours_reaches_its_caller():
    with pytest.raises(ZeroDivisionError):
        Warmth("x", 5.0).run(fail(ZeroDivisionError()))
