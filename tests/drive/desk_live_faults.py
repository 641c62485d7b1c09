"""Drive the whole desk, as a process with a live account, through its venue's faults, and compare with the venue's ledger.

It needs a simulator of the venues' wire formats as ``desk_live_kit.py`` says. Not part of the suite: some twelve
minutes a venue. ``python tests/drive/desk_live_faults.py [venue ...]`` prints one row a run; it ends with status 1 if a
venue's ledger does not hold exactly the orders that were meant, or the desk's books differ from it.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

from desk_live_kit import VENUES, LiveDesk, apart, at_venue, compared, control, reset, theirs, until

TIGHT = 0.01  # of the price, by which a limit order is through the market
ALL = frozenset(VENUES)


@dataclass(frozen=True)
class Case:
    """One fault; ``orders`` is how many orders the venue must have for the one that was placed.

    Attributes
    ----------
    faults : kind and fields; ``PLACE`` is the address orders are sent to
    part : of the quantity, how much must be filled in the end
    then : what is done beside
    """

    name: str
    faults: tuple[dict[str, object], ...]
    state: str
    orders: int = 1
    part: str = "1"
    then: str = ""
    limit: bool = False
    only: frozenset[str] = ALL


def once(kind: str, **more: object) -> dict[str, object]:
    return {"kind": kind, "count": 1, **more}


def at_place(kind: str, **more: object) -> dict[str, object]:
    return once(kind, match="PLACE", **more)


SLOW = once("order_timeout_after_accept", s="LATE")
PAIRS = frozenset({"binance", "bybit"})
CASES = (
    Case("none", (), "filled"),
    Case("reply lost after accept", (at_place("lost_reply"),), "filled"),
    Case("timeout after accept", (SLOW,), "filled"),
    Case("5xx after accept", (once("order_5xx_after_accept"),), "filled"),
    Case("malformed reply, accepted", (at_place("truncated"),), "filled"),
    Case("malformed reply, not accepted", (at_place("malformed"),), "rejected", 0, "0"),
    Case("reject", (once("order_reject"),), "rejected", 0, "0"),
    Case("reject after accept", (once("order_no_fill"), once("order_reject", sync="")), "rejected", 1, "0", only=frozenset({"kite"})),
    Case("partial fill, then cancel", (once("partial_fill", frac="0.4"),), "canceled", 1, "0.4", "cancel", limit=True),
    Case("no fill, then cancel", (once("order_no_fill"),), "canceled", 1, "0", "cancel", limit=True),
    Case("unknown order: asked three times in vain", (at_place("lost_reply"), {"kind": "unknown_order", "count": 3, "after": "LOOKS"}), "filled"),
    Case("unknown order: canceled there by another hand", (once("order_no_fill"),), "canceled", 1, "0", "other hand", limit=True),
    Case("clock skew: the order is turned away", (once("clock_skew"),), "filled", only=frozenset({"binance"})),
    Case("clock skew: the venue is 60 s ahead", (), "filled", then="ahead"),
    Case("clock skew: the venue is 60 s behind", (), "filled", then="behind"),
    Case("expired token", (), "filled", then="token"),
    Case("killed between send and reply", (SLOW,), "filled", then="kill"),
    Case("killed before the venue has read it", (at_place("hang", s=600),), "rejected", 0, "0", "kill"),
    Case("killed, and back with a fault of find", (SLOW,), "filled", then="kill blind"),
)  # fmt: skip


class Run:
    """One order under one fault, through the desk's own door."""

    def __init__(self, desk: LiveDesk, venue: str, case: Case) -> None:
        self.desk, self.facts, self.case = desk, VENUES[venue], case
        self.venue = venue
        self.wrong: list[str] = []
        self.client_id = self.id = ""

    def go(self) -> bool:
        """Place, follow, compare; whether something was wrong, after printing the row."""
        began = time.monotonic()
        if self.case.then in {"ahead", "behind"}:
            self._shift(60 if self.case.then == "ahead" else -60)
        self._plant()
        before = len(at_venue(self.venue))
        placed = self._order()
        if "id" not in placed:
            print(f"| {self.venue} | {self.case.name} | REFUSED {placed} |", flush=True)
            return True
        self.id, self.client_id = placed["id"], placed["client_order_id"]
        getattr(self, f"_{self.case.then.replace(' ', '_')}", self._nothing)()
        order = self.desk.settled(self.id, 260.0)
        control("clear")
        settled = time.monotonic() - began
        self._expect(order["state"] == self.case.state, f"STATE {order['state']}")
        filled = Decimal(order["quantity"]) * Decimal(self.case.part)
        self._expect(Decimal(order["filled_quantity"]) == filled, f"FILLED {order['filled_quantity']}")
        orders = len(at_venue(self.venue, self.client_id))
        self._expect(orders == self.case.orders, f"ORDERS {orders}")
        self._expect(len(at_venue(self.venue)) - before == self.case.orders, "OTHER ORDERS")
        if self.case.then in {"ahead", "behind"}:
            self._shift(-60 if self.case.then == "ahead" else 60)
        self.wrong += compared(self.desk, self.venue) + apart(self.desk, self.venue)
        why = order["reasons"][-1]["code"] if order["reasons"] else ""
        cells = (
            self.venue,
            self.case.name,
            f"1 {order['side']}",
            orders,
            f"{order['state']} {order['filled_quantity']} {why}".strip(),
            "; ".join(self.wrong) or "yes",
            f"{settled:.0f}",
        )
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        return bool(self.wrong)

    def _expect(self, holds: bool, word: str) -> None:
        if not holds:
            self.wrong.append(word)

    def _plant(self) -> None:
        words = {
            "PLACE": self.facts.place,
            "LATE": self.facts.late,
            "LOOKS": 1 if self.venue == "kite" else 0,
        }
        for fault in self.case.faults:
            control(
                "fault",
                provider=self.venue,
                **{k: words.get(v, v) if isinstance(v, str) else v for k, v in fault.items()},
            )

    def _order(self):
        units = theirs(self.venue)[0].get(self.facts.symbol, Decimal(0))
        side = "sell" if units >= 2 * Decimal(self.facts.units) else "buy"
        more = {"side": side}
        if self.case.limit:
            more |= {"type": "limit", "limit_price": self._through(side)}
        return self.desk.taken(self.venue, **more)

    def _through(self, side: str) -> str:
        last = self.desk.get(f"/api/live/market-data/{self.facts.symbol.replace('/', '-')}").json()["price"]
        return f"{last * (1 + TIGHT if side == 'buy' else 1 - TIGHT):.1f}"

    def _nothing(self) -> None:
        """Only wait."""

    def _there(self) -> None:
        until(lambda: at_venue(self.venue, self.client_id), bool, 60.0)

    def _cancel(self) -> None:
        self._there()
        until(lambda: self.desk.one(self.id), lambda o: o["state"] in {"accepted", "partially_filled"}, 60.0)
        if Decimal(self.case.part):
            until(lambda: self.desk.one(self.id), lambda o: Decimal(o["filled_quantity"]), 60.0)
        self.desk.cancel(self.id)

    def _other_hand(self) -> None:
        self._there()
        until(lambda: self.desk.one(self.id), lambda o: o["state"] == "accepted", 60.0)
        control("cancel", provider=self.venue, client=self.client_id)

    def _shift(self, seconds: int) -> None:
        wire = datetime.fromisoformat(control("clock")["wire"])
        control("clock", at=(wire + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z"))

    def _token(self) -> None:
        """Nothing is taken any more until somebody logs in, or the key is known again."""
        until(lambda: self.desk.one(self.id), lambda o: o["state"] == "new" and o["reasons"], 60.0)
        self._expect(not at_venue(self.venue, self.client_id), "SENT")
        self._expect("LOGIN_NEEDED" in {r["code"] for r in self.desk.one(self.id)["reasons"]}, "NOT SAID")
        control("clear")
        self.desk.log_in()

    def _kill(self) -> None:
        if self.case.orders:
            self._there()
        else:
            until(lambda: control("log", provider=self.venue, match="hang")["rows"], bool, 60.0)
        self._again()

    def _kill_blind(self) -> None:
        """The venue is silent when the desk comes back: nothing is accepted before it has been asked."""
        self._there()
        self.desk.kill()
        control("fault", provider=self.venue, kind="5xx")
        self.desk.start()
        time.sleep(8)
        answer = self.desk.buy(self.venue)
        self._expect(answer.status_code == 422, f"TAKEN BEFORE IT ASKED {answer.status_code}")
        control("clear")
        self._back()

    def _again(self) -> None:
        self.desk.kill()
        control("clear")
        self.desk.start()
        self._back()

    def _back(self) -> None:
        self.desk.log_in()
        self.desk.met(self.venue)
        self._expect(not self.desk.accounts()[self.venue]["armed"], "ARMED BY A RESTART")
        self.desk.arm(self.venue)
        self.desk.fresh(self.venue)


def token(run: Run) -> None:
    """Plant what an ended session looks like at this venue, for the order only."""
    kind = "token_expired" if run.venue == "kite" else "key_refused"
    match = "POST.*" + run.facts.place
    control("fault", provider=run.venue, kind=kind, count=1, match=match)


def drive(venue: str, only: str) -> int:
    """All faults of one venue on one data folder."""
    wrong = 0
    reset(VENUES[venue].wire)
    with tempfile.TemporaryDirectory() as folder:
        desk = LiveDesk(Path(folder), venue).start()
        try:
            desk.ready()
            for case in CASES:
                if venue not in case.only or only not in case.name:
                    continue
                run = Run(desk, venue, case)
                if case.then == "token":
                    token(run)
                try:
                    wrong += run.go()
                except (AssertionError, KeyError) as error:
                    wrong += 1
                    print(f"| {venue} | {case.name} | | | STUCK {str(error)[:300]} | no | |", flush=True)
                    control("clear")
        finally:
            desk.stop()
    return wrong


def main(names: list[str]) -> int:
    """One venue after the other."""
    only = next((n.removeprefix("--only=") for n in names if n.startswith("--only=")), "")
    print(
        "| venue | case | orders meant | orders at the venue | in the end | books equal, compared again | seconds |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    wrong = sum(drive(venue, only) for venue in [n for n in names if n in VENUES] or list(VENUES))
    control("clear")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
