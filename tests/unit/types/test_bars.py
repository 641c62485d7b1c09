import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.types import ActionKind, Bars, CorporateAction, Interval

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "adjusted_prices.json").read_text())
FIRST = datetime(2012, 6, 1, tzinfo=UTC)
CLOSES = st.lists(st.floats(1.0, 1e4), min_size=2, max_size=20)


def daily(closes, symbol="X", interval=Interval.DAY, seconds=86_400):
    close = np.asarray(closes, np.float64)
    time = int(FIRST.timestamp()) + seconds * np.arange(len(close), dtype=np.int64)
    return Bars(
        symbol, interval, time, close, close * 1.01, close * 0.99, close, np.full(len(close), 100.0), "x"
    )


def action(day, kind, value, symbol="X"):
    return CorporateAction(symbol, FIRST.date() + timedelta(days=day), kind, Decimal(value))


@pytest.mark.parametrize(
    ("moment", "rows"),
    [
        (FIRST, 0),
        (FIRST + timedelta(hours=23, minutes=59), 0),
        (FIRST + timedelta(days=1), 1),
        (FIRST + timedelta(days=1, hours=20), 1),  # the second day's session is over, its date is not
        (FIRST + timedelta(days=9), 3),
    ],
)
def test_a_daily_bar_closes_when_its_date_is_over(moment, rows):
    assert len(daily([1.0, 2.0, 3.0]).until(moment)) == rows


@pytest.mark.parametrize(("interval", "seconds"), [(Interval.HOUR, 3_600), (Interval.MINUTE, 60)])
def test_a_shorter_bar_closes_after_its_length(interval, seconds):
    bars = daily([1.0, 2.0, 3.0], interval=interval, seconds=seconds)
    assert len(bars.until(FIRST + timedelta(seconds=2 * seconds - 1))) == 1
    assert len(bars.until(FIRST + timedelta(seconds=2 * seconds))) == 2


def test_a_slice_cuts_every_column():
    bars = daily([1.0, 2.0, 3.0])[1:]
    assert [len(c) for c in (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)] == [2] * 6
    assert bars.close[0] == 2.0


def test_the_last_day_is_the_newest_bar():
    assert daily([1.0, 2.0]).last_day() == date(2012, 6, 2)
    assert daily([]).last_day() is None


def test_a_published_dividend_is_worked_into_the_past():
    case = ANSWERS["dividend"]
    bars = daily([case["close"], 27.0]).adjust([action(1, ActionKind.DIVIDEND, case["cash"])])
    assert bars.close[0] == pytest.approx(case["adjusted"], abs=ANSWERS["tolerance"])
    assert bars.close[1] == 27.0
    assert list(bars.volume) == [100.0, 100.0]


def test_a_published_split_is_worked_into_the_past():
    case = ANSWERS["split"]
    bars = daily([case["close"], 44.8]).adjust([action(1, ActionKind.SPLIT, case["ratio"])])
    assert bars.close[0] == pytest.approx(case["adjusted"], abs=ANSWERS["tolerance"])
    assert list(bars.volume) == [200.0, 100.0]
    assert bars.adjusted


def test_a_split_is_not_a_return():
    raw = daily([100.0, 102.0, 51.0, 52.0])
    done = raw.adjust([action(2, ActionKind.SPLIT, "2")])
    assert done.close[1:] / done.close[:-1] - 1 == pytest.approx([0.02, 0.0, 52 / 51 - 1])


def test_what_is_not_known_yet_changes_nothing():
    raw = daily([100.0, 102.0, 51.0])
    assert list(raw[:2].adjust([action(2, ActionKind.SPLIT, "2")]).close) == [100.0, 102.0]


@pytest.mark.parametrize(
    "other",
    [
        action(-3, ActionKind.SPLIT, "2"),
        action(0, ActionKind.DIVIDEND, "1"),
        action(1, ActionKind.SPLIT, "2", "Y"),
    ],
)
def test_an_action_before_the_first_bar_or_of_another_share_changes_nothing(other):
    assert list(daily([100.0, 102.0]).adjust([other]).close) == [100.0, 102.0]


def test_an_action_on_a_day_without_a_bar_falls_on_the_next():
    bars = daily([100.0, 102.0, 51.0])
    gap = Bars(*(getattr(bars, f) for f in ("symbol", "interval")), *(
        np.delete(getattr(bars, c), 1) for c in ("time", "open", "high", "low", "close", "volume")
    ), "x")  # fmt: skip
    assert list(gap.adjust([action(1, ActionKind.SPLIT, "2")]).close) == [50.0, 51.0]


@given(CLOSES, st.integers(1, 19), st.sampled_from(["2", "3", "0.1", "1.5"]))
def test_adjusting_keeps_the_newest_price_and_the_turnover_and_runs_once(closes, day, ratio):
    raw = daily(closes)
    done = raw.adjust([action(min(day, len(closes) - 1), ActionKind.SPLIT, ratio)])
    assert done.close[-1] == raw.close[-1]
    assert done.close * done.volume == pytest.approx(raw.close * raw.volume)
    assert done.adjust([action(1, ActionKind.SPLIT, ratio)]) is done
    assert (done.low <= done.close).all()
    assert (done.close <= done.high).all()


def test_no_bars_stay_no_bars():
    assert len(daily([]).adjust([action(0, ActionKind.SPLIT, "2")])) == 0
