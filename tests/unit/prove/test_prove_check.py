"""The comparison with the venue finds each thing that may be wrong, and nothing where all is well."""

from dataclasses import replace

import pytest

from marketpulse.portfolio.families import EXITS
from marketpulse.prove.check import disagreements
from marketpulse.prove.life import wish
from marketpulse.prove.venue import Luck
from marketpulse.prove.world import World
from marketpulse.types import EventKind


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, 7, Luck(0.0, 0.0, 0.0, 0.0, unlucky=0))
    world.execution.recover()
    for i in range(12):
        world.execution.place(wish(world.dice), f"k{i}")
        world.execution.turn({}, {})
        world.advance(1.0)
    for _ in range(6):  # exits follow what they belong to
        for order in world.books.open_orders:
            world.execution.cancel(order.id)
        world.advance(31.0)
        world.execution.turn({}, {})
    yield world
    world.ledger.close()


def found(world, acknowledged=()):
    return set(disagreements(list(world.ledger.read()), world.venue, acknowledged))


def test_what_agrees_agrees(world):
    assert len(world.venue.fills) > 3
    assert found(world) == set()


def test_a_fill_the_desk_never_booked(world):
    world.venue.fills.append({**world.venue.fills[0], "id": "T999"})
    assert found(world) >= {"lost fill", "cash", "positions"}


def test_a_fill_that_never_was(world):
    world.venue.fills.pop()
    assert found(world) >= {"phantom fill", "cash"}


def test_one_cent(world):
    world.venue.fills[0]["fee"] += 1
    assert found(world) == {"cash"}


def test_an_order_sent_twice(world):
    world.venue.orders.append(world.venue.orders[0])
    assert found(world) == {"doubled order"}


def test_an_order_nobody_wrote_down(world):
    world.venue.orders.append({**world.venue.orders[0], "cid": "MP0"})
    assert found(world) == {"order without intent"}


def test_an_answer_that_is_not_in_the_ledger(world):
    assert found(world, ["MP0"]) == {"lost acknowledgement"}


def test_another_end(world):
    order = next(o for o in world.venue.orders if o["left"] == 0)
    order["left"] = 1
    assert found(world) == {"ended filled, not canceled"}


def test_an_order_the_venue_does_not_know(world):
    world.venue.orders = [o for o in world.venue.orders if o["left"]]
    assert {what.split(",")[0] for what in found(world)} == {"ended filled"}


def exits(world):
    return [e for e in world.ledger.read() if e.kind is EventKind.ORDER and e.payload.get("role") in EXITS]


def test_two_exits_at_once(world):
    events = list(world.ledger.read())
    leg = exits(world)[0]
    again = replace(leg, ref="another")
    assert "two exits at once" in disagreements([*events[: leg.seq], again, *events[leg.seq :]], world.venue)


def test_exits_that_sell_more_than_was_bought(world):
    events = list(world.ledger.read())
    leg = exits(world)[0]
    bought = next(e for e in events if e.kind is EventKind.FILL and e.ref == leg.payload["parent"])
    payload = {**bought.payload, "quantity": "999", "side": "sell", "to": "filled"}
    more = replace(bought, ref=leg.ref, seq=events[-1].seq + 1, payload=payload, key="fill:sim:more")
    assert "more sold by exits than bought" in disagreements([*events, more], world.venue)
