"""Alpha Vantage: the last hundred daily bars of an American share, raw, as the last resort.

A free key has 25 calls a day, so quotes are not worth asking for. Every failure arrives as a sentence
in a 200 answer, and the sentence holds the key: it is read here and never passed on.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import (
    AuthFailed,
    BadData,
    NoData,
    NotEntitled,
    ProviderError,
    RateLimited,
    UnknownSymbol,
)
from marketpulse.ports import Capability, Limits
from marketpulse.sources.declining import no_actions, no_book, no_events, no_news, no_quote, no_stream
from marketpulse.sources.fields import table
from marketpulse.sources.shares import american
from marketpulse.sources.table import bars_of, in_order, midnight
from marketpulse.sources.vendor import ErrorTable, translated
from marketpulse.sources.web import be_impatient, request_errors, status_error
from marketpulse.types import AssetClass, Bars, Instrument, Interval

__all__ = ["AlphaVantageSource"]

_NEW_YORK = ZoneInfo("America/New_York")
_TIMEOUT = 8.0  # seconds for one request
_SECOND = 2.0  # seconds to wait after "one request per second"
_MINUTE = 60.0  # seconds to wait after "calls per minute"
_SERIES = "Time Series (Daily)"
_COLUMNS = ("1. open", "2. high", "3. low", "4. close", "5. volume")
_SETTLED = 20  # o'clock in New York: extended trading is over, and nothing moves the day's bar any more
_OK = 200


@cache
def _error_table() -> ErrorTable:
    """What asking and reading raise, and what it means; the package has no exceptions of its own."""
    return request_errors("alphavantage")


def _vendor_errors() -> AbstractContextManager[None]:
    return translated(_error_table())


class AlphaVantageSource:
    """Daily bars from Alpha Vantage; blocks, and raises ProviderError only.

    Parameters
    ----------
    folder : unused, as this source keeps nothing on disk
    key : the API key
    prepare : takes the HTTP session before its first use; by default it is made impatient
    """

    quote = no_quote
    actions = no_actions
    book = no_book
    news = no_news
    events = no_events
    stream = no_stream

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        key: str,
        *,
        prepare: Callable[[Any], None] = lambda session: be_impatient(session, _TIMEOUT),
    ) -> None:
        del folder  # keeps nothing on disk
        self._clock = clock
        self._key = key
        self._prepare = prepare
        self._lock = Lock()
        self._client: Any = None

    @property
    def name(self) -> str:
        """Return ``alphavantage``."""
        return "alphavantage"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Daily bars of shares."""
        return frozenset({(Capability.BARS, AssetClass.EQUITY)})

    @property
    def limits(self) -> Limits:
        """Return the free plan's limits: 25 calls a day, 5 a minute; so few leave no room for a burst."""
        return Limits(per_minute=5.0, deadline=12.0, per_day=25, resets=_NEW_YORK.key)

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return raw daily bars from ``start`` that were settled by ``end``: the newest hundred at most.

        A day's bar is settled at 20:00 in New York, when extended trading ends: before that its volume,
        on some days its close, still changes here.

        Raises
        ------
        NoData
            There is none, or the interval is not daily.
        """
        if interval is not Interval.DAY:
            raise NoData(f"alphavantage: only daily bars are asked for here, not {interval}")
        symbol = american(instrument, self.name)
        answer = self._ask(symbol)
        last = _last_settled(min(end, self._clock.now()))
        with _vendor_errors():
            series = answer[_SERIES]
            rows = table(list(series.values()), _COLUMNS, self.name)
            days = [midnight(date.fromisoformat(day)) for day in series]
        time, rows = in_order(np.array(days, dtype=np.int64), rows)  # newest first there
        keep = (time >= midnight(start.date())) & (time <= midnight(last))
        if not keep.any():
            raise NoData(f"alphavantage: no settled bar of {instrument.symbol} in the period")
        return bars_of(instrument.symbol, interval, time[keep], rows[keep], self.name)

    def _ask(self, symbol: str) -> dict[str, Any]:
        """Return the answer to one question, or raise what its sentence means."""
        with _vendor_errors():
            answer, _ = self._vendor().get_daily(symbol, outputsize="compact")
        if not isinstance(answer, dict):
            raise BadData("alphavantage: the answer had an unexpected shape")
        if not answer:
            raise NoData(f"alphavantage: nothing on {symbol}")
        for word in ("Error Message", "Information", "Note"):
            if word in answer:
                raise _meant(str(answer[word]), self._clock.now())
        about = answer.get("Meta Data")
        if not isinstance(answer.get(_SERIES), dict) or not isinstance(about, dict):
            raise BadData("alphavantage: the answer had an unexpected shape")
        if about.get("2. Symbol") not in [symbol, symbol.replace(".", "-")]:  # a set would not take all
            raise BadData("alphavantage: the answer is about another symbol")
        return answer

    def _vendor(self) -> Any:
        """Import the package and make its client at the first use."""
        with self._lock:
            if self._client is None:
                self._client = _client(self._key, self._prepare)
            return self._client


def _client(key: str, prepare: Callable[[Any], None]) -> Any:
    """Return the package's client with a session of ours: its own requests have no timeout.

    It hands the whole answer through, since it would raise a bare ValueError of its sentences and a
    KeyError where the series is missing.
    """
    import requests  # noqa: PLC0415 (lazy: only a live feed speaks to the web)
    from alpha_vantage.timeseries import TimeSeries  # noqa: PLC0415 (lazy: as above)

    session = requests.Session()
    prepare(session)

    class Daily(TimeSeries):  # type: ignore[misc] # the package has no types
        def _handle_api_call(self, url: str) -> Any:
            response = session.get(url)
            if response.status_code != _OK:
                raise status_error("alphavantage", response.status_code, response.headers, _MINUTE)
            return {_SERIES: response.json(), "Meta Data": None}

    return Daily(key=key, output_format="json")


def _meant(sentence: str, now: datetime) -> ProviderError:
    """Say what a sentence of theirs means; the order matters, as each advertises the plans without limits."""
    said = sentence.lower()
    meanings: Sequence[tuple[str, Callable[[], ProviderError]]] = (
        ("parameter apikey", lambda: AuthFailed("alphavantage: the key was refused")),
        ("invalid api call", lambda: UnknownSymbol("alphavantage: the symbol is not known")),
        ("premium endpoint", lambda: NotEntitled("alphavantage: the plan does not cover this")),
        ("per second", lambda: RateLimited("alphavantage: too many requests in a second", _SECOND)),
        ("per minute", lambda: RateLimited("alphavantage: too many requests in a minute", _MINUTE)),
        (
            "per day",
            lambda: RateLimited("alphavantage: the day's requests are used up", _until_midnight(now)),
        ),
    )
    for words, meaning in meanings:
        if words in said:
            return meaning()
    return BadData("alphavantage: the answer was a notice that is not understood")


def _until_midnight(now: datetime) -> float:
    """Return the seconds until the next midnight in New York, where the provider is at home."""
    here = now.astimezone(_NEW_YORK)
    tomorrow = datetime.combine(here.date() + timedelta(days=1), datetime.min.time(), _NEW_YORK)
    return max(1.0, tomorrow.timestamp() - now.timestamp())


def _last_settled(moment: datetime) -> date:
    """Return the newest New York date whose bar had been settled by ``moment``."""
    here = moment.astimezone(_NEW_YORK)
    return here.date() if here.hour >= _SETTLED else here.date() - timedelta(days=1)
