"""What was issued is computed again: the same passes silently, a repaint is written down and alarms once."""

import pytest
from issues_made import name, signal
from unit.loop.court import DAY, Court

from marketpulse.errors import StorageError
from marketpulse.loop.recompute import DAYS, TOLERANCE, Recompute, difference
from marketpulse.pipeline import Again
from marketpulse.portfolio.codec import read_alert
from marketpulse.portfolio.outcome_codec import read_repaint
from marketpulse.types import EventKind
from marketpulse.types.alert import Severity, severity_of

NAN = float("nan")
VALUES = (0.3, -1.2, NAN)
SAME = Again(VALUES, "d" * 64, 0.6)
FROZEN = dict(zip(("f0", "f1", "f2"), VALUES, strict=True))


class Bench(Court):
    """With what a recomputation gives, by symbol and bar; everything else comes out the same."""

    def __init__(self, folder):
        self.gives, self.asked = {}, []
        super().__init__(folder)
        self.clock.advance(DAY)
        self.restart()

    def open(self):
        super().open()
        self.recompute = Recompute(self.rooms, self.notary, self.again)

    def again(self, of):
        self.asked.append((of.symbol, of.bar))
        return self.gives.get((of.symbol, of.bar), SAME)

    def frozen(self, *args, values=VALUES, **more):
        one = signal(*args, feature_hash=self.keep(*values), **more)
        self.issue(one)
        return one

    def turn(self):
        super().turn()
        self.recompute.turn()
        self.notary.turn(self.frames)

    def begin(self):
        """Let the time after the start pass."""
        self.clock.advance(21)
        self.turn()


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def repaints(bench):
    return {e.ref: read_repaint(e.payload) for e in bench.events(EventKind.REPAINT)}


def alarms(bench):
    return [(e.ref, read_alert(e.payload)) for e in bench.events(EventKind.ALERT)]


def test_the_same_again_is_known_as_checked_and_writes_nothing(bench):
    one = bench.frozen(0)
    bench.turn()
    assert bench.notary.issued[0].checked is None  # the first pages come first
    bench.begin()
    assert bench.notary.issued[0].checked == bench.clock.now()
    assert (repaints(bench), alarms(bench), bench.recompute.skipped) == ({}, [], 0)
    bench.restart()
    assert bench.notary.issued[0].checked is None
    assert bench.asked == [(one.symbol, one.bar)]


@pytest.mark.parametrize(
    ("found", "code", "says"),
    [
        (Again((0.3, -1.3, NAN), "e" * 64, 0.6), "DATA", "f1 -1.2 and comes to -1.3 now; its bars have changed since."),
        (Again((0.3, -1.3, NAN), "d" * 64, 0.6), "FEATURES", "f1 -1.2 and comes to -1.3 now; the bars are the same."),
        (Again((0.3, -1.3, 1.0), "d" * 64, 0.6), "FEATURES", "f1 -1.2 and comes to -1.3 now (1 more differ)"),
        (Again((0.3, -1.2, NAN), "d" * 64, 0.61), "PROBABILITY", "with 60.0000% and its model says 61.0000% now"),
        (Again((0.3, -1.2, NAN), "e" * 64, 0.61), "DATA", "its bars have changed since."),
        (Again((0.3, NAN, NAN), "d" * 64, None), "FEATURES", "f1 -1.2 and comes to nan now"),
    ],
)  # fmt: skip
def test_a_difference_is_written_down_once_and_alarms(bench, found, code, says):
    one = bench.frozen(0)
    bench.gives[one.symbol, one.bar] = found
    bench.begin()
    (repaint,) = repaints(bench).values()
    assert repaint.code == code
    assert says in repaint.sentence
    assert repaint.sentence.startswith(f"AAPL of {one.bar} was issued with ")
    assert alarms(bench)[0][0] == "AAPL"
    assert (alarms(bench)[0][1].code, alarms(bench)[0][1].severity) == ("REPAINT", Severity.HIGH)
    assert bench.notary.issued[0].repaint == repaint
    bench.clock.advance(DAY)
    bench.turn()
    bench.restart()
    bench.begin()
    assert len(repaints(bench)) == len(alarms(bench)) == len(bench.asked) == 1


@pytest.mark.parametrize(
    "found",
    [
        Again((0.3 * (1 + TOLERANCE / 2), -1.2, NAN), "d" * 64, 0.6),
        Again(VALUES, "d" * 64, 0.6 + TOLERANCE / 2),
        Again(VALUES, "d" * 64, None),
        Again(VALUES, "e" * 64, 0.6),
    ],
    ids=["a rounding", "a rounding of p", "its model is gone", "bars that changed no number"],
)
def test_what_would_be_said_again_is_no_difference(found):
    assert difference(signal(0), FROZEN, found) is None


def test_a_probability_that_is_no_number_is_a_difference():
    assert difference(signal(0), FROZEN, Again(VALUES, "d" * 64, NAN))[0] == "PROBABILITY"


def test_an_old_signal_without_a_hash_of_its_bars_blames_the_features():
    assert difference(signal(0, data_hash=""), FROZEN, Again((0.4, -1.2, NAN), "e", None))[0] == "FEATURES"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("-1.2", "-1.3"),
        lambda text: text[:20],
        lambda _: "[1, 2]",
        lambda _: "{}",
        lambda text: text.replace('"f0",', ""),
    ],
    ids=["a number", "cut off", "no names", "nothing", "a name lost"],
)
def test_a_frozen_number_changed_in_the_store_is_caught_without_any_bars(bench, spoil):
    one = bench.frozen(0)
    text = bench.store.features(one.feature_hash)
    bench.store.save_features(one.feature_hash, spoil(text))
    bench.begin()
    (repaint,) = repaints(bench).values()
    assert repaint.code == "FEATURES"
    assert repaint.sentence == f"The numbers kept for AAPL of {one.bar} are not those it was issued with."
    assert bench.asked == []


def test_many_repaints_of_a_symbol_alarm_once_a_day(bench):
    for n in range(4):
        for symbol in ("AAPL", "MSFT"):
            one = bench.frozen(n, symbol)
            bench.gives[one.symbol, one.bar] = Again((0.4, -1.2, NAN), "e" * 64, None)
    bench.clock.advance(5 * DAY)
    bench.begin()
    assert len(repaints(bench)) == 8
    assert sorted(ref for ref, _ in alarms(bench)) == ["AAPL", "MSFT"]
    late = bench.frozen(5)
    bench.gives[late.symbol, late.bar] = Again((0.4, -1.2, NAN), "e" * 64, None)
    bench.clock.advance(DAY)
    bench.turn()
    assert len(alarms(bench)) == 3


def test_what_cannot_be_computed_anew_is_counted_and_no_alarm(bench):
    gone = bench.frozen(0)
    bench.gives[gone.symbol, gone.bar] = None
    bench.frozen(0, "MSFT")
    bench.gives["MSFT", gone.bar] = Again((0.3,), "d" * 64, None)  # features of another version
    bench.issue(signal(0, "IBM"))  # its numbers are not in the store
    bench.begin()
    assert bench.recompute.skipped == 3
    assert repaints(bench) == {}
    assert all(i.checked is None for i in bench.notary.issued)


def test_each_day_the_last_thirty_days_are_looked_at_again(bench):
    old, new = bench.frozen(0), bench.frozen(DAYS - 2)
    bench.clock.advance((DAYS - 1) * DAY)
    bench.begin()
    assert bench.asked == [(new.symbol, new.bar), (old.symbol, old.bar)]
    bench.turn()
    assert len(bench.asked) == 2
    bench.clock.advance(2 * DAY)
    bench.turn()
    assert bench.asked[2:] == [(new.symbol, new.bar)]


def test_what_was_never_looked_at_comes_first_then_what_was_looked_at_longest_ago(bench):
    bench.frozen(0)
    bench.begin()
    bench.frozen(1)
    bench.clock.advance(DAY)
    bench.turn()
    assert [bar for _, bar in bench.asked] == ["2012-06-01", "2012-06-02", "2012-06-01"]


def test_a_turn_does_little_and_the_next_goes_on(bench):
    for n in range(6):
        bench.frozen(n)
    inner, bench.recompute._again = bench.again, lambda of: (bench.clock.advance(0.003), inner(of))[1]
    bench.clock.advance(21 + 6 * DAY)
    bench.notary.turn({})
    for left in (4, 2, 0, 0):
        bench.recompute.turn()
        assert bench.recompute.left == left


def test_a_repaint_that_could_not_be_written_is_found_again(bench):
    one = bench.frozen(0)
    bench.gives[one.symbol, one.bar] = Again((0.4, -1.2, NAN), "e" * 64, None)
    bench.clock.advance(21)
    bench.notary.turn({})

    def broken():
        raise StorageError("the disk is full")

    whole, bench.ledger.transaction = bench.ledger.transaction, broken
    with pytest.raises(StorageError):
        bench.recompute.turn()
    bench.ledger.transaction = whole
    bench.recompute.turn()
    assert list(repaints(bench)) == [name(one)]


def test_a_repaint_is_urgent():
    assert severity_of("REPAINT") is Severity.HIGH
