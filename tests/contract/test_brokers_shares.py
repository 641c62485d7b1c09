"""Alpaca and Kite keep the contract of every venue, through their unmodified clients over canned answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from contract.broker_contract import BrokerContract
from unit.brokers.share_venues import AlpacaWire, KiteWire
from unit.sources.canned_web import AAPL, BERKSHIRE, TATA, key

from marketpulse.brokers.alpaca import AlpacaBroker
from marketpulse.brokers.kite import KiteBroker
from marketpulse.brokers.kite_login import KiteSession
from marketpulse.clock import SimClock
from marketpulse.types import AssetClass, Instrument, OrderRequest, OrderType, Side

MORNING = datetime(2026, 3, 10, 0, 30, tzinfo=UTC)


class Shares(BrokerContract):
    @pytest.fixture
    def index(self) -> Instrument:
        return Instrument("^GSPC", "", AssetClass.INDEX, "USD", "XNYS", Decimal("0.01"), Decimal(1))

    @pytest.fixture
    def trade(self, wire: AlpacaWire | KiteWire, clock: SimClock) -> Callable[[], None]:
        def trade() -> None:
            clock.advance(1.0)
            wire.trade()

        return trade


class TestAlpacaCanned(Shares):
    @pytest.fixture
    def clock(self) -> SimClock:
        return SimClock(datetime(2026, 3, 9, 15, 0, tzinfo=UTC))

    @pytest.fixture(params=[AAPL, BERKSHIRE], ids=["AAPL", "BRK-B"])
    def instrument(self, request: pytest.FixtureRequest) -> Instrument:
        return request.param

    @pytest.fixture
    def away(self) -> Decimal:
        return Decimal("90.00")

    @pytest.fixture
    def wire(self, clock: SimClock) -> AlpacaWire:
        return AlpacaWire(clock)

    @pytest.fixture
    def broker(self, clock: SimClock, wire: AlpacaWire) -> AlpacaBroker:
        return AlpacaBroker(clock, key(1), key(2), live=False, prepare=wire.mount)


class TestKiteCanned(Shares):
    @pytest.fixture
    def clock(self) -> SimClock:
        return SimClock(datetime(2026, 3, 9, 6, 0, tzinfo=UTC))

    @pytest.fixture
    def instrument(self) -> Instrument:
        return TATA

    @pytest.fixture
    def away(self) -> Decimal:
        return Decimal("3000.05")

    @pytest.fixture
    def resting(self, instrument: Instrument, away: Decimal) -> OrderRequest:
        # The venue knows day orders only.
        return OrderRequest(instrument.symbol, Side.BUY, OrderType.LIMIT, Decimal(10), away)

    @pytest.fixture
    def wire(self, clock: SimClock) -> KiteWire:
        wire = KiteWire(clock)
        wire.tokens = {f"token {key(3)}:{key(4)}"}
        return wire

    @pytest.fixture
    def broker(self, clock: SimClock, wire: KiteWire) -> KiteBroker:
        return KiteBroker(clock, KiteSession(key(3), key(4), "AB1234", MORNING), prepare=wire.mount)
