"""kill -9 at every named point and at any time: no order or fill is lost or doubled, and no cent.

The real order path and the real ledger run in a child process against a venue that outlives it. What
the venue did is then compared with what the ledger says, by arithmetic of the test's own.
"""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from proofs.kill_desk import ACCOUNT
from proofs.kill_venue import Venue

from marketpulse.clock import WallClock
from marketpulse.execution.kit import POINTS
from marketpulse.execution.lifecycle import EDGES
from marketpulse.portfolio import Books
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, OrderState

ROOT = Path(__file__).parents[2]
KILLS = 66
SECONDS = 100.0  # a limit for a machine under load; alone it takes about ten seconds


class Lab:
    """A venue, a folder, and a process that lives many short lives in it."""

    def __init__(self, folder, seed, **venue):
        self.folder = folder
        self.random = random.Random(seed)
        self.lives = 0
        self.kills = Counter()
        self.venue = Venue(folder / "venue", seed, **venue)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "proofs.kill_desk", str(folder), str(folder / "venue")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"},
        )

    def live(self, **how):
        self.lives += 1
        order = {"seed": self.lives, **how}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ended = json.loads(self.process.stdout.readline())
        if ended["killed"]:
            self.kills[how.get("point", "any time")] += 1
        else:
            assert ended["code"] == 0, order
        return ended["killed"]

    def die_at(self, point, **how):
        self.live(point=point, passes=self.random.randint(0, 3), **how)

    def die_any_time(self, **how):
        self.live(after=self.random.uniform(0.005, 0.12), **how)

    def drain(self, **how):
        self.venue.faults = False
        for timer in self.venue.timers:
            timer.join()
        assert not self.live(drain=True, **how)
        self.venue.faults = True

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.venue.close()


@pytest.fixture
def lab(tmp_path, request):
    lab = Lab(tmp_path, seed=20261120, **getattr(request, "param", {}))
    yield lab
    lab.close()


def faults(lab):
    """Everything in which ledger and venue disagree, by name; counted with whole cents."""
    ledger = Ledger.open(lab.folder / "ledger.db", WallClock())
    events = list(ledger.read())
    found = [] if ledger.verify() == len(events) else ["chain"]
    ledger.close()
    books, venue = Books.of(ACCOUNT, events), lab.venue
    intents = {e.payload["client_order_id"]: e.ref for e in events if e.kind is EventKind.ORDER}
    booked = Counter(e.payload["trade_id"] for e in events if e.kind is EventKind.FILL)
    traded = {fill["id"] for fill in venue.fills}
    sent = Counter(order["cid"] for order in venue.orders)
    found += ["lost fill"] * len(traded - set(booked)) + ["phantom fill"] * len(set(booked) - traded)
    found += ["doubled fill"] * sum(n - 1 for n in booked.values())
    found += ["doubled order"] * sum(n - 1 for n in sent.values())
    found += ["order without intent"] * len(set(sent) - set(intents))
    found += ["lost acknowledgement"] * len(acknowledged(lab.folder) - set(intents))
    found += ends(books, venue)
    found += ["illegal step"] * illegal(events)
    absent = {e.ref for e in events if e.payload.get("code") == "NOT_AT_VENUE"}
    found += ["denied an order the venue has"] * len(absent & {intents.get(cid) for cid in sent})
    cash, held = 100_000_000, Counter()
    for fill in venue.fills:
        cash -= fill["side"] * fill["quantity"] * fill["price"] + fill["fee"]
        held[fill["symbol"]] += fill["side"] * fill["quantity"]
    if books.portfolio.cash * 100 != cash:
        found.append("cash")
    if {s: p.quantity for s, p in books.portfolio.positions.items() if p.quantity} != {
        s: n for s, n in held.items() if n
    }:
        found.append("positions")
    return Counter(found)


def acknowledged(folder):
    """Client ids that ``place`` has answered; a line cut short by a kill was never read by anybody."""
    lines = (folder / "acknowledged").read_text().splitlines()
    return {line.split()[1] for line in lines if len(line.split()) == 2 and len(line.split()[1]) == 20}


def ends(books, venue):
    """Orders whose end differs from the venue's."""
    wrong = []
    there = {order["cid"]: order for order in venue.orders}
    for order in books.orders.values():
        if order.state is OrderState.DENIED:
            continue
        at_venue = there.get(order.client_order_id)
        if at_venue is None:
            ended = {OrderState.REJECTED, OrderState.CANCELED}
        elif at_venue["left"] == 0:
            ended = {OrderState.FILLED}
        else:
            ended = {OrderState.CANCELED}
        if order.state not in ended:
            wrong.append(f"ended {order.state}, not {min(ended)}")
    return wrong


def illegal(events):
    """Count steps that are not in the table; each order is followed from its first event."""
    states, count = {}, 0
    for event in events:
        if event.kind is EventKind.ORDER:
            states[event.ref] = OrderState.NEW
        elif event.kind in {EventKind.STATE, EventKind.FILL}:
            to = OrderState(event.payload["to"])
            count += to not in EDGES[states[event.ref]]
            states[event.ref] = to
    return count


@pytest.mark.slow
def test_i01_i04_i05_nothing_is_lost_or_doubled_when_killed(lab):
    started = time.monotonic()
    while sum(lab.kills.values()) < KILLS or set(POINTS) - set(lab.kills):
        assert time.monotonic() - started < SECONDS, lab.kills
        missing = [p for p in POINTS if not lab.kills[p]]
        lab.die_at(missing[0] if missing and lab.random.random() < 0.8 else lab.random.choice(POINTS))
        if lab.random.random() < 0.4:
            lab.die_any_time()
    lab.drain()
    assert faults(lab) == {}
    assert lab.venue.accepted_late > 0
    assert len(lab.venue.orders) > KILLS


@pytest.mark.slow
@pytest.mark.parametrize("lab", [{"lately": 0.5, "late": 0.2}], indirect=True, ids=["late"])
@pytest.mark.parametrize(
    ("mutant", "point"),
    [
        ("send_first", "place.appended"),
        ("no_grace", "send.recorded"),
        ("send_again", "send.answered"),
        ("retry_blindly", "place.committed"),
    ],
)
def test_the_harness_has_teeth(lab, mutant, point):
    """Four designs that lose money, each a few lines away from ours, are caught."""
    for _ in range(6):
        for _ in range(8):
            lab.die_at(point, mutant=mutant)
        lab.drain(mutant=mutant)
        if found := faults(lab):
            assert found.keys() & {"doubled order", "order without intent", "denied an order the venue has"}
            return
    pytest.fail(f"{mutant} was not caught in {sum(lab.kills.values())} kills")
