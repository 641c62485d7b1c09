"""What the market page shows beside prices: failovers, quarantine, the plan, coverage, the store's use."""

from marketpulse.clock import Clock
from marketpulse.guard import FailoverLog, Pool, plan
from marketpulse.market.live import LiveFeed
from marketpulse.types import FeedsView

__all__ = ["Reports"]

_EVERY = 1.0  # seconds between two pictures of the feeds
_LINES = 50


class Reports:
    """Make a FeedsView at most once a second; the loop's thread asks."""

    def __init__(self, pool: Pool, log: FailoverLog | None, clock: Clock, live: LiveFeed | None) -> None:
        self._pool = pool
        self._log = log
        self._clock = clock
        self._live = live
        self._view = FeedsView()
        self._made = float("-inf")

    def view(self) -> FeedsView:
        """Return the picture, a second old at most."""
        now = self._clock.monotonic()
        if now - self._made >= _EVERY:
            self._made = now
            self._view = self._take()
        return self._view

    def _take(self) -> FeedsView:
        live = self._live
        switches = self._log.newest(_LINES) if self._log is not None else ()
        if live is None:
            return FeedsView(switches=switches)
        return FeedsView(
            switches=switches,
            quarantine=live.isolation.newest()[:_LINES],
            judged=live.intake.judged,
            disbelieved=live.isolation.disbelieved,
            plan=plan(self._pool.demand(), self._pool.health(), self._clock.wall()),
            coverage=live.holdings.rows,
            store=live.thrift.view(),
            missing=self._pool.missing,
        )
