from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketpulse.clock import SimClock
from marketpulse.market.instruments import instruments
from marketpulse.market.intake import Intake
from marketpulse.market.isolation import Isolation
from marketpulse.market.state import State
from marketpulse.meter import Meter
from marketpulse.types import Agreement, AssetClass, Feed, Quote

BTC = "BTC/USDT"
KNOWN = {s: i for s, i in instruments(Feed.LIVE).items() if s in {BTC, "AAPL"}}
START = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


class Door:
    """An intake with two venues; ``say`` is one quote, now."""

    def __init__(self) -> None:
        self.clock = SimClock(START)
        self.state = State(self.clock)
        self.lines = []
        self.isolation = Isolation(self.clock, self.lines.append)
        order = {AssetClass.CRYPTO: ("binance", "bybit", "third"), AssetClass.EQUITY: ("finnhub", "yahoo")}
        self.intake = Intake(KNOWN, order, self.state, self.isolation, Meter())

    def say(self, source: str, price: float, symbol: str = BTC, **more) -> None:
        now = self.clock.now()
        self.intake.take(replace(Quote(symbol, price, None, None, None, now, now, source), **more))

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @property
    def entry(self):
        return self.state.board.entry(BTC)

    @property
    def shown(self) -> tuple[str, float]:
        return self.entry.quote.source, self.entry.quote.price


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_first_word_is_shown_and_stands_alone(door):
    door.say("binance", 50_000.0)
    assert door.shown == ("binance", 50_000.0)
    assert door.entry.agreement is Agreement.ALONE
    assert door.entry.witnesses == ()


def test_the_preferred_source_is_shown_and_the_other_bears_witness(door):
    door.say("bybit", 50_010.0)
    assert door.shown == ("bybit", 50_010.0)
    door.say("binance", 50_000.0)
    assert door.shown == ("binance", 50_000.0)
    door.say("bybit", 50_020.0)
    assert door.shown == ("binance", 50_000.0)
    assert door.entry.agreement is Agreement.AGREED
    assert [(w.source, w.price) for w in door.entry.witnesses] == [("bybit", 50_020.0)]


def test_when_the_preferred_source_falls_silent_the_next_one_is_shown(door):
    door.say("binance", 50_000.0)
    for _ in range(4):
        door.later(5)
        door.say("bybit", 50_050.0)
    assert door.shown == ("bybit", 50_050.0)
    assert door.entry.agreement is Agreement.ALONE
    door.say("binance", 50_040.0)
    assert door.shown == ("binance", 50_040.0)


def test_a_source_that_repeats_an_old_price_does_not_keep_the_place(door):
    stuck = door.clock.now()
    for _ in range(8):
        door.say("binance", 50_000.0, time=stuck)
        door.say("bybit", 50_100.0)
        door.later(5)
    assert door.shown == ("bybit", 50_100.0)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf"), 5_000_000.0, 500.0])
def test_nonsense_of_the_preferred_source_gives_the_place_to_the_other(door, price):
    door.say("binance", 50_000.0)
    door.say("bybit", 50_000.0)
    for _ in range(6):
        door.later(5)
        door.say("binance", price)
        door.say("bybit", 50_200.0)
        assert door.entry.quote.price in (50_000.0, 50_200.0)
    assert door.shown == ("bybit", 50_200.0)
    assert door.lines[0].held == 50_000.0


def test_two_prices_that_differ_are_disputed_and_the_one_that_goes_on_is_shown(door):
    door.say("binance", 50_000.0)
    door.say("bybit", 50_010.0)
    door.later(5)
    door.say("binance", 55_000.0)  # +10 %: no jump too large to believe, but bybit does not tell it
    assert door.shown == ("bybit", 50_010.0)
    assert door.entry.agreement is Agreement.DISPUTED
    assert door.entry.trouble.startswith("disputed: binance says 55,000, bybit 50,010")
    assert [w.source for w in door.entry.witnesses] == ["binance"]
    door.later(5)
    door.say("bybit", 50_020.0)
    assert door.shown == ("bybit", 50_020.0)
    assert door.entry.agreement is Agreement.DISPUTED
    door.later(5)
    door.say("binance", 50_030.0)
    assert door.shown == ("binance", 50_030.0)
    assert door.entry.agreement is Agreement.AGREED
    assert door.entry.trouble == ""


def test_when_the_witness_is_the_odd_one_the_shown_price_goes_on_disputed(door):
    door.say("binance", 50_000.0)
    door.say("bybit", 50_010.0)
    door.later(5)
    door.say("bybit", 47_000.0)
    door.say("binance", 50_020.0)
    assert door.shown == ("binance", 50_020.0)
    assert door.entry.agreement is Agreement.DISPUTED


def test_when_neither_goes_on_the_last_agreed_price_stays(door):
    door.say("binance", 50_000.0)
    door.say("bybit", 50_010.0)
    agreed = door.shown
    door.later(5)
    door.say("binance", 55_000.0)
    door.say("bybit", 46_000.0)
    assert door.shown in (agreed, ("bybit", 50_010.0))
    assert door.entry.agreement is Agreement.DISPUTED


def test_a_real_jump_is_believed_once_both_tell_it(door):
    door.say("binance", 50_000.0)
    door.say("bybit", 50_000.0)
    door.later(5)
    door.say("binance", 35_000.0)
    assert door.entry.quote.price == 50_000.0
    door.say("bybit", 35_010.0)
    assert door.shown == ("binance", 35_000.0)
    door.say("binance", 35_020.0)
    assert door.shown == ("binance", 35_020.0)
    assert door.entry.agreement is Agreement.AGREED


def test_a_jump_that_the_second_source_denies_is_held_for_ever(door):
    door.say("binance", 50_000.0)
    door.say("bybit", 50_000.0)
    for _ in range(200):
        door.later(5)
        door.say("binance", 75_000.0)
        door.say("bybit", 50_000.0)
        assert door.entry.quote.price == 50_000.0
    assert "held until a second source agrees" in door.lines[-1].reason


def test_a_lone_source_that_jumps_is_believed_after_five_minutes(door):
    door.say("binance", 50_000.0)
    for _ in range(59):
        door.later(5)
        door.say("binance", 75_000.0)
        assert door.entry.quote.price == 50_000.0
    for _ in range(3):
        door.later(5)
        door.say("binance", 75_000.0)
    assert door.entry.quote.price == 75_000.0


def test_an_earlier_quote_of_the_same_source_changes_nothing(door):
    door.say("binance", 50_000.0)
    door.say("binance", 49_000.0, time=door.clock.now() - timedelta(seconds=3))
    assert door.shown == ("binance", 50_000.0)


def test_a_strange_symbol_is_passed_over(door):
    door.say("binance", 1.0, symbol="NOPE/USDT")
    assert door.intake.judged == 0
    assert door.state.board.entry("NOPE/USDT") is None


def test_trouble_is_said_unless_a_stream_tells_a_price(door):
    door.say("binance", 50_000.0)
    door.say("bybit", 50_000.0)
    door.intake.trouble(BTC, "binance: request timed out", unless=("bybit",))
    assert door.entry.trouble == ""
    door.later(6)
    door.intake.trouble(BTC, "binance: request timed out", unless=("bybit",))
    assert door.entry.trouble == "binance: request timed out"


PRICES = st.one_of(
    st.floats(49_900, 50_100),
    st.sampled_from([0.0, -50_000.0, float("nan"), float("inf"), 5e6, 500.0, 5e-324, 1e308]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["binance", "bybit", "third"]), PRICES, st.floats(0, 20))))
def test_whatever_is_said_nothing_false_is_shown(words):
    door = Door()
    door.say("binance", 50_000.0)
    for source, price, wait in words:
        door.later(wait)
        door.say(source, price)
        assert 49_900 <= door.entry.quote.price <= 50_100
        shown = door.entry.quote
        assert shown.time <= door.clock.now()
    assert all(line.reason for line in door.lines)


@pytest.mark.parametrize("year", [1, 1653, 1970, 9999])
@pytest.mark.parametrize("source", ["finnhub", "yahoo"])
def test_a_time_that_no_calendar_knows_is_refused_before_one_is_asked(door, source, year):
    door.say("finnhub", 181.4, symbol="AAPL")
    door.later(5)
    door.say(source, 181.5, symbol="AAPL", time=datetime(year, 12, 31, 12, tzinfo=UTC))
    assert door.state.board.entry("AAPL").quote.price == 181.4


def test_a_day_that_cannot_be_reaches_neither_board_nor_forming_bar(door):
    door.say("binance", 50_000.0, high=float("nan"), low=-1.0, open=1e300, volume=float("inf"))
    quote, forming = door.entry.quote, door.state.history.forming(BTC)
    assert (quote.open, quote.high, quote.low, quote.volume) == (None, None, None, None)
    assert (forming.open, forming.high, forming.low, forming.volume) == (50_000.0, 50_000.0, 50_000.0, 0.0)
