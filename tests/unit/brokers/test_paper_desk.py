"""The paper venue under the real order path and ledger: what it fills, ends and amends is what the books say."""

from decimal import Decimal

import pytest
from unit.brokers.paper_market import days, order
from unit.execution.bench import ACCOUNT, INSTRUMENTS, Bench

from marketpulse.brokers import PaperBroker
from marketpulse.execution import Execution
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.ports import Terms
from marketpulse.storage import Ledger
from marketpulse.types import MarketDatum, Quote, SessionState


class PaperBench(Bench):
    """A desk whose venue is the paper one; ten units a minute are ours."""

    def start(self):
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        self.books = Books.of(ACCOUNT, self.ledger.read())
        self.meter = Meter(self.clock.monotonic)
        self.venue = PaperBroker(self.books, INSTRUMENTS, self.clock, history=days(39_000))
        self.execution = Execution(
            self.ledger, self.books, brokers={ACCOUNT: self.venue}, route=lambda _: ACCOUNT,
            instruments=INSTRUMENTS, clock=self.clock, gate=self.gate, meter=self.meter,
        )  # fmt: skip
        self.venue.on_mark = self.execution.mark

    def restart(self):
        super().restart()
        self.execution.recover()
        return self

    def lasts(self, *prices, seconds=60.0):
        """One turn of the loop for each last trade."""
        for last in prices:
            self.clock.advance(seconds)
            now = self.clock.now()
            quote = Quote("AAPL", float(last), None, None, None, now, now, "tape")
            data = {"AAPL": MarketDatum(quote, 0.0, stale=False, session=SessionState.OPEN)}
            self.venue.match(data)
            self.execution.turn(data, self.sessions)
        return self


@pytest.fixture
def desk(tmp_path):
    bench = PaperBench(tmp_path)
    yield bench
    bench.same_books()
    bench.ledger.close()


def test_parts_are_booked_one_after_the_other_with_their_three_prices(desk):
    mine = desk.resting(order(quantity=25))
    desk.lasts(100, 101, 102)
    found = desk.order(mine)
    assert [(f.quantity, str(f.price)) for f in found.fills] == [
        (10, "100.01"),
        (10, "101.02"),
        (5, "102.02"),
    ]
    assert found.state.value == "filled"
    assert all(f.optimistic <= f.price <= f.pessimistic for f in found.fills)
    assert found.fees == Decimal("1.00")  # the minimum counts once
    assert str(found.fills[1].pessimistic) == "102.02"  # the market had just moved by one


def test_a_restart_in_the_middle_neither_repeats_nor_hurries(desk):
    mine = desk.resting(order(quantity=25))
    desk.lasts(100)
    desk.restart().lasts(100, seconds=20.0)  # the same minute: our share of it is used up
    assert desk.order(mine).filled_quantity == 10
    desk.lasts(100, 100)
    assert [f.trade_id[-2:] for f in desk.order(mine).fills] == ["-1", "-2", "-3"]
    assert desk.state(mine) == "filled"


def test_an_order_for_now_ends_in_the_books_as_it_did_at_the_venue(desk):
    mine = desk.resting(order(quantity=25, force="ioc"))
    desk.lasts(100).turn()
    assert (desk.state(mine), desk.order(mine).filled_quantity) == ("expired", 10)
    whole = desk.resting(order(quantity=25, force="fok"), "k2")
    desk.lasts(100).turn()
    assert (desk.state(whole), desk.order(whole).filled_quantity) == ("expired", 0)


def test_post_only_that_would_take_ends_with_its_reason(desk):
    mine = desk.resting(order(kind="limit", price="101", post_only=True))
    desk.lasts(100, 100).turn()
    found = desk.order(mine)
    assert (found.state.value, found.fills) == ("canceled", ())
    assert found.reasons[0].code == "POST_ONLY"


def test_an_order_is_replaced_in_place(desk):
    mine = desk.resting(order(kind="limit", price="95"))
    desk.lasts(100)
    desk.execution.replace(mine.id, "r1", Terms(limit_price=Decimal(99), quantity=Decimal(8)))
    desk.lasts(100, 100, 98.5)
    found = desk.order(mine)
    assert (found.request.limit_price, found.request.quantity) == (99, 8)
    assert [(f.quantity, str(f.price), f.maker) for f in found.fills] == [(8, "99.00", True)]


def test_a_trailing_stop_resumes_after_a_restart(desk):
    desk.resting(order())
    desk.lasts(100)
    guard = desk.resting(order("sell", "trailing_stop", trail_amount="5"), "k2")
    desk.lasts(100, 110)
    assert desk.kinds().count("mark") == 2
    desk.restart().lasts(106)
    assert desk.state(guard) == "accepted"
    desk.lasts(105)
    assert [str(f.price) for f in desk.order(guard).fills] == ["104.98"]


def test_a_cancel_ends_it_for_good(desk):
    mine = desk.resting(order(kind="limit", price="95"))
    desk.lasts(100)
    desk.execution.cancel(mine.id)
    desk.turn().lasts(90, 89)
    assert (desk.state(mine), desk.order(mine).fills) == ("canceled", ())
