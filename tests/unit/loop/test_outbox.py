"""A sink hears of every event that it wants, over refusals, lost answers, restarts and other ledgers."""

import json
from decimal import Decimal

import pytest

from marketpulse.clock import SimClock
from marketpulse.errors import Undelivered
from marketpulse.loop import outbox as module
from marketpulse.loop.outbox import Outbox
from marketpulse.meter import Meter
from marketpulse.portfolio.codec import Cash, write_cash
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, NewEvent


class Sink:
    name = "ears"

    def __init__(self, most=99):
        self.heard, self.faults, self.most, self.closed = [], [], most, 0

    def wants(self, event):
        return event.kind is EventKind.CASH

    def send(self, events):
        taken = list(events[: self.most])
        fault = self.faults.pop(0) if self.faults else None
        if not isinstance(fault, Lost | None):
            raise fault
        self.heard += [e.seq for e in taken]
        if fault:
            raise fault
        return len(taken)

    def close(self):
        self.closed += 1


class Lost(Undelivered):
    """It arrived, and its answer did not."""


class Post:
    def __init__(self, folder, clock):
        self.folder, self.sink, self.meter = folder, Sink(), Meter()
        self.ledger = Ledger.open(folder / "ledger.db", clock)
        self.clock = clock
        self.put(2)
        self.open()

    def open(self):
        self.box = Outbox(self.ledger, self.folder / "sinks", self.sink, self.meter)

    def put(self, count, kind=EventKind.CASH):
        payload = write_cash(Cash(Decimal(1), "USD", "x"))
        self.ledger.append(*[NewEvent(self.clock.now(), "paper:1", kind, "x", payload) for _ in range(count)])

    def turn(self, times=1):
        return [self.box._turn() for _ in range(times)][-1]

    def kept(self):
        return json.loads((self.folder / "sinks" / "ears.json").read_text())["seq"]


@pytest.fixture
def post(tmp_path):
    post = Post(tmp_path, SimClock(__import__("tickets").NOW))
    yield post
    post.box.close()
    post.ledger.close()


def test_what_was_there_before_the_sink_came_is_not_told(post):
    post.turn()
    assert post.sink.heard == []
    post.put(1)
    post.turn()
    assert post.sink.heard == [3]


def test_each_event_once_over_restarts(post):
    for _ in range(3):
        post.put(2)
        post.turn()
        post.open()
    assert post.sink.heard == [3, 4, 5, 6, 7, 8]


def test_what_came_while_nobody_listened_is_told_at_the_next_start(post):
    post.turn()
    post.put(4)
    post.open()
    post.turn()
    assert post.sink.heard == [3, 4, 5, 6]


def test_a_message_that_was_not_delivered_is_sent_again_and_not_lost(post):
    post.put(2)
    post.sink.faults = [Undelivered("no"), Undelivered("no"), None]
    post.turn(3)
    assert post.sink.heard == [3, 4]
    assert post.kept() == 4


def test_a_lost_answer_doubles_with_the_same_numbers_and_loses_nothing(post):
    post.put(2)
    post.sink.faults = [Lost("lost")]
    post.turn(2)
    assert post.sink.heard == [3, 4, 3, 4]
    post.put(1)
    post.turn()
    assert post.sink.heard[-1] == 5


def test_a_death_before_the_place_was_kept_repeats_and_loses_nothing(post, monkeypatch):
    post.put(1)
    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "_save", lambda _: (_ for _ in ()).throw(OSError))
        post.turn()
    post.open()
    post.turn()
    assert post.sink.heard == [3, 3]


def test_a_message_that_holds_only_some_is_followed_by_the_rest(post):
    post.sink.most = 2
    post.put(5)
    post.turn()
    assert (post.sink.heard, post.kept()) == ([3, 4], 4)
    post.turn(2)
    assert post.sink.heard == [3, 4, 5, 6, 7]


def test_what_is_not_wanted_is_passed_over(post):
    post.put(3, EventKind.SIGNAL)
    post.put(1)
    post.put(3, EventKind.SIGNAL)
    post.turn()
    assert post.sink.heard == [6]
    post.turn()
    assert post.sink.heard == [6]


def test_waits_grow_to_a_bound_are_never_shorter_than_asked_and_end_with_success(post):
    post.put(1)
    post.sink.faults = [Undelivered("x") for _ in range(12)] + [Undelivered("x", 400.0), None]
    waits = [post.turn() for _ in range(14)]
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert waits[11:13] == [300.0, 400.0]
    assert waits[13] == module._PACE
    assert post.box.trouble == ""


def test_trouble_is_said_once(post):
    post.put(1)
    post.sink.faults = [
        Undelivered("telegram: no"),
        Undelivered("telegram: no"),
        Undelivered("telegram: other"),
    ]
    post.turn(3)
    assert post.box.trouble == "telegram: other"


def test_a_fault_of_the_sink_itself_is_bounded_and_shows_no_text(post):
    post.put(1)
    post.sink.faults = [ValueError("secret"), None]
    assert post.turn() == 300.0
    assert post.box.trouble == "ears failed (ValueError)"
    post.turn()
    assert post.sink.heard == [3]


@pytest.mark.parametrize(
    "kept", ["", "{}", "[]", '{"ledger": "another", "seq": 1}', '{"ledger": 0, "seq": "x"}', "99"]
)
def test_a_place_that_is_not_this_ledgers_begins_at_its_end(post, kept):
    (post.folder / "sinks" / "ears.json").write_text(kept)
    post.put(3)
    post.open()
    post.turn()
    assert post.sink.heard == []


def test_a_place_beyond_the_end_of_a_restored_ledger_begins_at_its_end(post):
    (post.folder / "sinks" / "ears.json").write_text(
        json.dumps({"ledger": post.ledger.installation, "seq": 900})
    )
    post.open()
    post.put(1)
    post.turn()
    assert post.sink.heard == [3]


def test_on_its_thread_it_tells_and_ends(post):
    post.box.start()
    post.put(1)
    deadline = 200
    while not post.sink.heard and deadline:
        post.box._stop.wait(0.05)
        deadline -= 1
    post.box.close()
    assert post.sink.heard == [3]
    assert post.sink.closed
    assert not post.box._thread.is_alive()
