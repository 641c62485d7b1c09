"""The ladder of gates, and the smallest change that would pass."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import ask, context, datum, portfolio

from marketpulse.execution import read_order
from marketpulse.risk.changes import smallest_change
from marketpulse.risk.pretrade import preview
from marketpulse.risk.why import Edges, break_even, ladder
from marketpulse.types import Edge, Signal

INSTRUMENTS = context().instruments
KNOWN = Edges(0.002, 0.02)


def signal(p=0.6, base=0.52, edge=Edge.WEAK):
    return Signal(
        "AAPL", "2012-06-04", datetime(2012, 6, 5, tzinfo=UTC), 5, p, base, edge, "Said.", "m", "1", "h"
    )


def rungs(found=None, said=None, edges=KNOWN):
    return {r.code: r for r in ladder(found or preview(ask(), context()), said, edges)}


def test_the_ladder_goes_from_data_to_a_persons_word():
    codes = list(rungs(said=signal()))
    marks = ["STALE_QUOTE", "MARKET_CLOSED", "SIGNAL", "EDGE", "EVENT", "HALTED", "POSITION_LIMIT", "INSUFFICIENT_CASH", "APPROVAL"]  # fmt: skip
    assert [code for code in codes if code in marks] == marks


def test_every_gate_of_the_order_is_on_it_once():
    found = preview(ask(), context())
    ladder_codes = [r.code for r in ladder(found, signal(), KNOWN)]
    own = {"SIGNAL", "EDGE", "EVENT", "APPROVAL"}
    assert sorted(c for c in ladder_codes if c not in own) == sorted(
        c.code for c in found.checks if not c.advisory
    )


@pytest.mark.parametrize(
    ("said", "signal_passes", "edge_passes"),
    [
        (None, False, False),
        (signal(None), False, False),
        (signal(0.6), True, True),
        (signal(0.53), True, False),
        (signal(0.50), False, False),
        (signal(0.6, base=None), True, True),
        (signal(0.6, edge=Edge.NONE), True, False),
        (signal(0.6, edge=Edge.DEGRADED), True, False),
        (signal(float("nan")), False, False),
    ],
)
def test_signal_and_edge(said, signal_passes, edge_passes):
    found = rungs(said=said)
    assert (found["SIGNAL"].passed, found["EDGE"].passed) == (signal_passes, edge_passes)


@pytest.mark.parametrize(
    "edges", [Edges(), Edges(0.1), Edges(None, 0.1), Edges(0.1, 0.0), Edges(float("nan"), 0.1), Edges(0.1, float("inf"))]
)  # fmt: skip
def test_an_edge_whose_cost_is_not_known_is_not_known(edges):
    assert rungs(said=signal(), edges=edges)["EDGE"].passed is None


def test_what_an_edge_must_beat_is_said():
    rung = rungs(said=signal(0.6))["EDGE"]
    assert (rung.value, rung.limit) == ("p 60.0%", "55.0%")


@given(
    st.floats(0, 1),
    st.floats(1e-6, 1),
    st.floats(0, 1),
)
def test_break_even_is_where_the_expectation_is_nothing(cost, move, p):
    least = break_even(cost, move)
    earned = p * move - (1 - p) * move - cost
    assert (earned > 1e-9) <= (p > least - 1e-9)
    assert (earned < -1e-9) <= (p < least + 1e-9)


def test_no_price_is_the_first_failure():
    found = ladder(preview(ask(), context(datum=None)), signal(), KNOWN)
    assert next(r for r in found if r.passed is False).code == "NO_PRICE"
    stale = ladder(preview(ask(), context(datum=datum(stale=True, why="old"))), signal(), KNOWN)
    assert next(r for r in stale if r.passed is False).code == "STALE_QUOTE"


def change(world=None, **fields):
    raw = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10"} | fields
    world = world or context()

    def again(given):
        return preview(read_order(given, INSTRUMENTS), world)

    found = smallest_change(again(raw), raw, INSTRUMENTS["AAPL"], world.orders, again)
    if found:
        assert again({**raw, found.field: found.text}).ok
        bigger = f"{Decimal(found.text) + 1:f}"
        assert found.field != "quantity" or not again({**raw, "quantity": bigger}).ok
    return found and (found.field, found.text)


def test_what_passes_needs_no_change():
    assert change() is None


def test_too_many_become_as_many_as_the_limits_let_through():
    field, text = change(quantity="900")
    assert (field, int(text) <= 150) == ("quantity", True)


def test_a_sale_of_more_than_is_held_becomes_what_is_held():
    assert change(context(portfolio=portfolio(AAPL="7")), side="sell") == ("quantity", "7")


def test_no_change_lifts_a_stale_price():
    assert change(context(datum=datum(stale=True, why="old"))) is None
