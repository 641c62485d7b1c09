"""The alarm for a position without a stop: once for each episode, also when the desk is started again."""

from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from tickets import NOW, ask, datum, limit, sell, stop

from marketpulse.clock import SimClock
from marketpulse.loop.stopwatch import StopWatch
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import (
    Booking,
    Change,
    Intent,
    read_alert,
    write_booking,
    write_change,
    write_intent,
)
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, Fill, NewEvent, OrderState, OrderType

ACCOUNT = "paper:1"
MARKET = {"AAPL": datum(), "IBM": datum("IBM", 200.0, 199.9, 200.1)}


class Desk:
    """A ledger, its books and the watch, on a clock that is moved by hand."""

    def __init__(self, folder):
        self.path = folder / "ledger.db"
        self.clock = SimClock(NOW)
        self.names = count(1)
        self.open()

    def open(self):
        self.ledger = Ledger.open(self.path, self.clock)
        self.books = Books.of(ACCOUNT, self.ledger.read())
        self.watch = StopWatch(self.books, self.ledger, self.clock)

    def restart(self, down=0.0):
        self.ledger.close()
        self.clock.advance(down)
        self.open()

    def write(self, kind, ref, payload):
        event = NewEvent(self.clock.now(), ACCOUNT, kind, ref, payload)
        self.books.replay(self.ledger.append(event))

    def place(self, request):
        """Place an order and let it rest."""
        name = str(next(self.names))
        intent = Intent("MP" + name, request, "", Decimal(0), self.clock.wall())
        self.write(EventKind.ORDER, name, write_intent(intent))
        self.move(name, OrderState.SUBMITTING)
        self.move(name, OrderState.ACCEPTED)
        return name

    def move(self, name, to):
        self.write(EventKind.STATE, name, write_change(Change(to, "x")))

    def fill(self, name, price=100):
        order = self.books.order(name)
        r, now = order.request, self.clock.now()
        fill = Fill(
            "v", name, order.client_order_id, r.symbol, r.side, r.quantity, Decimal(price), Decimal(0), now
        )
        self.write(EventKind.FILL, name, write_booking(Booking(fill, OrderState.FILLED)))

    def trade(self, request):
        self.fill(self.place(request))

    def later(self, seconds, market=MARKET):
        self.clock.advance(seconds)
        self.watch.turn(market)

    @property
    def alarms(self):
        alerts = [
            (e.ref, read_alert(e.payload).code) for e in self.ledger.read() if e.kind is EventKind.ALERT
        ]
        return [f"{ref} {code}" for ref, code in alerts]


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.ledger.close()


def test_after_a_minute_without_a_stop_there_is_one_alert_and_a_note(desk):
    desk.trade(ask())
    for seconds in (0, 30, 30):
        desk.later(seconds)
        assert desk.alarms == []
    for _ in range(5):
        desk.later(1)
        assert desk.alarms == ["AAPL UNPROTECTED"]
    assert desk.watch.notes == (
        "10 of 10 AAPL have had no confirmed stop for more than 60 s, and the playbook demands one.",
    )


def test_a_stop_for_all_units_raises_nothing_and_one_for_a_part_does(desk):
    desk.trade(ask())
    desk.place(stop("95", quantity=4))
    desk.place(stop("90", quantity=6))
    desk.later(0)
    desk.later(600)
    assert desk.alarms == []
    desk.trade(ask(symbol="IBM"))
    desk.place(stop("190", symbol="IBM", quantity=9))
    desk.later(0)
    desk.later(61)
    assert desk.alarms == ["IBM UNPROTECTED"]
    assert "1 of 10 IBM" in desk.watch.notes[0]


@pytest.mark.parametrize("state", [OrderState.UNKNOWN, OrderState.PENDING_CANCEL, OrderState.CANCELED])
def test_only_a_confirmed_stop_protects(desk, state):
    desk.trade(ask())
    desk.move(desk.place(stop("95")), state)
    desk.later(0)
    desk.later(61)
    assert desk.alarms == ["AAPL UNPROTECTED"]


def test_a_target_or_a_limit_is_no_stop(desk):
    desk.trade(ask())
    desk.place(limit("110", side=sell().side))
    desk.later(0)
    desk.later(61)
    assert desk.alarms == ["AAPL UNPROTECTED"]


def test_a_trailing_stop_protects_once_it_has_begun(desk):
    desk.trade(ask())
    trail = sell(type=OrderType.TRAILING_STOP, trail_amount=Decimal(5), activation_price=Decimal(104))
    desk.place(trail)
    desk.later(0)
    desk.later(61)
    assert desk.alarms == ["AAPL UNPROTECTED"]
    desk.later(1, {"AAPL": datum(price=104.0, bid=103.9, ask=104.1)})
    assert desk.alarms == ["AAPL UNPROTECTED", "AAPL PROTECTED"]
    assert desk.watch.notes == ()


def test_an_episode_ends_with_a_stop_and_the_next_one_is_alarmed_again(desk):
    desk.trade(ask())
    desk.later(0)
    desk.later(61)
    name = desk.place(stop("95"))
    desk.later(1)
    assert desk.alarms == ["AAPL UNPROTECTED", "AAPL PROTECTED"]
    assert desk.watch.notes == ()
    desk.move(name, OrderState.PENDING_CANCEL)
    desk.later(30)
    desk.later(30)
    desk.move(name, OrderState.CANCELED)
    desk.later(31)
    assert desk.alarms == ["AAPL UNPROTECTED", "AAPL PROTECTED", "AAPL UNPROTECTED"]


def test_an_episode_that_a_stop_ended_in_time_leaves_no_trace(desk):
    desk.trade(ask())
    desk.later(0)
    desk.later(59)
    desk.place(stop("95"))
    desk.later(1)
    desk.later(600)
    assert desk.alarms == []


def test_a_sold_position_ends_its_episode(desk):
    desk.trade(ask())
    desk.later(0)
    desk.later(61)
    desk.trade(sell())
    desk.later(1)
    assert desk.alarms == ["AAPL UNPROTECTED", "AAPL PROTECTED"]


def test_a_restart_repeats_no_alert_and_keeps_the_note(desk):
    desk.trade(ask())
    desk.later(0)
    desk.later(61)
    desk.restart(down=3600)
    for _ in range(3):
        desk.later(61)
        assert desk.alarms == ["AAPL UNPROTECTED"]
        assert len(desk.watch.notes) == 1


def test_a_restart_within_the_minute_does_not_begin_it_anew(desk):
    desk.trade(ask())
    desk.later(0)
    desk.later(40)
    desk.restart()
    desk.later(15)
    assert desk.alarms == []
    desk.later(6)
    assert desk.alarms == ["AAPL UNPROTECTED"]


def test_what_ended_while_the_desk_was_down_is_written_down_and_the_next_episode_is_another(desk):
    desk.trade(ask())
    desk.later(0)
    desk.later(61)
    name = desk.place(stop("95"))
    desk.restart()
    desk.later(0)
    assert desk.alarms == ["AAPL UNPROTECTED", "AAPL PROTECTED"]
    desk.move(name, OrderState.CANCELED)
    desk.later(0)
    desk.later(61)
    desk.restart()
    desk.later(61)
    assert desk.alarms == ["AAPL UNPROTECTED", "AAPL PROTECTED", "AAPL UNPROTECTED"]


def test_many_episodes_are_numbered_on_over_restarts(desk):
    desk.trade(ask())
    desk.later(0)
    for number in range(1, 12):
        desk.later(61)
        assert desk.alarms.count("AAPL UNPROTECTED") == number
        name = desk.place(stop("95"))
        desk.later(1)
        desk.move(name, OrderState.CANCELED)
        if number % 3 == 0:
            desk.restart()
        desk.later(0)
    assert desk.ledger.verify() > 0


def test_each_position_has_an_alarm_of_its_own(desk):
    desk.trade(ask())
    desk.later(0)
    desk.later(30)
    desk.trade(replace(ask(), symbol="IBM"))
    desk.later(0)
    desk.later(31)
    assert desk.alarms == ["AAPL UNPROTECTED"]
    desk.later(30)
    assert desk.alarms == ["AAPL UNPROTECTED", "IBM UNPROTECTED"]
