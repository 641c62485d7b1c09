"""Live accounts on threads of their own: none waits for another, and none is cut in the middle of a call."""

import threading
from decimal import Decimal

import pytest
from unit.execution.bench import OPEN, buy
from unit.execution.live import LiveBench

from marketpulse.errors import StorageError
from marketpulse.types import OrderState

PATIENCE = 10.0  # seconds a test waits for another thread before it fails


class Slow:
    """Holds a call of a venue until it is let go."""

    def __init__(self, venue, call):
        self.entered, self.release, self.left = threading.Event(), threading.Event(), threading.Event()
        inner = getattr(venue, call)

        def held(*args):
            self.entered.set()
            assert self.release.wait(PATIENCE)
            answer = inner(*args)
            self.left.set()
            return answer

        setattr(venue, call, held)


def told(venue, call):
    """An event that is set once the venue has answered ``call``."""
    done, inner = threading.Event(), getattr(venue, call)

    def answered(*args):
        answer = inner(*args)
        done.set()
        return answer

    setattr(venue, call, answered)
    return done


@pytest.fixture
def desk(tmp_path):
    bench = LiveBench(tmp_path)
    bench.ready()
    yield bench
    bench.execution.close()
    bench.ledger.close()


def until(desk, true):
    """Turn as the loop does until something is so."""
    tick = threading.Event()
    for _ in range(200):
        desk.execution.turn({}, OPEN)
        if true():
            return
        tick.wait(PATIENCE / 200)
    raise AssertionError("it did not come about")


def test_a_hanging_venue_holds_up_neither_the_turn_nor_the_other_venue(desk):
    slow = Slow(desk.alpaca, "place")
    share = desk.place(buy(limit="90"), "share")
    desk.execution.start()
    desk.execution.turn({}, OPEN)
    assert slow.entered.wait(PATIENCE)
    placed = told(desk.binance, "place")
    coin = desk.place(buy("0.001", "BTC/USDT", limit="90"), "coin")
    desk.execution.turn({}, OPEN)  # returns although the other venue hangs
    assert placed.wait(PATIENCE)
    until(desk, lambda: desk.state(coin) == "accepted")
    assert desk.state(share) == "submitting"
    assert desk.execution.preview(buy()).ok
    slow.release.set()
    until(desk, lambda: desk.state(share) == "accepted")
    assert desk.alpaca.sent == 1


def test_closing_waits_for_the_call_that_is_under_way_and_its_record(desk):
    slow = Slow(desk.alpaca, "place")
    order = desk.place(buy(limit="90"))
    desk.execution.start()
    desk.execution.turn({}, OPEN)
    assert slow.entered.wait(PATIENCE)
    closing = threading.Thread(target=desk.execution.close)
    closing.start()
    assert desk.state(order) == "submitting"
    assert closing.is_alive()
    slow.release.set()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    assert desk.state(order) == "accepted"
    assert not [t for t in threading.enumerate() if t.name.startswith("account ")]


def test_after_closing_nothing_is_sent_any_more(desk):
    desk.execution.start()
    desk.execution.close()
    order = desk.place(buy(limit="90"))
    desk.execution.turn({}, OPEN)
    assert desk.state(order) == "new"
    assert desk.alpaca.sent == 0


def test_a_ledger_that_fails_in_a_thread_halts_and_the_thread_lives(desk):
    desk.execution.start()
    failing = [True]
    kit = desk.execution._kit.journal
    real = kit.writing

    def writing():
        if failing[0] and threading.current_thread().name.startswith("account "):
            failing[0] = False
            raise StorageError("the disk is full")
        return real()

    kit.writing = writing
    order = desk.place(buy(limit="90"))
    until(desk, lambda: desk.books.halt is not None)
    assert "the disk is full" in desk.books.halt.why
    assert desk.state(order) in {"new", "canceled"}
    desk.execution.resume("RESUME")
    again = desk.place(buy(limit="91"), "again")
    until(desk, lambda: desk.state(again) == "accepted")


def test_many_orders_on_two_threads_are_each_sent_once_and_booked_exactly(desk):
    desk.execution.start()
    orders = []
    for n in range(40):
        orders.append(desk.place(buy(1, limit="10"), f"s{n}"))
        orders.append(desk.place(buy("0.01", "BTC/USDT", limit="10"), f"c{n}"))
    until(desk, lambda: all(desk.state(o) == "accepted" for o in orders))
    for order in orders:
        venue, currency = (
            (desk.alpaca, "USD") if order.account.startswith("alpaca") else (desk.binance, "USDT")
        )
        venue.execute(order.client_order_id, order.request.quantity, "10", currency=currency)

    def booked():
        desk.clock.advance(1.0)
        return all(desk.books.order(o.id).state is OrderState.FILLED for o in orders)

    until(desk, booked)
    assert (desk.alpaca.sent, desk.binance.sent) == (40, 40)
    desk.same(desk.alpaca, "alpaca:A1")
    desk.same(desk.binance, "binance:B1")
    assert desk.books.held("AAPL") == Decimal(40)
