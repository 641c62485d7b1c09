"""What the log asks for, and when it measures again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import Refused
from marketpulse.loop.execution_log import ExecutionLog
from marketpulse.types import Bars, Fill, Interval, Order, OrderRequest, OrderState, OrderType, Side

T0 = datetime(2026, 3, 2, 15, 0, 20, tzinfo=UTC)
MINUTE = T0.replace(second=0)


def filled():
    request = OrderRequest("AAPL", Side.BUY, OrderType.MARKET, Decimal(10))
    fill = Fill("paper", "1", "MP1", "AAPL", Side.BUY, Decimal(10), Decimal(101), Decimal(1), T0)
    return Order(
        "o1", "MP1", "paper:desk", request, OrderState.FILLED, T0, T0,
        filled_quantity=Decimal(10), venue_id="V1", fills=(fill,), arrival=100.0,
    )  # fmt: skip


def frame(interval, *times):
    column = np.array([99.0, 200.0][: len(times)])
    seconds = np.array([int(t.timestamp()) for t in times], dtype=np.int64)
    return Bars("AAPL", interval, seconds, column, column + 3, column - 3, column, column, "tape")


class Asked:
    """A history of minutes and days that can be changed."""

    def __init__(self, minutes=None, days=None):
        self.bars = {Interval.MINUTE: minutes, Interval.DAY: days}
        self.count = 0

    def __call__(self, symbol, interval, n):
        assert (symbol, n > 0) == ("AAPL", True)
        self.count += 1
        if self.bars[interval] is None:
            raise Refused("BAD_REQUEST", "No source offers it.")
        return self.bars[interval]


def test_a_minute_that_has_closed_gives_its_typical_price_once():
    history = Asked(frame(Interval.MINUTE, MINUTE, MINUTE + timedelta(minutes=1)))
    log = ExecutionLog(history, SimClock(T0))
    (row,) = log.take([filled()])
    assert row.against_vwap == pytest.approx(101 / 99 - 1)
    assert log.take([filled()]) == (row,)
    assert history.count == 1


def test_a_bar_that_is_still_forming_says_nothing_yet_and_is_looked_at_again():
    history, clock = Asked(frame(Interval.MINUTE, MINUTE)), SimClock(T0)
    log = ExecutionLog(history, clock)
    assert log.take([filled()])[0].against_vwap is None
    history.bars[Interval.MINUTE] = frame(Interval.MINUTE, MINUTE, MINUTE + timedelta(minutes=1))
    assert log.take([filled()])[0].against_vwap is None
    clock.advance(6)
    assert log.take([filled()])[0].against_vwap == pytest.approx(101 / 99 - 1)


def test_without_minutes_the_day_is_taken_and_without_both_nothing():
    midnight = T0.replace(hour=0, minute=0, second=0)
    days = frame(Interval.DAY, midnight, midnight + timedelta(days=1))
    assert ExecutionLog(Asked(days=days), SimClock(T0)).take([filled()])[0].against_vwap is not None
    assert ExecutionLog(Asked(), SimClock(T0)).take([filled()])[0].against_vwap is None


def test_an_order_that_moved_is_measured_again():
    log = ExecutionLog(Asked(), SimClock(T0))
    assert log.take([filled()])[0].fills == 1
    moved = replace(filled(), fills=(), updated=T0 + timedelta(seconds=1))
    assert log.take([moved])[0].fills == 0
    assert log.take([]) == ()
