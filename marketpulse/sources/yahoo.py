"""Yahoo Finance through yfinance: shares and indices, live.

Only ``Ticker.history`` is used, one symbol at a time, because it alone tells its failures apart;
``download`` and ``fast_info`` turn a rate limit, an outage and a typo into the same empty frame.
One request for the day's bar also brings the last price and its time at the exchange.

Yahoo's bars are adjusted for splits even when asked for raw; ``unsplit`` takes that back, so that
the desk holds what was traded on the day.
"""

import json
import logging
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import BadData, NoData, ProviderError, RateLimited, Unavailable, UnknownSymbol
from marketpulse.ports import Capability, Limits
from marketpulse.sources.declining import no_book, no_news, no_stream
from marketpulse.sources.table import bars_of
from marketpulse.sources.vendor import ErrorTable, translated
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    CorporateAction,
    FloatArray,
    Instrument,
    Interval,
    Quote,
)

__all__ = ["YahooSource", "unsplit"]

_NEW_YORK = ZoneInfo("America/New_York")
_PATIENCE = 8.0  # seconds for one of yfinance's requests; a cold start makes up to five
_PAUSE = 20.0  # seconds after a 429; Yahoo names none
_KEPT = 120.0  # seconds a frame of bars also answers for actions
_NOT_FOUND = 404
_META = (
    "regularMarketPrice",
    "regularMarketTime",
    "regularMarketVolume",
    "regularMarketDayHigh",
    "regularMarketDayLow",
    "currentTradingPeriod",
)
_PERIODS = (("1mo", 31), ("3mo", 92), ("6mo", 183), ("1y", 366), ("2y", 731), ("5y", 1827), ("10y", 3653))


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
    """Tell a symbol that Yahoo does not know from an empty answer."""
    ticker = getattr(error, "ticker", "?")
    if getattr(error, "yahoo_reason", None):
        return UnknownSymbol(f"yahoo: {ticker} is not known")
    return NoData(f"yahoo: no prices of {ticker}")


def _status(error: Exception) -> ProviderError:
    """Read an HTTP status; yfinance raises one where it looks up an unknown symbol's time zone."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == _NOT_FOUND:
        return UnknownSymbol("yahoo: the symbol is not known")
    return Unavailable(f"yahoo: the request failed with status {status}")


def _vendor_errors() -> AbstractContextManager[None]:
    return translated(_error_table())


@dataclass(frozen=True, slots=True)
class _Frame:
    """One answer: dates, rows of open, high, low, close, volume, actions, and the quote beside them."""

    days: tuple[date, ...]
    rows: FloatArray
    dividends: FloatArray
    splits: FloatArray
    meta: dict[str, Any]


def unsplit(rows: FloatArray, dividends: FloatArray, splits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Undo the vendor's split adjustment of prices, volumes and dividends.

    Parameters
    ----------
    rows : open, high, low, close (currency) and volume (units), oldest first
    dividends : cash per share on each row's day, 0 for none
    splits : new shares per old share on each row's day, 0 for none

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[24.0, 24, 24, 24, 200], [25.0, 25, 25, 25, 100]])
    >>> unsplit(rows, np.array([0.1, 0.0]), np.array([0.0, 2.0]))[0][0].tolist()
    [48.0, 48.0, 48.0, 48.0, 100.0]
    """
    ratio = np.where(splits > 0, splits, 1.0)
    after = np.append(np.cumprod(ratio[::-1])[::-1][1:], 1.0)  # product of the splits still to come
    raw = rows.copy()
    raw[:, :4] = np.round(rows[:, :4] * after[:, None], 6)
    raw[:, 4] = rows[:, 4] / after
    return raw, dividends * after


class YahooSource:
    """Shares and indices from Yahoo; blocks, and raises ProviderError only.

    Parameters
    ----------
    folder : where yfinance keeps its cookie and time-zone caches
    session : the HTTP session; by default one that waits a few seconds at most
    """

    book = no_book
    news = no_news
    stream = no_stream

    def __init__(self, clock: Clock, folder: Path, session: Any = None) -> None:
        self._clock = clock
        self._folder = folder
        self._session = session
        self._ready = False
        self._zoned: set[str] = set()
        self._lock = Lock()
        self._frames: dict[str, tuple[float, str, _Frame]] = {}

    @property
    def name(self) -> str:
        """Return ``yahoo``."""
        return "yahoo"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes, daily bars and actions of shares and indices."""
        offered = (Capability.QUOTE, Capability.BARS, Capability.ACTIONS)
        return frozenset((c, a) for c in offered for a in (AssetClass.EQUITY, AssetClass.INDEX))

    @property
    def limits(self) -> Limits:
        """Return what has been found bearable; Yahoo publishes no limit."""
        return Limits(per_minute=120.0, deadline=10.0)

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last price with its time at the exchange, and the day's range and volume."""
        frame = self._ask(instrument.symbol, "1d")
        with _vendor_errors():
            meta = frame.meta
            price, stamp = meta.get("regularMarketPrice"), meta.get("regularMarketTime")
            if price is None or stamp is None:
                raise BadData("yahoo: the price or its time is missing")
            today = frame.rows[-1] if len(frame.days) else None
            volume = meta.get("regularMarketVolume")
            return Quote(
                instrument.symbol,
                price=float(price),
                bid=None,
                ask=None,
                volume=None if volume is None else float(volume),
                time=_moment(stamp),
                received=self._clock.now(),
                source=self.name,
                open=None if today is None else float(today[0]),
                high=_number(meta.get("regularMarketDayHigh")),
                low=_number(meta.get("regularMarketDayLow")),
            )

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return raw daily bars from ``start`` whose session had closed by ``end``.

        Raises
        ------
        NoData
            There is none, or the interval is not daily.
        """
        if interval is not Interval.DAY:
            msg = f"yahoo: only daily bars are asked for here, not {interval}"
            raise NoData(msg)
        frame = self._recent(instrument.symbol, start)
        moment = min(end, self._clock.now())
        with _vendor_errors():
            raw, _ = unsplit(frame.rows, frame.dividends, frame.splits)
            closed = _last_closed(frame.meta, moment)
            keep = [i for i, day in enumerate(frame.days) if start.date() <= day <= closed]
            if not keep:
                msg = f"yahoo: no closed bar of {instrument.symbol} in the period"
                raise NoData(msg)
            time = np.array([_stamp(frame.days[i]) for i in keep], dtype=np.int64)
            return bars_of(instrument.symbol, interval, time, raw[keep], self.name)

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Return splits and dividends in force in the period, from the frame the bars came from."""
        frame = self._recent(instrument.symbol, start)
        last = min(end, self._clock.now()).astimezone(_NEW_YORK).date()
        with _vendor_errors():
            _, dividends = unsplit(frame.rows, frame.dividends, frame.splits)
            found = []
            for day, cash, ratio in zip(frame.days, dividends, frame.splits, strict=True):
                if start.date() <= day <= last:
                    found += _actions(instrument.symbol, day, float(cash), float(ratio))
            return tuple(found)

    def _recent(self, symbol: str, start: datetime) -> _Frame:
        """Return a frame that reaches back to ``start``, at most two minutes old."""
        age = (self._clock.now() - start) + timedelta(days=1)
        period = next((name for name, days in _PERIODS if age <= timedelta(days=days)), _PERIODS[-1][0])
        known = self._frames.get(symbol)
        if known is not None and known[1] == period and self._clock.monotonic() - known[0] < _KEPT:
            return known[2]
        frame = self._ask(symbol, period)
        self._frames[symbol] = (self._clock.monotonic(), period, frame)
        return frame

    def _ask(self, symbol: str, period: str) -> _Frame:
        with _vendor_errors():
            vendor = self._vendor()
            self._know_zone(vendor, symbol)
            ticker = vendor.Ticker(symbol, session=self._session)
            table = ticker.history(period=period, interval="1d", auto_adjust=False, actions=True)
            days = tuple(t.date() for t in table.index)
            columns = ["Open", "High", "Low", "Close", "Volume"]
            rows = table[columns].to_numpy(dtype=np.float64)
            cash = table["Dividends"].to_numpy(dtype=np.float64)
            ratio = table["Stock Splits"].to_numpy(dtype=np.float64)
            # Key by key: reading the whole mapping makes yfinance send another request.
            known = ticker.history_metadata
            return _Frame(days, rows, cash, ratio, {key: known.get(key) for key in _META})

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
                self._session = self._session or _impatient_session()
                self._ready = True
            return yfinance


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


def _stamp(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _moment(stamp: Any) -> datetime:
    """Return a time that yfinance gives as seconds or, formatted, as a pandas Timestamp."""
    seconds = stamp if isinstance(stamp, (int, float)) else stamp.timestamp()
    return datetime.fromtimestamp(float(seconds), UTC)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _last_closed(meta: dict[str, Any], moment: datetime) -> date:
    """Return the newest New York date whose regular session had ended by ``moment``."""
    today = moment.astimezone(_NEW_YORK).date()
    regular = (meta.get("currentTradingPeriod") or {}).get("regular") or {}
    if "end" in regular:
        end = _moment(regular["end"])
        if end.astimezone(_NEW_YORK).date() == today and moment >= end:
            return today
    return today - timedelta(days=1)


def _actions(symbol: str, day: date, cash: float, ratio: float) -> list[CorporateAction]:
    found = []
    if ratio > 0:
        value = Decimal(repr(round(ratio, 6)))
        found.append(CorporateAction(symbol, day, ActionKind.SPLIT, value))
    if cash > 0:
        value = Decimal(repr(round(cash, 6)))
        found.append(CorporateAction(symbol, day, ActionKind.DIVIDEND, value))
    return found
