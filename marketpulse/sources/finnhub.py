"""Finnhub: quotes, company news and a stream of trades of shares listed in the United States.

Its daily candles are adjusted for splits, but not all of them (its issue 468), and its list of splits
has wrong ratios; the raw price cannot be had back for certain, so no bars are offered here.

The key travels in a header, where no error's text repeats it; only the stream wants it in its address.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote as quoted

from marketpulse.clock import Clock
from marketpulse.errors import AuthFailed, BadData, NoData, NotEntitled, ProviderError, UnknownSymbol
from marketpulse.ports import Capability, Limits, Put
from marketpulse.sources.declining import no_actions, no_bars, no_book
from marketpulse.sources.fields import moment, positive, positive_or_none
from marketpulse.sources.headlines import headline, newest_first
from marketpulse.sources.results import AHEAD, days_of, exchange_day, read_day
from marketpulse.sources.shares import american, symbols_of
from marketpulse.sources.vendor import ErrorTable, translated
from marketpulse.sources.web import be_impatient, request_errors, status_error
from marketpulse.sources.wire import Socket, connect, socket_errors, unpacked
from marketpulse.types import AssetClass, Headline, Instrument, Quote
from marketpulse.types.earnings import Earnings

__all__ = ["FinnhubSource"]

_TIMEOUT = 5.0  # seconds for one request
_PAUSE = 15.0  # seconds after a 429 that names no time; the quota is one of minutes
_NEWS_DAYS = 7
_SYMBOLS = 50  # the free plan's stream takes no more


@cache
def _error_table() -> ErrorTable:
    """What finnhub-python raises, and what it means."""
    from finnhub import exceptions as vendor  # noqa: PLC0415 (lazy: only a live feed pays for the package)

    def refused(error: Exception) -> ProviderError:
        response = getattr(error, "response", None)
        headers = getattr(response, "headers", {})
        return status_error("finnhub", getattr(error, "status_code", None), headers, _PAUSE)

    unreadable = "finnhub: the answer was not readable (an outage or an error page)"
    return (
        (vendor.FinnhubAPIException, refused),
        (vendor.FinnhubRequestException, lambda _: BadData(unreadable)),
        *request_errors("finnhub"),
    )


def _vendor_errors() -> AbstractContextManager[None]:
    return translated(_error_table())


class FinnhubSource:
    """Shares from Finnhub; blocks but for the stream, and raises ProviderError only.

    Parameters
    ----------
    folder : unused, as this source keeps nothing on disk
    key : the API key
    prepare : takes the HTTP session before its first use; by default it is made impatient
    open_socket : opens the stream's websocket at an address
    """

    bars = no_bars
    actions = no_actions
    book = no_book

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        key: str,
        *,
        prepare: Callable[[Any], None] = lambda session: be_impatient(session, _TIMEOUT),
        open_socket: Callable[[str], AbstractAsyncContextManager[Socket]] = connect,
    ) -> None:
        del folder  # keeps nothing on disk
        self._clock = clock
        self._key = key
        self._prepare = prepare
        self._open_socket = open_socket
        self._lock = Lock()
        self._client: Any = None
        self._quoted: set[str] = set()

    @property
    def name(self) -> str:
        """Return ``finnhub``."""
        return "finnhub"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes, news, days of results and a stream of shares."""
        offered = (Capability.QUOTE, Capability.NEWS, Capability.STREAM, Capability.EVENTS)
        return frozenset((c, AssetClass.EQUITY) for c in offered)

    @property
    def limits(self) -> Limits:
        """Return the free plan's 60 calls a minute."""
        return Limits(per_minute=60.0, deadline=8.0)

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last trade with its time, and the day's open, high and low.

        Finnhub answers zeros for a symbol it does not know, and for one it has no price of just now;
        a symbol that had a price before is not unknown.
        """
        symbol = american(instrument, self.name)
        with _vendor_errors():
            answer = self._vendor().quote(symbol)
            if not isinstance(answer, dict):
                raise BadData("finnhub: the answer had an unexpected shape")
            if answer.get("t") == 0 and not answer.get("c"):
                kind = NoData if symbol in self._quoted else UnknownSymbol
                raise kind(f"finnhub: no price of {instrument.symbol}")
            price = positive(answer, "c", self.name)
            time = moment(positive(answer, "t", self.name), self.name)
        self._quoted.add(symbol)
        return Quote(
            instrument.symbol,
            price=price,
            bid=None,
            ask=None,
            volume=None,
            time=time,
            received=self._clock.now(),
            source=self.name,
            open=positive_or_none(answer, "o"),
            high=positive_or_none(answer, "h"),
            low=positive_or_none(answer, "l"),
        )

    def news(self, instrument: Instrument) -> Sequence[Headline]:
        """Return the company news of the last week, newest first."""
        symbol, now = american(instrument, self.name), self._clock.now()

        def read(item: Any) -> Headline:
            time = moment(positive(item, "datetime", self.name), self.name)
            return headline(
                instrument.symbol,
                time,
                item["headline"],
                url=item.get("url"),
                publisher=item.get("source"),
                source=self.name,
            )

        with _vendor_errors():
            # a day more, since its days may not be ours
            first, last = now - timedelta(days=_NEWS_DAYS), now + timedelta(days=1)
            items = self._vendor().company_news(symbol, _from=f"{first:%Y-%m-%d}", to=f"{last:%Y-%m-%d}")
            return newest_first(items, read, self.name, now)

    def events(self, instrument: Instrument) -> Sequence[Earnings]:
        """Return the days on which results are due within the next quarter, the earliest first.

        Finnhub does not tell a settled day from one that it expects, so all count as expected.

        Raises
        ------
        NoData
            It knows of none.
        """
        symbol, now = american(instrument, self.name), self._clock.now()
        today = exchange_day(now)
        with _vendor_errors():
            answer = self._vendor().earnings_calendar(
                _from=today.isoformat(), to=(today + AHEAD).isoformat(), symbol=symbol
            )
            rows = answer.get("earningsCalendar") if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise BadData("finnhub: the days of results had an unexpected shape")
            # rows of another symbol are left out: the filter is the vendor's
            own = [row for row in rows if isinstance(row, dict) and row.get("symbol") in (None, symbol)]
        return days_of(instrument, (read_day(row.get("date")) for row in own), self.name, now, estimated=True)

    async def stream(self, instruments: Sequence[Instrument], put: Put) -> None:
        """Hand over the newest trade of each share as a quote, until canceled; 50 shares at most."""
        names = symbols_of(instruments, _SYMBOLS)
        # quoted: a key with odd characters must not bend the address
        address = f"wss://ws.finnhub.io?token={quoted(self._key, safe='')}"
        seen: dict[str, datetime] = {}
        with translated(socket_errors("finnhub")):
            async with self._open_socket(address) as socket:
                for symbol in names:
                    await socket.send(json.dumps({"type": "subscribe", "symbol": symbol}))
                while True:
                    message = unpacked(await socket.recv(), self.name)
                    for quote in self._trades(message, names, seen):
                        put(quote)

    def _trades(
        self, message: Any, names: dict[str, Instrument], seen: dict[str, datetime]
    ) -> Sequence[Quote]:
        """Return the newest trade of each share in a message, if newer than what was seen before."""
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "ping":
            return ()
        if kind != "trade":
            raise _complaint(message if kind == "error" else {})
        data = message.get("data")
        if not isinstance(data, list):
            raise BadData("finnhub: the trades had an unexpected shape")
        newest: dict[str, Quote] = {}
        for trade in data:
            price = positive(trade, "p", self.name)
            time = moment(positive(trade, "t", self.name) / 1000.0, self.name)
            instrument = names.get(trade.get("s"))
            # what comes twice or late would let the price step back
            if instrument is not None and ((before := seen.get(instrument.symbol)) is None or time > before):
                seen[instrument.symbol] = time
                newest[instrument.symbol] = self._traded(instrument, price, time)
        return tuple(newest.values())

    def _traded(self, instrument: Instrument, price: float, time: datetime) -> Quote:
        """Return a quote of one trade; what the trade's size says is not the session's volume."""
        received = self._clock.now()
        return Quote(instrument.symbol, price, None, None, None, time, received, self.name)

    def _vendor(self) -> Any:
        """Import the package and make its client at the first use."""
        with self._lock:
            if self._client is None:
                import finnhub  # noqa: PLC0415 (lazy: only a live feed pays for the package)

                client = finnhub.Client(api_key=self._key)
                session = client._session  # noqa: SLF001 (the package offers no other way to set headers and timeouts)
                session.params.pop("token")
                session.headers["X-Finnhub-Token"] = self._key
                self._prepare(session)
                self._client = client
            return self._client


def _complaint(message: dict[str, Any]) -> ProviderError:
    """Say what an error message of the stream means; its own words are not passed on."""
    words = str(message.get("msg", "")).lower()
    if "api key" in words or "token" in words:
        return AuthFailed("finnhub: the key was refused")
    if "access" in words:
        return NotEntitled("finnhub: the plan does not cover this stream")
    return BadData("finnhub: a message of the stream was not understood")
