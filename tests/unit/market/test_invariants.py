"""The promises about data, by number, each held against the room that keeps it.

I19 what prices nothing, I20 what the store never takes, I21 what every number carries, I22 what a broken
book is worth, I23 splits, I24 time, I25 a clock that jumps.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from tickets import ask, context
from unit.market.test_dailies import AAPL, FRIDAY, bars_of
from unit.market.test_dailies import House as BarHouse
from unit.market.test_intake import BTC, Door
from unit.market.test_market_live import House

from marketpulse.clock import SimClock
from marketpulse.market.bookkeeper import BookKeeper
from marketpulse.risk.pretrade import check
from marketpulse.types import ActionKind, Agreement, Book, CorporateAction, SessionState

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
BAD = [0.0, -1.0, float("nan"), float("inf"), 5e6, 500.0, 70_000.0]


@pytest.mark.parametrize("price", BAD)
def test_i19_what_cannot_be_true_prices_nothing(price):
    house = House()
    house.run(2)
    house.pairs.prices[BTC] = price
    house.run(20)
    assert house.market.data()[BTC].quote.price == 50_000.0
    assert house.market.data()[BTC].stale


def refusals(**changes):
    fine = context()
    checks = check(ask(), replace(fine, datum=replace(fine.datum, **changes)))
    return [c.code for c in checks if not c.passed]


def test_i19_an_order_is_refused_on_a_stale_or_disputed_quote():
    assert refusals() == []
    assert refusals(stale=True) == ["STALE_QUOTE"]
    assert refusals(agreement=Agreement.DISPUTED) == ["DISPUTED_QUOTE"]


@pytest.mark.parametrize("price", BAD)
def test_i20_garbage_never_enters_the_store(price):
    house = House()
    house.run(2)
    recorded = len(house.store.recorded)
    house.shares.days["AAPL"].close[:] = price if price not in (500.0, 70_000.0) else np.nan
    house.pairs.prices[BTC] = price
    house.shares.prices["AAPL"] = 0.0
    house.run(60)
    assert len(house.store.recorded) <= recorded + 2  # what had come before
    assert {q.price for q in house.store.recorded} <= {50_000.0, 200.0}
    kept = house.store.bars["AAPL", "1d"]
    assert np.isfinite(kept.close).all()
    assert (kept.close > 0).all()


def test_i20_an_empty_answer_changes_nothing():
    house = BarHouse()
    house.yahoo.days["AAPL"] = bars_of([198.0] * 20, "yahoo")
    house.dailies.ask(AAPL)
    house.yahoo.days["AAPL"] = bars_of([], "yahoo")
    house.dailies.ask(AAPL)
    assert len(house.held) == 20


def test_i21_every_price_carries_source_age_and_agreement():
    house = House()
    house.run(7)
    for datum in house.market.data().values():
        assert datum.quote.source in {"yahoo", "binance"}
        assert 0 <= datum.age < 10
        assert datum.agreement is Agreement.ALONE


def test_i22_a_book_after_a_gap_or_a_silence_is_none():
    keeper = BookKeeper(("binance",), 10.0)
    book = Book(BTC, ((99.0, 1.0),), ((101.0, 1.0),), NOW, NOW, "binance", 7)
    keeper.put(book, NOW)
    assert keeper.books(BTC, NOW) == (book,)
    assert keeper.books(BTC, NOW + timedelta(seconds=21)) == ()
    keeper.invalidate("binance")
    assert keeper.books(BTC, NOW) == ()


def test_i23_a_split_is_worked_in_once_and_the_raw_bars_stay():
    house = BarHouse()
    house.yahoo.days["AAPL"] = bars_of([200.0] * 19 + [50.0], "yahoo")
    house.yahoo.splits["AAPL"] = (CorporateAction("AAPL", FRIDAY, ActionKind.SPLIT, Decimal(4)),)
    house.dailies.ask(AAPL)
    house.dailies.ask(AAPL)
    assert house.held.close[0] == 200.0
    past = house.state.history.past("AAPL", NOW.date())
    assert (past.close, past.spark[0]) == (50.0, 50.0)
    assert past.sigma == pytest.approx(0.0, abs=1e-12)


def test_i24_all_times_are_utc_and_summer_time_moves_the_session():
    house = House(start=datetime(2026, 3, 6, 20, 59, 0, tzinfo=UTC))  # a minute before the close in winter
    house.run(2)
    assert house.market.data()["AAPL"].session is SessionState.OPEN
    house.clock.advance(3 * 86_400 - 3_600)  # Monday, a minute before the close in summer
    assert house.market.sessions()["XNYS"].state is SessionState.OPEN
    house.clock.advance(120)
    assert house.market.sessions()["XNYS"].state is SessionState.CLOSED
    assert all(q.time.utcoffset() == timedelta(0) for q in house.store.recorded)


class Jumpy(SimClock):
    """A wall clock that somebody sets; monotonic time goes on."""

    def set(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.mark.parametrize("jump", [3_600, -3_600, 86_400, -30])
def test_i25_a_clock_that_jumps_gives_no_negative_age_and_no_burst_of_questions(jump):
    door = Door()
    door.clock.__class__ = Jumpy
    door.say("binance", 50_000.0)
    door.later(5)
    door.clock.set(jump)
    door.say("binance", 50_010.0)
    house = House()
    house.run(7)
    house.clock.__class__ = Jumpy
    house.pairs.asked.clear()
    house.clock.set(jump)
    house.run(20)
    assert house.pairs.asked.count(("quote", BTC)) in (4, 5)
    assert all(d.age >= 0 for d in house.market.data().values())
