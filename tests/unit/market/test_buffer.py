from collections import Counter
from datetime import UTC, datetime
from threading import Barrier, Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.market.buffer import Latest
from marketpulse.types import Bars, Book, Interval, Quote

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def quote(symbol="X", price=1.0, source="binance"):
    return Quote(symbol, price, None, None, None, NOW, NOW, source)


def book(symbol="X", sequence=1, source="binance"):
    return Book(symbol, ((9.0, 1.0),), ((10.0, 1.0),), NOW, NOW, source, sequence)


def bars(symbol="X"):
    one = np.ones(1)
    return Bars(symbol, Interval.MINUTE, np.zeros(1, np.int64), one, one, one, one, one, "binance")


def prices(values):
    return [v.price for v in values]


def test_what_came_first_is_drained_first_and_once():
    latest = Latest()
    given_ = [quote("X", 1.0), book("Y"), quote("Y", 2.0), bars("X"), quote("X", 3.0)]
    for value in given_:
        latest.put(value)
    assert len(latest) == 5
    assert latest.drain() == tuple(given_)
    assert latest.drain() == ()
    assert latest.dropped == 0


def test_too_many_prices_of_one_instrument_push_out_its_own_oldest():
    latest = Latest(ticks=3)
    latest.put(quote("Y", 100.0))
    for price in range(10):
        latest.put(quote("X", float(price)))
    assert prices(latest.drain()) == [100.0, 7.0, 8.0, 9.0]
    assert latest.dropped == 7


def test_a_busy_source_does_not_push_out_its_witness():
    latest = Latest(ticks=2)
    latest.put(quote(price=5.0, source="bybit"))
    for price in range(10):
        latest.put(quote(price=float(price), source="binance"))
    assert prices(latest.drain()) == [5.0, 8.0, 9.0]


def test_of_books_the_newest_is_kept_and_nothing_is_lost_by_it():
    latest = Latest()
    for sequence in range(5):
        latest.put(book(sequence=sequence))
    assert [b.sequence for b in latest.drain()] == [4]
    assert (latest.dropped, latest.replaced) == (0, 4)


def test_a_replaced_book_takes_its_place_at_the_end():
    latest = Latest()
    latest.put(book(sequence=1))
    latest.put(quote())
    latest.put(book(sequence=2))
    assert latest.drain() == (quote(), book(sequence=2))


def test_the_total_is_bounded_and_the_oldest_goes():
    latest = Latest(ticks=10, total=4)
    for number in range(9):
        latest.put(quote(f"S{number}", float(number)))
    assert len(latest) == 4
    assert prices(latest.drain()) == [5.0, 6.0, 7.0, 8.0]
    assert latest.dropped == 5


def test_a_value_that_went_for_the_total_is_not_looked_for_again():
    latest = Latest(ticks=3, total=2)
    for price in range(9):
        latest.put(quote("X", float(price)))
        latest.put(book("Y", price))
    assert latest.drain() == (quote("X", 8.0), book("Y", 8))


def test_it_calls_once_for_each_drain():
    calls = []
    latest = Latest(wake=lambda: calls.append(1))
    for _ in range(3):
        latest.put(quote())
    assert len(calls) == 1
    latest.drain()
    assert len(calls) == 1
    latest.put(quote())
    assert len(calls) == 2


PUTS = st.lists(
    st.one_of(
        st.builds(quote, st.sampled_from("ABC"), st.floats(1, 9), st.sampled_from(["binance", "bybit"])),
        st.builds(book, st.sampled_from("ABC"), st.integers(1, 9)),
        st.just(None),  # drain
    ),
    max_size=80,
)


@given(PUTS, st.integers(1, 4), st.integers(1, 10))
def test_it_holds_what_a_plain_list_would(puts, ticks, total):
    latest, held, gone = Latest(ticks, total), [], 0
    for value in puts:
        if value is None:
            assert latest.drain() == tuple(held)
            held = []
            continue
        latest.put(value)
        held.append(value)
        mine = [h for h in held if (h.symbol, h.source, type(h)) == (value.symbol, value.source, type(value))]
        if len(mine) > (1 if isinstance(value, Book) else ticks):
            gone += not isinstance(value, Book)
            del held[next(n for n, h in enumerate(held) if h is mine[0])]
        elif len(held) > total:
            gone += 1
            del held[0]
    assert latest.drain() == tuple(held)
    assert latest.dropped == gone


@pytest.mark.parametrize("total", [64, 100_000])
def test_nothing_is_lost_or_doubled_between_threads(total):
    latest, each = Latest(ticks=100_000, total=total), 5_000
    start, taken = Barrier(5), []

    def bring(name):
        start.wait()
        for number in range(each):
            latest.put(quote(name, float(number)))

    threads = [Thread(target=bring, args=(name,)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    start.wait()
    while any(thread.is_alive() for thread in threads):
        taken.extend(latest.drain())
    taken.extend(latest.drain())
    assert len(taken) + latest.dropped == 4 * each
    assert max(Counter((q.symbol, q.price) for q in taken).values()) == 1
    for name in "ABCD":
        mine = [q.price for q in taken if q.symbol == name]
        assert mine == sorted(mine)
