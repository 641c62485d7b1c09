"""ccxt's blocking clients, lent one to each call, and what both crypto venues ask them for.

A client's state is not threadsafe, so each call borrows one of its own; a venue's list of markets
is large and loaded once for all of them.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Any

from marketpulse.clock import Clock
from marketpulse.errors import BadData, Unavailable
from marketpulse.sources.ccxt_errors import PAUSE, error_table, wait_told
from marketpulse.sources.ccxt_numbers import SECONDS, closed_bars, instant, rows_of
from marketpulse.sources.vendor import translated
from marketpulse.types import Bars, Interval

__all__ = ["TIMEOUT", "Clients", "Klines", "Page"]

TIMEOUT = 6.0  # seconds for one of ccxt's requests
_RANGE_AGE = 30.0  # seconds the day's open, high, low and volume are kept
_PAGE = 1000  # bars per request

Range = tuple[float | None, float | None, float | None, float | None]


class Clients:
    """Lends ccxt's clients; inside a loan, ccxt's exceptions come out as ours.

    Parameters
    ----------
    name : of the source
    make : makes one client
    pause : seconds to leave the venue alone after a refusal that named no time
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        make: Callable[[], Any],
        pause: Callable[[Exception], float] = lambda _: PAUSE,
    ) -> None:
        self._name = name
        self._clock = clock
        self._make = make
        self._pause = pause
        self._lock = Lock()
        self._known: Any = None
        self._idle: deque[Any] = deque()

    @contextmanager
    def lend(self) -> Iterator[Any]:
        """Lend a client that nobody else uses; as many exist as calls ever ran side by side."""
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._new_client()
        try:
            with self.errors(client):
                yield client
        finally:
            self._idle.append(client)

    @contextmanager
    def errors(self, client: Any) -> Iterator[None]:
        """Say ccxt's exceptions in our words; a refusal's wait is read from its headers."""

        def wait(error: Exception) -> float:
            told = wait_told(client.last_response_headers, self._clock.wall().timestamp())
            return told or self._pause(error)

        with translated(error_table(self._name, wait)):
            yield

    def knows_markets(self, client: Any) -> bool:
        """Give ``client`` the list of markets if it was loaded before; tell whether it was."""
        if self._known is not None:
            client.set_markets_from_exchange(self._known)
        return self._known is not None

    def learn_markets(self, client: Any) -> None:
        """Keep the list that ``client`` loaded, for all later ones."""
        if not client.markets:
            raise BadData(f"{self._name}: the list of pairs came empty")
        self._known = client

    def _new_client(self) -> Any:
        if not self._lock.acquire(timeout=TIMEOUT):
            raise Unavailable(f"{self._name}: an earlier request still hangs")
        try:
            client = self._make()
            with self.errors(client):
                if not self.knows_markets(client):
                    client.load_markets()
                    self.learn_markets(client)
            return client
        finally:
            self._lock.release()


@dataclass(frozen=True, slots=True)
class Page:
    """One question about bars.

    Attributes
    ----------
    market : the venue's own name of the pair
    limit : bars at most
    since, until : milliseconds since 1970, None where the newest are wanted
    """

    market: str
    interval: Interval
    limit: int
    since: int | None = None
    until: int | None = None


class Klines:
    """A venue's bars, and of each pair the running UTC day, which is asked for twice a minute.

    A ticker's own range covers the last 24 hours, which is another thing.

    Parameters
    ----------
    name : of the source
    ask : asks a client for a page; returns the venue's rows, whose first six columns are time (ms),
        open, high, low, close and volume
    """

    def __init__(self, name: str, clock: Clock, ask: Callable[[Any, Page], Any]) -> None:
        self._name = name
        self._clock = clock
        self._ask = ask
        self._ranges: dict[str, tuple[float, date, Range]] = {}

    def bars(self, client: Any, symbol: str, interval: Interval, *, start: datetime, end: datetime) -> Bars:
        """Return bars that opened from ``start`` on (the newest thousand) and had closed by ``end``.

        Raises
        ------
        NoData
            No bar of the period had closed.
        """
        last = min(end, self._clock.now()).timestamp()
        since = max(start.timestamp(), last - SECONDS[interval] * (_PAGE - 1))
        market = client.market(symbol)["id"]
        rows = self._ask(client, Page(market, interval, _PAGE, int(since * 1000), int(last * 1000)))
        table = rows_of(self._name, rows)
        return closed_bars(self._name, symbol, interval, table, start=start.timestamp(), last=last)

    def day(self, client: Any, symbol: str) -> Range:
        """Return open, high, low and volume, all None where the venue has no bar of today yet."""
        now, today = self._clock.monotonic(), self._clock.now().date()
        known = self._ranges.get(symbol)
        if known is None or now - known[0] > _RANGE_AGE or known[1] != today:
            rows = self._ask(client, Page(client.market(symbol)["id"], Interval.DAY, 1))
            table = rows_of(self._name, rows)
            if not len(table) or instant(table[-1, 0]).date() != today:
                return (None, None, None, None)
            _, first, high, low, _, volume = (float(x) for x in table[-1])
            known = self._ranges[symbol] = (now, today, (first, high, low, volume))
        return known[2]
