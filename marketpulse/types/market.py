"""Numbers that came from outside: quotes, bars, corporate actions. All float64 estimates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ActionKind",
    "Bars",
    "CorporateAction",
    "FloatArray",
    "Headline",
    "Interval",
    "Quote",
    "SessionState",
]

FloatArray = NDArray[np.float64]


class Interval(StrEnum):
    """The length of one bar."""

    DAY = "1d"
    HOUR = "1h"
    MINUTE = "1m"


class SessionState(StrEnum):
    """Whether the instrument's exchange trades now."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Quote:
    """The last known price of one instrument.

    Attributes
    ----------
    symbol : the instrument
    price : last trade, in the instrument's currency
    bid, ask : best quotes, or None where the source gives none
    volume : units traded this session, or None
    time : aware UTC, at the venue (on replay: on the tape)
    received : aware UTC, when the desk got it, by the desk's clock
    source : who said so: ``yahoo``, ``binance``, ``tape``, ``simulated``
    open, high, low : of the session so far, raw, where the source knows them
    """

    symbol: str
    price: float
    bid: float | None
    ask: float | None
    volume: float | None
    time: datetime
    received: datetime
    source: str
    open: float | None = None
    high: float | None = None
    low: float | None = None

    @property
    def mid(self) -> float:
        """Half-way between bid and ask, or the last price without them."""
        if self.bid is None or self.ask is None:
            return self.price
        return 0.5 * (self.bid + self.ask)


@dataclass(frozen=True, slots=True)
class Headline:
    """One piece of news as a provider gave it: data, never instructions, shown escaped.

    Attributes
    ----------
    symbol : the instrument it was asked for
    time : aware UTC, when it was published
    title : one line, control characters removed, at most 300 characters
    url : ``https`` address of the text, empty where there is none
    publisher : who wrote it, as the provider says
    source : the provider
    """

    symbol: str
    time: datetime
    title: str
    url: str
    publisher: str
    source: str


class ActionKind(StrEnum):
    """What happened to a share."""

    SPLIT = "split"
    DIVIDEND = "dividend"


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """A split or a dividend, in force from the open of ``day``.

    Attributes
    ----------
    value : new shares per old share (split), or cash per share in the instrument's currency
    """

    symbol: str
    day: date
    kind: ActionKind
    value: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Columnar bars of one instrument, oldest first; every column has the same length.

    Attributes
    ----------
    time : int64 seconds since 1970 UTC, the bar's opening time (a daily bar: its date, 00:00)
    open, high, low, close : float64, in the instrument's currency
    volume : float64 units
    source : who said so
    adjusted : True when splits and dividends have been worked into the prices
    """

    symbol: str
    interval: Interval
    time: NDArray[np.int64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    source: str
    adjusted: bool = False

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: slice) -> "Bars":
        """The same bars, fewer rows."""
        return replace(
            self,
            time=self.time[rows],
            open=self.open[rows],
            high=self.high[rows],
            low=self.low[rows],
            close=self.close[rows],
            volume=self.volume[rows],
        )

    def until(self, moment: datetime) -> "Bars":
        """The bars that had closed by ``moment`` (a daily bar closes when its date is over)."""
        seconds = {Interval.DAY: 86_400, Interval.HOUR: 3_600, Interval.MINUTE: 60}[self.interval]
        end = int(np.searchsorted(self.time + seconds, int(moment.timestamp()), side="right"))
        return self[:end]

    def last_day(self) -> date | None:
        """The date of the newest bar, or None when there is none."""
        return datetime.fromtimestamp(int(self.time[-1]), UTC).date() if len(self) else None

    def adjust(self, actions: Sequence[CorporateAction]) -> "Bars":
        """Work splits and dividends into the past, so that the newest prices stay as they are.

        Only actions up to the last bar are applied: what is not known yet changes nothing.
        """
        if self.adjusted or not len(self):
            return self
        factor = np.ones(len(self))
        shares = np.ones(len(self))
        for action in actions:
            at = int(datetime(action.day.year, action.day.month, action.day.day, tzinfo=UTC).timestamp())
            row = int(np.searchsorted(self.time, at))
            if action.symbol != self.symbol or row == 0 or at > int(self.time[-1]):
                continue
            if action.kind is ActionKind.SPLIT:
                factor[:row] /= float(action.value)
                shares[:row] *= float(action.value)
            else:
                factor[:row] *= 1.0 - float(action.value) / float(self.close[row - 1])
        return replace(
            self,
            open=self.open * factor,
            high=self.high * factor,
            low=self.low * factor,
            close=self.close * factor,
            volume=self.volume * shares,
            adjusted=True,
        )
