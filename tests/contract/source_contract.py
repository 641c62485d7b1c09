"""What every Source must do; a source's test class gives the fixtures and inherits the cases.

The numbers are those of docs/adapters.md.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Protocol, Self

import numpy as np
import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import NoData, NotEntitled, ProviderError, UnknownSymbol
from marketpulse.ports import Capability, Source
from marketpulse.types import AssetClass, Bars, Book, Instrument, Interval, Quote

LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


class StreamRig(Protocol):
    """A venue on the loopback and a source that streams from it; ``unit/sources/venue.py`` has two."""

    source: Source
    instrument: Instrument
    clock: SimClock
    kinds: frozenset[type]  # what ``speak`` makes the source hand over

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *why: object) -> None: ...

    async def start(self) -> None:
        """Let the source stream."""

    async def speak(self) -> None:
        """Say a price, and a book where the venue has books."""

    async def next(self, kind: type) -> object:
        """Return what the source hands over next, of one kind."""

    async def garble(self) -> None:
        """Send half a message."""

    async def hang_up(self) -> None:
        """Close every connection."""

    async def cancel(self) -> None:
        """Cancel the stream and wait until it has ended."""

    async def end(self) -> BaseException | None:
        """Wait until the stream has ended by itself, and return its error."""

    def open_sockets(self) -> int:
        """Connections that are open, seen from the venue."""

    async def left_alone(self) -> None:
        """Wait until the source has closed every connection; fails after some seconds."""


def check_quote(quote: Quote, source: Source, instrument: Instrument, clock: SimClock) -> None:
    assert isinstance(quote, Quote)
    assert quote.symbol == instrument.symbol
    assert quote.source == source.name
    assert isfinite(quote.price)
    assert quote.price > 0
    assert quote.time.tzinfo is not None
    assert quote.time <= clock.now() + timedelta(seconds=1)
    assert quote.time <= quote.received
    assert (quote.bid is None) == (quote.ask is None)
    if quote.bid is not None and quote.ask is not None:
        assert 0 < quote.bid < quote.ask
    if quote.low is not None and quote.high is not None:
        assert quote.low <= quote.price <= quote.high


def check_book(book: Book, source: Source, instrument: Instrument, clock: SimClock, depth: int) -> None:
    assert isinstance(book, Book)
    assert book.symbol == instrument.symbol
    assert book.source == source.name
    assert book.time.tzinfo is not None
    assert book.time <= clock.now() + timedelta(seconds=1)
    for side in (book.bids, book.asks):
        assert 1 <= len(side) <= depth
        assert all(isfinite(price) and isfinite(size) and price > 0 and size > 0 for price, size in side)
    assert list(book.bids) == sorted(book.bids, reverse=True)
    assert list(book.asks) == sorted(book.asks)
    assert book.bids[0][0] < book.asks[0][0]


class SourceContract:
    """Subclass with fixtures ``make`` (SimClock -> Source), ``moment``, ``instrument`` and ``stranger``."""

    @pytest.fixture
    def clock(self, moment: datetime) -> SimClock:
        return SimClock(moment)

    @pytest.fixture
    def source(self, make: Callable[[SimClock], Source], clock: SimClock) -> Source:
        return make(clock)

    def test_s1_declares_name_capabilities_and_limits(self, source: Source, instrument: Instrument):
        assert source.name
        assert source.name == source.name.lower()
        assert instrument.asset_class in {a for _, a in source.capabilities}
        assert all(isinstance(c, Capability) and isinstance(a, AssetClass) for c, a in source.capabilities)
        assert source.limits.per_minute > 0
        assert source.limits.deadline > 0

    def test_s2_a_quote_is_believable(self, source: Source, instrument: Instrument, clock: SimClock):
        if (Capability.QUOTE, instrument.asset_class) not in source.capabilities:
            with pytest.raises(NotEntitled):
                source.quote(instrument)
            return
        check_quote(source.quote(instrument), source, instrument, clock)

    def test_s3_a_stranger_is_an_unknown_symbol(self, source: Source, stranger: Instrument):
        def ask() -> object:
            if (Capability.QUOTE, stranger.asset_class) in source.capabilities:
                return source.quote(stranger)
            return source.bars(stranger, Interval.DAY, LONG_AGO, FAR_AHEAD)

        with pytest.raises(UnknownSymbol):
            ask()

    @pytest.fixture
    def with_bars(self, source: Source, instrument: Instrument) -> None:
        """Only for a source that has daily bars; any other declines."""
        if (Capability.BARS, instrument.asset_class) not in source.capabilities:
            with pytest.raises(NotEntitled):
                source.bars(instrument, Interval.DAY, LONG_AGO, FAR_AHEAD)
            pytest.skip("not declared, and declined")

    @pytest.mark.usefixtures("with_bars")
    def test_s4_bars_are_closed_raw_ordered_and_whole(
        self, source: Source, instrument: Instrument, clock: SimClock
    ):
        bars = source.bars(instrument, Interval.DAY, LONG_AGO, FAR_AHEAD)
        assert isinstance(bars, Bars)
        assert not bars.adjusted
        assert bars.source == source.name
        assert bars.interval is Interval.DAY
        assert (np.diff(bars.time) > 0).all()
        assert (bars.time % 86_400 == 0).all()
        assert bars.time[-1] <= clock.now().timestamp()
        columns = np.array([bars.open, bars.high, bars.low, bars.close])
        assert np.isfinite(columns).all()
        assert (columns > 0).all()
        assert (bars.high >= columns.max(axis=0)).all()
        assert (bars.low <= columns.min(axis=0)).all()
        assert (bars.volume >= 0).all()

    @pytest.mark.usefixtures("with_bars")
    def test_s5_no_bar_is_seen_before_it_closed(
        self, make: Callable[[SimClock], Source], instrument: Instrument, moment: datetime
    ):
        early = make(SimClock(moment)).bars(instrument, Interval.DAY, LONG_AGO, FAR_AHEAD)
        late = make(SimClock(moment + timedelta(days=10)))
        again = late.bars(instrument, Interval.DAY, LONG_AGO, moment)
        assert again.time.tolist() == early.time.tolist()
        assert again.close.tolist() == early.close.tolist()
        assert len(late.bars(instrument, Interval.DAY, LONG_AGO, FAR_AHEAD)) > len(early)

    @pytest.mark.usefixtures("with_bars")
    def test_s6_a_period_without_bars_is_no_data(self, source: Source, instrument: Instrument):
        with pytest.raises(NoData):
            source.bars(instrument, Interval.DAY, FAR_AHEAD, FAR_AHEAD)

    def test_s7_actions_are_ordered_and_not_from_the_future(
        self, source: Source, instrument: Instrument, clock: SimClock
    ):
        if (Capability.ACTIONS, instrument.asset_class) not in source.capabilities:
            with suppress(NotEntitled):  # pairs, which have none, may as well answer so
                assert not source.actions(instrument, LONG_AGO, FAR_AHEAD)
            return
        actions = source.actions(instrument, LONG_AGO, FAR_AHEAD)
        days = [a.day for a in actions]
        assert days == sorted(days)
        assert all(day <= clock.now().date() for day in days)
        assert all(a.value > 0 for a in actions)

    def test_s8_raises_nothing_but_provider_errors(self, source: Source, stranger: Instrument):
        for ask in (
            lambda: source.quote(stranger),
            lambda: source.bars(stranger, Interval.DAY, LONG_AGO, FAR_AHEAD),
            lambda: source.actions(stranger, LONG_AGO, FAR_AHEAD),
        ):
            with suppress(ProviderError):
                ask()

    def test_s9_a_book_is_believable(self, source: Source, instrument: Instrument, clock: SimClock):
        if (Capability.BOOK, instrument.asset_class) not in source.capabilities:
            with pytest.raises(NotEntitled):
                source.book(instrument, 2)
            return
        for depth in (1, 2, 20):
            check_book(source.book(instrument, depth), source, instrument, clock, depth)

    def test_s9_a_book_of_a_stranger_is_an_unknown_symbol(
        self, source: Source, instrument: Instrument, stranger: Instrument
    ):
        declared = (Capability.BOOK, instrument.asset_class) in source.capabilities
        with pytest.raises(UnknownSymbol if declared else NotEntitled):
            source.book(stranger, 2)

    def test_s10_news_are_clean_lines_newest_first(
        self, source: Source, instrument: Instrument, clock: SimClock
    ):
        if (Capability.NEWS, instrument.asset_class) not in source.capabilities:
            with pytest.raises(NotEntitled):
                source.news(instrument)
            return
        found = source.news(instrument)
        assert found
        times = [h.time for h in found]
        assert times == sorted(times, reverse=True)
        for one in found:
            assert one.symbol == instrument.symbol
            assert one.source == source.name
            assert one.time.tzinfo is not None
            assert one.time <= clock.now()
            assert 1 <= len(one.title) <= 300
            for line in (one.title, one.publisher):
                assert line == line.strip()
                assert not any(unicodedata.category(c)[0] == "C" for c in line)
            assert one.url == "" or one.url.startswith("https://")

    def test_s13_days_of_results_lie_ahead_the_earliest_first(
        self, source: Source, instrument: Instrument, clock: SimClock
    ):
        if (Capability.EVENTS, instrument.asset_class) not in source.capabilities:
            with pytest.raises(NotEntitled):
                source.events(instrument)
            return
        found = source.events(instrument)
        assert found
        days = [one.day for one in found]
        assert days == sorted(set(days))
        assert days[0] >= clock.now().date() - timedelta(days=1)
        assert {(one.symbol, one.source) for one in found} == {(instrument.symbol, source.name)}

    @pytest.fixture
    def rig(self) -> Callable[[], StreamRig]:
        """Override where the source streams."""
        pytest.skip("streams are held to S11 by a venue on the loopback")

    def test_s11_only_what_is_declared_streams(self, source: Source, instrument: Instrument):
        if (Capability.STREAM, instrument.asset_class) not in source.capabilities:
            with pytest.raises(NotEntitled):
                asyncio.run(source.stream([instrument], lambda _: None))

    def test_s11_a_stream_hands_over_believable_data(self, rig: Callable[[], StreamRig]):
        async def play() -> None:
            async with rig() as venue:
                await venue.start()
                await venue.speak()
                told: list = []
                while {type(one) for one in told} < venue.kinds:
                    told.append(await venue.next(object))
                for one in told:
                    if isinstance(one, Quote):
                        check_quote(one, venue.source, venue.instrument, venue.clock)
                    elif isinstance(one, Book):
                        check_book(one, venue.source, venue.instrument, venue.clock, 1000)

        asyncio.run(play())

    @pytest.mark.parametrize("how", ["garble", "hang_up"])
    def test_s11_a_stream_ends_with_its_connection_or_a_message_it_cannot_read(
        self, rig: Callable[[], StreamRig], how: str
    ):
        async def play() -> None:
            async with rig() as venue:
                await venue.start()
                await venue.speak()
                await venue.next(Quote)
                await getattr(venue, how)()
                assert isinstance(await venue.end(), ProviderError)
                await venue.left_alone()

        asyncio.run(play())

    def test_s11_canceling_closes_its_sockets_and_leaves_no_task(self, rig: Callable[[], StreamRig]):
        async def play() -> None:
            async with rig() as venue:
                await venue.start()
                await venue.speak()
                await venue.next(Quote)
                assert venue.open_sockets()
                await venue.cancel()
                await venue.left_alone()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            if left:
                _, left = await asyncio.wait(left, timeout=5)
            assert not left

        asyncio.run(play())

    @pytest.mark.parametrize("interval", [Interval.MINUTE, Interval.HOUR])
    def test_s12_shorter_bars_are_closed_and_in_order(
        self, source: Source, instrument: Instrument, clock: SimClock, interval: Interval
    ):
        if (Capability.INTRADAY, instrument.asset_class) not in source.capabilities:
            pytest.skip("not declared")
        seconds = {Interval.MINUTE: 60, Interval.HOUR: 3600}[interval]
        bars = source.bars(instrument, interval, clock.now() - timedelta(seconds=seconds * 20), FAR_AHEAD)
        assert len(bars) > 1
        assert bars.interval is interval
        assert (np.diff(bars.time) > 0).all()
        assert (bars.time % 60 == 0).all()
        assert bars.time[0] >= clock.now().timestamp() - seconds * 20
        assert bars.time[-1] + seconds <= clock.now().timestamp()
        columns = np.array([bars.open, bars.high, bars.low, bars.close])
        assert np.isfinite(columns).all()
        assert (columns > 0).all()
        with pytest.raises(NoData):
            source.bars(instrument, interval, FAR_AHEAD, FAR_AHEAD)
