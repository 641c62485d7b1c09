from threading import Event

import pytest

from marketpulse.errors import Unavailable
from marketpulse.market import choose_feed
from marketpulse.types import Feed


def works() -> str:
    return "a price"


def fails() -> str:
    raise Unavailable("no network")


@pytest.mark.parametrize(
    ("probes", "orders", "keys", "feed"),
    [
        ((works,), False, False, Feed.LIVE),
        ((fails,), False, False, Feed.REPLAY),
        ((fails, works), False, False, Feed.LIVE),
        ((fails, fails), False, False, Feed.REPLAY),
        ((), False, False, Feed.REPLAY),
        ((fails,), True, False, Feed.LIVE),
        ((fails,), False, True, Feed.LIVE),
    ],
)
def test_auto(probes, orders, keys, feed):
    assert choose_feed(*probes, ledger_has_events=orders, broker_keys=keys) is feed


def test_a_provider_that_hangs_does_not_hold_the_start():
    gate = Event()
    try:
        hangs = lambda: gate.wait(30)  # noqa: E731 (a name makes the call below readable)
        feed = choose_feed(hangs, fails, ledger_has_events=False, broker_keys=False, deadline=0.05)
        assert feed is Feed.REPLAY
        feed = choose_feed(hangs, works, ledger_has_events=False, broker_keys=False, deadline=5.0)
        assert feed is Feed.LIVE
    finally:
        gate.set()
