import subprocess
import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter

import numpy as np
import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import NoData
from marketpulse.market import instruments
from marketpulse.sources.paths import DayPath
from marketpulse.sources.recording import load_recording
from marketpulse.sources.tape import TapeSource
from marketpulse.types import Feed, Interval

ALL = instruments(Feed.REPLAY)
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


def row(symbol: str, day: str) -> tuple[float, float, float, float, float]:
    bars = load_recording().bars[symbol]
    at = int(np.searchsorted(bars.time, datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()))
    return tuple(float(c[at]) for c in (bars.open, bars.high, bars.low, bars.close, bars.volume))


def test_the_files_known_rows():
    # Apple on 1 June 2012 and the index on its first day, as printed in the packages' files.
    assert row("AAPL", "2012-06-01") == (569.16, 572.65, 560.52, 560.99, 18606700.0)
    assert row("^GSPC", "1999-01-04") == (1229.23, 1248.81, 1219.10, 1228.10, 877000000.0)


def test_sessions_are_the_exchanges_hours_on_the_tapes_days():
    sessions = load_recording().sessions
    assert len(sessions) == 3270
    assert sessions[0] == (
        datetime(2000, 3, 1, 14, 30, tzinfo=UTC),
        datetime(2000, 3, 1, 21, 0, tzinfo=UTC),
    )
    half_day = [s for s in sessions if s[0].date() == datetime(2012, 11, 23, tzinfo=UTC).date()]
    assert half_day == [
        (datetime(2012, 11, 23, 14, 30, tzinfo=UTC), datetime(2012, 11, 23, 18, 0, tzinfo=UTC))
    ]


def test_reading_the_tape_imports_neither_package():
    code = (
        "import sys; from marketpulse.sources.recording import load_recording; load_recording();"
        "sys.exit('arch' in sys.modules or 'bokeh_sampledata' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("symbol", ["AAPL", "IBM", "MSFT", "GOOG", "^GSPC"])
def test_a_day_starts_at_the_open_touches_both_extremes_and_ends_at_the_close(symbol):
    first, high, low, last, volume = row(symbol, "2012-06-01")
    clock = SimClock(datetime(2012, 6, 1, 13, 30, tzinfo=UTC))
    source = TapeSource(clock)
    assert source.quote(ALL[symbol]).price == first
    seen, volumes, lows, highs = [], [], [], []
    for _ in range(6 * 60 + 31):
        quote = source.quote(ALL[symbol])
        seen.append(quote.price)
        volumes.append(quote.volume)
        lows.append(quote.low)
        highs.append(quote.high)
        clock.advance(60)
    assert min(seen) >= low
    assert max(seen) <= high
    assert volumes == sorted(volumes)
    assert volumes[-1] == volume
    assert seen[-1] == last
    assert (lows[-1], highs[-1]) == (low, high)
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)


def test_a_quote_between_sessions_is_the_last_close_with_its_time():
    clock = SimClock(datetime(2012, 6, 2, 12, 0, tzinfo=UTC))  # a Saturday
    quote = TapeSource(clock).quote(ALL["AAPL"])
    assert quote.price == 560.99
    assert quote.time == datetime(2012, 6, 1, 20, 0, tzinfo=UTC)
    assert (quote.bid, quote.ask) == (None, None)


def test_todays_bar_appears_with_the_close_and_not_before():
    clock = SimClock(datetime(2012, 6, 1, 19, 59, 59, tzinfo=UTC))
    source = TapeSource(clock)
    day = datetime(2012, 6, 1, tzinfo=UTC).date()
    assert source.bars(ALL["AAPL"], Interval.DAY, LONG_AGO, FAR_AHEAD).last_day() < day
    clock.advance(1)
    assert source.bars(ALL["AAPL"], Interval.DAY, LONG_AGO, FAR_AHEAD).last_day() == day


def test_corrupting_the_future_changes_no_answer():
    moment = datetime(2008, 10, 10, 15, 0, tzinfo=UTC)
    tape = load_recording()
    spoiled = {}
    for symbol, bars in tape.bars.items():
        later = bars.time > datetime(2008, 10, 10, tzinfo=UTC).timestamp()
        columns = {
            name: np.where(later, np.nan, getattr(bars, name))
            for name in ("open", "high", "low", "close", "volume")
        }
        spoiled[symbol] = type(bars)(symbol, bars.interval, bars.time, *columns.values(), source=bars.source)
    other = type(tape)(spoiled, tape.actions, tape.sessions)
    for symbol in ("AAPL", "IBM", "^GSPC"):
        a, b = TapeSource(SimClock(moment), tape), TapeSource(SimClock(moment), other)
        assert a.quote(ALL[symbol]) == b.quote(ALL[symbol])
        bars_a = a.bars(ALL[symbol], Interval.DAY, LONG_AGO, FAR_AHEAD)
        bars_b = b.bars(ALL[symbol], Interval.DAY, LONG_AGO, FAR_AHEAD)
        assert bars_a.close.tolist() == bars_b.close.tolist()
        assert a.actions(ALL[symbol], LONG_AGO, FAR_AHEAD) == b.actions(ALL[symbol], LONG_AGO, FAR_AHEAD)


def test_a_split_comes_into_force_at_its_open():
    before = SimClock(datetime(2005, 2, 28, 14, 29, 59, tzinfo=UTC))
    source = TapeSource(before)
    known = source.actions(ALL["AAPL"], LONG_AGO, FAR_AHEAD)
    before.advance(1)
    assert len(source.actions(ALL["AAPL"], LONG_AGO, FAR_AHEAD)) == len(known) + 1


def test_facebook_is_absent_before_its_listing():
    source = TapeSource(SimClock(datetime(2012, 5, 17, 15, 0, tzinfo=UTC)))
    with pytest.raises(NoData):
        source.quote(ALL["FB"])


def test_shorter_bars_were_not_recorded():
    source = TapeSource(SimClock(datetime(2012, 6, 1, 15, 0, tzinfo=UTC)))
    with pytest.raises(NoData):
        source.bars(ALL["AAPL"], Interval.MINUTE, LONG_AGO, FAR_AHEAD)


def test_paths_differ_by_day_and_stay_monotone_between_their_turns():
    bar = (10.0, 12.0, 9.0, 11.0, 1000.0)
    paths = [DayPath.inside(f"X {n}", bar) for n in range(50)]
    assert {p.price[1] for p in paths} == {9.0, 12.0}
    for path in paths:
        assert list(path.at) == sorted(path.at)
        assert path.value(0.0) == 10.0
        assert path.value(1.0) == 11.0
        assert path.value(path.at[1]) == path.price[1]


def test_a_quote_is_cheap():
    clock = SimClock(datetime(2012, 6, 1, 15, 0, tzinfo=UTC))
    source = TapeSource(clock)
    source.quote(ALL["AAPL"])
    best = float("inf")
    for _ in range(5):
        start = perf_counter()
        for _ in range(200):
            source.quote(ALL["AAPL"])
        best = min(best, (perf_counter() - start) / 200)
    assert best < 50e-6 * 4  # 50 us on an idle machine


def test_the_time_of_a_quote_is_the_tapes():
    clock = SimClock(datetime(2012, 6, 1, 15, 0, tzinfo=UTC))
    quote = TapeSource(clock).quote(ALL["AAPL"])
    assert quote.time == quote.received == clock.now()
    assert quote.time + timedelta(0) == datetime(2012, 6, 1, 15, 0, tzinfo=UTC)
