from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from contract.source_contract import SourceContract

from marketpulse.clock import SimClock
from marketpulse.market import instruments
from marketpulse.ports import Capability, Source
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

    def test_a_book_is_believable(self, source: Source, instrument: Instrument):
        believable(source.book(instrument, 20), source, instrument)


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
        store.save_actions("AAPL", [CorporateAction("AAPL", d, ActionKind.SPLIT, Decimal(2)) for d in DAYS])
        for symbol in ("AAPL", "BTC/USDT"):
            store.save_bars(
                Bars(symbol, Interval.DAY, time, close, close + 1, close - 1, close, close, "yahoo")
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

    def test_a_book_is_believable(self, source: Source, instrument: Instrument):
        believable(source.book(instrument, 20), source, instrument)


DAYS = (datetime(2026, 3, 2, tzinfo=UTC).date(), datetime(2026, 3, 10, tzinfo=UTC).date())


def believable(book: Book, source: Source, instrument: Instrument) -> None:
    assert (Capability.BOOK, instrument.asset_class) in source.capabilities
    assert (book.symbol, book.source) == (instrument.symbol, source.name)
    assert len(book.bids) == len(book.asks) == 20
    bids, asks = np.array(book.bids), np.array(book.asks)
    assert min(bids.min(), asks.min()) > 0
    assert (np.diff(bids[:, 0]) < 0).all()
    assert (np.diff(asks[:, 0]) > 0).all()
    assert bids[0, 0] < asks[0, 0]
    assert book.time <= book.received
