"""Binance and Bybit keep the contract of every venue, over canned answers: unmodified ccxt, no network."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from contract.broker_contract import BrokerContract
from unit.brokers.pairs import BTC, INDEX, BinanceDesk, BybitDesk, Desk

from marketpulse.clock import SimClock
from marketpulse.ports import Broker
from marketpulse.types import Instrument


class Pairs(BrokerContract):
    @pytest.fixture
    def clock(self) -> SimClock:
        return SimClock(datetime(2026, 3, 9, 15, 0, tzinfo=UTC))

    @pytest.fixture
    def instrument(self) -> Instrument:
        return BTC

    @pytest.fixture
    def index(self) -> Instrument:
        return INDEX

    @pytest.fixture
    def away(self) -> Decimal:
        return Decimal("90.00")

    @pytest.fixture(params=[False, True], ids=["real", "sandbox"])
    def broker(self, request: pytest.FixtureRequest, clock: SimClock, desk: Desk) -> Broker:
        return desk.broker(clock, sandbox=request.param)

    @pytest.fixture
    def trade(self, clock: SimClock, desk: Desk) -> Callable[[], None]:
        def trade() -> None:
            clock.advance(1.0)
            desk.trade()

        return trade


class TestBinance(Pairs):
    @pytest.fixture
    def desk(self, clock: SimClock) -> BinanceDesk:
        return BinanceDesk(clock)


class TestBybit(Pairs):
    @pytest.fixture
    def desk(self, clock: SimClock) -> BybitDesk:
        return BybitDesk(clock)
