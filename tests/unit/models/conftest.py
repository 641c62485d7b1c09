import pytest
from walks import CUTOFF, TRAINED, trending_walk, walk

from marketpulse.models.job import Job
from marketpulse.models.train import train
from marketpulse.models.training import train_ensemble
from marketpulse.models.walk import Settings


@pytest.fixture(scope="session")
def panel():
    return [trending_walk(symbol, 1600, seed, 0.4) for seed, symbol in enumerate(("AAA", "BBB"))]


@pytest.fixture(scope="session")
def benchmark():
    return walk("^M", 1600, 99)


@pytest.fixture(scope="session")
def text(panel, benchmark):
    return train(panel, benchmark, CUTOFF, source="test", trained=TRAINED)


@pytest.fixture(scope="session")
def document(panel, benchmark, tmp_path_factory):
    """The folder of an ensemble's files, and its document; an edge is planted in its bars."""
    folder = tmp_path_factory.mktemp("artefacts")
    job = Job(tuple(panel[:1]), benchmark, CUTOFF, "test", artefacts=folder, processes=1)
    return folder, train_ensemble(job, TRAINED, lambda _part, _note: None, Settings(refit=189))
