"""Binance spot through ccxt: crypto pairs, live, without a key.

ccxt answers a page that is no JSON with a ticker of Nones, and replaces a zero price by another
number; so every number is read from the venue's own fields (``info``) and checked one by one.
A client's state is not threadsafe, so each call borrows one of its own; its list of markets is large
and loaded once for all of them.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cache
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import (
    AuthFailed,
    BadData,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from marketpulse.ports import Capability, Limits
from marketpulse.sources.declining import no_book, no_news, no_stream
from marketpulse.sources.table import bars_of
from marketpulse.sources.vendor import ErrorTable, translated
from marketpulse.types import AssetClass, Bars, CorporateAction, Instrument, Interval, Quote

__all__ = ["BinanceSource"]

_TIMEOUT = 6.0  # seconds for one of ccxt's requests
_PAUSE = 10.0  # seconds after a 429, where the venue named none
_RANGE_AGE = 30.0  # seconds the day's open, high and low are kept
_PAGE = 1000  # bars per request
_COLUMNS = 6
_LENGTH = {Interval.DAY: 86_400, Interval.HOUR: 3_600, Interval.MINUTE: 60}


def _say(kind: Callable[[str], ProviderError], sentence: str) -> Callable[[Exception], ProviderError]:
    return lambda _: kind(f"binance: {sentence}")


@cache
def _error_table() -> ErrorTable:
    """What ccxt raises, and what it means; children before their parents.

    DDoSProtection, RateLimitExceeded and RequestTimeout are NetworkErrors, and those are
    OperationFailed, which Binance's -1001 raises bare.
    """
    import ccxt  # noqa: PLC0415 (lazy: only a live feed pays for ccxt)

    def limited(_: Exception) -> ProviderError:
        return RateLimited("binance: too many requests", _PAUSE)

    return (
        (ccxt.DDoSProtection, limited),
        (ccxt.RateLimitExceeded, limited),
        (ccxt.RequestTimeout, _say(Unavailable, "request timed out")),
        (ccxt.OnMaintenance, _say(Unavailable, "under maintenance")),
        (ccxt.ExchangeNotAvailable, _say(Unavailable, "not available")),
        (ccxt.InvalidNonce, _say(Unavailable, "our clock and the venue's differ")),
        (ccxt.NetworkError, _say(Unavailable, "the connection failed")),
        (ccxt.BadResponse, _say(BadData, "the answer was not readable")),
        (ccxt.OperationFailed, _say(Unavailable, "an error on the venue's side")),
        (ccxt.BadSymbol, _say(UnknownSymbol, "the pair is not known")),
        (ccxt.RestrictedLocation, _say(NotEntitled, "not offered at this place")),
        (ccxt.PermissionDenied, _say(NotEntitled, "not permitted")),
        (ccxt.AuthenticationError, _say(AuthFailed, "the key was refused")),
        (ccxt.NotSupported, _say(NotEntitled, "not offered")),
        (ccxt.ExchangeError, _say(BadData, "the request was refused")),
        (ccxt.BaseError, _say(BadData, "an unexpected answer")),
        (OSError, _say(Unavailable, "the connection failed")),
        (ArithmeticError, _say(BadData, "a number could not be read")),
        (AttributeError, _say(BadData, "the answer had an unexpected shape")),
        (LookupError, _say(BadData, "the answer had an unexpected shape")),
        (TypeError, _say(BadData, "the answer had an unexpected shape")),
        (ValueError, _say(BadData, "a number could not be read")),
    )


def _vendor_errors() -> AbstractContextManager[None]:
    return translated(_error_table())


class BinanceSource:
    """Crypto pairs from Binance spot; blocks, and raises ProviderError only.

    Parameters
    ----------
    folder : unused, as this source keeps nothing on disk
    make : makes one of ccxt's clients; by default for spot alone
    """

    book = no_book
    news = no_news
    stream = no_stream

    def __init__(self, clock: Clock, folder: Path, make: Callable[[], Any] | None = None) -> None:
        del folder  # keeps nothing on disk
        self._clock = clock
        self._make = make or _spot
        self._lock = Lock()
        self._first: Any = None
        self._idle: deque[Any] = deque()
        self._ranges: dict[str, tuple[float, tuple[float, ...]]] = {}

    @property
    def name(self) -> str:
        """Return ``binance``."""
        return "binance"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes and bars of crypto pairs."""
        return frozenset({(Capability.QUOTE, AssetClass.CRYPTO), (Capability.BARS, AssetClass.CRYPTO)})

    @property
    def limits(self) -> Limits:
        """Return a fifth of the venue's 6000 weights a minute; a ticker weighs 2."""
        return Limits(per_minute=600.0, deadline=10.0)

    def quote(self, instrument: Instrument) -> Quote:
        """Return last, bid and ask with the venue's time, and the UTC day's range and volume."""
        with self._venue() as client, _vendor_errors():
            ticker = client.fetch_ticker(instrument.symbol)
            info = ticker["info"]
            price, bid, ask = (_positive(info, key) for key in ("lastPrice", "bidPrice", "askPrice"))
            time = datetime.fromtimestamp(_positive(info, "closeTime") / 1000.0, UTC)
            first, high, low, volume = self._day(client, instrument.symbol)
        return Quote(
            instrument.symbol,
            price=price,
            bid=bid,
            ask=ask,
            volume=volume,
            time=time,
            received=self._clock.now(),
            source=self.name,
            open=first,
            high=None if high is None else max(high, price),
            low=None if low is None else min(low, price),
        )

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return bars that opened from ``start`` on (the newest thousand) and had closed by ``end``.

        Raises
        ------
        NoData
            No bar of the period had closed.
        """
        length = _LENGTH[interval]
        last = min(end, self._clock.now()).timestamp()
        since = max(start.timestamp(), last - length * (_PAGE - 1))
        with self._venue() as client, _vendor_errors():
            answer = client.fetch_ohlcv(instrument.symbol, interval.value, int(since * 1000), _PAGE)
            table = _table(answer)
        opened = table[:, 0] / 1000.0
        keep = (opened >= start.timestamp()) & (opened + length <= last)
        if not keep.any():
            msg = f"binance: no closed bar of {instrument.symbol} in the period"
            raise NoData(msg)
        time = opened[keep].astype(np.int64)
        return bars_of(instrument.symbol, interval, time, table[keep, 1:], self.name)

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Return nothing: pairs neither split nor pay."""
        del instrument, start, end
        return ()

    def _day(self, client: Any, symbol: str) -> tuple[float | None, ...]:
        """Return the running UTC day's open, high, low and volume, asked for twice a minute.

        The ticker's own range covers the last 24 hours, which is another thing.
        """
        now = self._clock.monotonic()
        known = self._ranges.get(symbol)
        if known is None or now - known[0] > _RANGE_AGE:
            table = _table(client.fetch_ohlcv(symbol, "1d", None, 1))
            if not len(table):
                return (None, None, None, None)
            _, first, high, low, _, volume = (float(x) for x in table[-1])
            known = self._ranges[symbol] = (now, (first, high, low, volume))
        return known[1]

    @contextmanager
    def _venue(self) -> Iterator[Any]:
        """Lend a client that nobody else uses; as many exist as calls ever ran side by side."""
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._new_client()
        try:
            yield client
        finally:
            self._idle.append(client)

    def _new_client(self) -> Any:
        if not self._lock.acquire(timeout=_TIMEOUT):
            raise Unavailable("binance: an earlier request still hangs")
        try:
            with _vendor_errors():
                client = self._make()
                if self._first is None:
                    if not client.load_markets():
                        raise BadData("binance: the list of pairs came empty")
                    self._first = client
                else:
                    client.set_markets_from_exchange(self._first)
                return client
        finally:
            self._lock.release()


def _spot() -> Any:
    """Return ccxt's Binance, spot only: its derivatives' hosts must not be able to stop us."""
    from ccxt import binance  # noqa: PLC0415 (lazy: only a live feed pays for ccxt)

    options = {
        "fetchMarkets": {"types": ["spot"]},
        "defaultType": "spot",
        "adjustForTimeDifference": True,
    }
    # Our own budget spaces the requests; ccxt's would sleep.
    return binance({"enableRateLimit": False, "timeout": int(_TIMEOUT * 1000), "options": options})


def _positive(info: Any, key: str) -> float:
    """Read one number of the venue's answer; what is missing, not finite or not above 0 is refused."""
    value = info.get(key) if isinstance(info, dict) else None
    if value is None:
        raise BadData(f"binance: {key} is missing")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadData(f"binance: {key} is not a number") from None
    if not isfinite(number):
        raise BadData(f"binance: {key} is not a finite number")
    if number <= 0:
        raise BadData(f"binance: {key} is {'zero' if number == 0 else 'negative'}")
    return number


def _table(answer: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Read rows of time (ms), open, high, low, close, volume; their values are judged later."""
    if not isinstance(answer, list):
        raise BadData("binance: the bars had an unexpected shape")
    if not answer:
        return np.empty((0, _COLUMNS))
    table = np.array(answer, dtype=np.float64).reshape(len(answer), -1)
    if table.shape[1] != _COLUMNS or not np.isfinite(table[:, 0]).all():
        raise BadData("binance: the bars had an unexpected shape")
    return table
