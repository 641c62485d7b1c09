import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.guard.breaker import BreakerState
from marketpulse.guard.budget import BudgetMemo
from marketpulse.guard.saved import CellMemo, Credential, read, write

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CELLS = {
    "quote": CellMemo(BreakerState.OPEN, NOW + timedelta(seconds=30), 2, NOW),
    "news": CellMemo(BreakerState.ISOLATED, None, 0, None),
}
BUDGET = BudgetMemo(date(2026, 1, 1), 17, NOW + timedelta(seconds=20), 60.0)


def text(**changes: object) -> str:
    whole = write(Credential("one", "k"), refused=True, budget=BUDGET, cells=CELLS)
    return json.dumps(json.loads(whole) | changes)


def test_what_is_written_is_read():
    saved = read(text())
    assert (saved.refused, saved.budget, saved.cells) == (True, BUDGET, CELLS)
    assert Credential("one", "k").matches(saved.salt, saved.digest)


def test_another_key_another_owner_and_no_key_do_not_match():
    saved = read(text())
    assert not Credential("one", "K").matches(saved.salt, saved.digest)
    assert not Credential("two", "k").matches(saved.salt, saved.digest)
    assert not Credential("one", "").matches(saved.salt, saved.digest)
    keyless = read(write(Credential("one", " "), refused=False, budget=None, cells={}))
    assert keyless.digest == ""
    assert not Credential("one", "").matches(keyless.salt, keyless.digest)


def test_each_text_has_a_salt_of_its_own():
    one, two = (json.loads(text()) for _ in range(2))
    assert one["salt"] != two["salt"]
    assert one["credential"] != two["credential"]


BROKEN = [
    "",
    " ",
    "{",
    "null",
    "[]",
    "1",
    '"text"',
    "NaN",
    "{}",
    "[" * 50_000,
    "x" * 200_000,
    '{"version": 1}',
    text(version=2),
    text(version=None),
    text(salt=5),
    text(salt="zz"),
    text(credential="abc"),
    text(credential="ab"),
    text(credential=None),
    text(refused="yes"),
    text(refused=None),
    text(cells=None),
    text(cells=[]),
    text(cells={"quote": None}),
    text(cells={"quote": {}}),
    *(
        text(cells={"quote": {"state": "open", "until": None, "opened": 1, "last_good": None} | change})
        for change in (
            {"state": "ajar"},
            {"state": None},
            {"state": []},
            {"until": "soon"},
            {"until": 5},
            {"until": "2026-01-01T00:00:00"},
            {"until": "0001-01-01T00:00:00+14:00"},
            {"opened": -1},
            {"opened": 1.5},
            {"opened": True},
            {"opened": 10**400},
            {"last_good": "yesterday"},
        )
    ),
    *(
        text(budget={"day": "2026-01-01", "used": 1, "until": None, "pause": 0.0} | change)
        for change in (
            {"day": "today"},
            {"day": 1},
            {"used": None},
            {"used": -3},
            {"used": "many"},
            {"pause": float("nan")},
            {"pause": float("inf")},
            {"pause": -1.0},
            {"pause": []},
            {"until": "2026-13-45T00:00:00+00:00"},
        )
    ),
    text(budget=7),
    text()[:-9],
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_garbage_is_a_value_error(broken):
    with pytest.raises(ValueError, match="could not be read"):
        read(broken)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["version", "salt", "credential", "refused", "cells", "budget"]), JSON)
def test_a_changed_field_is_read_or_a_value_error(field, value):
    changed = text(**{field: value})
    try:
        saved = read(changed)
    except ValueError:
        return
    assert isinstance(saved.cells, dict)
    assert saved.budget is None or saved.budget.used >= 0


@given(st.text())
def test_any_text_is_a_value_error(any_text):
    with pytest.raises(ValueError, match="could not be read"):
        read(any_text)
