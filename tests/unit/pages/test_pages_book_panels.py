import re
from dataclasses import replace
from html import unescape

import fakes
import pytest

from marketpulse.types import Book
from pages import book_panels

BTC = fakes.INSTRUMENTS["BTC/USDT"]
SMALL = Book(
    "BTC/USDT", ((99.0, 1.0), (98.0, 3.0)), ((101.0, 2.0), (102.0, 2.0)), fakes.WALL, fakes.WALL, "binance"
)


def text(markup):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", markup))).strip()


def test_asks_stand_above_the_middle_and_bids_below_with_their_sums():
    shown = text(book_panels.ladder(SMALL, BTC))
    assert "102.00 2.0 4.0 101.00 2.0 2.0 100.00" in shown.replace("2.00 4.00", "2.0 4.0")
    assert shown.endswith("99.00 1.0 1.0 98.00 3.0 4.0")


def test_the_colour_reaches_as_far_as_the_sum():
    markup = book_panels.ladder(SMALL, BTC)
    assert '<tr class="asks" style="--fill:100.0%">' in markup
    assert '<tr class="bids" style="--fill:25.0%">' in markup


def test_the_middle_says_spread_and_imbalance():
    assert "spread 2.00 · 200.00 bps · imbalance 0%" in text(book_panels.ladder(SMALL, BTC))
    lopsided = replace(SMALL, bids=((99.0, 12.0),))
    assert "imbalance +50%" in text(book_panels.ladder(lopsided, BTC))


def test_only_the_best_levels_are_shown():
    deep = fakes.book(levels=500)
    assert book_panels.ladder(deep, BTC).count('<tr class="asks"') == book_panels.LEVELS


@pytest.mark.parametrize(("scale", "size"), [(1e-6, 1e9), (1e6, 1e-7), (1.0, 0.0)])
def test_huge_tiny_and_empty_levels_are_readable(scale, size):
    book = replace(
        SMALL,
        bids=tuple((p * scale, q * size) for p, q in SMALL.bids),
        asks=tuple((p * scale, q * size) for p, q in SMALL.asks),
    )
    shown = text(book_panels.ladder(book, BTC)) + text(book_panels.picture(book, BTC))
    shown += text(book_panels.cost(book, "1", BTC))
    assert "nan" not in shown
    assert "e-" not in shown


def test_the_picture_has_an_area_and_a_line_for_each_side():
    markup = book_panels.picture(SMALL, BTC)
    assert markup.count("clip-path:polygon(") == 4
    assert markup.count('class="up"') == markup.count('class="down"') == 2
    assert text(markup) == "98.00 100.00 · 4.00 units at the top 102.00"
    assert "<svg" not in markup


def test_a_flat_book_has_no_picture():
    flat = replace(SMALL, bids=((100.0, 1.0),), asks=((100.0, 1.0),))
    assert book_panels.picture(flat, BTC) == ""


def test_a_size_costs_its_average_against_the_middle():
    shown = text(book_panels.cost(SMALL, "3", BTC))
    assert "Buy 3 +133.33 bps at 101.33 on average" in shown  # (2 x 101 + 102) / 3 = 101.33
    assert "Sell 3 +166.67 bps at 98.33 on average" in shown  # (99 + 2 x 98) / 3 = 98.33


def test_a_size_the_book_cannot_fill_is_told():
    shown = text(book_panels.cost(SMALL, "4.5", BTC))
    assert shown.count("the book shown is too thin for that") == 2


@pytest.mark.parametrize("typed", ["", " ", "0", "-1", "abc", "NaN", "Infinity", "1e99", "<b>", "1,5"])
def test_a_wrong_size_gets_a_sentence(typed):
    assert book_panels.cost(SMALL, typed, BTC).endswith(
        "Type a positive size to see what it would cost.</span>"
    )


@pytest.mark.parametrize(
    ("price", "size"), [(64_210.5, "0.2"), (0.4512, "20000"), (571.4, "20"), (1e-6, "10000000000")]
)
def test_the_first_size_is_round_and_worth_ten_thousand(price, size):
    near = replace(SMALL, bids=((price * 0.9999, 1.0),), asks=((price * 1.0001, 1.0),))
    assert book_panels.first_size(near) == size


def test_no_book_says_why_and_what_to_do():
    live, tape = fakes.live(), fakes.snapshot()
    assert "Choose a pair to see one: BTC/USDT" in text(book_panels.no_book(fakes.INSTRUMENTS["AAPL"], live))
    assert "No order book on the tape: shares have none here" in text(
        book_panels.no_book(fakes.INSTRUMENTS["AAPL"], tape)
    )
    assert "MARKETPULSE_FEED=live" in text(book_panels.no_book(BTC, tape))
    assert "the matrix says why" in text(book_panels.no_book(BTC, live))
