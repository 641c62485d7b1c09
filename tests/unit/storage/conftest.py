from datetime import UTC, datetime

import pytest

from marketpulse.clock import SimClock
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, NewEvent

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return SimClock(NOON)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path, clock):
    ledger = Ledger.open(path, clock)
    yield ledger
    ledger.close()


@pytest.fixture
def new():
    def make(ref="o1", key=None, kind=EventKind.ORDER, time=NOON, **payload):
        return NewEvent(time, "paper:main", kind, ref, payload or {"quantity": "10"}, key)

    return make
