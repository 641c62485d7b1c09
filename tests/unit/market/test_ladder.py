from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from marketpulse.market.ladder import BookKeeper, Ladder, Step, binance_rule, bybit_rule
from marketpulse.types import Book

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
BIDS, ASKS = ((99.0, 1.0), (98.0, 2.0)), ((100.0, 1.0), (101.0, 2.0))


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def ladder(rule=binance_rule, sequence=10, **more):
    made = Ladder("X", "binance", rule, **more)
    made.snapshot(BIDS, ASKS, sequence, NOW)
    return made


def top(of, depth=50):
    return of.top(depth, NOW)


# --- a ladder


def test_before_a_snapshot_there_is_no_book():
    made = Ladder("X", "binance", binance_rule)
    assert top(made) is None
    assert made.broken == "no snapshot has come yet"
    assert made.sequence is None
    assert made.breaks == 0


def test_a_snapshot_is_shown_best_first_and_cut_to_the_depth():
    made = Ladder("X", "binance", binance_rule)
    made.snapshot(reversed(BIDS), reversed(ASKS), 10, NOW)
    assert made.top(50, after(1)) == Book("X", BIDS, ASKS, NOW, after(1), "binance", 10)
    assert made.top(1, NOW) == Book("X", BIDS[:1], ASKS[:1], NOW, NOW, "binance", 10)
    assert made.top(0, NOW) is None


def test_changes_set_levels_and_zero_takes_them_out():
    made = ladder()
    made.delta(11, 12, [("99", "0"), ("98.5", "4")], [("100", "7"), ("150", "0")], after(1))
    assert top(made) == Book(
        "X", ((98.5, 4.0), (98.0, 2.0)), ((100.0, 7.0), (101.0, 2.0)), after(1), NOW, "binance", 12
    )


def test_a_venue_time_that_goes_back_does_not():
    made = ladder()
    made.delta(11, 11, [], [], after(5))
    made.delta(12, 12, [], [], after(3))
    assert top(made).time == after(5)


def test_a_known_change_changes_nothing():
    made = ladder()
    made.delta(8, 10, [(99.0, 50.0)], [], after(1))
    assert top(made).bids == BIDS
    assert not made.broken


def test_binance_may_begin_before_what_we_have():
    made = ladder()
    made.delta(8, 12, [(99.0, 50.0)], [], after(1))
    assert top(made).bids[0] == (99.0, 50.0)


def test_a_gap_breaks_it_until_a_snapshot_and_what_came_since_is_joined():
    made = ladder()
    made.delta(12, 13, [(97.0, 1.0)], [], after(1))
    assert top(made) is None
    assert made.broken == "has a gap: 12 came after 10"
    made.delta(14, 14, [(96.0, 1.0)], [], after(2))
    made.snapshot(BIDS, ASKS, 12, after(2))
    assert not made.broken
    assert made.sequence == 14
    assert top(made).bids == (*BIDS, (97.0, 1.0), (96.0, 1.0))
    assert made.breaks == 1


def test_a_snapshot_too_old_for_what_waits_is_not_enough_but_the_next_is():
    made = Ladder("X", "binance", binance_rule)
    made.delta(20, 22, [(97.0, 1.0)], [], NOW)
    made.delta(23, 25, [(97.0, 3.0)], [], NOW)
    made.snapshot(BIDS, ASKS, 15, NOW)
    assert top(made) is None
    assert "gap" in made.broken
    made.snapshot(BIDS, ASKS, 21, NOW)
    assert made.sequence == 25
    assert top(made).bids == (*BIDS, (97.0, 3.0))


def test_of_the_changes_that_wait_the_oldest_go():
    made = Ladder("X", "binance", binance_rule, waiting=3)
    for number in range(20, 30):
        made.delta(number, number, [], [], NOW)
    made.snapshot(BIDS, ASKS, 25, NOW)
    assert "gap: 27 came after 25" in made.broken
    made.snapshot(BIDS, ASKS, 26, NOW)
    assert made.sequence == 29


def test_a_crossed_result_breaks_it_and_only_a_newer_snapshot_mends_it():
    made = ladder()
    made.delta(11, 11, [(100.0, 1.0)], [], after(1))
    assert top(made) is None
    assert made.broken == "is crossed (100 bid, 100 asked)"
    made.snapshot(BIDS, ASKS, 10, after(1))
    assert "crossed" in made.broken
    made.snapshot(BIDS, ASKS, 11, after(2))
    assert top(made).bids == BIDS


@pytest.mark.parametrize(
    "level",
    [
        *((nan, 1.0), (inf, 1.0), (-1.0, 1.0), (0.0, 1.0), (99.0, nan), (99.0, inf), (99.0, -1.0)),
        *(("x", 1.0), (None, 1.0), (99.0, None), (99.0,), (1.0, 2.0, 3.0), 5.0, (10**400, 1.0)),
        *(("NaN", "1"), None, "ab", {}),
    ],
    ids=str,
)
def test_a_number_that_cannot_be_one_breaks_it(level):
    made = ladder()
    made.delta(11, 11, [level], [], after(1))
    assert top(made) is None
    assert made.broken == "came with a number that cannot be one"
    made.delta(12, 12, [(97.0, 1.0)], [], after(2))
    made.snapshot(BIDS, [level], 11, after(2))
    assert made.broken
    made.snapshot(BIDS, ASKS, 11, after(2))
    assert top(made).bids == (*BIDS, (97.0, 1.0))


@pytest.mark.parametrize(
    ("bids", "asks", "why"),
    [((), ASKS, "empty side"), (BIDS, (), "empty side"), (((100.0, 1.0),), ((99.0, 1.0),), "crossed")],
)
def test_a_snapshot_that_is_no_book_breaks_it(bids, asks, why):
    made = ladder()
    made.snapshot(bids, asks, 20, after(1))
    assert top(made) is None
    assert why in made.broken
    made.snapshot(BIDS, ASKS, 19, after(2))
    assert top(made).sequence == 19


def test_numbers_the_wrong_way_round_break_it_once():
    made = ladder()
    made.delta(12, 11, [], [], after(1))
    made.delta(12, 11, [], [], after(1))
    assert made.broken
    assert made.breaks == 1


def test_a_side_that_empties_has_no_top_and_fills_again():
    made = ladder()
    made.delta(11, 11, [], [(100.0, 0.0), (101.0, 0.0)], after(1))
    assert top(made) is None
    assert not made.broken
    made.delta(12, 12, [], [(102.0, 3.0)], after(2))
    assert top(made).asks == ((102.0, 3.0),)


def test_a_snapshot_that_was_overtaken_changes_nothing():
    made = ladder()
    made.delta(11, 11, [(97.0, 1.0)], [], after(1))
    made.snapshot(BIDS, ASKS, 10, NOW)
    assert made.sequence == 11
    assert len(top(made).bids) == 3


def test_a_book_that_grows_without_end_breaks():
    made = ladder()
    for page in range(11):
        levels = [(10.0 + (page * 2_000 + n) / 1e6, 1.0) for n in range(2_000)]
        made.delta(11 + page, 11 + page, levels, [], after(1))
    assert "grew beyond 20,000 levels" in made.broken


def test_bybit_counts_one_by_one_and_begins_anew_at_one():
    made = ladder(bybit_rule)
    made.delta(11, 11, [(97.0, 1.0)], [], after(1))
    assert made.sequence == 11
    made.delta(13, 13, [], [], after(2))
    assert "gap" in made.broken
    made.delta(1, 1, BIDS, ASKS, after(3))
    assert top(made) == Book("X", BIDS, ASKS, after(3), NOW, "binance", 1)
    made.delta(2, 2, [(99.0, 9.0)], [], after(4))
    assert top(made).bids[0] == (99.0, 9.0)


# --- a ladder against a plain dictionary

PRICES = st.integers(1, 200).map(lambda n: n / 2)
LEVELS = st.lists(st.tuples(PRICES, st.sampled_from([0.0, 0.0, 1.0, 2.5, 7.0])), max_size=5)
SPANS = st.lists(st.tuples(st.integers(1, 4), LEVELS, LEVELS), min_size=1, max_size=15)


def numbered(spans, start):
    """Give each change its numbers, one after the other."""
    changes = []
    for width, bids, asks in spans:
        first = start + 1
        start += width
        changes.append((first, start, bids, asks))
    return changes


def applied(sides, bids, asks):
    for side, levels in zip(sides, (bids, asks), strict=True):
        for price, quantity in levels:
            side[price] = quantity
            if not quantity:
                del side[price]


def sound(book):
    bids, asks = [p for p, _ in book.bids], [p for p, _ in book.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] < asks[0]
    assert all(q > 0 for _, q in (*book.bids, *book.asks))


@given(SPANS, st.integers(1, 6))
def test_it_holds_what_a_dictionary_would_or_is_broken(spans, depth):
    made, sides = ladder(), (dict(BIDS), dict(ASKS))
    for first, last, bids, asks in numbered(spans, 10):
        made.delta(first, last, bids, asks, NOW)
        applied(sides, bids, asks)
        if sides[0] and sides[1] and max(sides[0]) >= min(sides[1]):
            assert "crossed" in made.broken
            return
        book = made.top(depth, NOW)
        if not (sides[0] and sides[1]):
            assert book is None
            continue
        assert book.bids == tuple(sorted(sides[0].items(), reverse=True)[:depth])
        assert book.asks == tuple(sorted(sides[1].items())[:depth])
        assert book.sequence == last
        sound(book)


QUIET = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.lists(st.tuples(st.integers(1, 98).map(float), st.sampled_from([0.0, 1.0, 2.5])), max_size=4),
        st.lists(st.tuples(st.integers(102, 199).map(float), st.sampled_from([0.0, 1.0, 2.5])), max_size=4),
    ),
    min_size=2,
    max_size=8,
)


@given(QUIET, st.randoms(use_true_random=False))
def test_any_order_but_the_right_one_is_caught_and_repeats_change_nothing(spans, random):
    changes = numbered(spans, 10)
    straight = ladder()
    for change in changes:
        straight.delta(*change, NOW)
    mixed = changes + random.choices(changes, k=3)
    random.shuffle(mixed)
    made, have = ladder(), 10
    for first, last, bids, asks in mixed:
        made.delta(first, last, bids, asks, NOW)
        if last > have:
            if first > have + 1:
                assert f"gap: {first} came after {have}" in made.broken
                break
            have = last
        assert made.sequence == have
    else:
        assert top(made) == top(straight)
    made.snapshot(top(straight).bids, top(straight).asks, straight.sequence, NOW)
    assert top(made) == top(straight)


@given(QUIET, st.data())
def test_a_lost_change_is_caught_by_the_next(spans, data):
    changes = numbered(spans, 10)
    lost = data.draw(st.integers(0, len(changes) - 2))
    for rule in (binance_rule, bybit_rule):
        made = ladder(rule)
        for n, (first, last, bids, asks) in enumerate(changes):
            if rule is bybit_rule:
                first = last = 11 + n  # noqa: PLW2901 (the same changes, numbered one by one)
            if n != lost:
                made.delta(first, last, bids, asks, NOW)
        assert "gap" in made.broken
        assert top(made) is None


@given(QUIET, st.data())
def test_a_snapshot_from_any_moment_joins_the_changes_that_waited(spans, data):
    changes = numbered(spans, 10)
    straight, snapshots = ladder(), [(BIDS, ASKS, 10)]
    for change in changes:
        straight.delta(*change, NOW)
        book = straight.top(500, NOW)
        snapshots.append((book.bids, book.asks, book.sequence))
    made, moment = Ladder("X", "binance", binance_rule), data.draw(st.integers(0, len(changes)))
    for change in changes:
        made.delta(*change, NOW)
    made.snapshot(*snapshots[moment], NOW)
    assert top(made, 500) == top(straight, 500)


ANY = st.one_of(st.floats(), st.none(), st.text(max_size=4), st.integers(-5, 300))


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.integers(0, 30),
            st.integers(0, 30),
            st.lists(st.tuples(ANY, ANY)),
            LEVELS,
            st.booleans(),
        )
    ),
    st.sampled_from([binance_rule, bybit_rule]),
)
def test_whatever_comes_it_shows_a_sound_book_or_none(messages, rule):
    made = ladder(rule)
    for whole, first, last, bids, asks, clean in messages:
        bids = [(p, q) for p, q in asks if p < 50] if clean else bids  # noqa: PLW2901 (half of them readable)
        if whole:
            made.snapshot(bids, asks, last, NOW)
        else:
            made.delta(first, last, bids, asks, NOW)
        book = top(made)
        assert (book is None) or not made.broken
        if book is not None:
            sound(book)


@given(st.integers(2, 10**12), st.integers(2, 10**12))
def test_the_rules_agree_where_changes_are_numbered_one_by_one(have, number):
    assert binance_rule(have, number, number) is bybit_rule(have, number, number)


def test_steps_have_names():
    assert [s.value for s in Step] == ["apply", "drop", "gap", "reset"]


# --- whole books


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
