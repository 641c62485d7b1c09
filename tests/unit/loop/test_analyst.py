"""What is issued, once and for all of a bar, and what may be called a repaint of it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from unit.loop.schoolhouse import BARS, EQUITY, Schoolhouse, told
from walks import CUTOFF

from marketpulse.errors import StorageError
from marketpulse.loop import analyst as analyst_module
from marketpulse.loop.analyst import Analyst, key_of
from marketpulse.types import EventKind


@pytest.fixture
def house(tmp_path, document):
    """A desk with a trained ensemble of two shares."""
    house = Schoolhouse(tmp_path, cutoff=CUTOFF)
    folder, text = document
    shutil.copytree(folder, house.voices.folder, dirs_exist_ok=True)
    house.voices.serve(EQUITY, told(text))
    yield house
    house.close()


@pytest.fixture
def analyst(house):
    return Analyst(house.rooms)


def issued(house):
    return [event.ref for event in house.ledger.read() if event.kind is EventKind.SIGNAL]


def fails_once(monkeypatch, thing, name):
    works, times = getattr(thing, name), iter([True])

    def full(*args):
        if next(times, False):
            raise StorageError("the disk is full")
        return works(*args)

    monkeypatch.setattr(thing, name, full)


@pytest.mark.parametrize("what", ["features", "event"])
def test_a_disk_that_was_full_loses_no_signal(house, analyst, monkeypatch, what):
    if what == "features":
        fails_once(monkeypatch, type(house.store), "save_features")
    else:
        fails_once(monkeypatch, type(house.ledger), "append")
    with pytest.raises(StorageError):
        analyst.turn()
    assert (issued(house), dict(analyst.signals)) == ([], {})
    assert analyst.turn() is not None
    assert issued(house) == ["AAA", "BBB"]
    assert analyst.turn() is None
    assert issued(house) == ["AAA", "BBB"]


def test_all_signals_of_a_turn_are_one_transaction(house, analyst, monkeypatch):
    seen, works = [], type(house.ledger).append
    monkeypatch.setattr(
        type(house.ledger), "append", lambda ledger, *new: seen.append(len(new)) or works(ledger, *new)
    )
    analyst.turn()
    assert seen == [2]


def test_a_signal_comes_out_the_same(house, analyst):
    analyst.turn()
    signal = analyst.signals["AAA"]
    found = analyst.again(signal)
    assert found.probability == signal.probability
    assert found.data_hash == signal.data_hash
    assert house.ledger.by_key(key_of(signal)) is not None


@pytest.mark.parametrize("gone", ["AAA", "BBB", "^GSPC"])
def test_nothing_is_computed_anew_of_what_is_not_followed_or_not_there_any_more(house, analyst, gone):
    analyst.turn()
    signal = analyst.signals["AAA"]
    bars = house.market.held[gone]
    house.market.held[gone] = bars[:0]  # not read yet, after a restart
    assert analyst.again(signal) is None
    house.market.held[gone] = bars
    known = {name: one for name, one in house.rooms.instruments.items() if name != gone}
    assert Analyst(replace(house.rooms, instruments=known)).again(signal) is None


def test_a_member_that_rests_now_or_rested_then_is_no_repaint(analyst):
    analyst.turn()
    signal = analyst.signals["AAA"]
    speaker = analyst.voices.held[EQUITY].serving
    heard = next(vote.model for vote in signal.votes if vote.probability is not None)
    speaker.recall(heard, 600.0, 1)
    found = analyst.again(signal)
    assert found.probability is None
    assert np.isfinite(found.values[0])
    assert analyst.again(replace(signal, served="scikit-learn")).probability is None


def test_a_bar_decided_again_after_a_training_is_one_row_of_the_drift(analyst):
    for _ in range(4):  # decided, begun, filled, compared
        analyst.turn()
    watch = analyst._drift[EQUITY]
    assert watch.lines
    before = {symbol: rows.copy() for symbol, rows in watch._rows.items()}
    analyst._seen = {}
    assert analyst.turn() is not None
    for symbol, rows in before.items():
        np.testing.assert_array_equal(watch._rows[symbol], rows)


def test_many_instruments_are_decided_a_few_at_a_time_and_each_once(house, monkeypatch):
    monkeypatch.setattr(analyst_module, "_AT_ONCE", 1)
    analyst = Analyst(house.rooms)
    assert [s.symbol for s in analyst.turn().signals] == ["AAA"]
    assert (analyst.waiting, issued(house)) == (True, ["AAA"])
    assert [s.symbol for s in analyst.turn().signals] == ["BBB"]
    assert (analyst.waiting, issued(house)) == (False, ["AAA", "BBB"])
    assert list(analyst.signals) == ["AAA", "BBB"]
    assert analyst.turn() is None


def test_a_bar_that_comes_late_leaves_the_others_as_they_were_issued_and_is_held_against_its_own(
    house, analyst
):
    house.market.held["BBB"] = house.market.held["BBB"].until(house.clock.now())
    analyst.turn()
    first = dict(analyst.signals)
    house.clock.advance(86_400.0)  # a day has closed, and of BBB nothing has come
    assert [s.symbol for s in analyst.turn().signals] == ["AAA", "BBB"]
    assert analyst.signals["BBB"].bar == first["BBB"].bar
    assert any("late" in said for said in analyst.signals["BBB"].caveats)
    stood = analyst.signals["AAA"]
    house.market.held["BBB"] = BARS["BBB"]
    assert [s.symbol for s in analyst.turn().signals] == ["BBB"]
    assert analyst.signals["AAA"] is stood
    assert not any("late" in said for said in analyst.signals["BBB"].caveats)
    assert len(issued(house)) == 4
