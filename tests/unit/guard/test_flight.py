from threading import Event, Thread

import pytest
from unit.guard.doubles import CountedKey

from marketpulse.errors import RateLimited, Unavailable
from marketpulse.guard.flight import Flight


def fly(flight: Flight, key: CountedKey, many: int, op) -> list[object]:
    """Let ``many`` threads ask at once; return what each got, result or error."""
    got: list[object] = []

    def work() -> None:
        try:
            got.append(flight.run(key, op))
        except BaseException as error:  # noqa: BLE001 (it is what the test looks at)
            got.append(error)

    threads = [Thread(target=work) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_sixteen_threads_share_one_call_and_its_result():
    key, calls = CountedKey(16), []

    def op() -> object:
        key.all_there.wait(30)
        calls.append(1)
        return object()

    got = fly(Flight(), key, 16, op)
    assert len(calls) == 1
    assert len(got) == 16
    assert len({id(x) for x in got}) == 1


def test_sixteen_threads_share_one_error():
    key, calls = CountedKey(16), []

    def op() -> object:
        key.all_there.wait(30)
        calls.append(1)
        raise RateLimited("one: too many requests", 20.0)

    got = fly(Flight(), key, 16, op)
    assert len(calls) == 1
    assert [type(x) for x in got] == [RateLimited] * 16
    assert {x.retry_after for x in got} == {20.0}


def test_when_the_asking_thread_is_ended_the_others_are_told():
    key = CountedKey(4)

    def op() -> object:
        key.all_there.wait(30)
        raise SystemExit

    got = fly(Flight(), key, 4, op)
    assert sorted(type(x).__name__ for x in got) == [
        "SystemExit",
        "Unavailable",
        "Unavailable",
        "Unavailable",
    ]


def test_what_has_ended_is_asked_anew_and_nothing_is_kept():
    flight: Flight[int] = Flight()
    answers = iter(range(5))
    assert [flight.run("k", lambda: next(answers)) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Unavailable):
        flight.run("k", lambda: (_ for _ in ()).throw(Unavailable("no")))
    assert flight.run("k", lambda: next(answers)) == 3
    assert not flight._running


def test_other_keys_do_not_wait():
    flight: Flight[str] = Flight()
    gate, began = Event(), Event()

    def slow() -> str:
        began.set()
        gate.wait(30)
        return "slow"

    thread = Thread(target=lambda: flight.run("a", slow))
    thread.start()
    try:
        assert began.wait(30)
        assert flight.run("b", lambda: "fast") == "fast"
    finally:
        gate.set()
        thread.join()
