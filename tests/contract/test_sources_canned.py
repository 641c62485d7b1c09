"""The live sources under the same contract, over canned answers instead of a network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from contract.source_contract import SourceContract
from unit.sources.canned import CannedYahoo, chart, unknown
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
from marketpulse.market import instruments
from marketpulse.ports import Source
from marketpulse.sources.binance import BinanceSource
from marketpulse.sources.bybit import BybitSource
from marketpulse.sources.yahoo import YahooSource
from marketpulse.types import AssetClass, Feed, Instrument

START = datetime(2026, 1, 1, tzinfo=UTC)


def days(weekends: bool) -> list[datetime]:
    every = [START + timedelta(days=n) for n in range(90)]
    return [day for day in every if weekends or day.weekday() < 5]


class TestYahooCanned(SourceContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[SimClock], Source]:
        def build(clock: SimClock) -> Source:
            def answer(symbol: str) -> object:
                if symbol != "AAPL":
                    return unknown()
                rows = [
                    (d + timedelta(hours=14, minutes=30), 100.0, 103.0, 99.0, 101.0, 1e6) for d in days(False)
                ]
                now = int(clock.now().timestamp())
                return chart("AAPL", rows, regularMarketPrice=101.5, regularMarketTime=now)

            return YahooSource(clock, tmp_path / "yahoo", session=CannedYahoo(answer))

        return build

    @pytest.fixture
    def moment(self) -> datetime:
        return datetime(2026, 3, 9, 15, 0, tzinfo=UTC)

    @pytest.fixture
    def instrument(self) -> Instrument:
        return instruments(Feed.LIVE)["AAPL"]

    @pytest.fixture
    def stranger(self) -> Instrument:
        return Instrument("ZZZZ", "", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))


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
