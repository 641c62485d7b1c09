"""The waterfall: no step makes a size larger, no size is beyond a cap, and the binding step is named."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from math import inf, isfinite, isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tickets import INSTRUMENTS, ask, context, limit, order, portfolio
from unit.risk.test_prospect import standing

from marketpulse.risk.context import Opinion
from marketpulse.risk.costs import Liquidity
from marketpulse.risk.pretrade import preview
from marketpulse.risk.sizing import Bet, Cap, governor, haircut, shortfall_room, waterfall

SHARE = INSTRUMENTS["AAPL"]
numbers = st.floats(allow_nan=True, allow_infinity=True)


def walk_down(bet, caps, *, alike=1.0, governed=1.0, worth=100.0, equity=100_000.0, lot=SHARE.quantity):
    return waterfall(
        bet, caps, alike=(alike, ""), governed=(governed, ""), worth=worth, equity=equity, lot=lot
    )


@given(
    chance=st.none() | numbers,
    move=numbers,
    caps=st.lists(numbers, min_size=1, max_size=6),
    alike=numbers,
    governed=numbers,
    right=st.none() | numbers,
    worth=st.floats(1e-6, 1e9),
    equity=st.floats(1e-3, 1e12),
)
@settings(max_examples=400, deadline=None)
def test_a_size_is_within_every_cap_and_rounding_only_takes_away(
    *, chance, move, caps, alike, governed, right, worth, equity
):
    made = [Cap(f"cap {i}", units, "") for i, units in enumerate(caps)]
    found = walk_down(
        Bet(chance, move, 0.001, "x", right), made, alike=alike, governed=governed, worth=worth, equity=equity
    )
    assert all(later.units <= earlier.units for earlier, later in pairwise(found.steps))
    for size in (found.size, found.most):
        assert size.is_finite()
        assert size >= 0
        assert size % SHARE.lot == 0
        for units in caps:
            assert float(size) <= (0.0 if isnan(units) else max(0.0, units)) or not size
    assert float(found.size) <= found.steps[-2].units
    assert sum(step.binding for step in found.steps) == 1


@given(
    cash=st.integers(10_000, 200_000),
    held=st.integers(0, 200),
    seen=st.integers(1, 30),
    chance=st.floats(0.5, 0.99),
)
@settings(max_examples=150, deadline=None)
def test_what_is_offered_passes_every_gate(cash, held, seen, chance):
    """The size and the largest one go through the gates that a person's own order goes through."""
    equity = cash + 100.0 * held
    world = context(
        portfolio=portfolio(str(cash), AAPL=str(held)),
        equity=equity,
        orders=(order(limit("99", quantity=seen)),),
        standing=standing(red=seen % 3 == 0, clusters=(("AAPL", "IBM"),)),
        drawdown=0.01,
        opinion=Opinion(chance, 5, "p"),
        market=Liquidity(1e6, 0.02),
    )
    found = preview(ask(quantity=Decimal(1)), world).sizing
    for size in {found.size, found.most} - {Decimal(0)}:
        again = preview(ask(quantity=size), world)
        assert [c.code for c in again.failed if c.code != "FAT_FINGER"] == []
    one_more = preview(ask(quantity=found.most + 1), world)
    assert found.bound == "Cash" or one_more.failed or found.bound.startswith("ES")


def test_without_an_edge_the_size_is_0_and_the_limits_are_still_told():
    found = preview(ask(), context(standing=standing(), opinion=Opinion(None, 5, "No edge."))).sizing
    assert (found.size, found.binding) == (Decimal(0), "Kelly")
    assert found.note == "No edge. Without an edge the size is 0."
    assert (found.most, found.bound) == (Decimal(150), "15% per position")


def test_a_chance_that_costs_eat_is_worth_no_stake():
    found = walk_down(Bet(0.505, 0.02, 0.01, "p 50.5%"), [Cap("Cash", 10.0, "")])
    assert (found.size, found.note) == (0, "p 50.5%: after costs the chance is worth no stake.")


def test_the_binding_step_is_the_limit_that_cut_last():
    bet = Bet(0.6, 0.04, 0.0, "p 60%")
    caps = [Cap("VaR budget", 500.0, "", hard=False), Cap("Position", 150.0, ""), Cap("Cash", 80.5, "")]
    found = walk_down(bet, caps)
    assert (found.size, found.binding, found.bound, found.most) == (80, "Cash", "Cash", 80)
    assert walk_down(bet, [Cap("VaR budget", inf, "", hard=False)]).binding == "Quarter"
    assert walk_down(bet, [Cap("Position", 150.0, "")], governed=0.0).size == 0


def test_unknown_numbers_allow_nothing():
    bet = Bet(0.6, 0.04, 0.0, "p 60%")
    assert walk_down(bet, [Cap("Cash", nan, "")]).most == 0
    assert walk_down(bet, [Cap("Cash", 5.0, "")], equity=nan).steps == ()
    assert walk_down(bet, [Cap("Cash", 5.0, "")], worth=0.0).size == 0
    assert governor(nan, 0.15) == 0.0
    assert haircut(nan, nan) == 0.5


@given(
    slope=st.floats(1e-4, 0.5), base=st.floats(0, 5_000), ceiling=st.floats(1, 1e6), curve=st.floats(0, 1e-6)
)
def test_the_room_for_a_convex_shortfall_is_never_beyond_the_limit(slope, base, ceiling, curve):
    def loss(money):
        return base + slope * money + curve * money * money

    room = shortfall_room(loss, 3_000.0, ceiling)
    assert 0.0 <= room <= ceiling
    assert room == 0.0 or loss(room) <= 3_000.0 * (1 + 1e-9)


@pytest.mark.parametrize("loss", [lambda _: nan, lambda _: inf, lambda _: 9_000.0])
def test_a_shortfall_that_is_unknown_or_too_large_leaves_no_room(loss):
    assert shortfall_room(loss, 3_000.0, 1_000.0) == 0.0


def test_a_sale_and_an_unknown_equity_have_no_size():
    assert preview(replace(ask(), side=ask().side), context(equity=None)).sizing is None
    assert isfinite(preview(ask(), context(standing=standing())).sizing.steps[0].units)


def test_a_second_look_takes_away_and_never_adds():
    """Half of an even bet's edge left is half of the stake; more chance than the model gave adds nothing."""
    cap = [Cap("cap", inf, "")]
    plain = walk_down(Bet(0.60, 0.04, 0.0, "x"), cap).size
    halved = walk_down(Bet(0.60, 0.04, 0.0, "x", 0.55), cap)
    assert halved.size == SHARE.quantity(plain / 2)
    assert [step.name for step in halved.steps][:3] == ["Kelly", "Quarter", "Meta-model"]
    assert walk_down(Bet(0.60, 0.04, 0.0, "x", 0.90), cap).size == plain
    assert walk_down(Bet(0.60, 0.04, 0.0, "x", 0.40), cap).size == 0
    assert walk_down(Bet(0.60, 0.04, 0.0, "x", nan), cap).size == 0
