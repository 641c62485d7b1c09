from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import fakes
import pytest

from marketpulse.types import Event, EventKind, OrderState
from pages import words
from pages.formats import DASH, MINUS

SNAPSHOT = fakes.snapshot()


def event(kind, ref="o9", /, **payload):
    return Event(1, fakes.NOW, fakes.ACCOUNT, kind, ref, payload, None, "0" * 64)


def test_every_state_has_a_word():
    assert all(words.state_word(state) for state in OrderState)


def test_an_order_in_words():
    order = SNAPSHOT.order("o9")
    assert words.order_words(order.request, SNAPSHOT.instruments["IBM"]) == "buy 15 IBM limit 190.00 gtc"


def test_a_part_fill_in_words():
    order = SNAPSHOT.order("o7")
    said = words.progress_words(order, SNAPSHOT.instruments["ETH/USDT"])
    assert said == "filled 0.8 of 2 at 3,409.80"


def test_how_far_an_order_is_away():
    order = SNAPSHOT.order("o9")
    assert words.away(order, 200.0) == f"{MINUS}5.0%"
    assert words.away(order, None) == DASH
    assert words.away(SNAPSHOT.order("o4"), 1.0) == "next price"


def test_today_has_no_date():
    assert words.when(fakes.NOW, fakes.NOW) == "11:12:30"
    assert words.when(fakes.NOW - timedelta(days=1), fakes.NOW) == "Jun 13 11:12"


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (
            event(EventKind.CASH, amount="-50.5", currency="USD", why="withdrawal"),
            ("cash", f"{MINUS}50.50 USD withdrawal"),
        ),
        (event(EventKind.ORDER), ("placed", "buy 15 IBM limit 190.00 gtc")),
        (event(EventKind.STATE, to="accepted"), ("working", "buy 15 IBM limit 190.00 gtc")),
        (
            event(EventKind.STATE, to="rejected", sentence="Too late."),
            ("rejected", "buy 15 IBM limit 190.00 gtc: Too late."),
        ),
        (event(EventKind.FILL, quantity="15", price="189.9"), ("filled", "buy 15 IBM at 189.90")),
        (event(EventKind.HALT, "desk", why="storm"), ("halted", "storm")),
        (
            event(EventKind.REPAINT, "signal:AAPL:2012-06-04:9d41c07b55aa2f10", sentence="It differs."),
            ("repaint", "AAPL 2012-06-04: It differs."),
        ),
        (
            event(
                EventKind.MODEL,
                kind="equity",
                version="9d41c07b55aa2f10",
                edge="NO EDGE SHOWN",
                serves=False,
                verdict="It did not beat the one before it.",
            ),
            (
                "model",
                "9d41c07b of shares, NO EDGE SHOWN, does not serve: It did not beat the one before it.",
            ),
        ),
        (event(EventKind.RESUME, "desk"), ("resumed", "new orders pass again")),
        (event(EventKind.ORDER, "gone"), ("order", "gone")),
    ],
)
def test_events_in_words(happened, told):
    word, _, sentence = words.event_words(happened, SNAPSHOT)
    assert (word, sentence) == told


def test_a_refusal_tells_its_reason():
    _, kind, sentence = words.event_words(event(EventKind.DENIED, "o6"), SNAPSHOT)
    assert kind == "down"
    assert sentence == "buy 500 GOOG market: GOOG would be 278.9% of equity; the limit is 15.0%."


def test_numbers_that_are_none_do_not_break_the_list():
    word, _, sentence = words.event_words(event(EventKind.FILL, quantity="many", price=None), SNAPSHOT)
    assert (word, sentence) == ("filled", "buy  IBM")


def test_signals_and_sending_are_not_told():
    rows = (event(EventKind.SIGNAL), event(EventKind.STATE, to="submitting"), event(EventKind.ORDER))
    assert words.shown_events(replace(SNAPSHOT, events=rows), 5) == [rows[2]]


def test_an_average_is_none_before_the_first_fill():
    order = replace(SNAPSHOT.order("o9"), filled_quantity=Decimal(0))
    assert words.progress_words(order, None) == ""


@pytest.mark.parametrize("kind", [EventKind.SIGNAL, EventKind.OUTCOME, EventKind.PROPOSAL, EventKind.MARK])
def test_what_has_a_panel_of_its_own_is_not_among_the_events(kind):
    told = replace(SNAPSHOT, events=(event(kind, "AAPL"), event(EventKind.HALT, "desk", why="storm")))
    assert [one.kind for one in words.shown_events(told, 10)] == [EventKind.HALT]
