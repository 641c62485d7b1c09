"""Play a month of the tape unattended, and ask why about each order, each exit and each non-order of it.

    nice -n 10 .venv/bin/python tests/drive/month.py FOLDER [--practice] [--planted] [--days 21] [--speed 20]

FOLDER is a data folder; with models in it (``python -m marketpulse train --feed replay``) their signals are
played, with ``--planted`` calls that are made up instead, to see orders and every kind of non-order.
"""

import argparse
import hashlib
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from marketpulse.desk import Desk
from marketpulse.loop import analyst
from marketpulse.portfolio.families import EXITS
from marketpulse.portfolio.proposals import Proposals
from marketpulse.settings import load
from marketpulse.types import Call, Edge, EventKind, ProposalState, Purpose

PATIENCE = 1_800.0
SOON = timedelta(seconds=1)


def plant(decide):
    """Let half of all signals be calls with an edge, drawn by symbol and bar."""

    def planted(*given, **more):
        found = decide(*given, **more)
        return replace(found, signals=tuple(map(call, found.signals)))

    def call(one):
        if "/" in one.symbol:
            return one
        drawn = hashlib.sha256(f"{one.symbol} {one.bar}".encode()).digest()[0] / 256
        made = Call.UP if drawn < 0.4 else Call.DOWN if drawn > 0.85 else Call.NONE
        p = {Call.UP: 0.58, Call.DOWN: 0.44, Call.NONE: 0.54}[made]
        edge = Edge.NONE if 0.35 < drawn < 0.4 else Edge.WEAK
        said = f"A planted call: {made.value}."
        return replace(
            one, call=made, probability=p, base_rate=0.54, edge=edge, why=said, sentence=said,
            model="planted", model_version="planted",
        )  # fmt: skip

    return planted


def play(desk, days):
    """Wait until so many sessions have begun since the first signal; returns them."""
    seen, begun, ledger = set(), time.monotonic(), desk._loop.rooms.ledger
    others = frozenset(EventKind) - {EventKind.SIGNAL}
    while len(seen) <= days:
        now = desk.snapshot()
        if next(ledger.read(without=others), None) is not None:
            seen.add(now.time.date())
        elif time.monotonic() - begun > PATIENCE:
            sys.exit("no signal was issued")
        if now.halt is not None:
            sys.exit(f"halted: {now.halt.why}")
        time.sleep(0.1)
    return sorted(seen)[:days]


def explained(desk, events):
    """Ask why about all that was decided; returns (what, code, whether the answer names it)."""
    fold = Proposals.of(events)
    decisions = fold.newest(10**9)
    yield from undecided(events, {p.signal for p in decisions if p.purpose is Purpose.OPEN})
    for one in decisions:
        yield answered(desk, one)
    orders = {e.ref: e for e in events if e.kind is EventKind.ORDER}
    for event in events:
        role = orders[event.ref].payload.get("role") if event.kind is EventKind.FILL else ""
        if role in EXITS:
            rungs = desk.why(str(event.payload["symbol"]), event.time + SOON).rungs
            yield "exit", role, any(r.code == "EXIT" and r.value == event.ref for r in rungs)
    for ref, order in orders.items():
        if order.payload.get("role") not in EXITS and fold.get(ref) is None:
            yield "order", "not of a signal", False


def undecided(events, decided):
    """Signals that nothing was decided about."""
    for event in events:
        payload = event.payload
        if event.kind is EventKind.SIGNAL and payload["probability"] is not None:
            name = f"{payload['symbol']}:{payload['bar']}:{payload['model_version']}"
            if name not in decided:
                yield "signal", "undecided", False


def answered(desk, one):
    """What became of one proposal, and whether why says so of the moment at which it did."""
    rungs = desk.why(one.symbol, (one.ended or one.time) + SOON).rungs
    if one.state is ProposalState.ORDERED:
        what = "purchase" if one.purpose is Purpose.OPEN else "sale"
        why = "DOWN" if "calls DOWN" in one.sentence else "horizon"
        said = any(r.code == "ORDERED" and r.value == one.id and one.sentence in r.sentence for r in rungs)
        return what, "UP" if one.purpose is Purpose.OPEN else why, said
    if one.rung is not None:
        said = any(r.code == one.rung.code and one.rung.sentence in r.sentence for r in rungs)
        return "non-order", one.rung.code, said
    return one.purpose.value, one.state.value, any(one.note in r.sentence for r in rungs)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("folder", type=Path)
    words.add_argument("--practice", action="store_true")
    words.add_argument("--planted", action="store_true")
    words.add_argument("--days", type=int, default=21)
    words.add_argument("--speed", default="20")
    args = words.parse_args()
    if args.planted:
        analyst.decide = plant(analyst.decide)
    given = {
        "MARKETPULSE_FEED": "replay",
        "MARKETPULSE_DATA_DIR": str(args.folder),
        "MARKETPULSE_MODE": "auto",
        "MARKETPULSE_AUTO_WITHOUT_EDGE": "1" if args.practice else "",
        "MARKETPULSE_REPLAY_SPEED": args.speed,
    }
    with Desk.open(load(given, Path("/nonexistent/.env"))) as desk:
        days = play(desk, args.days)
        desk.halt("the month is over")
        events = tuple(desk._loop.rooms.ledger.read())
        rows = list(explained(desk, events))
        shown = desk.snapshot()
    table = Counter((what, code) for what, code, _ in rows)
    unsaid = Counter((what, code) for what, code, said in rows if not said)
    print(f"{days[0]} to {days[-1]}, {len(days)} sessions, auto{' practice' if args.practice else ''}")
    print(f"{sum(e.kind is EventKind.SIGNAL for e in events)} signals, {len(events)} events")
    print("| what | code | count | explained |\n|---|---|---|---|")
    for (what, code), count in sorted(table.items()):
        print(f"| {what} | `{code}` | {count} | {count - unsaid[what, code]} |")
    print(f"equity {shown.valuation.equity:,.2f}; unexplained: {sum(unsaid.values())} of {len(rows)}")
    return 1 if unsaid else 0


if __name__ == "__main__":
    sys.exit(main())
