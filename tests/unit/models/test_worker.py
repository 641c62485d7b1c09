"""The job and the process that works on it."""

import json
import os
from dataclasses import fields, replace

import pytest
from walks import CUTOFF, walk

from marketpulse.models import record
from marketpulse.models.job import Job, load, save
from marketpulse.models.worker import main
from marketpulse.types import AssetClass


def test_a_job_reads_back_and_holds_no_bar_after_the_cutoff(tmp_path, panel, benchmark):
    given = Job(
        tuple(panel),
        benchmark,
        CUTOFF,
        "test",
        kind=AssetClass.CRYPTO,
        horizon=3,
        earlier=22,
        artefacts=tmp_path / "models",
        old="{}",
        simple=True,
        processes=1,
    )
    save(tmp_path, given)
    job = load(tmp_path)
    for field in fields(Job)[2:]:
        assert getattr(job, field.name) == getattr(given, field.name), field.name
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
    save(tmp_path, Job(tuple(panel), benchmark, CUTOFF, "test", simple=True))
    assert main(["worker", str(tmp_path)]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[-2:] == [{"ready": "logistic"}, {"progress": 1.0, "note": "Trained."}]
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
@pytest.mark.usefixtures("_kind")
def test_the_worker_writes_the_ensemble_after_the_logistic_model(tmp_path, capsys):
    artefacts = tmp_path / "models"
    save(tmp_path, Job((walk("AAA", 1_150, 1),), None, CUTOFF, "test", artefacts=artefacts, processes=1))
    assert main(["worker", str(tmp_path)]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"ready": "logistic"} in said
    parts = [line["progress"] for line in said if "progress" in line]
    assert parts == sorted(parts)
    assert said[-1] == {"progress": 1.0, "note": "Trained."}
    found = record.decode((tmp_path / "trained.json").read_text())
    assert found.card.symbols == ("AAA",)
    assert (artefacts / found.card.version / "manifest.json").read_text() == found.manifest


@pytest.mark.usefixtures("_kind")
def test_a_history_that_is_too_short_gives_the_logistic_model_alone(tmp_path, capsys):
    save(tmp_path, Job((walk("AAA", 700, 1),), None, CUTOFF, "test"))
    assert main(["worker", str(tmp_path)]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    alone = "An ensemble needs 756 dates with all features; there are 448."
    assert {"ready": "logistic"} in said
    assert {"alone": alone} in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "panel.npz"]
