"""When models are trained, which of them serves, and what a restart knows of it."""

import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from unit.loop.schoolhouse import EQUITY, NOW, Schoolhouse, told
from walks import CUTOFF

from marketpulse.errors import Refused, StorageError
from marketpulse.features.scene import History
from marketpulse.loop.school import School
from marketpulse.models.deep import train_deep
from marketpulse.models.panel import build_panel
from marketpulse.models.promotion import Judgement
from marketpulse.models.record import decode
from marketpulse.models.recurrent import Weights, forward
from marketpulse.types import ArtefactFault, AssetClass, Edge, EventKind, Interval, ModelStage

BETTER = Judgement(promoted=True, n_dates=30, difference=0.001, sentence="It was better.")
WORSE = Judgement(promoted=False, n_dates=30, difference=-0.001, sentence="It was not.")


@pytest.fixture
def house(tmp_path):
    house = Schoolhouse(tmp_path, cutoff=CUTOFF)
    yield house
    house.close()


@pytest.fixture
def made(house, document):
    """A trained document whose files lie where this desk looks for them."""
    folder, text = document
    shutil.copytree(folder, house.voices.folder, dirs_exist_ok=True)
    return text


def market(house):
    return History(house.market.bars("^GSPC"))


def taught(house, text, **kwargs):
    """Begin a training and let it end with this document."""
    assert not house.school.turn(market(house))
    house.pupil.end(text, **kwargs)
    return house.school.turn(market(house))


def models(house):
    return [e for e in house.ledger.read() if e.kind is EventKind.MODEL]


def test_the_first_training_sees_bars_before_the_replays_start_only(house):
    house.clock.advance(86_400 * 30)
    house.school.turn(market(house))
    (job,) = house.pupil.jobs
    assert (job.kind, job.cutoff, job.horizon, job.earlier, job.old) == (EQUITY, CUTOFF, 5, 0, None)
    assert sorted(bars.symbol for bars in job.panel) == ["AAA", "BBB"]
    assert all(len(bars) == len(bars.until(CUTOFF)) for bars in (*job.panel, job.benchmark))
    assert house.school.status(EQUITY).stage is ModelStage.TRAINING


def test_the_first_training_waits_for_bars_that_are_still_being_read(house):
    late = house.market.held["BBB"]
    house.market.held["BBB"] = late[:0]
    house.school.turn(market(house))
    assert house.pupil.jobs == []
    house.market.held["BBB"] = late
    house.school.turn(market(house))
    assert [bars.symbol for bars in house.pupil.jobs[0].panel] == ["AAA", "BBB"]


def test_it_does_not_wait_for_bars_that_never_come(house):
    house.market.held["BBB"] = house.market.held["BBB"][:0]
    house.clock.advance(61.0)
    house.school.turn(market(house))
    assert [bars.symbol for bars in house.pupil.jobs[0].panel] == ["AAA"]


def test_too_few_bars_are_looked_at_again_soon(house):
    held = dict(house.market.held)
    house.market.held = {symbol: bars[:200] for symbol, bars in held.items()}
    house.school.turn(market(house))
    assert house.pupil.jobs == []
    assert "300 daily bars" in house.school.status(EQUITY).note
    house.market.held = held
    house.clock.advance(31.0)
    house.school.turn(market(house))
    assert len(house.pupil.jobs) == 1


def test_a_desk_that_only_shows_says_that_nothing_is_trained(house):
    sealed = School(replace(house.rooms, sealed="The ledger is damaged."), house.voices)
    assert sealed.status(EQUITY).note == "Nothing is trained: this desk only shows what its ledger holds."


def test_the_logistic_model_serves_as_soon_as_it_is_there(house, text):
    house.school.turn(market(house))
    house.pupil.first = text
    assert house.school.turn(market(house))
    assert (house.held.card.name, house.held.serving.served) == ("logistic", "today's logistic")
    assert not house.school.turn(market(house))  # taken once
    assert house.school.status(EQUITY).stage is ModelStage.TRAINING


def test_a_trained_ensemble_serves_is_written_down_and_found_again_after_a_restart(house, made):
    assert taught(house, told(made))
    card = decode(made).card
    assert house.held.card.version == card.version
    assert house.held.serving.served == "ONNX"
    assert house.voices.notes == ()
    (event,) = models(house)
    assert (event.payload["serves"], event.payload["version"]) == (True, card.version)
    assert event.payload["trials"] == len(decode(made).record.members)
    house.restart()
    assert house.held.card.version == card.version
    assert house.held.serving.served == "ONNX"
    assert house.school.status(EQUITY).stage is ModelStage.READY


def test_trials_of_earlier_trainings_are_counted_over_a_restart(house, made):
    taught(house, told(made))
    house.restart()
    house.school.wish(EQUITY)
    house.school.turn(market(house))
    assert house.pupil.jobs[0].earlier == len(decode(made).record.members)
    assert house.pupil.jobs[0].old == told(made)


def test_one_that_did_not_beat_it_is_on_trial_and_survives_a_restart(house, made):
    taught(house, told(made))
    later = decode(made).card.trained + timedelta(days=7)
    house.school.wish(EQUITY)
    assert taught(house, told(made, promoted=False, trained=later))
    assert house.held.trial is not None
    assert house.held.voices.shadow is not None
    assert [e.payload["serves"] for e in models(house)] == [True, False]
    house.restart()
    assert house.held.trial.card.trained == later
    assert house.held.voices.shadow is not None


def test_a_trial_that_is_won_ends_and_one_that_is_not_goes_on(house, made):
    taught(house, told(made))
    house.school.wish(EQUITY)
    taught(house, told(made, promoted=False, trained=decode(made).card.trained + timedelta(days=7)))
    assert not house.school.review(EQUITY, WORSE)
    assert house.held.trial is not None
    assert house.school.review(EQUITY, BETTER)
    assert (house.held.trial, house.held.shadow) == (None, None)
    assert models(house)[-1].payload["verdict"] == "It was better."
    assert not house.school.review(EQUITY, BETTER)  # nobody is on trial any more
    house.restart()
    assert house.held.trial is None


def test_it_is_trained_anew_when_its_days_are_over_and_not_before(house, made):
    taught(house, told(made))
    due = house.school.due(EQUITY)
    house.clock.advance((due - NOW).total_seconds() - 60.0)
    house.school.turn(market(house))
    assert len(house.pupil.jobs) == 1
    house.clock.advance(120.0)
    house.school.turn(market(house))
    assert len(house.pupil.jobs) == 2
    assert house.pupil.jobs[1].cutoff == house.clock.now()


def test_a_training_that_failed_is_said_and_tried_again_later(house):
    taught(house, None, note="Training ended unexpectedly.", stage=ModelStage.FAILED)
    status = house.school.status(EQUITY)
    assert (status.stage, status.note) == (ModelStage.FAILED, "Training ended unexpectedly.")
    house.school.turn(market(house))
    assert len(house.pupil.jobs) == 1
    house.clock.advance(901.0)
    house.school.turn(market(house))
    assert len(house.pupil.jobs) == 2
    assert house.school.status(EQUITY).stage is ModelStage.TRAINING


def test_a_document_that_fails_its_checks_changes_nothing(house, made):
    taught(house, told(made))
    house.school.wish(EQUITY)
    assert taught(house, told(made).replace('"horizon":5', '"horizon":6', 1))
    assert house.school.status(EQUITY).stage is ModelStage.FAILED
    assert "fails its checks" in house.school.status(EQUITY).note
    assert house.held.serving.served == "ONNX"
    assert len(models(house)) == 1


def test_a_person_may_ask_for_one_and_is_told_why_not(house):
    with pytest.raises(Refused) as refused:
        house.school.wish(AssetClass.INDEX)
    assert refused.value.code == "UNKNOWN_MODEL"
    with pytest.raises(Refused) as refused:
        house.school.wish(AssetClass.CRYPTO)
    assert refused.value.code == "NOT_TRAINABLE"
    house.school.wish(EQUITY)
    with pytest.raises(Refused) as refused:
        house.school.wish(EQUITY)
    assert refused.value.code == "TRAINING"
    house.school.turn(market(house))
    with pytest.raises(Refused):
        house.school.wish(EQUITY)


def test_a_second_wish_while_the_first_is_taken_up_is_refused(house, monkeypatch):
    house.school.wish(EQUITY)
    begin, codes = house.pupil.start, []

    def start(job):
        with pytest.raises(Refused) as refused:
            house.school.wish(EQUITY)  # another tab, before the process runs
        codes.append(refused.value.code)
        begin(job)

    monkeypatch.setattr(house.pupil, "start", start)
    house.school.turn(market(house))
    assert codes == ["TRAINING"]
    assert len(house.pupil.jobs) == 1


def test_a_model_that_has_seen_days_to_come_does_not_serve(house, made, text):
    """A replay may begin anew at an earlier day on the same folder."""
    taught(house, told(made))
    house.voices.stand_in(EQUITY, text)
    house.clock = house.market.clock = type(house.clock)(CUTOFF - timedelta(days=400))
    house.close()
    house.cutoff = house.clock.now()
    house.open()
    assert house.held.trained is None
    assert house.held.logistic is None
    assert house.school.due(EQUITY) is None
    assert (house.held.serving, house.voices.notes) == (None, ())


def test_without_its_files_the_logistic_model_serves_and_it_is_said(house, made, text):
    taught(house, told(made))
    house.voices.stand_in(EQUITY, text)
    shutil.rmtree(house.voices.folder)
    house.restart()
    assert house.held.serving.servings[-1].faults
    (note,) = house.voices.notes
    assert note.startswith("A model's files: ")
    answered = house.held.serving.asked.ask(np.zeros((1, 45)), np.array([0.5]))
    assert np.isfinite(answered.probability).all()


def test_a_changed_manifest_is_said_and_something_simpler_serves(house, made, text):
    taught(house, told(made))
    house.voices.stand_in(EQUITY, text)
    house.store.save_model("ensemble-equity", "bad", told(made)[:-20])
    house.restart()
    assert house.held.card.name == "logistic"
    assert house.held.serving.served == "today's logistic"
    assert house.meter.counts() == {"model": 1}
    (note,) = house.voices.notes
    assert note == (
        "A model's files: The file is not readable as a trained ensemble. Today's logistic model serves meanwhile."
    )
    whole = house.held.serving.servings[-1]
    assert whole.faults == (ArtefactFault.UNREADABLE,)
    assert whole.sentence.startswith("The file is not readable as a trained ensemble. Today's logistic model")
    taught(house, told(made))
    assert house.voices.notes == ()


def test_with_nothing_left_but_a_broken_document_the_base_rate_is_said(house, made):
    house.store.save_model("ensemble-equity", "bad", told(made)[:-20])
    house.restart()
    assert (house.held.card.name, house.held.card.edge) == ("base rate", Edge.NONE)
    assert house.held.serving.served == "base rate"
    assert house.voices.notes[0].endswith("Only the base rate is said.")


def test_a_stored_text_that_was_changed_is_said_on_screen(house, text):
    house.voices.stand_in(EQUITY, text)
    house.close()
    with sqlite3.connect(house.folder / "market.db") as store:
        store.execute("UPDATE model_registry SET model = 'x'")
    house.open()
    (note,) = house.voices.notes
    assert note.startswith("A model's files: The model logistic-equity ")
    assert note.endswith(" was changed after it was saved. Nobody speaks until one is trained.")
    house.voices.stand_in(EQUITY, text)
    assert house.voices.notes == ()


def test_folders_of_versions_that_nobody_names_are_removed(house, made):
    old = house.voices.folder / ("0" * 16)
    old.mkdir()
    taught(house, told(made))
    assert not old.exists()
    assert (house.voices.folder / decode(made).card.version).is_dir()


def test_a_member_that_rests_rests_on_over_a_restart_and_not_for_ever(house, made):
    taught(house, told(made))
    speaker = house.held.serving
    name = next(iter(speaker.seats))
    speaker.recall(name, 600.0, 2)
    house.voices.remember()
    house.restart()
    health = house.held.serving.seats[name].health()
    assert (health.state.value, health.trouble) == ("open", "it was sent to rest before the desk was started")
    assert 590.0 < health.resting <= 600.0
    house.clock.advance(601.0)
    house.restart()
    assert house.held.serving.seats[name].health().state.value == "closed"


def test_the_same_model_anew_is_no_further_trial(house, made):
    taught(house, told(made))
    for _ in range(3):
        house.clock.advance(1000.0)
        house.school.wish(EQUITY)
        taught(house, told(made, trained=house.clock.now()))
    tried = len(decode(made).record.members)
    assert [event.payload["trials"] for event in models(house)] == [tried, 0, 0, 0]
    house.restart()
    house.school.wish(EQUITY)
    house.school.turn(market(house))
    assert house.pupil.jobs[-1].earlier == tried


def full(*_):
    raise StorageError("the disk is full")


def test_a_trial_that_is_won_on_a_full_disk_goes_on_until_it_can_be_kept(house, made, monkeypatch):
    taught(house, told(made))
    house.school.wish(EQUITY)
    taught(house, told(made, promoted=False, trained=decode(made).card.trained + timedelta(days=7)))
    with monkeypatch.context() as broken:
        broken.setattr(type(house.store), "save_model", full)
        assert not house.school.review(EQUITY, BETTER)
        assert house.school.status(EQUITY).note.startswith("The model could not be kept: ")
    assert house.held.trial is not None
    assert [event.payload["serves"] for event in models(house)] == [True, False]
    assert house.school.review(EQUITY, BETTER)
    assert models(house)[-1].payload["serves"] is True


def test_a_trial_won_during_a_training_leaves_the_files_of_that_training(house, made):
    taught(house, told(made))
    house.school.wish(EQUITY)
    taught(house, told(made, promoted=False, trained=decode(made).card.trained + timedelta(days=7)))
    house.school.wish(EQUITY)
    house.school.turn(market(house))
    fresh = house.voices.folder / ("0" * 16)  # written, and named by no document yet
    fresh.mkdir()
    assert house.school.review(EQUITY, BETTER)
    assert fresh.exists()


def test_one_that_beat_a_model_which_serves_no_more_is_on_trial(house, made):
    taught(house, told(made))
    first = decode(made).card.trained
    house.school.wish(EQUITY)
    taught(house, told(made, promoted=False, trained=first + timedelta(days=7)))
    house.school.wish(EQUITY)
    house.school.turn(market(house))
    assert house.school.review(EQUITY, BETTER)
    house.pupil.end(told(made, trained=first + timedelta(days=14)))
    assert house.school.turn(market(house))
    assert house.held.trained.card.trained == first + timedelta(days=7)
    assert house.held.trial.card.trained == first + timedelta(days=14)
    assert (
        models(house)[-1].payload["verdict"].endswith("Another has begun to serve meanwhile; it is on trial.")
    )


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"logistic": 5}',
        '{"logistic": ["soon", 1]}',
        '{"nobody": ["2040-01-01T00:00:00+00:00", 1]}',
    ],
)
def test_a_kept_rest_that_cannot_be_read_is_as_if_there_were_none(house, made, text):
    taught(house, told(made))
    house.store.save_provider_state(f"model:{house.held.card.version}", text)
    house.restart()
    assert {seat.health().state.value for seat in house.held.serving.seats.values()} == {"closed"}


def network(folder, panel):
    """A network that has learned nothing, where the desk looks for one."""

    def fit(x, y, later_x, later_y):
        del y, later_x, later_y
        rng = np.random.default_rng(1)
        drawn = Weights(
            0.3 * rng.normal(size=(32, x.shape[2])), 0.3 * rng.normal(size=(32, 8)), np.zeros(32),
            rng.normal(size=8), 0.1,
        )  # fmt: skip
        return drawn, lambda rows: forward(drawn, rows)

    return train_deep(folder, panel, Interval.DAY, fit, source="test", data="ab", trained=NOW).last_bar


def test_a_network_votes_with_the_ensemble_and_the_other_says_why_there_is_none(house, made):
    rows = build_panel(
        [house.market.held[s].until(CUTOFF) for s in ("AAA", "BBB")], house.market.held["^GSPC"], 5
    )
    network(house.folder / "models", rows)
    taught(house, told(made))
    house.restart()
    assert house.held.serving.steps == 32
    daily, minutes = house.voices.networks
    assert daily.startswith("Served by ONNX.")
    assert minutes.startswith("No LSTM intraday has been trained: it needs real days")
    said = house.held.serving.decide(rows.x[-32:], 0.5, 0.01)
    assert said.ballots[-1].member == "LSTM daily"
    assert said.ballots[-1].raw is not None


def test_a_network_that_has_seen_days_to_come_is_not_used_and_it_is_said(house):
    bars = [house.market.held[s] for s in ("AAA", "BBB")]
    last = network(house.folder / "models", build_panel(bars, house.market.held["^GSPC"], 5))
    assert last >= str(house.clock.now().date())
    house.restart()
    assert house.voices.deep is None
    assert house.voices.networks[0] == f"LSTM daily is not used: it was trained on bars up to {last}."
