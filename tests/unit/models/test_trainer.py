import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from walks import CUTOFF, walk

from marketpulse.meter import Meter
from marketpulse.models import Trainer
from marketpulse.models.document import decode
from marketpulse.models.job import Job, load, save
from marketpulse.models.worker import main
from marketpulse.types import ModelStage

LONG_ENOUGH = 60.0


@pytest.fixture
def meter():
    return Meter()


@pytest.fixture
def trainer(tmp_path, meter):
    trainer = Trainer(tmp_path / "jobs", meter)
    yield trainer
    trainer.close()


def test_before_anything_it_waits(trainer):
    assert trainer.status().stage is ModelStage.WAITING
    assert trainer.result() is None
    trainer.close()
    trainer.close()


@pytest.mark.slow
def test_it_trains_in_a_process_of_its_own_and_leaves_nothing_behind(
    trainer, tmp_path, panel, benchmark, text
):
    trainer.start(panel, benchmark, CUTOFF, "test")
    assert trainer.status().stage is ModelStage.TRAINING
    assert trainer.result() is None
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.READY
    assert done.progress == 1.0
    assert done.note == f"Trained on {done.card.rows:,} rows of 2 instruments up to 2003-12-31."
    found, expected = decode(trainer.result()), decode(text)
    assert found.data == expected.data
    assert found.coefficients == pytest.approx(expected.coefficients, abs=1e-9)
    trainer.close()
    assert trainer.result() is not None
    assert list((tmp_path / "jobs").iterdir()) == []
    assert trainer._meter.counts() == {}


@pytest.mark.slow
def test_too_little_history_fails_with_the_childs_own_sentence(trainer, meter):
    trainer.start([walk("AAA", 300, 1)], None, CUTOFF, "test")
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note == "Training needs 252 dates with full features; there are 44."
    assert trainer.result() is None
    assert meter.counts() == {"training": 1}


def test_a_child_that_dies_is_a_plain_sentence(trainer, panel, meter):
    trainer.start(panel, None, CUTOFF, "test")
    trainer._child.kill()
    done = trainer.wait(LONG_ENOUGH)
    assert done.stage is ModelStage.FAILED
    assert done.note == "Training ended unexpectedly; the desk works on without a model."
    assert meter.counts() == {"training": 1}


def test_close_ends_the_child(trainer, panel, meter, tmp_path):
    trainer.start(panel, None, CUTOFF, "test")
    child = trainer._child
    trainer.close()
    assert child.returncode is not None
    assert trainer.status().stage is ModelStage.WAITING
    assert list((tmp_path / "jobs").iterdir()) == []
    assert meter.counts() == {}


def test_a_folder_that_cannot_be_written_is_a_failure_not_an_exception(tmp_path, panel, meter):
    (tmp_path / "jobs").write_text("a file is in the way")
    trainer = Trainer(tmp_path / "jobs", meter)
    trainer.start(panel, None, CUTOFF, "test")
    assert trainer.status().stage is ModelStage.FAILED
    assert trainer.status().note == "The training process could not be started."


def test_what_a_killed_desk_left_is_removed(trainer, tmp_path, panel):
    left = tmp_path / "jobs" / "run-of-a-killed-desk"
    left.mkdir(parents=True)
    (left / "panel.npz").write_bytes(b"old")
    trainer.start(panel, None, CUTOFF, "test")
    assert not left.exists()


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="reads the child's environment from /proc"
)
def test_no_key_reaches_the_child_and_it_has_one_thread(trainer, panel, monkeypatch):
    key = f"made up in process {os.getpid()}"
    monkeypatch.setenv("ALPACA_API_SECRET", key)
    trainer.start(panel, None, CUTOFF, "test")
    environment = Path(f"/proc/{trainer._child.pid}/environ").read_text()
    assert key not in environment
    assert "OMP_NUM_THREADS=1" in environment


def test_lines_that_are_no_progress_are_ignored(trainer):
    noise = [
        "warning: something\n",
        "[1]\n",
        '{"progress": "x"}\n',
        "null\n",
        '{"error": "It cannot be."}\n',
        "\n",
    ]
    with (path := trainer._job_dir.with_suffix(".txt")).open("w", encoding="utf-8") as file:
        file.writelines(noise)
    assert trainer._lines(path.open(encoding="utf-8")) == "It cannot be."
    assert trainer.status().stage is ModelStage.WAITING


def test_a_job_reads_back_and_holds_no_bar_after_the_cutoff(tmp_path, panel, benchmark):
    save(tmp_path, Job(tuple(panel), benchmark, CUTOFF, "test"))
    job = load(tmp_path)
    assert [b.symbol for b in job.panel] == ["AAA", "BBB"]
    assert job.benchmark.symbol == "^M"
    assert (job.cutoff, job.source) == (CUTOFF, "test")
    for found, given in zip([*job.panel, job.benchmark], [*panel, benchmark], strict=True):
        seen = given.until(CUTOFF)
        assert len(found) == len(seen) < len(given)
        assert (found.close == seen.close).all()
        assert (found.interval, found.adjusted) == (given.interval, given.adjusted)


def test_a_job_without_a_benchmark(tmp_path, panel):
    save(tmp_path, Job(tuple(panel), None, CUTOFF, "test"))
    assert load(tmp_path).benchmark is None


def test_the_worker_says_how_it_is_called(capsys):
    assert main(["worker"]) == 2
    assert "JOBDIR" in capsys.readouterr().err


@pytest.fixture
def _kind(monkeypatch):
    monkeypatch.setattr(os, "nice", lambda step: step, raising=False)  # the suite keeps its own priority


@pytest.mark.usefixtures("_kind")
def test_the_worker_writes_the_model_and_says_each_step(tmp_path, panel, benchmark, text, capsys):
    save(tmp_path, Job(tuple(panel), benchmark, CUTOFF, "test"))
    assert main(["worker", str(tmp_path)]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[-1] == {"progress": 1.0, "note": "Trained."}
    written = (tmp_path / "model.json").read_text()
    assert json.loads(written)["sha256"] == json.loads(text)["sha256"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "panel.npz"]


@pytest.mark.usefixtures("_kind")
def test_the_worker_refuses_simulated_prices(tmp_path, panel, capsys):
    made_up = tuple(replace(bars, source="simulated") for bars in panel)
    save(tmp_path, Job(made_up, None, CUTOFF, "simulated"))
    assert main(["worker", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "error": "Simulated prices are never trained on."
    }
    assert not (tmp_path / "model.json").exists()


@pytest.mark.slow
def test_the_desk_serves_a_model_without_scikit_learn():
    code = "import marketpulse.models, marketpulse.pipeline, sys; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
