"""Dividends are paid once for what was held before their day; splits reach every account that holds."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from unit.execution.bench import Bench, buy, sell

from marketpulse.portfolio.codec import read_paid
from marketpulse.types import ActionKind, CorporateAction, EventKind


@pytest.fixture
def paper(tmp_path, monkeypatch):
    monkeypatch.setattr("unit.execution.bench.ACCOUNT", "paper:1")
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


def act(value, day, kind=ActionKind.DIVIDEND):
    return CorporateAction("AAPL", day, kind, Decimal(value))


def test_a_dividend_pays_for_what_was_held_before_its_day_and_once(paper):
    order = paper.resting(buy(10))
    paper.venue.execute(order.client_order_id, 10)
    paper.turn()
    tomorrow = paper.clock.now().date() + timedelta(days=1)
    paper.turn(86_400)
    late = paper.resting(buy(5), "k2")
    paper.venue.execute(late.client_order_id, 5, time=paper.clock.now())
    paper.turn()
    cash = paper.books.cash
    assert paper.execution.adjust(act("0.2255", tomorrow))
    assert not paper.execution.adjust(act("0.2255", tomorrow))
    paper.restart().turn()
    assert not paper.execution.adjust(act("0.2255", tomorrow))
    assert paper.books.cash - cash == Decimal("2.26")  # 10 * 0.2255 to the cent
    assert paper.books.portfolio.dividends_in["USD"] == Decimal("2.26")
    event = next(e for e in paper.ledger.read() if e.kind is EventKind.ACTION)
    paid = read_paid(event.payload)
    assert (paid.held, paid.cash, paid.currency) == (10, Decimal("2.26"), "USD")


def test_a_dividend_is_owed_to_who_sold_after_its_day_began(paper):
    order = paper.resting(buy(10))
    paper.venue.execute(order.client_order_id, 10)
    paper.turn()
    tomorrow = paper.clock.now().date() + timedelta(days=1)
    paper.turn(86_400)
    out = paper.resting(sell(10, limit="110"), "k2")
    paper.venue.execute(out.client_order_id, 10, time=paper.clock.now())
    paper.turn()
    assert paper.books.held("AAPL") == 0
    cash = paper.books.cash
    assert paper.execution.adjust(act("1", tomorrow))
    assert paper.books.cash - cash == 10
    assert not paper.execution.adjust(act("1", date(2012, 5, 1)))


def test_a_split_keeps_the_fraction_that_it_makes(paper):
    order = paper.resting(buy(3))
    paper.venue.execute(order.client_order_id, 3)
    paper.turn()
    tomorrow = paper.clock.now().date() + timedelta(days=1)
    assert paper.execution.adjust(act("1.5", tomorrow, ActionKind.SPLIT))
    assert paper.books.held("AAPL") == Decimal("4.5")
    assert read_paid(list(paper.ledger.read())[-1].payload) is None


def test_at_a_live_venue_a_dividend_is_written_down_and_paid_when_the_venue_pays(bench):
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    bench.turn()
    tomorrow = bench.clock.now().date() + timedelta(days=1)
    cash = bench.books.cash
    assert bench.execution.adjust(act("1", tomorrow))
    assert not bench.execution.adjust(act("1", tomorrow))
    assert bench.books.cash == cash
    event = list(bench.ledger.read())[-1]
    assert event.key == f"action:AAPL:{tomorrow}:dividend:sim:1"
    assert read_paid(event.payload) is None
