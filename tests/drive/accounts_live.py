"""Drive a whole desk with a live account through a simulator of the venues: adopt, arm, trade, compare, restart.

It needs a simulator that answers under the names of Binance and Bybit, whose control address stands in
``VENUES_CONTROL``. Not part of the suite: a minute for each venue. ``python tests/drive/accounts_live.py``
prints one line for each step and ends with status 1 if the desk's books and the venue differ, an order is
missing or doubled, or something leaves that must not.
"""

import json
import os
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

sys.path[:0] = [str(Path(__file__).parents[2])]

from marketpulse.desk import Desk
from marketpulse.errors import Refused
from marketpulse.settings import load
from marketpulse.types import Mode, OrderState

KEYS = {
    f"{name}_API_{part}": f"sim-{part.lower()}" for name in ("BINANCE", "BYBIT") for part in ("KEY", "SECRET")
}
WISHES = (("SOL/USDT", "buy", "5"), ("LINK/USDT", "buy", "20"), ("ETH/USDT", "sell", "0.25"))


def orders_at(venue):
    address = (
        f"{os.environ['VENUES_CONTROL']}/ledger?{urlencode({'kind': 'order', 'venue': venue, 'n': 1000})}"
    )
    with urllib.request.urlopen(address, timeout=10) as answer:
        return len(json.loads(answer.read())["rows"])


def until(desk, holds, seconds=40.0):
    deadline = time.monotonic() + seconds
    while not holds(desk.snapshot()):
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.1)
    return True


class Run:
    """One venue; ``check`` writes a line and remembers what failed."""

    def __init__(self, venue):
        self.venue = venue
        self.failed = False
        folder = tempfile.mkdtemp()
        given = {"MARKETPULSE_FEED": "live", "MARKETPULSE_DATA_DIR": folder, "MARKETPULSE_LIVE": "1"}
        self.settings = load({**given, **KEYS, "MARKETPULSE_ROUTES": f"crypto={venue}"}, Path("/nonexistent"))

    def check(self, what, good):
        self.failed = self.failed or not good
        print(f"{self.venue:8} {'ok  ' if good else 'FAIL'} {what}", flush=True)

    def refused(self, call, *args):
        try:
            call(*args)
        except Refused as error:
            return error.code
        return ""

    def trade(self):
        before = orders_at(self.venue)
        with Desk.open(self.settings) as desk:
            self.check(
                "what the account holds is a difference", until(desk, lambda s: s.accounts[0].difference)
            )
            wish = {"symbol": "SOL/USDT", "side": "buy", "type": "market", "quantity": "5"}
            self.check(
                "refused before arming", self.refused(desk.place, wish, "early") in {"NOT_ARMED", "HALTED"}
            )
            view = desk.snapshot().accounts[0]
            desk.adopt(self.venue, view.account_id, view.phrase)
            desk.arm(self.venue, view.account_id)
            desk.resume("RESUME")
            self.check("armed", until(desk, lambda s: s.mode is Mode.LIVE and s.accounts[0].reconciled))
            self.check("worth something", until(desk, lambda s: bool(s.valuation.equity)))
            placed = [self.place(desk, *wish) for wish in WISHES]
            filled = all(
                until(desk, lambda s, o=o: s.order(o.id).state is OrderState.FILLED) for o in placed if o
            )
            self.check("all filled", filled and all(placed))
            seen = desk.snapshot().accounts[0].checked
            self.check("compared again", until(desk, lambda s: s.accounts[0].checked != seen, 90))
            differs = desk.snapshot().accounts[0].difference
            self.check(f"no difference: {differs}", not differs)
        self.check("one order at the venue for each wish", orders_at(self.venue) - before == len(WISHES))
        with Desk.open(self.settings) as desk:
            agreed = until(desk, lambda s: s.accounts[0].reconciled)
            self.check("agrees after a restart", agreed)
            self.check("disarmed by it", self.refused(desk.place, wish, "late") == "NOT_ARMED")
        self.check("nothing more has left", orders_at(self.venue) - before == len(WISHES))

    def place(self, desk, symbol, side, quantity):
        wish = {"symbol": symbol, "side": side, "type": "market", "quantity": quantity}
        until(desk, lambda _: desk.preview(wish).ok)
        code = [check.sentence for check in desk.preview(wish).failed]
        if code:
            self.check(f"{symbol}: {code}", good=False)
            return None
        return desk.place(wish, f"{symbol} {side}").order


def main():
    runs = [Run(venue) for venue in sys.argv[1:] or ("binance", "bybit")]
    for run in runs:
        run.trade()
    return int(any(run.failed for run in runs))


if __name__ == "__main__":
    raise SystemExit(main())
