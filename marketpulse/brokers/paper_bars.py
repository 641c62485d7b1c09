"""The fill engine on bars: a bar becomes a path of trades, the worst for each order that the bar allows.

Open, then the worst price, then the best, then the close (for a stop limit the best first), and on the way the trade
that wakes a waiting order up. So a gap comes first, and a stop comes before a target that lies in the same bar.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from marketpulse.brokers.paper_fill import Met, end, meet
from marketpulse.brokers.paper_model import Activity, Part, Pool, Tick, Working
from marketpulse.brokers.paper_trigger import trigger_of
from marketpulse.risk.costs import Liquidity, half_spread
from marketpulse.types import OrderType, Side

__all__ = ["Bar", "meet_bar"]

_FIRST = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
_STEP = timedelta(microseconds=1)  # apart, so that the trades of a bar come one after the other


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of one instrument.

    Attributes
    ----------
    open, high, low, close : in the instrument's currency
    volume : units
    time : aware UTC, when it opened, by the clock of the instrument
    daily : units a day and volatility as known before the bar
    source : who said so
    """

    open: float
    high: float
    low: float
    close: float
    volume: float
    time: datetime
    daily: Liquidity | None = None
    source: str = "bar"


def meet_bar(orders: Sequence[Working], bar: Bar, pool: Pool) -> Met:
    """Let orders of one instrument meet a bar that opened after they had arrived.

    An order that arrives while the bar runs meets the next one: where in the bar it came is not
    known. Stops are looked at first, and the first of a group that trades ends the others.
    """
    after = list(orders)
    parts: list[Part] = []
    first = [i for i, order in enumerate(after) if order.request.type in _FIRST]
    for i in first + [i for i in range(len(after)) if i not in first]:
        if not after[i].open or after[i].arrives > bar.time:
            continue
        if _untouched(after[i], bar):
            after[i] = replace(after[i], moved=True) if after[i].rests and not after[i].moved else after[i]
            continue
        after[i], made, pool = _walk(after[i], bar, pool)
        parts += made
        if made and after[i].group:
            for j, other in enumerate(after):
                if j != i and other.group == after[i].group:
                    after[j] = end(other, "OCO", "The other order of its pair has traded.")
    return Met(tuple(after), tuple(parts), pool)


def _untouched(order: Working, bar: Bar) -> bool:
    """Tell at a glance that no trade of the bar concerns the order: most bars of a backtest are such."""
    request, sells = order.request, order.request.side is Side.SELL
    if request.good_till is not None or not (order.waits or order.rests):
        return False
    if not order.waits:
        limit = float(request.limit_price or 0)
        return bar.high <= limit if sells else bar.low >= limit
    at, falling = trigger_of(order), sells
    if request.type is OrderType.TRAILING_STOP:
        if order.best is None or (bar.high > float(order.best) if sells else bar.low < float(order.best)):
            return False
    elif request.type is OrderType.TAKE_PROFIT:
        falling = not sells
    return at is not None and (bar.low > float(at) if falling else bar.high < float(at))


def _walk(order: Working, bar: Bar, pool: Pool) -> tuple[Working, tuple[Part, ...], Pool]:
    worst, best = (bar.low, bar.high) if order.request.side is Side.SELL else (bar.high, bar.low)
    # A stop limit wants the price back after it was reached: for it the worst way ends at the worst price.
    turns = (best, worst) if order.request.type is OrderType.STOP_LIMIT else (worst, best)
    met = meet((order,), _tick(order, bar, bar.open, worst, 0), pool)
    parts, at, number = met.parts, bar.open, 0
    for target in (*turns, bar.close):
        for price in _points(met.orders[0], at, target):
            number += 1
            met = meet(met.orders, _tick(order, bar, price, worst, number), met.pool)
            parts += met.parts
        at = target
    return met.orders[0], parts, met.pool


def _points(order: Working, at: float, target: float) -> Iterator[float]:
    """Yield the trade between two prices that wakes the order up, and then the second of them; nothing where they are one."""
    wakes = trigger_of(order) if order.waits else None
    if wakes is not None and min(at, target) < float(wakes) < max(at, target):
        yield float(wakes)
    if target != at:
        yield target


def _tick(order: Working, bar: Bar, price: float, worst: float, number: int) -> Tick:
    half = half_spread(order.instrument)
    return Tick(
        last=price,
        bid=price * (1.0 - half),
        ask=price * (1.0 + half),
        received=bar.time + (number + 1) * _STEP,
        source=bar.source,
        assumed=True,
        activity=Activity(int(bar.time.timestamp()), bar.volume, bar.daily),
        printed=number > 0,
        move=abs(price - worst),
        opening=number == 0,
    )
