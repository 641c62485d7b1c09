"""What the market page shows beside prices: failovers, quarantine, the plan, coverage, the store's use."""

from collections.abc import Mapping

from marketpulse.clock import Clock
from marketpulse.errors import StorageError
from marketpulse.guard import FailoverLog, Pool, plan
from marketpulse.market.live import LiveFeed
from marketpulse.market.store import Store
from marketpulse.types import Coverage, FeedsView, ProviderHealth

__all__ = ["Reports"]

_EVERY = 1.0  # seconds between two pictures of the feeds
_COVERAGE = 300.0  # seconds; it reads the store
_LINES = 50


class Reports:
    """Make a FeedsView at most once a second; the loop's thread asks."""

    def __init__(
        self, pool: Pool, log: FailoverLog | None, clock: Clock, store: Store, live: LiveFeed | None
    ) -> None:
        self._pool = pool
        self._log = log
        self._clock = clock
        self._store = store
        self._live = live
        self._view = FeedsView()
        self._made = self._covered = float("-inf")
        self._coverage: tuple[Coverage, ...] = ()

    def view(self) -> FeedsView:
        """Return the picture, a second old at most."""
        now = self._clock.monotonic()
        if now - self._made >= _EVERY:
            self._made = now
            self._view = self._take()
        return self._view

    def _take(self) -> FeedsView:
        live, health = self._live, self._pool.health()
        return FeedsView(
            switches=self._log.newest(_LINES) if self._log is not None else (),
            quarantine=live.isolation.newest()[:_LINES] if live is not None else (),
            judged=live.intake.judged if live is not None else 0,
            disbelieved=live.isolation.disbelieved if live is not None else 0,
            plan=plan(self._demand(), health, self._clock.wall()) if live is not None else (),
            coverage=self._held(),
            store=live.thrift.view() if live is not None else FeedsView().store,
            missing=_missing(health),
        )

    def _demand(self) -> Mapping[str, float]:
        return self._pool.demand()

    def _held(self) -> tuple[Coverage, ...]:
        """Ask the store seldom what it holds; what it cannot say is left out."""
        now = self._clock.monotonic()
        if self._live is not None and now - self._covered >= _COVERAGE:
            self._covered = now
            try:
                self._coverage = tuple(self._store.coverage())
            except StorageError:
                self._coverage = ()
        return self._coverage


def _missing(health: tuple[ProviderHealth, ...]) -> tuple[str, ...]:
    return tuple(p.note for p in health if p.state == "not_set")
