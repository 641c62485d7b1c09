from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from unit.market.doubles import MemoryStore, StandIn, chains_of

from marketpulse.clock import SimClock
from marketpulse.errors import Unavailable
from marketpulse.guard import Pool
from marketpulse.market.dailies import Dailies
from marketpulse.market.instruments import instruments
from marketpulse.market.isolation import Isolation
from marketpulse.market.keeping import Keeping
from marketpulse.market.kit import Kit
from marketpulse.market.routes import Routes
from marketpulse.market.state import State
from marketpulse.market.thrift import Thrift
from marketpulse.meter import Meter
from marketpulse.types import ActionKind, AssetClass, Bars, CorporateAction, Feed, Interval

AAPL = instruments(Feed.LIVE)["AAPL"]
MONDAY = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)  # 11:00 in New York, in session
SUNDAY = datetime(2026, 3, 8, 15, 0, tzinfo=UTC)
FRIDAY = date(2026, 3, 6)


def bars_of(closes, source, last=FRIDAY) -> Bars:
    days = [last - timedelta(days=n) for n in range(len(closes))][::-1]
    time = np.array([int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) for d in days])
    close = np.array(closes, dtype=float)
    return Bars("AAPL", Interval.DAY, time, close.copy(), close + 1, close - 1, close, close, source)


class House:
    def __init__(self, start=MONDAY, store=None) -> None:
        self.clock = SimClock(start)
        meter = Meter(self.clock.monotonic)
        self.store = store or MemoryStore()
        self.state = State(self.clock)
        self.yahoo = StandIn("yahoo", self.clock, (AssetClass.EQUITY,))
        self.alpaca = StandIn("alpaca", self.clock, (AssetClass.EQUITY,))
        pool = Pool(self.clock, meter)
        self.routes = Routes(chains_of(pool, None, ("shares", [self.yahoo, self.alpaca])))
        self.lines = []
        self.thrift = Thrift()
        isolation = Isolation(self.clock, self.lines.append)
        kit = Kit(self.routes, self.state, Keeping(self.store, meter), isolation, self.thrift, meter)
        self.dailies = Dailies(kit)

    @property
    def held(self) -> Bars:
        return self.state.history.raw("AAPL")


@pytest.fixture
def house() -> House:
    house = House()
    house.yahoo.days["AAPL"] = bars_of([198.0] * 20, "yahoo")
    house.alpaca.days["AAPL"] = bars_of([198.1] * 12, "alpaca")
    return house


def test_bars_come_from_the_preferred_provider_and_are_stored(house):
    assert house.dailies.ask(AAPL) > 3600
    assert (len(house.held), house.held.source) == (20, "yahoo")
    assert len(house.store.bars["AAPL", Interval.DAY]) == 20


def test_another_provider_fills_in_and_never_shortens_the_history(house):
    house.dailies.ask(AAPL)
    house.yahoo.error = Unavailable("yahoo: no network")
    house.clock.advance(86_400)
    house.alpaca.days["AAPL"] = bars_of([198.1] * 14 + [199.0], "alpaca", last=date(2026, 3, 9))
    house.dailies.ask(AAPL)
    assert len(house.held) == 23  # this stand-in trades on week-ends
    assert house.held.source == "yahoo+alpaca"
    assert house.held.close[-1] == 199.0
    assert house.held.close[0] == 198.0
    house.yahoo.error = None
    house.yahoo.days["AAPL"] = bars_of([198.0] * 22 + [199.05], "yahoo", last=date(2026, 3, 9))
    house.dailies.ask(AAPL)
    assert (house.held.source, len(house.held), house.held.close[-1]) == ("yahoo", 23, 199.05)


def test_bars_of_two_providers_that_differ_are_never_mixed(house):
    house.dailies.ask(AAPL)
    house.yahoo.error = Unavailable("yahoo: no network")
    house.alpaca.days["AAPL"] = bars_of([49.5] * 21, "alpaca", last=date(2026, 3, 9))  # adjusted for a 4:1
    house.clock.advance(86_400)
    assert house.dailies.ask(AAPL) == 60.0
    assert set(house.held.close) == {198.0}
    assert "are not mixed" in house.lines[-1].reason


def test_a_step_that_looks_like_a_split_waits_for_a_second_provider(house):
    house.dailies.ask(AAPL)
    split = bars_of([198.0] * 19 + [49.5], "yahoo")
    house.yahoo.days["AAPL"] = split
    assert house.dailies.ask(AAPL) == 60.0
    assert set(house.held.close) == {198.0}
    assert "looks like a split" in house.lines[-1].reason
    house.alpaca.days["AAPL"] = bars_of([198.0] * 11 + [198.0], "alpaca")
    house.dailies.ask(AAPL)  # the second says there was none
    assert set(house.held.close) == {198.0}


def test_a_split_with_its_action_is_taken_at_once(house):
    house.yahoo.days["AAPL"] = bars_of([198.0] * 19 + [49.5], "yahoo")
    house.yahoo.splits["AAPL"] = (CorporateAction("AAPL", FRIDAY, ActionKind.SPLIT, 4),)
    house.dailies.ask(AAPL)
    assert house.held.close[-1] == 49.5


def test_a_current_store_answers_and_no_provider_is_asked():
    store = MemoryStore()
    store.save_bars(bars_of([198.0] * 20, "yahoo"))
    house = House(start=SUNDAY, store=store)
    wait = house.dailies.restore(AAPL)
    assert wait > 60
    assert len(house.held) == 20
    assert house.yahoo.asked == []
    assert (house.thrift.view().asked, house.thrift.view().answered) == (1, 1)


def test_a_store_that_lags_is_shown_and_a_provider_asked_soon():
    store = MemoryStore()
    store.save_bars(bars_of([198.0] * 20, "yahoo", last=date(2026, 3, 2)))
    house = House(start=SUNDAY, store=store)
    assert house.dailies.restore(AAPL) == 0.5
    assert len(house.held) == 20
    assert house.thrift.view().answered == 0


def test_in_session_a_current_store_still_asks_for_the_splits_of_today():
    store = MemoryStore()
    store.save_bars(bars_of([198.0] * 20, "yahoo"))
    house = House(store=store)
    assert house.dailies.restore(AAPL) == 120.0


def test_after_the_close_the_next_question_waits_for_the_open(house):
    house.clock.advance(86_400 / 4)  # 21:00 UTC, the exchange has closed
    house.yahoo.days["AAPL"] = bars_of([198.0] * 20, "yahoo", last=date(2026, 3, 9))
    wait = house.dailies.ask(AAPL)
    asked = house.clock.now() + timedelta(seconds=wait)
    assert asked == datetime(2026, 3, 10, 13, 32, tzinfo=UTC)


def test_bad_rows_go_to_quarantine(house):
    house.yahoo.days["AAPL"].close[3] = 0.0
    house.dailies.ask(AAPL)
    assert len(house.held) == 19
    assert [(line.kind, line.reason) for line in house.lines] == [("bar", "a price is zero or negative")]


@pytest.mark.parametrize("factor", [100.0, 0.01, 4.0])
def test_an_answer_in_another_unit_never_replaces_what_the_same_provider_told_before(house, factor):
    house.dailies.ask(AAPL)
    house.yahoo.days["AAPL"] = bars_of([198.0 * factor] * 20, "yahoo")
    assert house.dailies.ask(AAPL) == 60.0
    assert set(house.held.close) == {198.0}
    assert "20 closes are more than 20% off those held" in house.lines[-1].reason


def test_a_day_that_is_told_otherwise_later_stays_as_it_was(house):
    house.dailies.ask(AAPL)
    house.yahoo.days["AAPL"] = bars_of([198.0] * 12 + [260.0] + [198.2] * 7, "yahoo")
    assert house.dailies.ask(AAPL) > 3600
    assert house.held.close.tolist() == [198.0] * 13 + [198.2] * 7
