from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from contract.source_contract import SourceContract

from marketpulse.clock import SimClock
from marketpulse.market import instruments
from marketpulse.ports import Source
from marketpulse.sources.simulated import SimulatedSource
from marketpulse.sources.tape import TapeSource
from marketpulse.types import AssetClass, Feed, Instrument


class TestTape(SourceContract):
    @pytest.fixture
    def make(self) -> Callable[[SimClock], Source]:
        return TapeSource

    @pytest.fixture
    def moment(self) -> datetime:
        return datetime(2012, 8, 9, 15, 0, tzinfo=UTC)

    @pytest.fixture(params=["AAPL", "^GSPC"])
    def instrument(self, request: pytest.FixtureRequest) -> Instrument:
        return instruments(Feed.REPLAY)[request.param]

    @pytest.fixture
    def stranger(self) -> Instrument:
        return Instrument("ZZZZ", "", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))


class TestSimulated(SourceContract):
    @pytest.fixture
    def make(self) -> Callable[[SimClock], Source]:
        return SimulatedSource

    @pytest.fixture
    def moment(self) -> datetime:
        return datetime(2003, 3, 9, 15, 0, tzinfo=UTC)

    @pytest.fixture(params=["BTC/USDT", "ADA/USDT"])
    def instrument(self, request: pytest.FixtureRequest) -> Instrument:
        return instruments(Feed.REPLAY)[request.param]

    @pytest.fixture
    def stranger(self) -> Instrument:
        return Instrument("ZZZ/USDT", "", AssetClass.CRYPTO, "USDT", "24/7", Decimal("0.01"), Decimal(1))
