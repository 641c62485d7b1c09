"""Live or replay: decided once at start, never switched while the desk runs."""

from collections.abc import Callable, Iterable, Mapping
from queue import Empty, SimpleQueue
from threading import Thread

from marketpulse.clock import Clock
from marketpulse.errors import ProviderError
from marketpulse.guard import Chain
from marketpulse.market.routes import Routes
from marketpulse.ports import Source
from marketpulse.settings import FeedChoice
from marketpulse.types import Feed, Instrument

__all__ = ["choose_feed", "live_probe"]

_DEADLINE = 6.0  # seconds


def choose_feed(
    choice: FeedChoice, probe: Callable[[], bool], *, ledger_has_events: bool, broker_keys: bool
) -> Feed:
    """Decide where prices come from.

    ``auto`` means live once the live ledger holds an event or a broker key is set, with stale
    prices if need be; else it is live when ``probe`` finds a price in time, and replay when not.
    """
    if choice is FeedChoice.LIVE or choice is FeedChoice.REPLAY:
        return Feed(choice.value)
    return Feed.LIVE if ledger_has_events or broker_keys or probe() else Feed.REPLAY


def live_probe(
    chains: Iterable[Chain[Source]],
    instruments: Mapping[str, Instrument],
    clock: Clock,
    symbols: Iterable[str] = ("AAPL", "BTC/USDT"),
    deadline: float = _DEADLINE,
) -> bool:
    """Tell whether any of ``symbols`` has a live price within ``deadline`` seconds."""
    routes, answers = Routes(tuple(chains)), SimpleQueue[bool]()

    def ask(instrument: Instrument) -> None:
        try:
            routes.quote(instrument)
        except ProviderError:
            answers.put(item=False)
        else:
            answers.put(item=True)

    asked = [instruments[s] for s in symbols if s in instruments]
    for instrument in asked:
        Thread(target=ask, args=(instrument,), name="probe", daemon=True).start()
    end = clock.monotonic() + deadline
    for _ in asked:
        try:
            if answers.get(timeout=max(0.0, end - clock.monotonic())):
                return True
        except Empty:
            return False
    return False
