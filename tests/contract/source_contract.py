"""What every Source must do; a source's test class gives the fixtures and inherits the cases.

The numbers are those of docs/adapters.md.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from math import isfinite

import numpy as np
import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import NoData, ProviderError, UnknownSymbol
from marketpulse.ports import Capability, Source
from marketpulse.types import AssetClass, Bars, Instrument, Interval, Quote

LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


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
        assert (Capability.QUOTE, instrument.asset_class) in source.capabilities
        assert all(isinstance(c, Capability) and isinstance(a, AssetClass) for c, a in source.capabilities)
        assert source.limits.per_minute > 0
        assert source.limits.deadline > 0

    def test_s2_a_quote_is_believable(self, source: Source, instrument: Instrument, clock: SimClock):
        quote = source.quote(instrument)
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

    def test_s3_a_stranger_is_an_unknown_symbol(self, source: Source, stranger: Instrument):
        with pytest.raises(UnknownSymbol):
            source.quote(stranger)

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

    def test_s5_no_bar_is_seen_before_it_closed(
        self, make: Callable[[SimClock], Source], instrument: Instrument, moment: datetime
    ):
        early = make(SimClock(moment)).bars(instrument, Interval.DAY, LONG_AGO, FAR_AHEAD)
        late = make(SimClock(moment + timedelta(days=10)))
        again = late.bars(instrument, Interval.DAY, LONG_AGO, moment)
        assert again.time.tolist() == early.time.tolist()
        assert again.close.tolist() == early.close.tolist()
        assert len(late.bars(instrument, Interval.DAY, LONG_AGO, FAR_AHEAD)) > len(early)

    def test_s6_a_period_without_bars_is_no_data(self, source: Source, instrument: Instrument):
        with pytest.raises(NoData):
            source.bars(instrument, Interval.DAY, FAR_AHEAD, FAR_AHEAD)

    def test_s7_actions_are_ordered_and_not_from_the_future(
        self, source: Source, instrument: Instrument, clock: SimClock
    ):
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
