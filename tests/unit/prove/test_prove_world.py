"""The simulated world: one seed is one day, another seed another one."""

import random

import pytest

from marketpulse.prove.simulation import Day
from marketpulse.prove.socketed import VenueServer
from marketpulse.prove.venue import ACCOUNT, Luck, Venue
from marketpulse.prove.world import World


def lived(folder, seed):
    folder.mkdir()
    day = Day(folder, seed)
    return day.run(), +day.found


def test_one_seed_is_one_day_bit_for_bit(tmp_path):
    first, found = lived(tmp_path / "a", 3)
    assert found == {}
    assert lived(tmp_path / "b", 3)[0] == first
    assert lived(tmp_path / "c", 4)[0] != first


def test_what_was_put_off_happens_at_its_moment(tmp_path):
    world = World(tmp_path, 1, Luck())
    seen = []
    world._later(2.0, lambda: seen.append(world.clock.monotonic()))
    world._later(1.0, lambda: seen.append(world.clock.monotonic()))
    world.advance(1.5)
    assert seen == [1.0]
    world.advance(1.5)
    assert seen == [1.0, 2.0]
    assert world.clock.monotonic() == 3.0
    world.ledger.close()


def test_a_restart_keeps_the_ledger_and_the_venue(tmp_path):
    world = World(tmp_path, 1, Luck())
    before = world.books.portfolio
    world.restart()
    assert world.books.portfolio == before
    assert world.books.account == ACCOUNT
    world.ledger.close()


@pytest.mark.parametrize(
    ("luck", "answer", "orders"),
    [
        (Luck(lost=1.0), None, 0),
        (Luck(0.0, 0.0, 1.0, 1.0), None, 1),
        (Luck(0.0, 0.0, 0.0, 1.0), {"throttled": 0.01}, 0),
        (Luck(0.0, 0.0, 0.0, 0.0), {"venue_id": "V-c"}, 1),
    ],
)
def test_what_the_venue_does_to_a_request(luck, answer, orders):
    venue = Venue(random.Random(1), luck, lambda *_: None)
    asked = {
        "op": "place",
        "cid": "c",
        "symbol": "AAPL",
        "side": 1,
        "quantity": 5,
        "price": 1,
        "market": False,
    }
    assert venue.answer(asked) == answer
    assert len(venue.orders) == orders


def test_a_late_accept_comes_when_time_has_passed():
    due = []
    venue = Venue(
        random.Random(1), Luck(0.0, 1.0, 1.0, 1.0), lambda seconds, call: due.append((seconds, call))
    )
    asked = {
        "op": "place",
        "cid": "c",
        "symbol": "AAPL",
        "side": 1,
        "quantity": 5,
        "price": 1,
        "market": False,
    }
    assert venue.answer(asked) is None
    assert (len(venue.orders), venue.accepted_late) == (0, 0)
    due[0][1]()
    assert (len(venue.orders), venue.accepted_late) == (1, 1)


def test_the_server_closes(tmp_path):
    server = VenueServer(tmp_path / "v", 1, Luck())
    server.close()
    server.close()
