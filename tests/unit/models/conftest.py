import pytest
from walks import CUTOFF, TRAINED, trending_walk, walk

from marketpulse.models.train import train


@pytest.fixture(scope="session")
def panel():
    return [trending_walk(symbol, 1600, seed, 0.4) for seed, symbol in enumerate(("AAA", "BBB"))]


@pytest.fixture(scope="session")
def benchmark():
    return walk("^M", 1600, 99)


@pytest.fixture(scope="session")
def text(panel, benchmark):
    return train(panel, benchmark, CUTOFF, source="test", trained=TRAINED)
