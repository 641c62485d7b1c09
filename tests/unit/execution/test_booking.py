"""Fills: each once, whatever order they come in and however often."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from unit.execution.bench import T0, buy, sell

from marketpulse.errors import StorageError, Uncertain
from marketpulse.types import ActionKind, CorporateAction, Fill, OrderState, Side


def test_several_fills_of_one_sweep_are_one_transaction(bench):
    order = bench.resting(buy(10, limit="90"))
    for n in (2, 3, 5):
        bench.venue.execute(order.client_order_id, n, "90", fee="0.10")
    transactions = []
    inner = bench.ledger.transaction
    bench.ledger.transaction = lambda: (transactions.append(1), inner())[1]
    bench.turn()
    assert len(transactions) == 1
    assert bench.path(order)[-3:] == ["partially_filled", "partially_filled", "filled"]
    portfolio = bench.books.portfolio
    assert portfolio.cash == Decimal(100000) - 900 - Decimal("0.30")
    assert bench.order(order).average_price == 90


def test_i10_a_fill_listed_twice_or_again_counts_once(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.venue.execute(order.client_order_id, 4, "90")
    bench.venue.executed *= 2
    bench.turn().turn()
    bench.restart().turn()
    assert bench.books.held("AAPL") == 4
    assert bench.kinds().count("fill") == 1


def test_i10_fills_may_come_in_any_order(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.venue.execute(order.client_order_id, 4, "90", time=T0 + timedelta(seconds=9))
    bench.turn()
    bench.venue.execute(order.client_order_id, 6, "89", time=T0 - timedelta(hours=20))
    bench.turn()
    assert bench.state(order) == "filled"
    assert bench.books.held("AAPL") == 10


def test_i04_an_overfill_is_booked_as_it_is_and_alarmed(bench):
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 7)
    bench.venue.execute(order.client_order_id, 8)
    bench.turn()
    assert bench.state(order) == "filled"
    assert bench.books.held("AAPL") == 15
    assert bench.alerts() == ["OVERFILL"]
    assert bench.books.reserved_cash == 0


def test_i04_a_late_fill_is_booked_and_alarmed(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.execution.cancel(order.id)
    bench.turn()
    bench.venue.execute(order.client_order_id, 4, "90")
    bench.turn()
    assert bench.state(order) == "canceled"
    assert bench.order(order).filled_quantity == 4
    bench.venue.execute(order.client_order_id, 6, "90")
    bench.turn()
    assert bench.state(order) == "filled"
    assert bench.alerts() == ["LATE_FILL", "LATE_FILL"]


def strange(bench, **changes):
    order = bench.resting(buy(10))
    good = {
        "venue": "sim", "trade_id": "S1", "client_order_id": order.client_order_id, "symbol": "AAPL",
        "side": Side.BUY, "quantity": Decimal(1), "price": Decimal(100), "fee": Decimal(0), "time": T0,
    }  # fmt: skip
    bench.venue.executed.append(Fill(**{**good, **changes}))
    return order


@pytest.mark.parametrize(
    "changes",
    [
        {"client_order_id": "MPSOMEBODYELSE"},
        {"symbol": "MSFT"},
        {"side": Side.SELL},
        {"quantity": Decimal(0)},
        {"quantity": Decimal(-1)},
        {"quantity": Decimal("NaN")},
        {"price": Decimal(0)},
        {"price": Decimal(-90)},
        {"price": Decimal("Infinity")},
        {"fee": Decimal("NaN")},
    ],
)
def test_i04_what_is_no_trade_of_ours_is_never_booked_and_alarmed_once(bench, changes):
    order = strange(bench, **changes)
    bench.venue.execute(order.client_order_id, 2)  # a good one beside it is booked
    bench.turn().turn()
    bench.restart().turn()
    assert bench.books.held("AAPL") == 2
    assert bench.books.portfolio.cash == 99_800
    assert bench.alerts() == ["STRANGE_FILL"]


def test_a_trade_that_got_its_order_later_is_booked_after_all(bench):
    order = strange(bench, client_order_id="sim-17")
    bench.turn()
    assert bench.books.held("AAPL") == 0
    bench.venue.executed[-1] = replace(bench.venue.executed[-1], client_order_id=order.client_order_id)
    bench.turn().turn()
    assert bench.books.held("AAPL") == 1
    assert bench.alerts() == ["STRANGE_FILL"]


def test_a_rebate_is_a_negative_fee(bench):
    order = bench.resting(buy(1))
    bench.venue.execute(order.client_order_id, 1, fee="-0.05")
    bench.turn()
    assert bench.books.portfolio.fees == Decimal("-0.05")


def test_i26_a_fill_is_not_lost_when_the_ledger_cannot_be_written(bench):
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    inner = bench.ledger.transaction

    def full():
        raise StorageError("the disk is full")

    bench.ledger.transaction = full
    with pytest.raises(StorageError):
        bench.turn()
    assert bench.books.held("AAPL") == 0
    bench.ledger.transaction = inner
    bench.turn()
    assert bench.books.held("AAPL") == 10


def test_a_silent_venue_costs_only_time(bench):
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    bench.venue.trouble["fills"].extend([Uncertain("down"), ValueError("token=SECRET")])
    bench.turn()
    bench.turn(1)
    assert bench.state(order) == "accepted"
    bench.turn(1)
    assert bench.state(order) == "filled"
    assert bench.meter.counts()["venue"] == 2


def split(symbol="AAPL", ratio="2", kind=ActionKind.SPLIT):
    return CorporateAction(symbol, date(2012, 6, 1), kind, Decimal(ratio))


def test_i23_a_split_is_booked_once_and_ends_orders_of_the_share(bench):
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    resting, other = bench.resting(sell(5, limit="120"), "k2"), bench.resting(buy(1, "MSFT", "9"), "k3")
    assert bench.execution.adjust(split())
    assert not bench.execution.adjust(split())
    bench.restart().turn().turn(1)
    assert not bench.execution.adjust(split())
    assert bench.books.held("AAPL") == 20
    assert (bench.state(resting), bench.state(other)) == ("canceled", "accepted")
    assert bench.order(resting).reasons[0].code == "SPLIT"


def test_i23_a_split_of_what_is_not_held_or_was_bought_later_is_passed_over(bench):
    assert not bench.execution.adjust(split())
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    bench.turn()
    assert not bench.execution.adjust(split(), since=date(2012, 6, 2))
    assert bench.execution.adjust(split(kind=ActionKind.DIVIDEND, ratio="0.5"))
    assert bench.books.held("AAPL") == 10
    assert bench.books.portfolio.cash == 99_000


def test_a_deposit_counts_once_for_its_key(bench):
    bench.execution.deposit(Decimal(5), "gift", "start")
    bench.execution.deposit(Decimal(5), "gift", "another")
    assert bench.books.portfolio.cash == 100_005
    assert bench.books.portfolio.deposits == 100_005


def test_a_sale_raises_cash(bench):
    order = bench.resting(sell(10, limit="110"))
    bench.venue.execute(order.client_order_id, 10, "110.50", fee="1")
    bench.turn()
    assert bench.order(order).state is OrderState.FILLED
    assert bench.books.portfolio.cash == 101_104
