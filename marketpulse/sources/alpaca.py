"""Alpaca's market data: quotes, raw bars, news and a stream of shares listed in the United States.

The price comes from the best feed the plan allows (without a plan, one exchange of many: IEX). Bars
come from the consolidated tape, which every plan may read once it is 15 minutes old: IEX alone sees a
fortieth of the volume and another close.

Not offered: corporate actions, whose amounts are not said to be raw.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from warnings import filterwarnings
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from marketpulse.clock import Clock
from marketpulse.errors import AuthFailed, BadData, NoData, ProviderError, UnknownSymbol
from marketpulse.ports import Capability, Limits, Put
from marketpulse.sources.alpaca_stream import listen
from marketpulse.sources.declining import no_actions, no_book, no_events
from marketpulse.sources.fields import iso_moment, positive, positive_or_none, table
from marketpulse.sources.headlines import headline, newest_first
from marketpulse.sources.hours import regular, to_hours
from marketpulse.sources.shares import american, symbols_of
from marketpulse.sources.table import bars_of, in_order, midnight
from marketpulse.sources.vendor import ErrorTable, translated
from marketpulse.sources.web import be_impatient, request_errors, status_error
from marketpulse.sources.wire import Socket, connect
from marketpulse.types import AssetClass, Bars, FloatArray, Headline, Instrument, Interval, Quote

__all__ = ["AlpacaSource"]

_NEW_YORK = ZoneInfo("America/New_York")
_TIMEOUT = 5.0  # seconds for one request
_PAUSE = 10.0  # seconds after a 429 that names no time; the quota is one of minutes
_HELD_BACK = timedelta(minutes=16)  # the consolidated tape is free from 15 minutes on
_PAGE = 10_000  # bars in one answer
_NEWS_DAYS = 7
_NEWS = 30
_SYMBOLS = 30  # the free plan's stream takes no more
_WIDE = 0.05  # of the mid; a wider pair is one exchange's leftover orders, not a market
_COLUMNS = ("o", "h", "l", "c", "v")
_CLOSE = 16  # o'clock in New York, also on half days: their bars come a little later
_STEP = {Interval.MINUTE: 60, Interval.HOUR: 900}  # seconds of the bars asked for; hours are made of quarters
_LENGTH = {Interval.MINUTE: 60, Interval.HOUR: 3_600}  # seconds


@cache
def _package() -> Any:
    """Import the package; returns its part on data."""
    # It imports a part of websockets that is to go away; nothing of it is used here.
    filterwarnings("ignore", category=DeprecationWarning, module=r"^websockets\.legacy")
    import alpaca.data  # noqa: PLC0415 (lazy: only a live feed pays for the package)
    import alpaca.data.historical  # noqa: PLC0415 (as above)

    return alpaca.data


@cache
def _error_table() -> ErrorTable:
    """What alpaca-py raises, and what it means."""
    _package()
    from alpaca.common import exceptions as vendor  # noqa: PLC0415 (as above)

    return (
        (vendor.APIError, _refused),
        # its sign to itself to try again, which it is told not to do
        (vendor.RetryException, lambda _: status_error("alpaca", 429, {}, _PAUSE)),
        *request_errors("alpaca"),
    )


def _refused(error: Exception) -> ProviderError:
    """Read the status; the sentence only where one status has two meanings."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    said = str(error).lower()
    if status in {401, 403} and ("forbidden" in said or "not authorized" in said):
        return AuthFailed("alpaca: the key was refused")
    if status in {400, 422} and "symbol" in said:
        return UnknownSymbol("alpaca: the symbol is not known")
    if status in {400, 403, 422} and ("subscription" in said or "not permit" in said):
        return status_error("alpaca", 403, {}, _PAUSE)
    return status_error("alpaca", status, getattr(response, "headers", {}), _PAUSE)


def _vendor_errors() -> AbstractContextManager[None]:
    return translated(_error_table())


class AlpacaSource:
    """Shares from Alpaca; blocks, and raises ProviderError only.

    Parameters
    ----------
    folder : unused, as this source keeps nothing on disk
    key, secret : the API key, of a paper or a live account
    prepare : takes each HTTP session before its first use; by default it is made impatient
    open_socket : opens the stream's websocket at an address
    """

    actions = no_actions
    book = no_book
    events = no_events

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        key: str,
        secret: str,
        *,
        prepare: Callable[[Any], None] = lambda session: be_impatient(session, _TIMEOUT),
        open_socket: Callable[[str], AbstractAsyncContextManager[Socket]] = connect,
    ) -> None:
        del folder  # keeps nothing on disk
        self._clock = clock
        self._keys = (key, secret)
        self._prepare = prepare
        self._open_socket = open_socket
        self._lock = Lock()
        self._clients: tuple[Any, Any] | None = None

    @property
    def name(self) -> str:
        """Return ``alpaca``."""
        return "alpaca"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Everything but books, actions and days of results, of shares."""
        offered = frozenset(Capability) - {Capability.BOOK, Capability.ACTIONS, Capability.EVENTS}
        return frozenset((c, AssetClass.EQUITY) for c in offered)

    @property
    def limits(self) -> Limits:
        """Return the free plan's 200 calls a minute."""
        return Limits(per_minute=200.0, deadline=8.0)

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last trade with its time, bid and ask where they make a market, and the day's range.

        There is no volume: without a paid plan it would be one exchange's share of it.
        """
        symbol = american(instrument, self.name)
        wish = _package().requests.StockSnapshotRequest(symbol_or_symbols=symbol)
        with _vendor_errors():
            answer = self._prices().get("/stocks/snapshots", wish.to_request_fields())
            if not isinstance(answer, dict):
                raise BadData("alpaca: the answer had an unexpected shape")
            known = answer.get(symbol)
            if known is None:
                raise UnknownSymbol(f"alpaca: {instrument.symbol} is not known")
            trade = known.get("latestTrade")
            price = positive(trade, "p", self.name)
            time = iso_moment(trade.get("t"), self.name)
            bid, ask = _market(known.get("latestQuote"))
            today = _of_day(known.get("dailyBar"), time, self.name)
        return Quote(
            instrument.symbol,
            price=price,
            bid=bid,
            ask=ask,
            volume=None,
            time=time,
            received=self._clock.now(),
            source=self.name,
            open=positive_or_none(today, "o"),
            high=positive_or_none(today, "h"),
            low=positive_or_none(today, "l"),
        )

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return raw bars from ``start`` that had closed by ``end``, and 16 minutes before now.

        Bars shorter than a day are those of regular trading; hours are counted from 9:30 in New York,
        as everybody else does.

        Raises
        ------
        NoData
            There is none.
        """
        symbol = american(instrument, self.name)
        moment = min(end, self._clock.now() - _HELD_BACK)
        if start >= moment:
            raise NoData(f"alpaca: no closed bar of {instrument.symbol} in the period")
        wish = _bars_wish(symbol, interval, start, moment)
        with _vendor_errors():
            records = self._ask(symbol, wish)
            rows = table(records, _COLUMNS, self.name)
            opened = [iso_moment(r.get("t"), self.name) for r in records]
        if interval is Interval.DAY:
            time, rows = _daily(opened, rows, start, moment)
        else:
            time, rows = _shorter(opened, rows, interval, start, moment)
        if not len(time):
            raise NoData(f"alpaca: no closed bar of {instrument.symbol} in the period")
        return bars_of(instrument.symbol, interval, time, rows, self.name)

    def news(self, instrument: Instrument) -> Sequence[Headline]:
        """Return the news of the last week that name the share, newest first."""
        symbol, now = american(instrument, self.name), self._clock.now()

        def read(item: Any) -> Headline:
            time = iso_moment(item["created_at"], self.name)
            return headline(
                instrument.symbol,
                time,
                item["headline"],
                url=item.get("url"),
                publisher=item.get("source"),
                source=self.name,
            )

        start = now - timedelta(days=_NEWS_DAYS)
        wish = _package().requests.NewsRequest(symbols=symbol, start=start, sort="desc", limit=_NEWS)
        with _vendor_errors():
            answer = self._news().get("/news", wish.to_request_fields())
            return newest_first(answer.get("news"), read, self.name, now)

    async def stream(self, instruments: Sequence[Instrument], put: Put) -> None:
        """Hand over the newest trade of each share as a quote, until canceled; 30 shares at most."""
        names = symbols_of(instruments, _SYMBOLS)
        await listen(self._keys, names, put, self._clock, self._open_socket)

    def _ask(self, symbol: str, wish: Any) -> list[Any]:
        """Return the newest bars of a period, one page of them."""
        answer = self._prices().get("/stocks/bars", wish.to_request_fields())
        found = answer.get("bars") if isinstance(answer, dict) else None
        records = found.get(symbol, []) if isinstance(found, dict) else None
        if not isinstance(records, list):
            raise BadData("alpaca: the bars had an unexpected shape")
        return records

    def _prices(self) -> Any:
        return self._vendor()[0]

    def _news(self) -> Any:
        return self._vendor()[1]

    def _vendor(self) -> tuple[Any, Any]:
        """Import the package and make its clients at the first use."""
        with self._lock:
            if self._clients is None:
                self._clients = _made(self._keys, self._prepare)
            return self._clients


def _made(keys: tuple[str, str], prepare: Callable[[Any], None]) -> tuple[Any, Any]:
    """Return clients for prices and news that give answers as they come, and ask once only.

    They are used through ``get``, one request each: their own methods turn pages for ever if an answer
    keeps naming a next one.
    """
    kinds = _package().historical
    clients = (
        kinds.StockHistoricalDataClient(*keys, raw_data=True),
        kinds.NewsClient(*keys, raw_data=True),
    )
    for client in clients:
        # The package offers no way to say it. It would ask four times in 9 s: ours to decide, not its.
        client._retry, client._retry_codes = 0, []  # noqa: SLF001 (as said above)
        prepare(client._session)  # noqa: SLF001 (as above)
    return clients


def _bars_wish(symbol: str, interval: Interval, start: datetime, end: datetime) -> Any:
    """Return the package's request for raw bars of the consolidated tape, the newest first."""
    data = _package()
    minutes = _STEP.get(interval, 0) // 60
    unit = data.timeframe.TimeFrameUnit
    return data.requests.StockBarsRequest(
        symbol_or_symbols=symbol,
        timeframe=data.timeframe.TimeFrame(minutes or 1, unit.Minute if minutes else unit.Day),
        start=start if minutes else start.replace(hour=0, minute=0, second=0, microsecond=0),
        end=end,
        limit=_PAGE,
        sort=data.requests.Sort.DESC,
        adjustment=data.enums.Adjustment.RAW,
        feed=data.enums.DataFeed.SIP,
    )


def _market(fields: Any) -> tuple[float | None, float | None]:
    """Return bid and ask, or neither; a crossed pair is passed on, for the market room to refuse."""
    bid, ask = positive_or_none(fields, "bp"), positive_or_none(fields, "ap")
    if bid is None or ask is None or ask - bid > _WIDE * 0.5 * (ask + bid):
        return None, None
    return bid, ask


def _of_day(bar: Any, time: datetime, source: str) -> Any:
    """Return the running day's bar if it is of the trade's day: before the open it is yesterday's."""
    if not isinstance(bar, dict):
        return None
    same = _new_york(iso_moment(bar.get("t"), source)) == _new_york(time)
    return bar if same else None


def _new_york(moment: datetime) -> date:
    return moment.astimezone(_NEW_YORK).date()


def _daily(
    opened: Sequence[datetime], rows: FloatArray, start: datetime, moment: datetime
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the days of closed sessions, oldest first."""
    here = moment.astimezone(_NEW_YORK)
    last = here.date() if here.hour >= _CLOSE else here.date() - timedelta(days=1)
    time, rows = in_order(np.array([midnight(_new_york(t)) for t in opened], dtype=np.int64), rows)
    keep = (time >= midnight(start.date())) & (time <= midnight(last))
    return time[keep], rows[keep]


def _shorter(
    opened: Sequence[datetime], rows: FloatArray, interval: Interval, start: datetime, moment: datetime
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the closed bars of regular trading, oldest first."""
    time, rows = in_order(np.array([int(t.timestamp()) for t in opened], dtype=np.int64), rows)
    time, rows = regular(time, rows)
    keep = time + _STEP[interval] <= moment.timestamp()
    time, rows = time[keep], rows[keep]
    if interval is Interval.HOUR:
        time, rows = to_hours(time, rows)
    keep = (time >= start.timestamp()) & (time + _LENGTH[interval] <= moment.timestamp())
    return time[keep], rows[keep]
