"""FLATTEN: everything that rests ends, everything that is held is sold, whatever happens in between."""

from dataclasses import replace
from decimal import Decimal

import pytest
from unit.execution.bench import INSTRUMENTS, Killed, bracket, buy, sell, stop

from marketpulse.errors import Refused, Rejected, StorageError, Uncertain
from marketpulse.types import MarketDatum, OrderState, OrderType, Quote, SessionState, Side

POINTS = [
    "flatten.appended", "flatten.committed", "cancel.asking", "cancel.asked", "exit.appended", "exit.committed",
    "send.submitting", "send.answered", "send.recorded", "fills.appended", "fills.committed",
]  # fmt: skip


def prices(bench, stale=(), session=SessionState.OPEN):
    now = bench.clock.now()
    return {
        symbol: MarketDatum(
            Quote(symbol, 100.0, None, None, None, now, now, "tape"), 0.0, symbol in stale, session
        )
        for symbol in INSTRUMENTS
    }


def go(bench, turns=1, seconds=1.0, **how):
    for _ in range(turns):
        bench.turn(seconds, prices(bench, **how))
    return bench


def hold(bench, quantity=10, symbol="AAPL", key="h"):
    order = bench.resting(buy(quantity, symbol), f"{key}{symbol}")
    bench.venue.execute(order.client_order_id, quantity)
    bench.turn(1)


def sales(bench):
    return [o for o in bench.books.orders.values() if o.role == "flatten"]


def fill_sales(bench):
    """The venue fills what a flatten has sent."""
    for order in sales(bench):
        at_venue = bench.venue.orders.get(order.client_order_id)
        if at_venue and at_venue[3] is OrderState.ACCEPTED:
            bench.venue.execute(order.client_order_id, at_venue[1].quantity)


def flat(bench):
    return not bench.books.open_orders and not bench.books.units(bench.books.account)


def test_it_needs_the_word(bench):
    for word in ("flatten", "FLATTEN ", "", None, True):
        with pytest.raises(Refused) as refused:
            bench.execution.flatten(word)
        assert refused.value.code == "BAD_CONFIRMATION"
    assert bench.books.halt is None


def test_it_halts_cancels_all_and_sells_all(bench):
    hold(bench)
    hold(bench, 3, "MSFT")
    guard = bench.resting(stop(5, "80"), "k1")
    entry = bench.resting(buy(limit="90"), "k2")
    halt = bench.execution.flatten("FLATTEN")
    assert (halt.reducing, halt.kept) == (False, ())
    with pytest.raises(Refused) as refused:
        bench.place(sell(), "k3")
    assert refused.value.code == "HALTED"
    go(bench, 3)
    assert [bench.state(o) for o in (guard, entry)] == ["canceled", "canceled"]
    assert bench.order(guard).reasons[0].code == "FLATTENED"
    found = {(o.request.symbol, o.request.side, o.request.type, o.request.quantity) for o in sales(bench)}
    assert found == {("AAPL", Side.SELL, OrderType.MARKET, 10), ("MSFT", Side.SELL, OrderType.MARKET, 3)}
    fill_sales(bench)
    go(bench, 2)
    assert flat(bench)
    assert bench.books.families.flatten is None
    assert bench.books.halt is not None  # it ends by the word only
    assert len(sales(bench)) == 2


def test_nothing_is_sold_while_something_else_may_still_sell_it(bench):
    hold(bench)
    guard = bench.resting(stop(10, "80"), "k1")
    bench.venue.trouble["cancel"].extend([Uncertain("down")] * 2)
    bench.execution.flatten("FLATTEN")
    go(bench, 1)
    assert bench.state(guard) == "pending_cancel"
    assert sales(bench) == []
    bench.venue.execute(guard.client_order_id, 4, "80")
    go(bench, 4)
    (sale,) = sales(bench)
    assert sale.request.quantity == 6


def test_a_bracket_places_no_exits_while_all_is_sold_and_is_over_afterwards(bench):
    parent = bench.resting(bracket(10))
    bench.venue.execute(parent.client_order_id, 10)
    bench.turn(1).turn(1)
    bench.execution.flatten("FLATTEN")
    go(bench, 3)
    assert bench.working(parent) is None
    fill_sales(bench)
    go(bench, 3)
    assert flat(bench)
    assert bench.books.families.active == {}
    bench.execution.resume("RESUME")
    go(bench, 3)
    assert bench.books.open_orders == ()


def test_it_waits_for_a_price_and_an_open_exchange(bench):
    hold(bench)
    bench.execution.flatten("FLATTEN")
    go(bench, 3, stale={"AAPL"})
    go(bench, 3, session=SessionState.CLOSED)
    assert sales(bench) == []
    go(bench, 1)
    assert len(sales(bench)) == 1


def test_a_sale_that_fails_is_followed_by_another_one_after_a_wait(bench):
    hold(bench)
    bench.venue.trouble["place"].extend([Rejected("NO", "Not now.")] * 3)
    bench.execution.flatten("FLATTEN")
    go(bench, 2)
    assert len(sales(bench)) == 1
    go(bench, 2)
    assert len(sales(bench)) == 1
    go(bench, 50)
    assert [o.state for o in sales(bench)] == [*[OrderState.REJECTED] * 3, OrderState.ACCEPTED]
    assert bench.alerts() == ["FLATTEN_STUCK"] * 3


def test_what_is_too_little_for_an_order_is_left(bench):
    symbol = "BTC/USDT"
    least = replace(INSTRUMENTS[symbol], min_notional=Decimal(5))
    bench.execution._kit.instruments[symbol] = least
    try:
        order = bench.resting(buy("0.02", symbol), "k1")
        bench.venue.execute(order.client_order_id, "0.02")
        bench.turn(1)
        bench.execution.flatten("FLATTEN")
        go(bench, 3)
        assert sales(bench) == []
        assert bench.books.families.flatten is None
    finally:
        bench.execution._kit.instruments[symbol] = replace(least, min_notional=Decimal(0))


def test_resume_ends_it_and_the_exits_come_back(bench):
    parent = bench.resting(bracket(10))
    bench.venue.execute(parent.client_order_id, 10)
    bench.turn(1).turn(1)
    bench.execution.flatten("FLATTEN")
    go(bench, 3, session=SessionState.CLOSED)
    bench.execution.resume("RESUME")
    go(bench, 3)
    assert bench.books.families.flatten is None
    assert bench.working(parent).role == "stop"


def test_it_outlives_a_restart(bench):
    hold(bench)
    bench.execution.flatten("FLATTEN")
    bench.restart()
    go(bench, 3)
    fill_sales(bench)
    go(bench, 2)
    assert flat(bench)


def test_while_the_ledger_cannot_be_written_it_halts_all_the_same(bench):
    hold(bench)
    inner = bench.ledger.transaction

    def full():
        raise StorageError("the disk is full")

    bench.ledger.transaction = full
    with pytest.raises(StorageError):
        bench.execution.flatten("FLATTEN")
    bench.ledger.transaction = inner
    with pytest.raises(Refused) as refused:
        bench.place(buy(), "k2")
    assert refused.value.code == "HALTED"
    go(bench)
    assert bench.books.halt is not None
    bench.execution.flatten("FLATTEN")
    go(bench, 2)
    assert len(sales(bench)) == 1


def test_a_second_word_changes_nothing(bench):
    hold(bench)
    bench.execution.flatten("FLATTEN")
    events = len(bench.kinds())
    bench.execution.flatten("FLATTEN")
    assert len(bench.kinds()) == events


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_anywhere_sells_everything_once(bench, point):
    hold(bench)
    hold(bench, 3, "MSFT")
    bench.resting(stop(5, "80"), "k1")
    bench.resting(buy(limit="90"), "k2")
    bench.die_at(point)
    for _ in range(30):
        try:
            bench.execution.flatten("FLATTEN")
            go(bench)
            fill_sales(bench)
        except Killed:
            bench.restart()
    assert flat(bench)
    sold = sum(f.quantity for f in bench.venue.executed if f.side is Side.SELL)
    assert sold == 13
    assert all(bench.venue.placed(o.client_order_id) <= 1 for o in bench.books.orders.values())
