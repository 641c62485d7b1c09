"""Made-up crypto prices for a desk without a network; every number says ``simulated``.

The path depends on the seed and the wall clock only, so that a restart continues where the clock
stands. The logarithm of each price returns slowly to a fixed level, moved by one common and one own
shock a day; inside a day it is a Brownian bridge with a node every 20 s and straight lines between.
Bars are cut from the same nodes as quotes, so no quote ever leaves its bar, and a book's best levels are
the quote's bid and ask. Models never train on it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray

from marketpulse.clock import Clock
from marketpulse.errors import NoData, UnknownSymbol
from marketpulse.ports import Capability, Limits
from marketpulse.sources.declining import no_events, no_news, no_stream
from marketpulse.sources.table import bars_of
from marketpulse.types import AssetClass, Bars, Book, CorporateAction, FloatArray, Instrument, Interval, Quote

__all__ = ["SimulatedSource"]

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = 86_400
_STEP = 20  # seconds between nodes
_NODES = _DAY // _STEP
_PULL = 0.006  # share of the distance to the level that a day takes away
_COMMON = 0.7  # correlation of daily shocks between any two pairs is its square
_AHEAD = 400  # days the walk is laid beyond the day asked for
_SECONDS = {Interval.DAY: _DAY, Interval.HOUR: 3_600, Interval.MINUTE: 60}


@dataclass(frozen=True, slots=True)
class _Pair:
    """What makes a pair plausible.

    Attributes
    ----------
    level : the price it returns to, in USDT
    sigma : standard deviation of a day's log return
    spread : bid to ask, as a fraction of the price
    volume : units in a usual day
    """

    level: float
    sigma: float
    spread: float
    volume: float


_SHARE = np.linspace(0.0, 1.0, _NODES + 1)  # of the day, at each node
_PAIRS = {
    "BTC/USDT": _Pair(64_000.0, 0.025, 0.00005, 22_000.0),
    "ETH/USDT": _Pair(3_100.0, 0.033, 0.00008, 330_000.0),
    "ADA/USDT": _Pair(0.48, 0.042, 0.0004, 180_000_000.0),
    "SOL/USDT": _Pair(150.0, 0.045, 0.0002, 3_800_000.0),
    "BNB/USDT": _Pair(590.0, 0.028, 0.0002, 450_000.0),
    "XRP/USDT": _Pair(0.62, 0.040, 0.0004, 400_000_000.0),
    "DOT/USDT": _Pair(6.4, 0.043, 0.0005, 9_500_000.0),
    "LINK/USDT": _Pair(14.5, 0.044, 0.0005, 5_200_000.0),
}
_COLUMN = {symbol: column for column, symbol in enumerate(_PAIRS)}


@dataclass(frozen=True, slots=True)
class _Day:
    """One day's nodes, rounded to the tick, and its volume in units."""

    nodes: FloatArray
    volume: float

    def cut(self, steps: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Open, high, low and close of each stretch of ``steps`` nodes; stretches share their ends."""
        inner = self.nodes[:-1].reshape(-1, steps)
        ends = self.nodes[steps::steps]
        high = np.maximum(inner.max(axis=1), ends)
        low = np.minimum(inner.min(axis=1), ends)
        return inner[:, 0], high, low, ends


class SimulatedSource:
    """Eight seeded crypto pairs on the wall clock; never blocks, never touches the network."""

    news = no_news
    events = no_events
    stream = no_stream

    def __init__(self, clock: Clock, seed: int = 20_120_601) -> None:
        self._clock = clock
        self._seed = seed
        self._lock = threading.Lock()
        self._walk: FloatArray = np.empty((0, len(_PAIRS)))
        self._today: dict[str, tuple[int, _Day]] = {}
        self._daily: dict[tuple[str, int], tuple[float, float, float, float, float]] = {}

    @property
    def name(self) -> str:
        """Return ``simulated``."""
        return "simulated"

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes, books and bars of any length, of crypto pairs."""
        offered = (Capability.QUOTE, Capability.BOOK, Capability.BARS, Capability.INTRADAY)
        return frozenset((capability, AssetClass.CRYPTO) for capability in offered)

    @property
    def limits(self) -> Limits:
        """Return no limits: everything is computed."""
        return Limits(per_minute=inf, deadline=inf)

    def _logs(self, day: int) -> FloatArray:
        """Log of price over level at midnight of ``day`` and of the next, for all pairs."""
        if day + 1 >= len(self._walk):
            # A longer draw begins with the same numbers, so growing never changes the past.
            shocks = np.random.default_rng(self._seed).standard_normal((day + _AHEAD, len(_PAIRS) + 1))
            own = np.sqrt(1.0 - _COMMON**2) * shocks[:, 1:] + _COMMON * shocks[:, :1]
            moves = own * np.array([p.sigma for p in _PAIRS.values()])
            walk = np.empty_like(moves)
            here = np.zeros(len(_PAIRS))
            for row, move in enumerate(moves):
                here = here * (1.0 - _PULL) + move
                walk[row] = here
            self._walk = walk
        return self._walk[day : day + 2]

    def _path(self, instrument: Instrument, day: int) -> tuple[FloatArray, float]:
        """Lay one day's logarithms, a bridge between two midnights of the walk, and its volume."""
        pair, column = _PAIRS[instrument.symbol], _COLUMN[instrument.symbol]
        start, end = self._logs(day)[:, column]
        rng = np.random.default_rng((self._seed, column, day))
        path = np.empty(_NODES + 1)
        path[0] = 0.0
        np.cumsum(rng.standard_normal(_NODES), out=path[1:])
        path *= pair.sigma / np.sqrt(_NODES)
        path += _SHARE * (end - start - path[-1]) + (log(pair.level) + start)
        return path, pair.volume * exp(0.3 * float(rng.standard_normal()))

    def _day(self, instrument: Instrument, day: int) -> _Day:
        """Return one day's nodes; the running day's are kept."""
        known = self._today.get(instrument.symbol)
        if known is not None and known[0] == day:
            return known[1]
        path, volume = self._path(instrument, day)
        nodes: FloatArray = np.asarray(np.round(np.exp(path), instrument.decimals), np.float64)
        return _Day(nodes, volume)

    def _now(self, instrument: Instrument) -> tuple[datetime, int]:
        if instrument.symbol not in _PAIRS:
            msg = f"the simulator has no {instrument.symbol}"
            raise UnknownSymbol(msg)
        now = self._clock.wall()
        day = (now - _EPOCH).days
        if day < 0:
            msg = f"the simulator begins on {_EPOCH.date()}"
            raise NoData(msg)
        return now, day

    def quote(self, instrument: Instrument) -> Quote:
        """Return the price at the wall clock's now, with bid, ask and the UTC day's range."""
        now, number = self._now(instrument)
        with self._lock:
            day = self._day(instrument, number)
            self._today[instrument.symbol] = (number, day)
        seconds = (now - _EPOCH - timedelta(days=number)).total_seconds()
        node = min(int(seconds // _STEP), _NODES - 1)
        before, after = float(day.nodes[node]), float(day.nodes[node + 1])
        places = instrument.decimals
        price = round(before + (seconds / _STEP - node) * (after - before), places)
        tick = float(instrument.tick)
        half = max(1, round(0.5 * price * _PAIRS[instrument.symbol].spread / tick)) * tick
        seen = day.nodes[: node + 1]
        return Quote(
            instrument.symbol,
            price=price,
            bid=round(price - half, places),
            ask=round(price + half, places),
            volume=round(day.volume * seconds / _DAY, 2),
            time=now,
            received=now,
            source=self.name,
            open=float(day.nodes[0]),
            high=max(float(seen.max()), price),
            low=min(float(seen.min()), price),
        )

    def book(self, instrument: Instrument, depth: int) -> Book:
        """Return a book around the quote: prices mirrored in it, sizes drawn anew every 20 s.

        The first levels are the quote's bid and ask; each further one lies as far off again as half the
        spread. A level holds a few seconds' volume, more of it further away.
        """
        quote = self.quote(instrument)
        places, tick, lot = instrument.decimals, float(instrument.tick), float(instrument.lot)
        bid, ask = quote.bid or quote.price, quote.ask or quote.price
        step = max(1, round(0.5 * (ask - bid) / tick)) * tick
        levels = min(max(1, depth), int(bid / step))  # below that, prices would be negative
        node = int((quote.time - _EPOCH).total_seconds() // _STEP)
        dice = np.random.default_rng((self._seed, _COLUMN[instrument.symbol], node, 1))
        usual = _PAIRS[instrument.symbol].volume / _DAY * (1.0 + 0.2 * np.arange(levels))
        sizes = np.maximum(1.0, np.round(usual * np.exp(0.5 * dice.standard_normal((2, levels))) / lot)) * lot
        bids, asks = np.round(sizes, 8).tolist()
        return Book(
            instrument.symbol,
            bids=tuple((round(bid - i * step, places), size) for i, size in enumerate(bids)),
            asks=tuple((round(ask + i * step, places), size) for i, size in enumerate(asks)),
            time=quote.time,
            received=quote.received,
            source=self.name,
        )

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return bars that opened from ``start`` on and had closed by ``end`` and by the wall clock.

        Raises
        ------
        NoData
            No bar of the period had closed.
        """
        now, _ = self._now(instrument)
        length = _SECONDS[interval]
        first = max(0, -int(-(start - _EPOCH).total_seconds() // length))
        last = int((min(end, now) - _EPOCH).total_seconds() // length)
        if first >= last:
            msg = f"the simulator has no closed bar of {instrument.symbol} in the period"
            raise NoData(msg)
        rows = np.arange(first, last)
        columns = (
            self._daily_rows(instrument, rows) if length == _DAY else self._cut(instrument, rows, length)
        )
        time = rows * length + int(_EPOCH.timestamp())
        return bars_of(instrument.symbol, interval, time, columns, self.name)

    def _daily_rows(self, instrument: Instrument, days: NDArray[np.int64]) -> FloatArray:
        rows = []
        for day in map(int, days):
            key = (instrument.symbol, day)
            if key not in self._daily:
                with self._lock:
                    path, volume = self._path(instrument, day)
                ends = np.exp(np.array([path[0], path.max(), path.min(), path[-1]]))
                bar = (*np.round(ends, instrument.decimals), volume)
                self._daily[key] = tuple(float(x) for x in bar)  # type: ignore[assignment] # five numbers
            rows.append(self._daily[key])
        return np.array(rows)

    def _cut(self, instrument: Instrument, numbers: NDArray[np.int64], length: int) -> FloatArray:
        """Rows of bars shorter than a day; ``numbers`` count such bars since the epoch."""
        a_day = _DAY // length
        pieces = []
        for day in range(int(numbers[0]) // a_day, int(numbers[-1]) // a_day + 1):
            with self._lock:
                whole = self._day(instrument, day)
            volume = np.full(a_day, whole.volume / a_day)
            pieces.append(np.column_stack([*whole.cut(length // _STEP), volume]))
        offset = int(numbers[0]) // a_day * a_day
        rows: FloatArray = np.concatenate(pieces)[numbers - offset]
        return rows

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Return nothing: pairs neither split nor pay."""
        del start, end
        self._now(instrument)
        return ()
