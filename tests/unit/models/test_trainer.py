import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from walks import CUTOFF, walk

from marketpulse.meter import Meter
from marketpulse.models import Trainer, record
from marketpulse.models import trainer as room
from marketpulse.models.document import decode
from marketpulse.models.job import Job
from marketpulse.models.trainer import Patience
from marketpulse.types import ModelStage

LONG_ENOUGH = 60.0


@pytest.fixture
def meter():
    return Meter()


def simple(panel, benchmark=None, **kwargs):
    """Today's logistic model alone."""
    return Job(tuple(panel), benchmark, CUTOFF, "test", simple=True, **kwargs)


@pytest.fixture
def trainer(tmp_path, meter):
    trainer = Trainer(tmp_path / "jobs", meter)
    yield trainer
    trainer.close()


def test_before_anything_it_waits(trainer):
    assert trainer.status().stage is ModelStage.WAITING
    assert trainer.logistic() is None
    trainer.close()
    trainer.close()


@pytest.mark.slow
def test_it_trains_in_a_process_of_its_own_and_leaves_nothing_behind(
    trainer, tmp_path, panel, benchmark, text
):
    trainer.start(simple(panel, benchmark))
    assert trainer.status().stage is ModelStage.TRAINING
    assert trainer.logistic() is None
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.READY
    assert done.progress == 1.0
    assert done.note == f"Trained on {done.card.rows:,} rows of 2 instruments up to 2003-12-31."
    found, expected = decode(trainer.logistic()), decode(text)
    assert found.data == expected.data
    assert found.coefficients == pytest.approx(expected.coefficients, abs=1e-9)
    trainer.close()
    assert trainer.logistic() is not None
    assert list((tmp_path / "jobs").iterdir()) == []
    assert trainer._meter.counts() == {}


@pytest.mark.slow
def test_too_little_history_fails_with_the_childs_own_sentence(trainer, meter):
    trainer.start(simple([walk("AAA", 300, 1)]))
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note == "Training needs 252 dates with full features; there are 44."
    assert trainer.logistic() is None
    assert meter.counts() == {"training": 1}


def test_a_child_that_dies_is_a_plain_sentence(trainer, panel, meter):
    trainer.start(simple(panel))
    trainer._child.kill()
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note == "Training ended unexpectedly; the desk works on without a model."
    assert meter.counts() == {"training": 1}


@pytest.fixture
def scripted(monkeypatch):
    """A child that does what a test says, in the place of the worker; it may read from its standard input."""

    children = []

    def say(code):
        def spawn(module, folder, log, *, told):
            assert (module, told) == ("marketpulse.models.worker", True)
            log.touch()
            words = [sys.executable, "-c", f"import shutil, sys; folder = sys.argv[1]\n{code}", str(folder)]
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            children.append(subprocess.Popen(words, **pipes, text=True, encoding="utf-8"))
            return children[-1]

        monkeypatch.setattr(room, "spawn", spawn)

    yield say
    for child in children:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stderr.close()


@pytest.fixture
def stored(tmp_path, text):
    """Today's logistic model in a file."""
    path = tmp_path / "logistic.json"
    path.write_text(text)
    return path


STUCK = "sys.stdin.read()"
WROTE = """
shutil.copy({path!r}, folder + "/model.json")
print('{{"ready": "logistic"}}', flush=True)
"""


def test_lines_that_are_no_progress_are_ignored(trainer, scripted, panel):
    noise = ["warning: something", "[1]", '{"progress": "x"}', "null", '{"progress": NaN, "note": "x"}', ""]
    lines = [*noise, '{"error": "It cannot be."}', "[" * 9000]
    scripted(f"print(*{lines!r}, sep=chr(10)); sys.exit(1)")
    trainer.start(simple(panel))
    done = trainer.wait(LONG_ENOUGH)
    assert (done.stage, done.progress, done.note) == (ModelStage.FAILED, 0.0, "It cannot be.")


def test_output_that_is_no_text_ends_the_child(trainer, scripted, panel):
    scripted(f"sys.stdout.buffer.write(bytes([255, 255, 10])); sys.stdout.flush(); {STUCK}")
    trainer.start(simple(panel))
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note.startswith("Training ended unexpectedly")
    assert trainer._child.wait(LONG_ENOUGH) != 0


@pytest.mark.parametrize(
    ("code", "patience", "said"),
    [
        (STUCK, Patience(silent=0.2), "The training said nothing for 0 s and was ended"),
        (
            'while True: print(\'{"progress": 2.0, "note": "On."}\', flush=True)',
            Patience(whole=0.4),
            "The training took for 0 s and was ended",
        ),
    ],
)
def test_a_child_that_is_stuck_is_ended_with_a_sentence(trainer, scripted, code, patience, said):
    scripted(code)
    trainer._patience = patience
    trainer.start(simple([walk("AAA", 300, 1)]))
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note == f"{said}; the desk works on without a model."
    assert trainer._meter.counts() == {"training": 1}


def test_every_line_is_a_sign_of_life(trainer, tmp_path):
    class Listener:
        lines = 0

        def heard(self):
            self.lines += 1

    listener = Listener()
    trainer._lines(io.StringIO('{"progress": 0.1, "note": "On."}\nnoise\n'), tmp_path, listener)
    assert listener.lines == 2


def test_a_sign_of_life_begins_the_wait_anew():
    watch = room._Watch(None, Patience(silent=1_000.0, whole=2_000.0))
    before, whole = watch._timers
    watch.heard()
    assert before.finished.is_set()
    assert not watch._timers[0].finished.is_set()
    assert watch._timers[1] is whole
    watch.close()
    assert all(timer.finished.is_set() for timer in watch._timers)


def test_the_logistic_model_is_there_before_the_training_is_over_and_stays_when_it_dies(
    trainer, scripted, panel, stored, text
):
    scripted(WROTE.format(path=str(stored)) + STUCK)
    trainer.start(simple(panel))
    while trainer.logistic() is None:
        assert trainer.wait(0.02).stage is ModelStage.TRAINING
    assert trainer.logistic() == text
    assert trainer.trained() is None
    trainer._child.kill()
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note == "Training ended unexpectedly; today's logistic model serves."
    assert done.card == decode(text).card
    assert trainer.logistic() == text


def test_half_a_logistic_model_is_left_out_and_the_training_goes_on(trainer, scripted, panel, stored, meter):
    stored.write_text(stored.read_text()[:900])
    scripted(WROTE.format(path=str(stored)) + STUCK)
    trainer.start(simple(panel))
    while not meter.counts():
        assert trainer.wait(0.02).stage is ModelStage.TRAINING
    assert trainer.logistic() is None


def test_a_document_that_fails_its_checks_leaves_the_logistic_model(trainer, scripted, panel, stored, text):
    scripted(WROTE.format(path=str(stored)) + 'open(folder + "/trained.json", "w").write("{}")')
    trainer.start(simple(panel))
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note == "The training wrote a model that fails its checks; today's logistic model serves."
    assert (trainer.logistic(), trainer.trained()) == (text, None)


def test_without_an_ensemble_it_is_ready_and_says_why(trainer, scripted, panel, stored):
    scripted(WROTE.format(path=str(stored)) + 'print(\'{"alone": "It is too short."}\')')
    trainer.start(simple(panel))
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.READY
    assert done.note.endswith(" It is too short. Today's logistic model serves alone.")
    assert trainer.trained() is None


def test_a_document_is_taken_in_with_its_card_and_verdict(trainer, scripted, panel, stored, document):
    (beside := stored.with_name("document.json")).write_text(document[1])
    copied = f'shutil.copy({str(beside)!r}, folder + "/trained.json")'
    scripted(WROTE.format(path=str(stored)) + copied)
    trainer.start(simple(panel))
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.READY
    assert done.card == record.decode(document[1]).card
    assert done.note.endswith(" There was no ensemble before it.")
    assert trainer.trained() == document[1]


def test_close_ends_the_child(trainer, panel, meter, tmp_path):
    trainer.start(simple(panel))
    child = trainer._child
    trainer.close()
    assert child.returncode is not None
    assert trainer.status().stage is ModelStage.WAITING
    assert list((tmp_path / "jobs").iterdir()) == []
    assert meter.counts() == {}


def test_a_folder_that_cannot_be_written_is_a_failure_not_an_exception(tmp_path, panel, meter):
    (tmp_path / "jobs").write_text("a file is in the way")
    trainer = Trainer(tmp_path / "jobs", meter)
    trainer.start(simple(panel))
    assert trainer.status().stage is ModelStage.FAILED
    assert trainer.status().note == "The training process could not be started."


def test_what_a_killed_desk_left_is_removed(trainer, tmp_path, panel):
    left = tmp_path / "jobs" / "run-of-a-killed-desk"
    left.mkdir(parents=True)
    (left / "panel.npz").write_bytes(b"old")
    trainer.start(simple(panel))
    assert not left.exists()


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="reads the child's environment from /proc"
)
def test_no_key_reaches_the_child_and_it_has_one_thread(trainer, panel, monkeypatch):
    key = f"made up in process {os.getpid()}"
    monkeypatch.setenv("ALPACA_API_SECRET", key)
    trainer.start(simple(panel))
    environment = Path(f"/proc/{trainer._child.pid}/environ").read_text()
    assert key not in environment
    assert "OMP_NUM_THREADS=1" in environment


@pytest.mark.slow
def test_the_desk_serves_a_model_without_scikit_learn():
    code = (
        "import sys, marketpulse.desk, marketpulse.models.promotion, marketpulse.models.prune; "
        "sys.exit(bool({'sklearn', 'skops', 'onnx'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
