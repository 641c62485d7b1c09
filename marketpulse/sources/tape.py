"""The recorded tape as a source: what was known at the replay clock's time, and nothing later.

Every answer is cut at the clock's now: bars are those whose session has closed, actions those in
force by the open session, and a quote's path inside the running day is interpolated (``paths``).
There is no bid and no ask, since no honest source of them exists.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import inf

import numpy as np

from marketpulse.clock import Clock
from marketpulse.errors import NoData, UnknownSymbol
from marketpulse.ports import Capability, Limits
from marketpulse.sources.declining import no_book, no_events, no_news, no_stream
from marketpulse.sources.paths import DayPath
from marketpulse.sources.recording import Recording, load_recording
from marketpulse.types import AssetClass, Bars, CorporateAction, Instrument, Interval, Quote

__all__ = ["TapeSource"]

_DAY = 86_400
_MIDNIGHT = datetime.min.time()


class TapeSource:
    """Play a recording by the clock; never blocks, never touches the network."""

    book = no_book
    news = no_news
    events = no_events
    stream = no_stream

    def __init__(self, clock: Clock, recording: Recording | None = None) -> None:
        self._clock = clock
        self._tape = recording or load_recording()
        self._opens = [first.timestamp() for first, _ in self._tape.sessions]
        self._closes = [last.timestamp() for _, last in self._tape.sessions]
        self._days = [first.date() for first, _ in self._tape.sessions]
        self._paths: dict[str, tuple[int, DayPath]] = {}

    @property
    def name(self) -> str:
        """Return ``tape``."""
        return "tape"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes, daily bars and actions of shares; quotes and bars of the index."""
        offered = (Capability.QUOTE, Capability.BARS, Capability.ACTIONS)
        shares = {(c, AssetClass.EQUITY) for c in offered}
        return frozenset(shares | {(Capability.QUOTE, AssetClass.INDEX), (Capability.BARS, AssetClass.INDEX)})

    @property
    def limits(self) -> Limits:
        """Return no limits: everything is in memory."""
        return Limits(per_minute=inf, deadline=inf)

    def _bars(self, instrument: Instrument) -> Bars:
        bars = self._tape.bars.get(instrument.symbol)
        if bars is None:
            msg = f"the tape has no {instrument.symbol}"
            raise UnknownSymbol(msg)
        return bars

    def _path(self, bars: Bars, session: int) -> DayPath:
        """Return the path of a symbol's day, laid once per session."""
        known = self._paths.get(bars.symbol)
        if known is not None and known[0] == session:
            return known[1]
        day = self._days[session]
        row = int(np.searchsorted(bars.time, _stamp(day)))
        if row >= len(bars) or int(bars.time[row]) != _stamp(day):
            msg = f"the tape has no {bars.symbol} on {day}"
            raise NoData(msg)
        bar = tuple(float(c[row]) for c in (bars.open, bars.high, bars.low, bars.close, bars.volume))
        path = DayPath.inside(f"{bars.symbol} {day}", bar)  # type: ignore[arg-type] # five columns
        self._paths[bars.symbol] = (session, path)
        return path

    def quote(self, instrument: Instrument) -> Quote:
        """Return the interpolated price now, or the last close between sessions."""
        bars = self._bars(instrument)
        now = self._clock.now()
        stamp = now.timestamp()
        session = bisect_right(self._opens, stamp) - 1
        if session < 0:
            msg = f"the tape begins on {self._days[0]}"
            raise NoData(msg)
        first, last = self._opens[session], self._closes[session]
        fraction = min(1.0, (stamp - first) / (last - first))
        path = self._path(bars, session)
        low, high = path.extremes(fraction)
        places = instrument.decimals
        return Quote(
            instrument.symbol,
            price=round(path.value(fraction), places),
            bid=None,
            ask=None,
            volume=float(int(path.volume * fraction)),
            time=now if fraction < 1.0 else datetime.fromtimestamp(last, UTC),
            received=now,
            source=self.name,
            open=path.price[0],
            high=round(high, places),
            low=round(low, places),
        )

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return raw daily bars from ``start`` whose session had closed by ``end`` and by the clock.

        Raises
        ------
        NoData
            No bar of the period had closed, or the interval is not daily: nothing shorter was recorded.
        """
        bars = self._bars(instrument)
        if interval is not Interval.DAY:
            msg = f"the tape holds daily bars only, not {interval}"
            raise NoData(msg)
        closed = bisect_right(self._closes, min(end, self._clock.now()).timestamp())
        until = _stamp(self._days[closed]) if closed < len(self._days) else _stamp(self._days[-1]) + _DAY
        last = int(np.searchsorted(bars.time, until))
        first = int(np.searchsorted(bars.time, start.timestamp()))
        if first >= last:
            msg = f"the tape has no closed bar of {instrument.symbol} in the period"
            raise NoData(msg)
        return bars[first:last]

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Return derived splits and dividends in force in the period and by the clock's session."""
        self._bars(instrument)
        begun = bisect_right(self._opens, min(end, self._clock.now()).timestamp())
        if begun == 0:
            return ()
        last = self._days[begun - 1]
        return tuple(a for a in self._tape.actions[instrument.symbol] if start.date() <= a.day <= last)


def _stamp(day: date) -> int:
    return int(datetime.combine(day, _MIDNIGHT, UTC).timestamp())
