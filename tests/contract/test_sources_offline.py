from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from contract.source_contract import SourceContract

from marketpulse.clock import SimClock
from marketpulse.market import instruments
from marketpulse.ports import Source
from marketpulse.sources.recorded import RecordedSource
from marketpulse.sources.simulated import SimulatedSource
from marketpulse.sources.tape import TapeSource
from marketpulse.storage import MarketStore
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    Book,
    CorporateAction,
    Feed,
    Instrument,
    Interval,
    Quote,
)

SPLITS = (date(2026, 3, 2), date(2026, 3, 10))  # one before the recording's moment, one after


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


class TestRecorded(SourceContract):
    """What a live desk kept in its store: quotes and books of two instruments, bars, a split ahead."""

    @pytest.fixture
    def moment(self) -> datetime:
        return datetime(2026, 3, 9, 15, 0, tzinfo=UTC)

    @pytest.fixture(params=["AAPL", "BTC/USDT"])
    def instrument(self, request: pytest.FixtureRequest) -> Instrument:
        return instruments(Feed.LIVE)[request.param]

    @pytest.fixture
    def stranger(self) -> Instrument:
        return Instrument("ZZZZ", "", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))

    @pytest.fixture
    def make(self, tmp_path: Path, moment: datetime) -> Iterator[Callable[[SimClock], Source]]:
        store = MarketStore.open(tmp_path / "market.db")
        store.save_instruments(instruments(Feed.LIVE).values())
        first = datetime(2026, 2, 20, tzinfo=UTC)
        time = int(first.timestamp()) + np.arange(40) * 86_400
        close = 100.0 + np.arange(40)
        store.save_actions("AAPL", [CorporateAction("AAPL", d, ActionKind.SPLIT, Decimal(2)) for d in SPLITS])
        for symbol in ("AAPL", "BTC/USDT"):
            store.save_bars(
                Bars(symbol, Interval.DAY, time, close, close + 1, close - 1, close, close, "yahoo")
            )
            for interval, length in ((Interval.MINUTE, 60), (Interval.HOUR, 3600)):
                opens = int(moment.timestamp()) - length * np.arange(30, 0, -1)
                store.save_intraday(
                    Bars(symbol, interval, opens, *np.full((4, 30), 100.5), np.ones(30), "binance")
                )
            moments = [moment + timedelta(seconds=5 * i) for i in range(-100, 100)]
            store.save_quotes([Quote(symbol, 100.5, 100.4, 100.6, None, m, m, "binance") for m in moments])
            levels = [tuple((100.5 + side * (i + 1), 2.0) for i in range(30)) for side in (-1, 1)]
            store.save_books([Book(symbol, *levels, m, m, "binance") for m in moments[::2]])
        store.close()
        made: list[RecordedSource] = []

        def one(clock: SimClock) -> Source:
            made.append(RecordedSource(clock, tmp_path))
            return made[-1]

        yield one
        for source in made:
            source.close()
