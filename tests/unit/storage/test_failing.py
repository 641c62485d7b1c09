"""The failing connection fails where it is told to, as SQLite does."""

import pytest

from marketpulse.errors import StorageError
from marketpulse.storage import Ledger
from marketpulse.storage.failing import ERRORS, Plan, christen, failing

SENTENCES = {"busy": "locked", "full": "disk is full", "io": "disk reports an error", "readonly": "read-only"}


@pytest.fixture
def plan():
    return Plan()


@pytest.fixture
def failed(path, clock, plan):
    ledger = Ledger.open(path, clock, failing(plan))
    plan.calls = 0
    yield ledger
    plan.at = 0
    ledger.close()


@pytest.mark.parametrize("error", ERRORS)
def test_each_error_is_said_as_the_real_one(failed, plan, new, error):
    plan.at, plan.error = 1, error
    with pytest.raises(StorageError, match=SENTENCES[error]):
        failed.append(new())
    assert plan.failed == 1
    assert failed.append(new())[0].seq == 1


def calls_of_one_append(failed, plan, new):
    failed.append(new())
    return plan.calls


def test_a_commit_that_failed_after_all_was_done_is_on_the_disk(failed, plan, new):
    made = calls_of_one_append(failed, plan, new)
    assert made >= 4  # begin, read, insert, commit
    for at in range(1, made + 1):
        plan.calls, plan.at, plan.done = 0, at, True
        before = failed.verify()
        try:
            failed.append(new())
        except StorageError:
            pass
        else:
            assert at == made  # the rollback of a connection that is given back concerns nobody
        assert failed.verify() in {before, before + 1}


def test_what_lasts_fails_until_it_ends(failed, plan, new):
    plan.at, plan.lasting = 1, True
    for _ in range(3):
        with pytest.raises(StorageError):
            failed.append(new())
    plan.at = 0
    failed.append(new())
    assert failed.verify() == 1


def test_full_promises_each_commit_and_normal_none(path, clock, new):
    told = []
    for rewrite in ({}, {"PRAGMA synchronous=FULL": "PRAGMA synchronous=NORMAL"}):
        ledger = Ledger.open(path, clock, failing(Plan(durable=told.append, rewrite=rewrite)))
        told.clear()
        ledger.append(new())
        size = path.with_name("ledger.db-wal").stat().st_size
        assert told == ([] if rewrite else [size])
        ledger.close()


def test_only_a_ledger_without_events_takes_a_name(path, clock, new):
    Ledger.open(path, clock).close()
    christen(path, "ab" * 16)
    ledger = Ledger.open(path, clock)
    assert ledger.installation == "ab" * 16
    ledger.append(new())
    ledger.close()
    with pytest.raises(ValueError, match="keeps its installation id"):
        christen(path, "cd" * 16)
