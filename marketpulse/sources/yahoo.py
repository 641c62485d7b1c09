"""Yahoo through yfinance: quotes, bars, news and actions of shares and indices, live, without a key.

One request for the day's bar also brings the last price and its time at the exchange.

Yahoo's daily bars are adjusted for splits even when asked for raw; ``unsplit`` takes that back, so
that the desk holds what was traded on the day. Every frame asked for reaches up to now, so that no
split is missing from it.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import BadData, NoData
from marketpulse.ports import Capability, Limits
from marketpulse.sources.declining import no_book, no_stream
from marketpulse.sources.fields import iso_moment
from marketpulse.sources.headlines import headline, newest_first
from marketpulse.sources.results import days_of, read_day
from marketpulse.sources.table import bars_of, midnight
from marketpulse.sources.unsplit import unsplit
from marketpulse.sources.yahoo_client import Frame, YahooClient, vendor_errors
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    CorporateAction,
    Headline,
    Instrument,
    Interval,
    Quote,
)
from marketpulse.types.earnings import Earnings

__all__ = ["YahooSource"]

_NEW_YORK = ZoneInfo("America/New_York")
_KEPT = 120.0  # seconds a frame of bars also answers for actions
_PERIODS = (("1mo", 31), ("3mo", 92), ("6mo", 183), ("1y", 366), ("2y", 731), ("5y", 1827), ("10y", 3653))
_LENGTH = {Interval.MINUTE: 60, Interval.HOUR: 3_600}  # seconds
_GRID = {Interval.MINUTE: 60, Interval.HOUR: 1_800}  # seconds; its hours begin at half past
_REACH = {Interval.MINUTE: timedelta(days=7), Interval.HOUR: timedelta(days=700)}  # what one request may ask


class YahooSource:
    """Shares and indices from Yahoo; blocks, and raises ProviderError only.

    Parameters
    ----------
    folder : where yfinance keeps its cookie and time-zone caches
    session : the HTTP session; by default one that waits a few seconds at most
    """

    book = no_book
    stream = no_stream

    def __init__(self, clock: Clock, folder: Path, session: Any = None) -> None:
        self._clock = clock
        self._client = YahooClient(folder, session)
        self._frames: dict[str, tuple[float, str, Frame]] = {}

    @property
    def name(self) -> str:
        """Return ``yahoo``."""
        return "yahoo"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes, bars and actions of shares and indices, news and days of results of shares."""
        offered = (Capability.QUOTE, Capability.BARS, Capability.INTRADAY, Capability.ACTIONS)
        both = frozenset((c, a) for c in offered for a in (AssetClass.EQUITY, AssetClass.INDEX))
        return both | {(c, AssetClass.EQUITY) for c in (Capability.NEWS, Capability.EVENTS)}

    @property
    def limits(self) -> Limits:
        """Return what has been found bearable; Yahoo publishes no limit."""
        return Limits(per_minute=120.0, deadline=10.0)

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last price with its time at the exchange, and the day's range and volume."""
        frame = self._ask(instrument, period="1d", interval="1d")
        with vendor_errors():
            meta = frame.meta
            price, stamp = meta.get("regularMarketPrice"), meta.get("regularMarketTime")
            if price is None or stamp is None:
                raise BadData("yahoo: the price or its time is missing")
            today = frame.rows[-1] if len(frame.days) else None
            return Quote(
                instrument.symbol,
                price=float(price),
                bid=None,
                ask=None,
                volume=_number(meta.get("regularMarketVolume")),
                time=_moment(stamp),
                received=self._clock.now(),
                source=self.name,
                open=None if today is None else _number(today[0]),
                high=_number(meta.get("regularMarketDayHigh")),
                low=_number(meta.get("regularMarketDayLow")),
            )

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return raw bars from ``start`` that had closed by ``end``; a day closes with its session.

        Minutes reach back a week, hours 700 days; both are those of regular trading.

        Raises
        ------
        NoData
            There is none.
        """
        if interval is not Interval.DAY:
            return self._shorter(instrument, interval, start, end)
        frame = self._recent(instrument, start)
        moment = min(end, self._clock.now())
        with vendor_errors():
            raw, _ = unsplit(frame.rows, frame.dividends, frame.splits)
            closed = _last_closed(frame.meta, moment)
            keep = [i for i, day in enumerate(frame.days) if start.date() <= day <= closed]
            if not keep:
                msg = f"yahoo: no closed bar of {instrument.symbol} in the period"
                raise NoData(msg)
            time = np.array([midnight(frame.days[i]) for i in keep], dtype=np.int64)
            return bars_of(instrument.symbol, interval, time, raw[keep], self.name)

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Return splits and dividends in force in the period, from the frame the bars came from."""
        frame = self._recent(instrument, start)
        last = min(end, self._clock.now()).astimezone(_NEW_YORK).date()
        with vendor_errors():
            _, dividends = unsplit(frame.rows, frame.dividends, frame.splits)
            found = []
            for day, cash, ratio in zip(frame.days, dividends, frame.splits, strict=True):
                if start.date() <= day <= last:
                    found += _actions(instrument.symbol, day, float(cash), float(ratio))
            return tuple(found)

    def news(self, instrument: Instrument) -> Sequence[Headline]:
        """Return the newest headlines, newest first.

        Raises
        ------
        NoData
            There is none; yfinance makes an empty list of some failures too.
        """

        def read(item: Any) -> Headline:
            content = item["content"]
            address = content.get("canonicalUrl") or content.get("clickThroughUrl") or {}
            time = iso_moment(content["pubDate"], self.name)
            publisher = (content.get("provider") or {}).get("displayName")
            return headline(
                instrument.symbol,
                time,
                content["title"],
                url=address.get("url"),
                publisher=publisher,
                source=self.name,
            )

        items = self._client.news(instrument.symbol)
        with vendor_errors():
            found = newest_first(items, read, self.name, self._clock.now())
        if not found:
            raise NoData(f"yahoo: no news of {instrument.symbol}")
        return found

    def events(self, instrument: Instrument) -> Sequence[Earnings]:
        """Return the days on which results are due, the earliest first; Yahoo gives a span as two days.

        yfinance reads its times in this machine's zone, so a day may be the next one far east of New York.

        Raises
        ------
        NoData
            It knows of none.
        """
        told = self._client.results(instrument.symbol)
        if not isinstance(told, list):
            raise BadData("yahoo: the days of results had an unexpected shape")
        days = (read_day(one) for one in told)
        return days_of(instrument, days, self.name, self._clock.now(), estimated=True)

    def _shorter(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return bars shorter than a day, raw, without the running one, which Yahoo puts last.

        Whether those before a split have been adjusted for it varies (yfinance's issues 503 and 513),
        and nothing in the answer tells; so they are left out.
        """
        now = self._clock.now()
        begin, moment = max(start, now - _REACH[interval]), min(end, now)
        none = NoData(f"yahoo: no closed bar of {instrument.symbol} in the period")
        if begin >= moment:
            raise none
        frame = self._ask(instrument, start=begin, interval=interval.value)
        with vendor_errors():
            opened = frame.opened
            splits = opened[frame.splits > 0]
            certain = max(begin.timestamp(), float(splits.max(initial=0)))
            keep = (opened >= certain) & (opened + _LENGTH[interval] <= moment.timestamp())
            keep &= opened % _GRID[interval] == 0
            if not keep.any():
                raise none
            return bars_of(instrument.symbol, interval, opened[keep], frame.rows[keep], self.name)

    def _ask(self, instrument: Instrument, **wish: Any) -> Frame:
        """Return an answer in the instrument's own currency: pence are no pounds."""
        frame = self._client.history(instrument.symbol, **wish)
        if frame.meta["currency"] not in (None, instrument.currency):
            raise BadData("yahoo: the prices are in another currency")
        return frame

    def _recent(self, instrument: Instrument, start: datetime) -> Frame:
        """Return a frame that reaches back to ``start``, at most two minutes old."""
        age = (self._clock.now() - start) + timedelta(days=1)
        period = next((name for name, days in _PERIODS if age <= timedelta(days=days)), _PERIODS[-1][0])
        known = self._frames.get(instrument.symbol)
        if known is not None and known[1] == period and self._clock.monotonic() - known[0] < _KEPT:
            return known[2]
        frame = self._ask(instrument, period=period, interval="1d")
        self._frames[instrument.symbol] = (self._clock.monotonic(), period, frame)
        return frame


def _moment(stamp: Any) -> datetime:
    """Return a time that yfinance gives as seconds or, formatted, as a pandas Timestamp."""
    seconds = stamp if isinstance(stamp, (int, float)) else stamp.timestamp()
    return datetime.fromtimestamp(float(seconds), UTC)


def _number(value: Any) -> float | None:
    """Return a number that may be left out; what is not finite is left out too."""
    found = None if value is None else float(value)
    return found if found is not None and isfinite(found) else None


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
