import signal
import threading

import pytest

from marketpulse.api import closing_on_signal


@pytest.fixture
def heard():
    """A server's own handler of SIGTERM, and what it was told."""
    told = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    yield told
    signal.signal(signal.SIGTERM, before)


def test_streams_are_told_and_the_server_still_hears(heard):
    closing = threading.Event()
    with closing_on_signal(closing):
        assert not closing.is_set()
        signal.raise_signal(signal.SIGTERM)
        assert closing.is_set()
        assert heard == [signal.SIGTERM]
    signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGTERM, signal.SIGTERM]


def test_the_handlers_are_put_back(heard):
    of_the_shell = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # ignored by a job in the background
    try:
        before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
        with closing_on_signal(threading.Event()):
            assert all(signal.getsignal(n) is not handler for n, handler in before.items())
        assert {n: signal.getsignal(n) for n in before} == before
        assert heard == []
    finally:
        signal.signal(signal.SIGINT, of_the_shell)


def test_a_signal_nobody_handles_is_left_alone():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with closing_on_signal(threading.Event()):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


def test_leaving_closes_without_any_signal():
    closing = threading.Event()
    with closing_on_signal(closing):
        pass
    assert closing.is_set()


def test_outside_the_main_thread_nothing_is_touched():
    before, closing = signal.getsignal(signal.SIGTERM), threading.Event()

    def run():
        with closing_on_signal(closing):
            assert signal.getsignal(signal.SIGTERM) is before

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert closing.is_set()
    assert signal.getsignal(signal.SIGTERM) is before
