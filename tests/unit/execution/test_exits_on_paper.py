"""A bracket on the paper venue, as a desk runs it: bought, guarded, offered, sold."""

from decimal import Decimal

import pytest
from unit.brokers.paper_market import PLENTY, days
from unit.execution.bench import INSTRUMENTS, OPEN, Bench, bracket

from marketpulse.brokers.paper import PaperBroker
from marketpulse.execution import Execution
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.storage import Ledger
from marketpulse.types import MarketDatum, OrderType, Quote, SessionState

ACCOUNT = "paper:desk"


class PaperBench(Bench):
    """The bench with the paper venue, which dies with the process."""

    def start(self):
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        self.books = Books.of(ACCOUNT, self.ledger.read())
        self.venue = PaperBroker(self.books, INSTRUMENTS, self.clock, history=days(PLENTY))
        self.execution = Execution(
            self.ledger, self.books, brokers={ACCOUNT: self.venue}, route=lambda _: ACCOUNT,
            instruments=INSTRUMENTS, clock=self.clock, gate=self.gate, meter=Meter(self.clock.monotonic),
        )  # fmt: skip

    def prices(self, *all_of_them):
        for price in all_of_them:
            self.clock.advance(1.0)
            now = self.clock.now()
            quote = Quote("AAPL", float(price), price - 0.01, price + 0.01, None, now, now, "tape")
            market = {"AAPL": MarketDatum(quote, 0.0, stale=False, session=SessionState.OPEN)}
            self.venue.match(market)
            self.execution.turn(market, OPEN)


@pytest.fixture
def paper(tmp_path):
    bench = PaperBench(tmp_path)
    yield bench
    bench.ledger.close()


def kinds(bench, parent):
    return [(leg.request.type, leg.state.value) for leg in bench.legs(parent)]


def test_it_is_sold_at_the_target(paper):
    parent = paper.place(bracket(10))
    paper.prices(100, 100, 100, 100, 110, 110, 110, 111, 112)
    assert kinds(paper, parent) == [(OrderType.STOP, "canceled"), (OrderType.LIMIT, "filled")]
    assert paper.legs(parent)[-1].average_price == Decimal("110.00")
    assert paper.books.held("AAPL") == 0


def test_it_is_sold_at_the_stop_over_a_restart(paper):
    parent = paper.place(bracket(10))
    paper.prices(100, 100, 100, 100)
    paper.restart()
    paper.prices(99, 89, 89, 89)
    assert kinds(paper, parent) == [(OrderType.STOP, "filled")]
    assert paper.books.held("AAPL") == 0


def test_from_the_target_it_falls_back_to_the_stop(paper):
    parent = paper.place(bracket(10))
    paper.prices(100, 100, 100, 100, 110, 108, 107)
    paper.restart()
    paper.prices(105, 89, 89, 89, 89, 89)
    assert [kind for kind, _ in kinds(paper, parent)] == [OrderType.STOP, OrderType.LIMIT, OrderType.MARKET]
    assert paper.books.held("AAPL") == 0
    assert paper.alerts() == []
