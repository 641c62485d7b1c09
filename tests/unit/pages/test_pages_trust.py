import re
from dataclasses import replace
from html import unescape

import fakes
import pytest

from marketpulse.types import Agreement, SessionState
from pages import trust
from pages.formats import MINUS

IBM = fakes.INSTRUMENTS["IBM"]


def text(markup):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", markup))).strip()


def told(symbol):
    return fakes.live().market[symbol]


@pytest.mark.parametrize(("symbol", "words"), [("AAPL", "2 of 2"), ("GOOG", "1 of 1"), ("IBM", "DISPUTED")])
def test_who_agrees_is_said_in_three_words(symbol, words):
    assert trust.agreement_words(told(symbol)) == words


def test_one_of_three_that_disagrees_is_counted_as_such():
    datum = told("AAPL")
    far = replace(datum.witnesses[0], source="yahoo", difference=0.05)
    assert trust.agreement_words(replace(datum, witnesses=(*datum.witnesses, far))) == "2 of 3"


def test_agreed_without_a_list_of_witnesses_is_still_readable():
    assert trust.agreement_words(replace(told("GOOG"), agreement=Agreement.AGREED)) == "1 of 1"


def test_a_plate_for_a_dispute_names_both_prices_under_the_pointer():
    plate = trust.agreement(told("IBM"), IBM)
    assert '<span class="tag warn" title="alpaca 195.76; finnhub 19.58' in plate
    assert f"{MINUS}90.00%, at most 1.00% agrees" in plate


def test_the_dispute_is_one_sentence_and_empty_without_one():
    assert trust.dispute(told("IBM"), IBM).endswith("No order is priced from it until they agree.")
    assert trust.dispute(told("AAPL"), fakes.INSTRUMENTS["AAPL"]) == ""
    assert trust.doubt("AAPL", fakes.live()) == ""
    assert trust.doubt("NOBODY", fakes.live()) == ""
    assert "Sources disagree" in trust.doubt("IBM", fakes.live())


def test_every_price_carries_source_age_and_agreement():
    assert text(trust.origin(told("AAPL"), fakes.INSTRUMENTS["AAPL"])) == "alpaca 2.0 s · 2 of 2"
    assert text(trust.origin(told("IBM"), IBM)) == "DISPUTED alpaca 2.0 s"
    assert text(trust.origin(told("ADA/USDT"), None)) == "STALE binance 31 s · 1 of 1"
    assert trust.basis(told("AAPL")) == "alpaca, 2.0 s old, 2 of 2"
    assert trust.basis(None) == "no price yet"
    assert trust.basis(fakes.MARKET["BTC/USDT"]) == "simulated, 2.0 s old, 1 of 1"


def test_a_simulated_price_says_so_and_a_closed_exchange_is_not_old():
    assert text(trust.origin(fakes.MARKET["BTC/USDT"], None)) == "simulated 2.0 s · 1 of 1"
    closed = replace(fakes.MARKET["IBM"], session=SessionState.CLOSED, age=40_000.0)
    assert text(trust.origin(closed, IBM)) == "tape closed · 1 of 1"


def test_what_a_source_is_called_is_escaped():
    datum = fakes.witnessed(told("GOOG"), "<b>'\"", 0.5)
    assert "<b>" not in trust.agreement(datum, None)
    assert "<b>" not in trust.origin(datum, None)
    assert "<b>" not in trust.doubt("X", fakes.live(market={"X": datum}))


def test_numbers_that_are_not_finite_are_dashes():
    datum = fakes.witnessed(told("GOOG"), "yahoo", float("nan"))
    assert "nan" not in trust.seen(datum, IBM)
