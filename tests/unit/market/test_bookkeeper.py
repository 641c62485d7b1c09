from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from marketpulse.market.bookkeeper import BookKeeper
from marketpulse.types import Book

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
BIDS, ASKS = ((99.0, 1.0), (98.0, 2.0)), ((100.0, 1.0), (101.0, 2.0))


def sound(book):
    bids, asks = [p for p, _ in book.bids], [p for p, _ in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert all(q > 0 for _, q in (*book.bids, *book.asks))


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def book(at=0.0, sequence=100, source="binance", *, bids=BIDS, asks=ASKS, symbol="X"):
    return Book(symbol, bids, asks, after(at), after(at), source, sequence)


def keeper():
    return BookKeeper(["binance", "bybit"], cadence=10.0)


def refused(made, candidate, seconds=0.0, last_price=None):
    """Put a book that is not believed; return the reason."""
    before = made.books(candidate.symbol, after(seconds))
    verdict = made.put(candidate, after(seconds), last_price)
    assert not verdict.believed
    assert made.books(candidate.symbol, after(seconds)) == before
    return verdict.reason


def test_books_are_given_in_the_order_of_preference():
    made = keeper()
    for source in ("zeta", "bybit", "alpha", "binance"):
        assert made.put(book(source=source), NOW).believed
    assert [b.source for b in made.books("X", NOW)] == ["binance", "bybit", "alpha", "zeta"]
    assert made.books("Y", NOW) == ()


def test_a_newer_book_replaces_the_one_before():
    made = keeper()
    made.put(book(0, 100), NOW)
    assert made.put(book(1, 101, bids=((99.5, 1.0),)), after(1)).believed
    assert [b.sequence for b in made.books("X", after(1))] == [101]


def test_the_same_book_again_is_a_sign_of_life():
    made = keeper()
    made.put(book(), NOW)
    assert made.put(replace(book(), received=after(5)), after(5)).believed


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bids": ()}, "has an empty side"),
        ({"asks": ()}, "has an empty side"),
        ({"bids": ((100.0, 1.0),)}, "is crossed (100 bid, 100 asked)"),
        ({"bids": ((105.0, 1.0),)}, "is crossed"),
        ({"bids": ((nan, 1.0),)}, "not finite"),
        ({"asks": ((inf, 1.0),)}, "not finite"),
        ({"asks": ((100.0, nan),)}, "not finite"),
        ({"bids": ((99.0, -inf),)}, "not finite"),
        ({"bids": ((-99.0, 1.0),)}, "zero or negative"),
        ({"bids": ((99.0, 0.0),)}, "zero or negative"),
        ({"asks": ((100.0, -1.0),)}, "zero or negative"),
        ({"bids": ((98.0, 1.0), (99.0, 1.0))}, "bids out of order"),
        ({"bids": ((99.0, 1.0), (99.0, 1.0))}, "bids out of order"),
        ({"asks": ((101.0, 1.0), (100.0, 1.0))}, "asks out of order"),
        ({"bids": ((99.0, 1.0), (1.2, 1.0))}, "a hundred times off the best of its side"),
        ({"asks": ((100.0, 1.0), (8_001.0, 1.0))}, "a hundred times off the best of its side"),
        ({"at": 11.0}, "comes from 11 s ahead of this machine's clock"),
        ({"at": -21.0}, "was 21 s old when it came"),
        ({"at": -1.0}, "is older than the one before"),
        ({"sequence": 99}, "went back in sequence (99 after 100)"),
        ({"at": 1.0, "sequence": 99}, "went back in sequence (99 after 100)"),
        ({"sequence": 1}, "went back in sequence (1 after 100)"),
    ],
    ids=str,
)
def test_a_book_that_cannot_be_true_is_refused_and_the_one_before_stays(change, why):
    made = keeper()
    made.put(book(), NOW)
    assert why in refused(made, book(**change))


@pytest.mark.parametrize(
    ("price", "believed"), [(99.5, True), (104.0, True), (105.0, False), (94.0, False), (9_950.0, False)]
)
def test_a_book_far_from_the_last_price_is_refused(price, believed):
    made = keeper()
    assert made.put(book(), NOW, price).believed is believed
    if not believed:
        assert "more than 5% away from the last price" in refused(made, book(), last_price=price)


def test_a_service_that_restarts_may_count_anew():
    made = keeper()
    made.put(book(0, 1_000), NOW)
    assert made.put(book(1, 1), after(1)).believed
    assert made.put(book(2, 2), after(2)).believed


def test_sources_and_instruments_are_not_compared_with_each_other():
    made = keeper()
    made.put(book(5, 100), after(5))
    assert made.put(book(4, 7, source="bybit"), after(5)).believed
    assert made.put(book(4, 7, symbol="Y"), after(5)).believed


def test_silence_ends_a_book_after_two_cadences():
    made = keeper()
    made.put(book(), NOW)
    assert made.valid("X", "binance", after(20.0))
    assert not made.valid("X", "binance", after(20.1))
    assert made.books("X", after(20.1)) == ()


def test_a_book_the_venue_made_long_ago_ends_too_however_late_it_came():
    made = keeper()
    assert made.put(replace(book(), received=after(15)), after(15)).believed
    assert not made.valid("X", "binance", after(21))


def test_after_a_silence_a_lower_number_is_believed():
    made = keeper()
    made.put(book(0, 100), NOW)
    assert "went back" in refused(made, book(19, 99), seconds=19)
    assert made.put(book(25, 99), after(25)).believed


def test_a_clock_set_back_does_not_block_a_book_for_ever():
    made = keeper()
    made.put(book(3600), after(3600))
    assert made.books("X", NOW) == ()
    assert made.put(book(0, 101), NOW).believed
    assert made.valid("X", "binance", NOW)


def test_a_source_whose_stream_broke_is_forgotten():
    made = keeper()
    for symbol in "XY":
        made.put(book(symbol=symbol), NOW)
        made.put(book(symbol=symbol, source="bybit"), NOW)
    made.invalidate("binance", "X")
    assert [b.source for b in made.books("X", NOW)] == ["bybit"]
    assert len(made.books("Y", NOW)) == 2
    made.invalidate("bybit")
    assert made.books("X", NOW) == ()
    assert [b.source for b in made.books("Y", NOW)] == ["binance"]
    assert made.put(book(-1, 5), NOW).believed


@given(
    st.lists(
        st.tuples(
            st.floats(-30, 30),
            st.one_of(st.none(), st.integers(0, 50)),
            st.lists(st.tuples(st.floats(), st.floats()), max_size=3),
            st.booleans(),
        ),
        max_size=20,
    )
)
def test_books_never_go_back_in_time_and_are_always_sound(offers):
    made, newest = keeper(), None
    for at, sequence, levels, clean in offers:
        bids = BIDS if clean else tuple(levels)
        made.put(book(at, sequence, bids=bids), NOW)
        for held in made.books("X", NOW):
            sound(held)
            assert newest is None or held.time >= newest
            newest = held.time


@given(st.lists(st.integers(1, 100), min_size=2, max_size=12))
def test_a_number_goes_back_only_by_half_and_more(numbers):
    made, have = keeper(), None
    for n, sequence in enumerate(numbers):
        believed = made.put(book(n, sequence), after(n)).believed
        assert believed == (have is None or sequence >= have or sequence < have // 2)
        have = sequence if believed else have
    assume(have is not None)
    assert made.books("X", after(len(numbers)))[0].sequence == have
