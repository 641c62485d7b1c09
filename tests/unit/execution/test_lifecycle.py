"""The table of an order's life: every state is reached, every other edge is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.execution.bench import T0, buy

from marketpulse.execution.lifecycle import EDGES, ENDED, IllegalStep, after_fill, step
from marketpulse.portfolio.codec import Booking, Change, write_booking
from marketpulse.types import OPEN_STATES, EventKind, Fill, OrderState, Side

BORN = {OrderState.NEW, OrderState.DENIED}


def test_every_state_has_its_row():
    assert set(EDGES) == set(OrderState)


def test_every_state_can_be_reached():
    seen, todo = set(BORN), list(BORN)
    while todo:
        for state in EDGES[todo.pop()] - seen:
            seen.add(state)
            todo.append(state)
    assert seen == set(OrderState)


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("to", OrderState)
def test_i03_only_edges_of_the_table_are_legal(state, to):
    if to in EDGES[state]:
        assert step(state, to) is to
        return
    with pytest.raises(IllegalStep) as refused:
        step(state, to)
    assert (refused.value.state, refused.value.to) == (state, to)


@pytest.mark.parametrize(
    ("state", "to"),
    [
        ("canceled", "filled"),
        ("expired", "filled"),
        ("rejected", "filled"),
        ("canceled", "accepted"),
        ("rejected", "accepted"),
        ("pending_cancel", "filled"),
        ("submitting", "filled"),
        ("unknown", "partially_filled"),
    ],
)
def test_late_news_of_a_venue_is_legal(state, to):
    assert step(OrderState(state), OrderState(to)) == to


@pytest.mark.parametrize(
    ("state", "to"),
    [
        ("denied", "submitting"),
        ("denied", "filled"),
        ("filled", "canceled"),
        ("filled", "accepted"),
        ("new", "rejected"),
        ("new", "unknown"),
        ("unknown", "submitting"),
        ("unknown", "new"),
        ("accepted", "submitting"),
        ("canceled", "submitting"),
        ("rejected", "submitting"),
    ],
)
def test_what_would_send_an_order_twice_or_undo_an_end_is_illegal(state, to):
    with pytest.raises(IllegalStep):
        step(OrderState(state), OrderState(to))


@given(st.lists(st.sampled_from(OrderState), max_size=40))
def test_a_walk_keeps_its_state_over_refused_steps(path):
    state = OrderState.NEW
    for to in path:
        before = state
        try:
            state = step(state, to)
        except IllegalStep:
            assert state is before
            assert to not in EDGES[before]
    assert state is not OrderState.DENIED


@given(st.sampled_from(OrderState), st.integers(1, 30), st.integers(1, 30))
def test_a_fill_is_taken_by_every_state_but_denied(state, filled, quantity):
    if state is OrderState.DENIED:
        with pytest.raises(IllegalStep):
            after_fill(state, Decimal(filled), Decimal(quantity))
        return
    if state is OrderState.FILLED and filled < quantity:
        return  # cannot be: it was filled before
    after = after_fill(state, Decimal(filled), Decimal(quantity))
    if filled >= quantity:
        assert after is OrderState.FILLED
    elif state in {OrderState.CANCELED, OrderState.EXPIRED} or state.value.startswith("pending"):
        assert after is state
    else:
        assert after is OrderState.PARTIALLY_FILLED


def test_an_ended_order_is_not_open():
    assert not ENDED & OPEN_STATES


def paths():
    """Every edge of the table, with a shortest way from a new order to its beginning."""
    ways, todo = {OrderState.NEW: ()}, [OrderState.NEW]
    while todo:
        state = todo.pop(0)
        for to in sorted(EDGES[state] - set(ways)):
            ways[to] = (*ways[state], to)
            todo.append(to)
    return [(*ways[state], to) for state in ways for to in sorted(EDGES[state])]


@pytest.mark.parametrize("path", paths(), ids="-".join)
def test_i03_every_edge_can_be_written_and_read_again(bench, path):
    order = bench.place(buy(10**6))
    for n, to in enumerate(path):
        now = bench.order(order)
        with bench.execution._kit.journal.writing() as draft:
            if to in {OrderState.PARTIALLY_FILLED, OrderState.FILLED}:
                part = now.remaining if to is OrderState.FILLED and now.remaining > 0 else Decimal(1)
                fill = Fill(
                    "sim", f"t{n}", now.client_order_id, "AAPL", Side.BUY, part, Decimal(1), Decimal(0), T0
                )
                key = f"fill:sim:t{n}"
                draft.add(EventKind.FILL, order.id, write_booking(Booking(fill, to)), key, order.account)
            else:
                draft.move(now, Change(to, "walk"))
        assert bench.order(order).state is to
    bench.same_books()


def test_i03_an_illegal_step_is_refused_and_logged_and_changes_nothing(bench, caplog):
    order = bench.place(buy())
    events = bench.kinds()
    with pytest.raises(IllegalStep), bench.execution._kit.journal.writing() as draft:
        draft.move(order, Change(OrderState.REJECTED, "walk"))
    assert bench.kinds() == events
    assert bench.order(order) == order
    assert "an order that is new cannot become rejected (walk)" in caplog.text
