"""The paper venue keeps the contract of every venue."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from contract.broker_contract import BrokerContract
from unit.brokers.paper_market import days

from marketpulse.brokers import PaperBroker
from marketpulse.clock import SimClock
from marketpulse.market import instruments
from marketpulse.portfolio import Books
from marketpulse.types import Feed, Instrument, MarketDatum, Quote, SessionState

KNOWN = instruments(Feed.REPLAY)


class TestPaper(BrokerContract):
    @pytest.fixture
    def clock(self) -> SimClock:
        return SimClock(datetime(2012, 6, 1, 15, 0, tzinfo=UTC))

    @pytest.fixture(params=["AAPL", "BTC/USDT"])
    def instrument(self, request: pytest.FixtureRequest) -> Instrument:
        return KNOWN[request.param]

    @pytest.fixture
    def index(self) -> Instrument:
        return KNOWN["^GSPC"]

    @pytest.fixture
    def away(self) -> Decimal:
        return Decimal("90.00")

    @pytest.fixture
    def broker(self, clock: SimClock) -> PaperBroker:
        return PaperBroker(Books("paper:1"), KNOWN, clock, history=days(1e9))

    @pytest.fixture
    def trade(self, broker: PaperBroker, clock: SimClock, instrument: Instrument) -> Callable[[], None]:
        def trade() -> None:
            clock.advance(1.0)
            quote = Quote(instrument.symbol, 100.0, 99.99, 100.01, None, clock.now(), clock.now(), "tape")
            broker.match({instrument.symbol: MarketDatum(quote, 0.0, stale=False, session=SessionState.OPEN)})

        return trade
