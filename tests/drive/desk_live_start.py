"""Drive a live desk through its starts: killed while orders work on two venues, every set of settings, what others did.

It needs a simulator as ``desk_live_kit.py`` says. Not part of the suite: some eight minutes. ``python
tests/drive/desk_live_start.py [walk ...]`` prints what was seen, and ends with status 1 if anything was not as meant.
"""

import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

from desk_live_kit import (
    KEYS,
    PASSING,
    VENUES,
    LiveDesk,
    apart,
    at_venue,
    compared,
    control,
    new_key,
    reset,
    until,
)

TWO = ("binance", "alpaca")
NOT_YET = {"RECOVERING", "NOT_RECONCILED", "NOT_ARMED"}


class Walk:
    """Collects what was not as meant."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wrong: list[str] = []
        self.seen: list[str] = []
        self.began = time.monotonic()

    def expect(self, holds: object, word: str) -> None:
        if not holds:
            self.wrong.append(word)

    def say(self, text: str) -> None:
        self.seen.append(text)

    def end(self) -> bool:
        cells = (
            self.name,
            "; ".join(self.seen),
            "; ".join(self.wrong) or "yes",
            f"{time.monotonic() - self.began:.0f}",
        )
        print("| " + " | ".join(cells) + " |", flush=True)
        return bool(self.wrong)


def price(desk: LiveDesk, venue: str, factor: float) -> str:
    """The last price times ``factor``, on the instrument's step."""
    symbol = VENUES[venue].symbol.replace("/", "-")
    return f"{desk.get(f'/api/live/market-data/{symbol}').json()['price'] * factor:.2f}"


def resting(desk: LiveDesk, venue: str, factor: float = 0.95) -> dict[str, str]:
    """Place a limit buy below the market and wait until the venue has it."""
    order = desk.taken(venue, type="limit", limit_price=price(desk, venue, factor))
    until(lambda: desk.one(order["id"]), lambda o: o["state"] == "accepted")
    return order


def states(venue: str) -> dict[str, str]:
    """State of each order by the name we gave it, as the venue keeps it."""
    return {o.get("tag") or o["client"]: o["status"] for o in control("states", provider=venue)}


def code(answer) -> str:
    return "" if answer.status_code == 201 else answer.json().get("code", str(answer.status_code))


def killed(folder: Path) -> bool:
    """The desk dies while orders rest and fly at two venues; one of them fills meanwhile."""
    walk = Walk("killed while orders work at Binance and Alpaca")
    reset(VENUES["alpaca"].wire)
    desk = LiveDesk(folder, *TWO).start()
    try:
        desk.ready()
        rests = {v: resting(desk, v) for v in TWO}
        for venue in TWO:
            control("fault", provider=venue, kind="order_timeout_after_accept", count=1, s=13)
        flies = {v: desk.taken(v) for v in TWO}
        for venue in TWO:
            until(lambda v=venue: at_venue(v, flies[v]["client_order_id"]), bool)
        last = max(row[0] for row in desk.events())
        desk.kill()
        control("clear")
        control("shock", symbol="SOL/USDT", pct=-6)  # what rests at Binance trades while nobody looks
        desk.start()
        first = {v: code(desk.buy(v)) for v in TWO}
        walk.say("at once " + ", ".join(f"{v}: {c}" for v, c in first.items()))
        walk.expect(set(first.values()) <= NOT_YET, "TAKEN AT ONCE")
        for venue in TWO:
            desk.account(venue, lambda a: a["reconciled"], 120.0)
        then = {v: code(desk.buy(v)) for v in TWO}
        walk.say("after comparing " + ", ".join(f"{v}: {c}" for v, c in then.items()))
        walk.expect(set(then.values()) == {"NOT_ARMED"}, "ARMED BY A RESTART")
        for venue in TWO:
            found = desk.settled(flies[venue]["id"])
            walk.expect(found["state"] == "filled", f"IN FLIGHT {venue} {found['state']}")
        walk.expect(desk.settled(rests["binance"]["id"])["state"] == "filled", "FILLED MEANWHILE")
        walk.expect(desk.one(rests["alpaca"]["id"])["state"] == "accepted", "RESTS ON")
        words = " ".join(str(row[3]) for row in desk.events(last))
        walk.expect(words.count("INTERRUPTED") == len(TWO), "NOT SAID")
        walk.say(
            f"{words.count('INTERRUPTED')} orders said to be interrupted and asked about; the one that filled meanwhile is filled"
        )
        for venue in TWO:
            desk.arm(venue)
            desk.fresh(venue)
            more = desk.taken(venue)
            walk.expect("id" in more and desk.settled(more["id"])["state"] == "filled", f"NOT FILLED {more}")
            walk.expect(len(at_venue(venue)) == 3, f"ORDERS {venue} {len(at_venue(venue))}")
            walk.wrong += compared(desk, venue) + apart(desk, venue)
        walk.say("orders at each venue: 3 of 3")
    finally:
        desk.stop()
    return walk.end()


def _wish(desk: LiveDesk) -> str:
    """Ask for an order until it is taken or refused for good; the code of the refusal."""
    wish = {"symbol": "SOL/USDT", "quantity": "5"}
    return until(lambda: code(desk.order(new_key(), **wish)), lambda said: said not in PASSING, 120.0)


def settings(folder: Path) -> bool:
    """Every set of route, key, MARKETPULSE_LIVE, books agreed or not, id not typed, wrong, right."""
    walk, arrived, refused = Walk("no single setting lets an order out"), [], {}
    for number, (route, keys, live, agreed) in enumerate(itertools.product((True, False), repeat=4)):
        reset()
        more = {} if keys else dict.fromkeys(KEYS, "")
        more |= {} if route else {"MARKETPULSE_ROUTES": ""}
        more |= {} if live else {"MARKETPULSE_LIVE": ""}
        home = folder / str(number)
        home.mkdir()
        desk = LiveDesk(home, "binance", **more).start()
        try:
            if route and keys:
                view = desk.met("binance")
                if agreed:
                    desk.post("adopt", broker="binance", account_id=view["account_id"], typed=view["phrase"])
                    desk.account("binance", lambda a: a["reconciled"])
            until(lambda d=desk: d.get("/api/live/market-data/SOL-USDT").json(), lambda d: "price" in d, 90.0)
            desk.post("resume", confirm="RESUME")
            for typed in ("", "2", "1"):
                if typed:
                    desk.post("arm", broker="binance", account_id=typed)
                said = _wish(desk)
                time.sleep(2.5)
                there = len(at_venue("binance"))
                whole = (route, keys, live, agreed, typed) == (True, True, True, True, "1")
                name = f"route {route:d} key {keys:d} LIVE {live:d} agreed {agreed:d} typed {typed or '-'}"
                refused[name] = said or "taken"
                walk.expect((there > 0) is whole, f"{name}: {there} orders")
                if there:
                    arrived.append(name)
        finally:
            desk.stop()
    for name, said in refused.items():
        print(f"    {name}: {said}", flush=True)
    walk.say(f"{len(refused)} sets tried, an order arrived in {len(arrived)}: {', '.join(arrived)}")
    return walk.end()


def first_start(folder: Path) -> bool:
    """What is at the venue already is a difference that halts, and is believed by a typed phrase only."""
    walk = Walk("positions found at the venue at the first start")
    reset()
    desk = LiveDesk(folder, "binance").start()
    try:
        view = desk.met("binance")
        named = {d["what"]: d["venue"] for d in view["difference"]}
        walk.say(
            "halted, named " + ", ".join(f"{k} {Decimal(v).normalize():f}" for k, v in sorted(named.items()))
        )
        until(desk.halted, bool)
        why = desk.get("/health").json()
        walk.expect(set(named) == {"BTC/USDT", "ETH/USDT", "BNB/USDT", "USDT"}, "NOT NAMED")
        walk.expect(why["status"] == "halted", "NOT HALTED")
        walk.expect(code(desk.buy("binance")) != "", "TAKEN")
        for typed in ("ADOPT 2", "adopt 1", "1"):
            wrong = desk.post("adopt", broker="binance", account_id="1", typed=typed)
            walk.expect(code(wrong) == "BAD_CONFIRMATION", f"ADOPTED BY {typed}")
        walk.expect(
            desk.post("adopt", broker="binance", account_id="1", typed=view["phrase"]).status_code == 200,
            "NOT ADOPTED",
        )
        walk.expect(code(desk.buy("binance")) in {"HALTED", "NOT_ARMED"}, "TAKEN WHILE HALTED")
        walk.expect(desk.post("resume", confirm="RESUME").status_code == 200, "NOT RESUMED")
        walk.expect(code(desk.buy("binance")) == "NOT_ARMED", "TAKEN UNARMED")
        walk.expect(at_venue("binance") == [], "SENT")
        desk.ready()
        placed = desk.buy("binance")
        walk.expect(
            placed.status_code == 201 and desk.settled(placed.json()["id"])["state"] == "filled", "NOT FILLED"
        )
        walk.expect(len(at_venue("binance")) == 1, "ORDERS")
        walk.wrong += compared(desk, "binance") + apart(desk, "binance")
        walk.say("adopted, resumed, armed, one order filled")
    finally:
        desk.stop()
    return walk.end()


def strangers(folder: Path) -> bool:
    """An order somebody else placed is shown, and no HALT touches it."""
    walk = Walk("orders of others at Binance and Alpaca")
    reset(VENUES["alpaca"].wire)
    desk = LiveDesk(folder, *TWO).start()
    try:
        desk.ready()
        sol, aapl = price(desk, "binance", 0.9), price(desk, "alpaca", 0.9)
        control(
            "stranger",
            provider="binance",
            symbol="SOLUSDT",
            base="SOL",
            quote="USDT",
            side="buy",
            qty=1,
            price=sol,
            client="web_other",
        )
        control(
            "stranger",
            provider="alpaca",
            symbol="AAPL",
            base="AAPL",
            quote="USD",
            side="buy",
            qty=1,
            price=aapl,
            client="other-hand-1",
        )
        mine = {v: resting(desk, v) for v in TWO}
        names = {"binance": "web_other", "alpaca": "other-hand-1"}
        for venue in TWO:
            view = desk.account(venue, lambda a: a["external"], 60.0)
            walk.expect([e["client_id"] for e in view["external"]] == [names[venue]], "NOT SHOWN")
            walk.expect(not view["external"][0]["ours"], "TAKEN FOR OURS")
        desk.post("halt", why="drive")
        for venue in TWO:
            desk.settled(mine[venue]["id"])
            kept = states(venue)
            walk.expect(kept[names[venue]] == "NEW", f"TOUCHED {kept}")
            walk.expect(kept[mine[venue]["client_order_id"]] == "CANCELED", "NOT CANCELED")
        walk.expect(all(desk.accounts()[v]["external"] for v in TWO), "NOT SHOWN ANY MORE")
        said = " ".join(str(row[3]) for row in desk.events())
        walk.expect(said.count("FOREIGN_ORDER") == len(TWO), "NO ALERT")
        walk.say("both shown and told by an alert; HALT canceled the desk's two orders and left the others'")
    finally:
        desk.stop()
    return walk.end()


WALKS: dict[str, Callable[[Path], bool]] = {
    "killed": killed, "first": first_start, "strangers": strangers, "settings": settings,
}  # fmt: skip


def keep(folder: Path, name: str) -> None:
    """Keep what a run that went wrong left, where ``DRIVE_KEEP`` names a folder."""
    if os.environ.get("DRIVE_KEEP"):
        shutil.copytree(folder, Path(os.environ["DRIVE_KEEP"]) / f"{name}-{os.getpid()}")


def main(names: list[str], walks: dict[str, Callable[[Path], bool]]) -> int:
    """Each walk on a data folder of its own."""
    wrong = 0
    print("| walk | seen | as meant | seconds |\n|---|---|---|---|", flush=True)
    for name, walk in walks.items():
        if names and name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                wrong += walk(Path(folder))
            except (AssertionError, KeyError) as error:
                wrong += 1
                print(f"| {name} | STUCK {str(error)[-600:]} | no | |", flush=True)
                keep(Path(folder), name)
    control("clear")
    control("clock", offset=0)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], WALKS))
