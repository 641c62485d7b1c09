"""The event gate: near results refuse a buy, an unknown day refuses nothing, and the ladder says what is known."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tickets import ask, context, sell
from unit.risk.test_prospect import standing

from marketpulse.risk.events import UNKNOWN, event_gate
from marketpulse.risk.pretrade import preview
from marketpulse.risk.why import Edges, ladder
from marketpulse.types import Side
from marketpulse.types.earnings import Upcoming

NOW = datetime(2026, 3, 9, 15, tzinfo=UTC)


def due(sessions, **more):
    asked = NOW - timedelta(hours=3)
    return Upcoming(date(2026, 3, 12), sessions, "finnhub", asked, NOW, **more)


@pytest.mark.parametrize(
    ("left", "days", "passes"),
    [(0, 1, False), (1, 1, False), (2, 1, True), (3, 3, False), (4, 3, True), (0, 0, True), (1, 0, True)],
)
def test_nothing_more_is_bought_within_so_many_sessions(left, days, passes):
    for brief in (False, True):
        assert event_gate(due(left), days, brief=brief).passed is passes
    assert event_gate(due(left), days, Side.SELL).passed


def test_it_tells_date_source_age_and_whether_it_is_a_guess():
    found = event_gate(due(2, estimated=True), 3)
    assert found.sentence == (
        "Earnings are due on 2026-03-12 (finnhub, an estimate, asked 3 h ago), in 2 sessions: "
        "nothing more is bought until they are out. Sales pass."
    )
    assert (found.value, found.limit) == ("2 sessions", "more than 3")
    assert "no session before them is kept free" in event_gate(due(2), 0).sentence


@pytest.mark.parametrize("unknown", [Upcoming(why="On a replay no provider tells."), Upcoming(), due(None)])
def test_an_unknown_day_refuses_nothing_and_says_so(unknown):
    found = event_gate(unknown, 5)
    assert (found.passed, found.value) == (True, UNKNOWN)
    assert found.sentence.endswith("That refuses nothing.")


def test_the_gate_holds_in_the_order_path_and_leaves_no_size():
    near = {"event": due(1), "event_days": 2, "standing": standing()}
    found = preview(ask(), context(**near))
    assert [c.code for c in found.failed] == ["EVENT"]
    assert (found.sizing.most, found.sizing.bound) == (Decimal(0), "Event")
    assert preview(sell(), context(**near)).ok is False  # nothing held
    assert "EVENT" not in [c.code for c in preview(sell(), context(**near)).failed]
    assert preview(ask(), context(**(near | {"event_days": 0}))).ok


@pytest.mark.parametrize(
    ("event", "days", "passed", "words"),
    [
        (due(1), 2, False, "2026-03-12 (finnhub"),
        (due(9), 2, True, "2026-03-12 (finnhub"),
        (Upcoming(why="On a replay no provider tells."), 2, None, "On a replay"),
        (None, 2, None, "not known"),
    ],
)
def test_the_ladder_has_one_rung_for_it(event, days, passed, words):
    found = preview(ask(), context(event=event, event_days=days))
    rungs = [rung for rung in ladder(found, None, Edges()) if rung.code == "EVENT"]
    assert len(rungs) == 1
    assert rungs[0].passed is passed
    assert words in rungs[0].sentence


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=30), "30 h"),
        (timedelta(days=3), "3 days"),
        (-timedelta(1), "0 min"),
    ],
)
def test_an_age_is_told_in_words(passed, words):
    assert Upcoming(asked=NOW - passed, now=NOW).age == f"asked {words} ago"
