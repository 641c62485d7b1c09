from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from marketpulse.market.history import Forming, History, with_hours
from marketpulse.market.instruments import instruments
from marketpulse.types import ActionKind, Bars, CorporateAction, Feed, Interval, Quote

AAPL = instruments(Feed.LIVE)["AAPL"]
DAYS = [date(2026, 3, d) for d in (2, 3, 4)]


def stamp(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def closed(*closes: float) -> Bars:
    close = np.array(closes)
    time = np.array([stamp(d) for d in DAYS[: len(closes)]])
    return Bars("AAPL", Interval.DAY, time, close, close + 2, close - 2, close, close * 0 + 50, "yahoo")


def quote(price: float, hour: int = 15, minute: int = 0, second: int = 0, **more) -> Quote:
    moment = datetime(2026, 3, 5, hour, minute, second, tzinfo=UTC)
    return Quote("AAPL", price, None, None, more.pop("volume", None), moment, moment, "yahoo", **more)


@pytest.fixture
def history() -> History:
    history = History()
    history.put(closed(100.0, 102.0, 104.0), ())
    return history


def test_the_forming_bar_is_last_and_grows(history):
    for price in (105.0, 103.0, 107.0, 106.0):
        history.saw(quote(price), date(2026, 3, 5))
    bars = history.with_forming(AAPL, 10)
    assert len(bars) == 4
    assert bars.last_day() == date(2026, 3, 5)
    row = [float(c[-1]) for c in (bars.open, bars.high, bars.low, bars.close)]
    assert row == [105.0, 107.0, 103.0, 106.0]


def test_the_sources_own_range_counts(history):
    history.saw(quote(105.0, open=101.0, high=110.0, low=99.0, volume=1234.0), date(2026, 3, 5))
    bars = history.with_forming(AAPL, 1)
    row = [float(c[0]) for c in (bars.open, bars.high, bars.low, bars.close, bars.volume)]
    assert row == [101.0, 110.0, 99.0, 105.0, 1234.0]


def test_once_closed_the_days_bar_replaces_the_forming_one(history):
    history.saw(quote(104.5), date(2026, 3, 4))
    bars = history.with_forming(AAPL, 10)
    assert len(bars) == 3
    assert bars.close[-1] == 104.0


def test_a_split_today_reaches_the_past_and_the_change(history):
    split = CorporateAction("AAPL", date(2026, 3, 5), ActionKind.SPLIT, Decimal(2))
    history.put(closed(100.0, 102.0, 104.0), (split,))
    history.saw(quote(53.0), date(2026, 3, 5))
    bars = history.with_forming(AAPL, 10)
    assert bars.close.tolist() == [50.0, 51.0, 52.0, 53.0]
    assert bars.volume.tolist() == [100.0, 100.0, 100.0, 0.0]
    assert history.past("AAPL", date(2026, 3, 5)).close == 52.0
    assert history.raw("AAPL").close.tolist() == [100.0, 102.0, 104.0]


def test_a_split_tomorrow_changes_nothing_yet(history):
    split = CorporateAction("AAPL", date(2026, 3, 6), ActionKind.SPLIT, Decimal(2))
    history.put(closed(100.0, 102.0, 104.0), (split,))
    history.saw(quote(105.0), date(2026, 3, 5))
    assert history.with_forming(AAPL, 10).close.tolist() == [100.0, 102.0, 104.0, 105.0]


def test_the_previous_close_of_a_closed_day_is_the_one_before(history):
    assert history.past("AAPL", date(2026, 3, 4)).close == 102.0
    assert history.past("AAPL", date(2026, 3, 2)).close is None


def test_an_unknown_symbol_has_nothing(history):
    assert len(history.raw("IBM")) == 0
    assert history.actions("IBM") == ()
    assert history.past("IBM", date(2026, 3, 5)).close is None
    assert history.past("IBM", date(2026, 3, 5)).spark == ()
    assert history.past("IBM", date(2026, 3, 5)).sigma == 0.0


def test_without_closed_bars_the_forming_one_stands_alone():
    history = History()
    history.saw(quote(105.0), date(2026, 3, 5))
    assert history.with_forming(AAPL, 10).close.tolist() == [105.0]


def test_an_older_days_quote_does_not_touch_the_forming_bar(history):
    history.saw(quote(105.0), date(2026, 3, 5))
    history.saw(quote(90.0), date(2026, 3, 4))
    assert history.forming("AAPL") == Forming(date(2026, 3, 5), 105.0, 105.0, 105.0, 105.0, 0.0)


THURSDAY = date(2026, 3, 5)
THREE = stamp(THURSDAY) + 15 * 3_600


def minutes(*closes: float, last: int = THREE - 60) -> Bars:
    """Closed minutes of AAPL; the newest begins at ``last``."""
    close = np.array(closes)
    time = last - 60 * np.arange(len(closes))[::-1]
    return Bars("AAPL", Interval.MINUTE, time, close, close, close, close, close * 0 + 7, "yahoo")


def see(history: History, *seen: tuple[int, int, float]) -> None:
    for minute, second, price in seen:
        history.saw(quote(price, minute=minute, second=second), THURSDAY)


def rows(bars: Bars) -> list[tuple[float, ...]]:
    columns = (bars.time - THREE, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return [tuple(row) for row in np.column_stack(columns).tolist()]


def test_the_running_minute_follows_the_closed_ones_and_grows(history):
    see(history, (0, 1, 105.0), (0, 20, 103.0), (0, 40, 107.0), (0, 59, 106.0))
    bars = history.with_minutes(minutes(104.0, 104.5))
    assert rows(bars)[-2:] == [(-60, 104.5, 104.5, 104.5, 104.5, 7), (0, 105.0, 107.0, 103.0, 106.0, 0)]
    assert bars.source == "yahoo"


def test_a_new_minute_begins_at_its_first_price_and_the_one_before_stays_until_it_has_closed(history):
    see(history, (0, 59, 105.0), (1, 0, 106.0))
    assert rows(history.with_minutes(minutes(104.0))) == [
        (-60, 104.0, 104.0, 104.0, 104.0, 7),
        (0, 105.0, 105.0, 105.0, 105.0, 0),
        (60, 106.0, 106.0, 106.0, 106.0, 0),
    ]


def test_a_closed_minute_replaces_the_one_that_was_seen(history):
    see(history, (0, 30, 105.0))
    closed = minutes(104.0, 104.5, last=THREE)
    assert rows(history.with_minutes(closed)) == rows(closed)
    see(history, (1, 30, 106.0))
    assert [row[0] for row in rows(history.with_minutes(closed))] == [-60, 0, 60]


def test_a_quote_of_an_earlier_minute_is_not_worked_in(history):
    see(history, (1, 10, 105.0), (0, 50, 90.0))
    assert rows(history.with_minutes(minutes())) == [(60, 105.0, 105.0, 105.0, 105.0, 0)]


def test_only_the_last_few_minutes_are_kept(history):
    see(history, *((minute, 5, 100.0 + minute) for minute in range(59)))
    assert [row[0] for row in rows(history.with_minutes(minutes()))] == [60 * n for n in range(54, 59)]


def test_without_a_quote_the_closed_minutes_stay_as_they_are(history):
    closed = minutes(104.0)
    assert history.with_minutes(closed) is closed


def hours(*closes: float, last: int) -> Bars:
    """Closed hours of AAPL; the newest begins at ``last``."""
    close = np.array(closes)
    time = last - 3_600 * np.arange(len(closes))[::-1]
    return Bars("AAPL", Interval.HOUR, time, close, close, close, close, close, "yahoo")


@pytest.mark.parametrize("past", [0, 1_800])  # seconds after the full hour at which the market's hours begin
def test_the_running_hour_is_made_of_its_minutes(past):
    closed = hours(99.0, 100.0, last=THREE - 3_600 + past)
    seen = minutes(90.0, 101.0, 104.0, 102.0, last=THREE + past + 120)  # the first belongs to the closed hour
    assert rows(with_hours(closed, seen)) == [
        *rows(closed),
        (past, 101.0, 104.0, 101.0, 102.0, 21.0),
    ]


def test_an_hour_that_ended_but_is_not_told_yet_is_made_of_its_minutes_too():
    closed = hours(100.0, last=THREE - 7_200)
    bars = with_hours(closed, minutes(*(100.0 + n for n in range(63)), last=THREE + 120))
    assert rows(bars)[1:] == [
        (-3_600, 100.0, 159.0, 100.0, 159.0, 420.0),
        (0, 160.0, 162.0, 160.0, 162.0, 21.0),
    ]


def test_without_closed_hours_or_newer_minutes_nothing_is_made_up():
    closed = hours(100.0, last=THREE)
    assert with_hours(closed, minutes()) is closed
    assert with_hours(closed, minutes(1.0, 2.0, last=THREE + 60)) is closed
    assert len(with_hours(hours(last=THREE), minutes(1.0))) == 0
