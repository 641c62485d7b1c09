"""What losses keep from being bought, and for how long; pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tickets import ask, context, sell

from marketpulse.risk.pretrade import preview
from marketpulse.risk.protections import Rules, drawdown_lock, locked, trade_locks, week_lock
from marketpulse.types.lock import Lock

NOON = datetime(2012, 6, 5, 16, 0, tzinfo=UTC)
DAY = datetime(2012, 6, 5, 4, 0, tzinfo=UTC), datetime(2012, 6, 6, 4, 0, tzinfo=UTC)
NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Sale:
    gain: Decimal
    ago: float = 60.0
    symbol: str = "AAPL"
    stopped: bool = False

    @property
    def time(self):
        return NOON - timedelta(minutes=self.ago)


def lost(ago=60.0, **more):
    return Sale(Decimal(-5), ago, **more)


def won(ago=60.0, **more):
    return Sale(Decimal(5), ago, **more)


def names(*trades, lifted=None, now=NOON, **rules):
    found = trade_locks(trades, Rules(**rules), now, DAY, lifted or {})
    return [lock.name for lock in found]


def test_no_sale_sets_nothing_off():
    assert names() == []


@pytest.mark.parametrize(
    ("trades", "minutes", "holds"),
    [
        ([lost(29)], 30, True),
        ([lost(30)], 30, False),
        ([lost(5)], 0, False),
        ([won(5)], 30, False),
        ([lost(9), won(5)], 30, False),
        ([Sale(Decimal(0), 5)], 30, False),
    ],
)
def test_the_cooldown_follows_the_last_sale_at_a_loss(trades, minutes, holds):
    assert names(*trades, cooldown=minutes) == (["COOLDOWN:AAPL"] if holds else [])


def test_a_cooldown_holds_its_own_symbol():
    assert names(lost(5), won(5, symbol="IBM"), cooldown=30) == ["COOLDOWN:AAPL"]


@pytest.mark.parametrize(
    ("trades", "holds"),
    [
        ([lost(60, stopped=True)] * 3, True),
        ([lost(60, stopped=True)] * 2, False),
        ([lost(60, stopped=True)] * 2 + [won(60, stopped=True)], False),
        ([lost(60, stopped=True)] * 2 + [lost(60)], False),
        ([lost(60, stopped=True)] * 2 + [lost(720, stopped=True)], True),
        ([lost(60, stopped=True)] * 2 + [lost(721, stopped=True)], False),
    ],
)
def test_stops_of_one_market_day_that_sold_at_a_loss_are_counted(trades, holds):
    assert names(*trades, stop_outs=3) == (["STOP_OUTS"] if holds else [])


def test_stop_outs_end_with_the_day_and_hold_for_every_symbol():
    (lock,) = trade_locks([lost(60, stopped=True)] * 3, Rules(stop_outs=3), NOON, DAY, {})
    assert (lock.symbol, lock.until) == ("", DAY[1])


@pytest.mark.parametrize(
    ("trades", "holds"),
    [
        ([lost()] * 3, True),
        ([won(), *[lost()] * 3], True),
        ([lost(), lost(), won()], False),
        ([lost()] * 2, False),
        ([lost(), lost(), lost(symbol="IBM")], False),
        ([lost(2 * 1440)] * 3, False),
    ],
)
def test_a_symbol_that_loses_in_a_row_is_left_alone_for_days(trades, holds):
    found = names(*trades, losing_trades=3, lock_days=2.0)
    assert found == (["LOSING_SYMBOL:AAPL"] if holds else [])


def test_all_of_them_are_off_at_zero():
    trades = [lost(5, stopped=True)] * 50
    assert names(*trades, cooldown=0, stop_outs=0, losing_trades=0) == []


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("COOLDOWN:AAPL", {"cooldown": 90, "stop_outs": 0, "losing_trades": 0}),
        ("STOP_OUTS", {"stop_outs": 3, "losing_trades": 0}),
        ("LOSING_SYMBOL:AAPL", {"losing_trades": 3, "stop_outs": 0}),
    ],
)
def test_what_was_lifted_counts_no_more_and_what_came_after_counts_anew(name, rules):
    old = [lost(60, stopped=True)] * 3
    assert names(*old, **rules) == [name]
    lifted = {name: NOON - timedelta(minutes=30)}
    assert names(*old, lifted=lifted, **rules) == []
    assert names(*old, *[lost(10, stopped=True)] * 3, lifted=lifted, **rules) == [name]
    assert names(*old, lifted={"COOLDOWN:IBM": NOON}, **rules) == [name]


@pytest.mark.parametrize(
    ("equity", "start", "most", "holds"),
    [
        (90.0, 100.0, 0.10, True),
        (90.01, 100.0, 0.10, False),
        (80.0, 100.0, 0.0, False),
        (None, 100.0, 0.10, False),
        (80.0, None, 0.10, False),
        (NAN, 100.0, 0.10, False),
        (80.0, NAN, 0.10, False),
        (80.0, INF, 0.10, False),
        (-5.0, 100.0, 0.10, True),
        (80.0, 0.0, 0.10, False),
    ],
)
def test_a_week_that_lost_its_part(equity, start, most, holds):
    lock = week_lock(equity, start, most, NOON, DAY[1])
    assert (lock is not None) is holds


@pytest.mark.parametrize(
    ("equity", "peak", "most", "holds"),
    [
        (75.0, 100.0, 0.25, True),
        (75.01, 100.0, 0.25, False),
        (1.0, 100.0, 0.0, False),
        (None, 100.0, 0.25, False),
        (NAN, 100.0, 0.25, False),
        (75.0, NAN, 0.25, False),
        (75.0, 0.0, 0.25, False),
        (-1.0, 100.0, 0.25, True),
    ],
)
def test_a_deep_drawdown_ends_by_hand_only(equity, peak, most, holds):
    lock = drawdown_lock(equity, peak, most, NOON)
    assert (lock is not None) is holds
    assert lock is None or lock.until is None


HELD = (
    Lock("COOLDOWN:IBM", "COOLDOWN", "IBM", "IBM lost.", NOON, DAY[1]),
    Lock("MAX_DRAWDOWN", "MAX_DRAWDOWN", "", "Deep.", NOON, None),
)


def test_an_order_hears_of_what_concerns_it_until_when_and_how_it_is_lifted():
    request = ask()
    (check,) = locked(request, HELD)
    assert (check.code, check.passed, check.limit) == ("MAX_DRAWDOWN", False, "until it is lifted")
    assert check.sentence == "Deep. Sales pass. To buy sooner, lift MAX_DRAWDOWN by typing UNLOCK."
    assert [c.passed for c in locked(request, HELD[:1])] == [True]


def test_a_sale_passes_whatever_holds():
    assert [c.passed for c in locked(sell(), HELD)] == [True]


def test_the_preview_refuses_with_it():
    refused = preview(ask(), context(locks=HELD))
    assert "MAX_DRAWDOWN" in [c.code for c in refused.failed]
    assert preview(ask(), context(locks=())).ok
