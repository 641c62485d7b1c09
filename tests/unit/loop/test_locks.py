"""Protections on a whole order path: level with the books under many writers, and the same after a restart."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from tickets import NOW
from unit.loop.gatehouse import House

from marketpulse.errors import Refused
from marketpulse.loop.equity import day_began, market_day, week_began
from marketpulse.loop.locks import Locks, rules_of
from marketpulse.portfolio import fill_key
from marketpulse.portfolio.codec import Booking, Intent, read_alert, write_booking, write_intent
from marketpulse.portfolio.trades import Trades
from marketpulse.risk.protections import Rules
from marketpulse.settings import load
from marketpulse.types import EventKind, Fill, OrderRequest, OrderState, OrderType, Side

BUY = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "1"}


class Guarded(House):
    rules = Rules(stop_outs=3, losing_trades=0)
    numbers = count(1)

    def open(self):
        super().open()
        self.locks = self.gate.locks = Locks(self.books, self.ledger, self.clock, self.rules)
        for event in self.ledger.read():
            self.locks.note(event)
        self.learn()

    def learn(self):
        now, worth = self.clock.now(), self.gate.equity(self.market.data())
        self.locks.learn(self.log, self.log.week_start(now, None, 0.0), worth)

    def trade(self, side, units, price, kind=OrderType.MARKET, fills=1):
        """Book an order with its fills through the journal, as the order path does."""
        name, whole = f"t{next(self.numbers)}", Decimal(units)
        stop = Decimal(price) if kind is OrderType.STOP else None
        request = OrderRequest("AAPL", Side(side), kind, whole, stop_price=stop)
        intent = Intent(f"C-{name}", request, "body", Decimal(0), NOW - timedelta(days=1))
        with self.execution._kit.journal.writing() as draft:
            draft.add(EventKind.ORDER, name, write_intent(intent), f"order:{name}")
            for n in range(fills):
                last = n == fills - 1
                part, state = whole / fills, OrderState.FILLED if last else OrderState.PARTIALLY_FILLED
                trade = f"{name}-{n}"
                fill = Fill(
                    "paper", trade, f"C-{name}", "AAPL", Side(side), part, Decimal(price), Decimal(0), NOW
                )
                draft.add(EventKind.FILL, name, write_booking(Booking(fill, state)), fill_key("paper", trade))
        return name

    def stop_out(self, fills=1):
        self.trade("buy", 2, 100)
        return self.trade("sell", 2, 90, OrderType.STOP, fills)

    def held(self):
        return [lock.name for lock in self.locks.now(self.gate.equity(self.market.data()))]

    def codes(self, key):
        try:
            self.execution.place(BUY, key)
        except Refused as refused:
            return refused.code
        return ""

    def alerts(self):
        return [read_alert(e.payload).code for e in self.ledger.read() if e.kind is EventKind.ALERT]


@pytest.fixture
def house(tmp_path):
    house = Guarded(tmp_path)
    yield house
    house.close()


def test_the_fills_of_one_order_are_one_trade(house):
    house.trade("buy", 4, 100)
    name = house.trade("sell", 4, 90, OrderType.STOP, fills=4)
    trades = Trades(house.books.accounts, house.locks._stopped).follow(house.books.moved(0)).newest
    assert [(t.order, t.gain, t.stopped) for t in trades] == [(name, Decimal(-40), True)]


def test_following_by_and_by_finds_the_same_trades(house):
    slow = Trades(house.books.accounts, house.locks._stopped)
    for _ in range(3):
        house.stop_out(fills=2)
        slow.follow(house.books.moved(slow.seq))
    again = Trades(house.books.accounts, house.locks._stopped).follow(house.books.moved(0))
    assert slow.newest == again.newest
    assert [t.gain for t in slow.newest] == [Decimal(-20)] * 3


def test_stop_outs_lock_until_the_next_day_over_a_restart_and_sales_pass(house):
    for _ in range(2):
        house.stop_out()
    assert house.held() == []
    house.stop_out()
    house.trade("buy", 1, 100)
    for _ in range(2):
        assert house.held() == ["STOP_OUTS"]
        assert house.codes(f"k{next(house.numbers)}") == "STOP_OUTS"
        house.restart()
    house.execution.place({**BUY, "side": "sell"}, "out")
    house.clock.advance(86_400)
    assert house.held() == []


def test_lifting_wants_the_word_is_written_down_and_holds_over_a_restart(house):
    for _ in range(3):
        house.stop_out()
    with pytest.raises(Refused) as caught:
        house.locks.lift("STOP_OUTS", "unlock", None)
    assert caught.value.code == "BAD_CONFIRMATION"
    house.clock.advance(1)
    house.locks.lift("STOP_OUTS", "UNLOCK", None)
    assert house.held() == []
    house.restart()
    assert house.held() == []
    house.clock.advance(1)
    for _ in range(3):
        house.stop_out()
    assert house.held() == ["STOP_OUTS"]
    assert [e.ref for e in house.ledger.read() if e.kind is EventKind.UNLOCK] == ["STOP_OUTS"]


def test_what_does_not_hold_cannot_be_lifted(house):
    with pytest.raises(Refused) as caught:
        house.locks.lift("MAX_DRAWDOWN" * 99, "UNLOCK", None)
    assert caught.value.code == "UNKNOWN_LOCK"


def test_not_one_buy_passes_after_the_last_stop_out_under_sixteen_writers(house):
    house.per_minute = 600
    house.restart()
    for _ in range(2):
        house.stop_out()
    house.trade("buy", 2, 100)
    begun, done = threading.Barrier(17), threading.Event()
    told = []

    def write(which):
        begun.wait()
        for n in count():
            told.append(house.codes(f"w{which}-{n}"))
            if done.is_set():
                return

    writers = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for writer in writers:
        writer.start()
    begun.wait()
    house.clock.advance(0.001)
    stopped = house.trade("sell", 2, 90, OrderType.STOP)
    done.set()
    for writer in writers:
        writer.join()
    events = list(house.ledger.read())
    fatal = next(e.seq for e in events if e.kind is EventKind.FILL and e.ref == stopped)
    bought = [e.seq for e in events if e.kind is EventKind.ORDER and (e.key or "").startswith("order:w")]
    assert all(seq < fatal for seq in bought)
    assert told.count("") == len(bought)
    assert "STOP_OUTS" in told


def sunk(house, price):
    house.price(price)
    house.learn()
    return house.held()


def test_a_deep_drawdown_locks_over_a_restart_until_it_is_lifted_and_then_counts_anew(house):
    house.rules = replace(house.rules, weekly_loss=0.0)
    house.restart()
    house.trade("buy", 900, 100)
    assert sunk(house, 80.0) == []
    house.rules = replace(house.rules, drawdown=0.15)
    house.restart()
    assert sunk(house, 80.0) == ["MAX_DRAWDOWN"]
    for _ in range(2):
        house.locks.turn()
        assert house.alerts() == ["MAX_DRAWDOWN"]
        assert sunk(house, 100.0) == ["MAX_DRAWDOWN"]
        house.restart()
    house.clock.advance(1)
    assert house.codes("one") == "MAX_DRAWDOWN"
    house.price(80.0)
    house.locks.lift("MAX_DRAWDOWN", "UNLOCK", 82_000.0)
    for _ in range(2):
        assert sunk(house, 80.0) == []
        house.restart()
    house.turn()
    assert sunk(house, 60.0) == ["MAX_DRAWDOWN"]
    house.locks.turn()
    assert house.alerts().count("MAX_DRAWDOWN") == 2


def test_a_week_that_lost_too_much_is_over_for_buying_whatever_equity_does(house):
    house.rules = replace(house.rules, weekly_loss=0.05, drawdown=0.0)
    house.restart()
    house.trade("buy", 900, 100)
    assert sunk(house, 90.0) == ["WEEKLY_LOSS"]
    house.locks.turn()
    house.restart()
    assert sunk(house, 120.0) == ["WEEKLY_LOSS"]
    assert house.alerts() == ["WEEKLY_LOSS"]
    house.clock.advance(7 * 86_400)
    assert sunk(house, 120.0) == []


def test_a_week_that_was_lifted_is_not_locked_again_before_the_next(house):
    house.rules = replace(house.rules, weekly_loss=0.05, drawdown=0.0)
    house.restart()
    house.trade("buy", 900, 100)
    assert sunk(house, 90.0) == ["WEEKLY_LOSS"]
    house.locks.lift("WEEKLY_LOSS", "UNLOCK", 91_000.0)
    for _ in range(2):
        assert sunk(house, 90.0) == []
        house.restart()


def test_protections_of_live_accounts_are_none_of_papers(house):
    house.rules = replace(house.rules, drawdown=0.15, weekly_loss=0.0)
    house.restart()
    house.trade("buy", 900, 100)
    sunk(house, 70.0)
    house.locks.turn()
    event = list(house.ledger.read())[-1]
    other = Locks(house.books, house.ledger, house.clock, Rules(drawdown=0.0, weekly_loss=0.0))
    other.note(replace(event, account="alpaca:A1"))
    assert other.now(100_000.0) == ()
    other.note(event)
    assert [lock.name for lock in other.now(100_000.0)] == ["MAX_DRAWDOWN"]


def test_rules_come_from_the_settings(tmp_path):
    given = {"MARKETPULSE_STOP_OUTS": "2", "MARKETPULSE_MAX_DRAWDOWN": "0", "MARKETPULSE_COOLDOWN": "45"}
    rules = rules_of(load(given, tmp_path / ".env").settings)
    assert (rules.stop_outs, rules.drawdown, rules.cooldown) == (2, 0.0, 45.0)


def test_weeks_begin_on_monday_in_new_york_and_days_at_its_midnight():
    assert week_began(NOW).weekday() == 0
    assert week_began(week_began(NOW)) == week_began(NOW)
    assert market_day(day_began(NOW)) == market_day(NOW)
