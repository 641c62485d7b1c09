"""The live sources of pairs under the same contract, over canned answers instead of a network."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from contract.source_contract import SourceContract
from unit.sources.crypto import (
    CannedBinance,
    CannedBybit,
    bybit_depth,
    bybit_klines,
    bybit_ticker,
    depth,
    klines,
    pair,
    ticker,
)
from unit.sources.venue import BinanceVenue, BybitVenue

from marketpulse.clock import SimClock
from marketpulse.ports import Source
from marketpulse.sources.binance import BinanceSource
from marketpulse.sources.bybit import BybitSource
from marketpulse.types import Instrument


class Crypto(SourceContract):
    @pytest.fixture
    def moment(self) -> datetime:
        return datetime(2026, 3, 9, 15, 0, tzinfo=UTC)

    @pytest.fixture
    def instrument(self) -> Instrument:
        return pair("BTC/USDT")

    @pytest.fixture
    def stranger(self) -> Instrument:
        return pair("ZZZ/USDT")


class TestBinanceCanned(Crypto):
    @pytest.fixture
    def make(self) -> Callable[[SimClock], Source]:
        def build(clock: SimClock) -> Source:
            now = clock.now()
            canned = {"24hr": ticker(now), "klines": klines(now), "depth": depth()}
            return BinanceSource(clock, Path(), make=lambda: CannedBinance(canned))

        return build

    @pytest.fixture
    def rig(self) -> type[BinanceVenue]:
        return BinanceVenue


class TestBybitCanned(Crypto):
    @pytest.fixture
    def make(self) -> Callable[[SimClock], Source]:
        def build(clock: SimClock) -> Source:
            now = clock.now()
            canned = {"tickers": bybit_ticker(now), "kline": bybit_klines(now), "orderbook": bybit_depth(now)}
            return BybitSource(clock, Path(), make=lambda: CannedBybit(canned))

        return build

    @pytest.fixture
    def rig(self) -> type[BybitVenue]:
        return BybitVenue
