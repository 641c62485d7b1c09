"""What ``auto`` means: decided once at start, never switched while the desk runs."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from marketpulse.clock import WallClock
from marketpulse.errors import ProviderError
from marketpulse.types import Feed

__all__ = ["choose_feed"]

_DEADLINE = 6.0  # seconds


def choose_feed(
    *probes: Callable[[], object],
    ledger_has_events: bool,
    broker_keys: bool,
    deadline: float = _DEADLINE,
) -> Feed:
    """Decide where prices come from when the person left it to us.

    Live once the live ledger holds an event or a broker key is set, with stale prices if need be.
    Else live when any of ``probes`` returns within ``deadline`` seconds, and replay when none does.

    Parameters
    ----------
    probes : each asks one provider for one live price, side by side; a ProviderError means no
    """
    if ledger_has_events or broker_keys:
        return Feed.LIVE
    answers = SimpleQueue[bool]()

    def ask(probe: Callable[[], object]) -> None:
        try:
            probe()
        except ProviderError:
            answers.put(item=False)
        else:
            answers.put(item=True)

    for probe in probes:
        Thread(target=ask, args=(probe,), name="probe", daemon=True).start()
    clock = WallClock()  # no desk clock exists before the feed is known
    end = clock.monotonic() + deadline
    for _ in probes:
        try:
            if answers.get(timeout=max(0.0, end - clock.monotonic())):
                return Feed.LIVE
        except Empty:
            break
    return Feed.REPLAY
