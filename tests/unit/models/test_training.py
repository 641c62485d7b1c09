"""The training of one class as a whole: what it may see, what it counts, what it leaves."""

from dataclasses import replace

import pytest
from walks import CUTOFF, TRAINED, spoilt, walk

from marketpulse.models import training
from marketpulse.models.artefact import read_manifest
from marketpulse.models.job import Job
from marketpulse.models.record import decode, encode
from marketpulse.models.rows import NotTrainable
from marketpulse.models.training import train_ensemble
from marketpulse.models.walk import Settings
from marketpulse.types import AssetClass, Edge

QUICK = Settings(refit=189)


def train(job, said=None):
    """Train with few refits; ``said`` takes the progress."""
    return train_ensemble(
        job, TRAINED, lambda part, note: None if said is None else said.append((part, note)), QUICK
    )


@pytest.fixture
def job(panel, benchmark, tmp_path):
    """The one that the shared document came of, with a folder of its own."""
    return Job(tuple(panel[:1]), benchmark, CUTOFF, "test", artefacts=tmp_path, processes=1)


def test_bars_after_the_cutoff_change_nothing(job, document):
    changed = replace(
        job,
        panel=tuple(spoilt(bars, CUTOFF) for bars in job.panel),
        benchmark=spoilt(job.benchmark, CUTOFF, 1),
    )
    found, expected = decode(train(changed)), decode(document[1])
    assert found.card.version == expected.card.version  # a file of trees is never twice the same bytes
    assert replace(found.record, seconds=0.0) == replace(expected.record, seconds=0.0)
    assert (found.card, found.meta, found.reference) == (expected.card, expected.meta, expected.reference)


def test_again_on_the_same_bars_it_is_the_same_model_and_no_further_trials(job, document):
    said = []
    again = replace(job, old=document[1], artefacts=document[0], kind=AssetClass.CRYPTO, earlier=5)
    found = decode(train(again, said))
    assert found.record.promoted
    assert "the same bars gave the same numbers" in found.record.verdict
    assert found.record.tried == 11
    assert found.record.kind is AssetClass.CRYPTO
    assert [part for part, _ in said] == sorted(part for part, _ in said)
    assert 0.0 < said[0][0] < said[-1][0] < 1.0


def test_trials_of_earlier_trainings_count(job, document):
    assert training._earlier(replace(job, earlier=22), "other bars") == 22
    old = decode(document[1])
    assert training._earlier(replace(job, earlier=2, old=document[1]), "other bars") == 11
    more = encode(replace(old, record=replace(old.record, tried=33)))
    assert training._earlier(replace(job, old=more), old.record.data) == 22
    assert training._earlier(replace(job, earlier=7, old="{}"), "other bars") == 7


def test_on_noise_nothing_is_claimed_and_a_call_is_rare(tmp_path):
    bars = (walk("AAA", 1_150, 3),)
    found = decode(train(Job(bars, None, CUTOFF, "test", artefacts=tmp_path, processes=1)))
    assert found.card.edge is not Edge.WEAK
    assert found.meta is None
    assert found.meta_sentence.startswith("No meta-model: ")
    assert "market_5" not in found.reference.names


def test_every_row_is_compared_and_never_more_than_so_many(document, monkeypatch):
    manifest = read_manifest(decode(document[1]).manifest)
    graphed = [one for one in manifest.members if one.onnx is not None]
    assert graphed
    assert all(one.compared >= manifest.rows for one in graphed)
    monkeypatch.setattr(training, "_HELD", 10)
    assert training._spread(5).tolist() == [0, 1, 2, 3, 4]
    assert training._spread(100).tolist() == [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]


def test_what_cannot_be_trained_on_says_so(job):
    with pytest.raises(NotTrainable, match="756 dates"):
        train(replace(job, panel=(job.panel[0][:700],)))
    made_up = replace(job, panel=(replace(job.panel[0], source="simulated"),))
    with pytest.raises(NotTrainable, match="Simulated"):
        train(made_up)
    assert list(job.artefacts.iterdir()) == []
