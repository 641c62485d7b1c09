"""Give a live desk what is wrong: a stale -wal beside an older ledger, a second desk, a clock that jumps, charges nobody told.

It needs a simulator as ``desk_live_kit.py`` says, and for the clock libfaketime, whose file stands in ``FAKETIME_LIBRARY``
(``/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1``). Not part of the suite: some six minutes. ``python
tests/drive/desk_live_wrong.py [walk ...]`` prints what was seen, and ends with status 1 if anything was not as meant.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

from desk_live_kit import VENUES, LiveDesk, ahead, apart, at_venue, compared, control, reset, until
from desk_live_start import Walk, code, main, resting, states
from desk_live_stops import bought

LIBRARY = os.environ.get("FAKETIME_LIBRARY", "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
HOUR = 3600


class Jumping(LiveDesk):
    """A desk whose machine's clock is set by a file, while it runs."""

    def __init__(self, folder: Path, *venues: str) -> None:
        super().__init__(folder, *venues)
        self.file = folder / "offset"
        self.environment |= {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        self.jump(0)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]

    def jump(self, seconds: float) -> None:
        """Set its clock to the venue's and so many seconds more."""
        self.file.write_text(f"{ahead() + seconds:+.3f}\n")


def stale_wal(way: str, folder: Path) -> bool:
    """An older ledger is put back, as a copy or as a backup, and the newer one's -wal is left beside it."""
    walk = Walk(f"a stale -wal beside an older ledger that was put back as a {way}")
    reset()
    desk = LiveDesk(folder, "binance").start()
    try:
        desk.ready()
        bought(desk, "binance")
        file, older = folder / "data" / "live" / "ledger.db", folder / "older.db"
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as old:
            if way == "copy":
                with closing(sqlite3.connect(older)) as new:
                    old.backup(new)
            else:
                old.execute("VACUUM INTO ?", (str(older),))  # what the backup command does: other pages
        bought(desk, "binance")
        desk.kill()
        left = file.with_name("ledger.db-wal")
        walk.expect(left.exists() and left.stat().st_size, "NO WAL")
        shutil.copyfile(older, file)
        before = len(at_venue("binance"))
        _started(desk, walk)
        walk.expect(len(at_venue("binance")) == before, "SENT")
    finally:
        with suppress(AssertionError):
            desk.stop()
    return walk.end()


def _started(desk: LiveDesk, walk: Walk) -> None:
    """Either nothing is lost, or the desk says what is wrong and takes no order."""
    ended = _start(desk)
    if ended:
        walk.say(ended)
        return
    said = desk.buy("binance").json()
    walk.expect(said.get("code"), "TAKEN")
    if said.get("code") in {"NOT_ARMED", "NOT_RECONCILED", "RECOVERING"}:
        view = desk.met("binance")
        wrong = apart(desk, "binance")
        walk.expect(
            (view["reconciled"] and not wrong) or (desk.halted() and view["difference"]), f"NOT SAID {wrong}"
        )
        named = ", ".join(f"{d['what']} {d['books']} not {d['venue']}" for d in view["difference"])
        walk.say(
            f"halted: {named}"
            if named
            else "nothing was lost: the -wal completed it, the books equal the venue's"
        )
    else:
        walk.say(f"{desk.get('/health').json()['status']}; an order: {said['code']}, {said['message']}")
    time.sleep(5)


def _start(desk: LiveDesk) -> str:
    """Start; what it said if it ended instead."""
    seen = len((desk.folder / "server.out").read_text())
    try:
        desk.start(200)
    except AssertionError:
        lines = (desk.folder / "server.out").read_text()[seen:].strip().splitlines()
        return next((line for line in lines if "does not start" in line), lines[-1] if lines else "silence")
    return ""


def second_desk(folder: Path) -> bool:
    """Another desk on the same folder ends with a sentence, and the first goes on."""
    walk = Walk("a second desk on the same folder")
    reset()
    desk = LiveDesk(folder, "binance").start()
    try:
        desk.ready()
        other = LiveDesk(folder, "binance")
        ended = subprocess.run(
            other.command,
            cwd=Path(__file__).parents[2],
            env=other.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = next((line for line in ended.stderr.splitlines() if "does not start" in line), "nothing")
        walk.expect(ended.returncode == 3 and "Another desk" in said, f"ENDED {ended.returncode}")
        walk.say(f"status {ended.returncode}: {said.split(' already')[0]}")
        bought(desk, "binance")
        walk.expect(len(at_venue("binance")) == 1, "ORDERS")
        walk.wrong += apart(desk, "binance")
    finally:
        desk.stop()
    return walk.end()


def clock_jumps(venue: str, folder: Path) -> bool:
    """The machine's clock jumps an hour ahead, and an hour back, while an order works: halted, named, nothing twice."""
    walk = Walk(f"the clock jumps by an hour while an order works, {venue}")
    reset("2026-11-30T16:30:00Z")
    desk = Jumping(folder, venue).start()
    try:
        desk.ready()
        for seconds in (HOUR, -HOUR):
            mine = resting(desk, venue)
            desk.jump(seconds)
            until(desk.halted, bool, 60.0)
            walk.say(f"{seconds // 60:+d} min: {_halts(desk)}")
            walk.expect("clock" in _halts(desk), "NOT NAMED")
            walk.expect(code(desk.buy(venue)) == "HALTED", "TAKEN")
            ended = desk.settled(mine["id"])
            codes = [r["code"] for r in ended["reasons"]]
            walk.expect(
                ended["state"] == "canceled" and "HALTED" in codes, f"ENDED AS {ended['state']} {codes}"
            )
            desk.jump(0)
            time.sleep(15)
            desk.ready()
        bought(desk, venue)
        for order in desk.get("/api/v1/orders").json()["orders"]:
            count = len(at_venue(venue, order["client_order_id"]))
            walk.expect(count == (order["state"] != "denied"), f"{order['state']}, SENT {count} TIMES")
        open_there = [s for s in states(venue).values() if s in {"NEW", "PARTIALLY_FILLED"}]
        walk.expect(not open_there, f"RESTS {open_there}")
        walk.wrong += compared(desk, venue) + apart(desk, venue)
        walk.say(
            "what rested was canceled by the halt, not expired; each order was sent once; set right, resumed, traded on"
        )
    finally:
        desk.stop()
    return walk.end()


def _halts(desk: LiveDesk) -> str:
    """Why the desk halted last."""
    rows = [row for row in desk.events() if row[1] == "halt"]
    return json.loads(rows[-1][3])["why"]


def charges(folder: Path) -> bool:
    """Kite takes its charges over night and tells them with no trade: halted, named, adopted."""
    walk = Walk("charges that no trade tells, Kite")
    reset(VENUES["kite"].wire)
    desk = LiveDesk(folder, "kite").start()
    try:
        desk.ready()
        bought(desk, "kite")
        control("charges", inr="12.34")
        view = desk.account("kite", lambda a: a["difference"], 120.0)
        (row,) = view["difference"]
        walk.expect(
            row["what"] == "INR" and Decimal(row["books"]) - Decimal(row["venue"]) == Decimal("12.34"),
            f"{row}",
        )
        walk.expect(desk.halted(), "NOT HALTED")
        walk.expect(code(desk.buy("kite")) in {"HALTED", "NOT_RECONCILED"}, "TAKEN")
        desk.ready()
        walk.wrong += compared(desk, "kite") + apart(desk, "kite", {"INR": Decimal("-12.34")})
        bought(desk, "kite")
        walk.say("halted, 12.34 INR named, adopted by the typed phrase, resumed, traded on")
    finally:
        desk.stop()
    return walk.end()


def expired(folder: Path) -> bool:
    """Kite's session ends over night: nothing leaves before somebody has logged in."""
    walk = Walk("no login yet, Kite")
    reset(VENUES["kite"].wire)
    desk = LiveDesk(folder, "kite").start()
    try:
        view = until(lambda: desk.accounts()["kite"], lambda a: "Log in" in a["note"], 60.0)
        walk.expect(view["login_expires"] is None and not view["reconciled"], "LOGGED IN")
        walk.expect(code(desk.arm("kite", "SIM001")) == "NOT_ARMED", "ARMED")
        walk.expect(code(desk.buy("kite")) in {"NOT_ARMED", "NOT_RECONCILED"}, "TAKEN")
        refused = desk.post("login", broker="kite", request_token="of-nobody-" + "1")
        walk.expect(code(refused) == "LOGIN_FAILED", "LOGGED IN BY ANY WORD")
        desk.ready()
        view = desk.accounts()["kite"]
        walk.expect(view["login_expires"] == "2026-12-01T00:30:00Z", f"EXPIRES {view['login_expires']}")
        bought(desk, "kite")
        walk.expect(len(at_venue("kite")) == 1, "ORDERS")
        walk.say(
            f"said what to do; logged in by the page's token, until {view['login_expires']}; then armed and traded"
        )
    finally:
        desk.stop()
    return walk.end()


WALKS: dict[str, Callable[[Path], bool]] = {
    "wal-copy": partial(stale_wal, "copy"),
    "wal-backup": partial(stale_wal, "backup"),
    "second": second_desk,
    "clock-binance": partial(clock_jumps, "binance"),
    "clock-alpaca": partial(clock_jumps, "alpaca"),
    "charges": charges,
    "login": expired,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], WALKS))
