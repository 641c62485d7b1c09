"""A desk on a bench for each test."""

import pytest
from unit.execution.bench import Bench


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.same_books()
    bench.ledger.close()
