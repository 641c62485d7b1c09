"""yfinance, made fit for a desk: errors told apart, no request without an end, one cold start at a time.

``Ticker.history`` for one symbol with errors raised is the only call that tells failures apart;
``download`` and ``fast_info`` turn a rate limit, an outage and a typo into the same empty frame.
"""

import json
import logging
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from marketpulse.errors import BadData, NoData, ProviderError, RateLimited, Unavailable, UnknownSymbol
from marketpulse.sources.vendor import ErrorTable, translated
from marketpulse.sources.warmth import Warmth
from marketpulse.types import FloatArray

__all__ = ["Frame", "YahooClient", "vendor_errors"]

_NEW_YORK = ZoneInfo("America/New_York")
_PATIENCE = 8.0  # seconds for one of yfinance's requests; a cold start makes up to five
_COLD = 8.5  # seconds a caller waits for a cold start that goes on without it
_PAUSE = 20.0  # seconds after a 429; Yahoo names none
_NOT_FOUND = 404
_DAILY = "1d"
_NEWS = 20  # articles asked for
_MOST_SHARES = 10_000.0  # new shares per old one, or old per new: no split was ever larger
_META = (
    "symbol",
    "currency",
    "dataGranularity",
    "regularMarketPrice",
    "regularMarketTime",
    "regularMarketVolume",
    "regularMarketDayHigh",
    "regularMarketDayLow",
    "currentTradingPeriod",
)


@cache
def _error_table() -> ErrorTable:
    """What yfinance and its parts raise, and what it means; the specific classes first."""
    import peewee  # noqa: PLC0415 (lazy: only a live feed pays for yfinance and its parts)
    from curl_cffi import CurlError  # noqa: PLC0415 (as above)
    from curl_cffi.requests import exceptions as http  # noqa: PLC0415 (as above)
    from yfinance import exceptions as yahoo  # noqa: PLC0415 (as above)

    unreadable = "yahoo: the answer was not readable (an outage or an error page)"
    shape = "yahoo: the answer had an unexpected shape"
    return (
        (yahoo.YFRateLimitError, lambda _: RateLimited("yahoo: too many requests", _PAUSE)),
        (yahoo.YFPricesMissingError, _missing),
        (yahoo.YFTickerMissingError, lambda e: NoData(f"yahoo: nothing on {getattr(e, 'ticker', '?')}")),
        (yahoo.YFException, lambda _: BadData(shape)),
        (yahoo.YFNotImplementedError, lambda _: BadData(shape)),
        (NotImplementedError, lambda _: BadData(shape)),  # pandas, of times beyond its calendar
        (http.DNSError, lambda _: Unavailable("yahoo: no network, or the name was not found")),
        (http.Timeout, lambda _: Unavailable("yahoo: request timed out")),
        (json.JSONDecodeError, lambda _: BadData(unreadable)),
        (http.HTTPError, _status),
        (CurlError, lambda _: Unavailable("yahoo: the connection failed")),
        (OSError, lambda _: Unavailable("yahoo: the connection failed")),
        (peewee.PeeweeException, lambda _: Unavailable("yahoo: its cache folder cannot be used")),
        (peewee.DoesNotExist, lambda _: Unavailable("yahoo: its cache folder cannot be used")),
        (ArithmeticError, lambda _: BadData(shape)),
        (AttributeError, lambda _: BadData(shape)),
        (LookupError, lambda _: BadData(shape)),
        (TypeError, lambda _: BadData(shape)),
        (ValueError, lambda _: BadData(shape)),
    )


def _missing(error: Exception) -> ProviderError:
    """Tell a symbol that Yahoo does not know from an empty answer and from a refusal."""
    ticker = getattr(error, "ticker", "?")
    reason = str(getattr(error, "yahoo_reason", None) or "").lower()
    if not reason or "not available" in reason or "doesn't exist" in reason:
        return NoData(f"yahoo: no prices of {ticker}")
    if "no data found" in reason or "delisted" in reason or "not found" in reason:
        return UnknownSymbol(f"yahoo: {ticker} is not known")
    return Unavailable("yahoo: the request was refused")


def _status(error: Exception) -> ProviderError:
    """Read an HTTP status; yfinance raises one where it looks up an unknown symbol's time zone."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == _NOT_FOUND:
        return UnknownSymbol("yahoo: the symbol is not known")
    return Unavailable(f"yahoo: the request failed with status {status}")


def vendor_errors() -> AbstractContextManager[None]:
    """Raise ours instead of whatever yfinance and reading its answers raise."""
    return translated(_error_table())


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer, oldest first.

    Attributes
    ----------
    opened : opening times, UTC seconds
    days : the dates of those times at the exchange
    rows : open, high, low, close (currency, adjusted for splits), volume (units)
    dividends, splits : in each row, 0 for none
    meta : what stands beside the bars: the last price and its time, the day's range, the session
    """

    opened: NDArray[np.int64]
    days: tuple[date, ...]
    rows: FloatArray
    dividends: FloatArray
    splits: FloatArray
    meta: dict[str, Any]


class YahooClient:
    """yfinance for one folder of caches; safe from several threads.

    Parameters
    ----------
    folder : where yfinance keeps its cookie and time-zone caches
    session : the HTTP session; by default one that waits a few seconds at most
    """

    def __init__(self, folder: Path, session: Any = None) -> None:
        self.session = session
        self._folder = folder
        self._ready = False
        self._zoned: set[str] = set()
        self._lock = Lock()
        self._warmth = Warmth("yahoo", _COLD)

    def history(self, symbol: str, **wish: Any) -> Frame:
        """Return bars and what stands beside them; ``wish`` is period or start, and interval."""
        return self._warmth.run(lambda: self._history(symbol, wish))

    def news(self, symbol: str) -> Any:
        """Return the newest articles as yfinance gives them."""
        return self._warmth.run(lambda: self._news(symbol))

    def results(self, symbol: str) -> Any:
        """Return the days on which results are due as yfinance gives them, none where Yahoo tells none."""
        return self._warmth.run(lambda: self._results(symbol))

    def _history(self, symbol: str, wish: dict[str, Any]) -> Frame:
        with vendor_errors():
            vendor = self._vendor()
            self._know_zone(vendor, symbol)
            ticker = vendor.Ticker(symbol, session=self.session)
            table = ticker.history(**wish, auto_adjust=False, actions=True)
            columns = ["Open", "High", "Low", "Close", "Volume"]
            # Key by key: reading the whole mapping makes yfinance send another request.
            known = ticker.history_metadata
            frame = Frame(
                opened=np.array([int(t.timestamp()) for t in table.index], dtype=np.int64),
                days=tuple(t.date() for t in table.index),
                rows=table[columns].to_numpy(dtype=np.float64),
                dividends=table["Dividends"].to_numpy(dtype=np.float64),
                splits=table["Stock Splits"].to_numpy(dtype=np.float64),
                meta={key: known.get(key) for key in _META},
            )
            _check(frame, symbol, wish["interval"])
            return frame

    def _news(self, symbol: str) -> Any:
        with vendor_errors():
            return self._vendor().Ticker(symbol, session=self.session).get_news(count=_NEWS)

    def _results(self, symbol: str) -> Any:
        with vendor_errors():
            ticker = self._vendor().Ticker(symbol, session=self.session)
            try:
                return ticker.calendar.get("Earnings Date", [])
            except (KeyError, IndexError):  # the answer has no calendar: a fund, or a name it knows little of
                return []

    def _know_zone(self, vendor: Any, symbol: str) -> None:
        """Tell yfinance the exchange's time zone, so that it does not ask Yahoo.

        It would keep the answer for ever, even an unreadable one: after one bad reply at a cold
        start the symbol failed until the process ended.
        """
        if symbol not in self._zoned:
            vendor.cache.get_tz_cache().store(symbol, _NEW_YORK.key)
            self._zoned.add(symbol)

    def _vendor(self) -> Any:
        """Import and set up yfinance at its first use; takes a second."""
        with self._lock:
            import yfinance  # noqa: PLC0415 (lazy: a replay never imports it)

            if not self._ready:
                self._folder.mkdir(parents=True, exist_ok=True)
                yfinance.set_tz_cache_location(str(self._folder))
                yfinance.config.debug.hide_exceptions = False
                # What it logs of a failure we raise, and the meter says once a minute.
                logging.getLogger("yfinance").setLevel(logging.CRITICAL)
                # yfinance switches its own deprecation warnings on; they are not ours to mend.
                warnings.filterwarnings("ignore", category=DeprecationWarning, module="^yfinance")
                self.session = self.session or _impatient_session()
                self._ready = True
            return yfinance


def _check(frame: Frame, symbol: str, interval: str) -> None:
    """Refuse an answer about something else, or with splits and dividends that cannot be."""
    other = frame.meta["symbol"] not in (None, symbol)
    if other or (interval == _DAILY and frame.meta["dataGranularity"] not in (None, interval)):
        raise BadData("yahoo: the answer was about another symbol or interval")
    splits = frame.splits[frame.splits != 0]
    if not ((splits >= 1.0 / _MOST_SHARES) & (splits <= _MOST_SHARES)).all():
        raise BadData("yahoo: a split cannot be")
    before = np.append(frame.rows[:1, 3], frame.rows[:-1, 3])
    paid = frame.dividends != 0
    if not ((frame.dividends[paid] > 0) & (frame.dividends[paid] < before[paid])).all():
        raise BadData("yahoo: a dividend cannot be")


def _impatient_session() -> Any:
    """Return yfinance's kind of session with no request longer than a few seconds.

    Its own cookie and consent requests wait 30 s each whatever timeout one asks for: a cold start
    against a hanging Yahoo took 133 s.
    """
    from curl_cffi import requests  # noqa: PLC0415 (lazy: comes with yfinance)

    class Impatient(requests.Session):  # type: ignore[type-arg] # the response type is the default one
        def request(self, *args: Any, **kwargs: Any) -> Any:
            asked = kwargs.get("timeout")
            kwargs["timeout"] = min(asked, _PATIENCE) if isinstance(asked, (int, float)) else _PATIENCE
            return super().request(*args, **kwargs)

    return Impatient(impersonate="chrome")
