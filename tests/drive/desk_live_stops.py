"""Drive a live desk through HALT, FLATTEN and a bracket at simulated venues.

It needs a simulator as ``desk_live_kit.py`` says. Not part of the suite: some four minutes. ``python
tests/drive/desk_live_stops.py [walk ...]`` prints what was seen, and ends with status 1 if anything was not as meant.
"""

import sys
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]

from desk_live_kit import VENUES, LiveDesk, apart, at_venue, compared, control, reset, theirs, until
from desk_live_start import Walk, code, main, price, resting, states

DUST = Decimal("0.02")  # of a coin; what the lot leaves behind
SHOCK = {"binance": "SOL/USDT", "alpaca": "AAPL"}


def bought(desk: LiveDesk, venue: str, **more: str) -> dict[str, str]:
    """Buy and wait for the fill."""
    order = desk.settled(desk.taken(venue, **more)["id"])
    assert order["state"] == "filled", order
    return order


def stop_of(desk: LiveDesk, venue: str, units: str) -> dict[str, str]:
    """Rest a protective stop below the market."""
    at = {"stop_price": price(desk, venue, 0.93), "time_in_force": "gtc"}
    order = desk.taken(venue, side="sell", type="stop", quantity=units, **at)
    until(lambda: desk.one(order["id"]), lambda o: o["state"] == "accepted")
    return order


def sales(venue: str, since: int) -> list[dict[str, object]]:
    """Fills of sales, from a number of the venue's ledger on."""
    return [r for r in at_venue(venue, kind="fill") if r["side"] == "sell" and r["seq"] > since]


def halt_and_flatten(venue: str, folder: Path) -> bool:
    """A protective stop outlives HALT; FLATTEN cancels it and sells all that is held, once."""
    walk = Walk(f"HALT with a protective stop, then FLATTEN, {venue}")
    reset(VENUES[venue].wire)
    desk = LiveDesk(folder, venue).start()
    try:
        desk.ready()
        bought(desk, venue)
        stop, limit = stop_of(desk, venue, "4"), resting(desk, venue)
        reply = desk.post("halt", why="drive").json()
        walk.expect(reply["kept"] == [stop["id"]], f"KEPT {reply['kept']}")
        desk.settled(limit["id"])
        time.sleep(3)
        kept = states(venue)
        walk.expect(kept[stop["client_order_id"]] == "NEW", "STOP TOUCHED")
        walk.expect(kept[limit["client_order_id"]] == "CANCELED", "LIMIT RESTS")
        walk.expect(code(desk.buy(venue)) == "HALTED", "TAKEN")
        walk.say("HALT kept and listed the stop, canceled the limit")
        held, mark = theirs(venue)[0], max(r["seq"] for r in control("ledger", n=100_000)["rows"])
        walk.expect(
            code(desk.post("flatten", confirm="flatten")) == "BAD_CONFIRMATION", "FLATTENED BY ANY WORD"
        )
        walk.expect(desk.post("flatten", confirm="FLATTEN").status_code == 200, "NOT FLATTENED")
        until(lambda: {s: n for s, n in theirs(venue)[0].items() if n > DUST}, lambda left: not left, 120.0)
        walk.expect(states(venue)[stop["client_order_id"]] == "CANCELED", "STOP RESTS")
        time.sleep(6)
        done = sales(venue, mark)
        walk.expect(
            len(done) == len({r["symbol"] for r in done}) == len(held), f"SALES {len(done)} of {len(held)}"
        )
        walk.wrong += apart(desk, venue)
        walk.say(f"FLATTEN canceled the stop and sold {len(done)} of {len(held)} holdings in one sale each")
        desk.post("resume", confirm="RESUME")
        walk.wrong += compared(desk, venue)
        bought(desk, venue)
    finally:
        desk.stop()
    return walk.end()


def bracket(venue: str, to: str, folder: Path) -> bool:
    """One leg of a bracket rests at the venue at a time; the price runs to the target or the stop: one sale."""
    walk = Walk(f"bracket, {venue}, the {to} is reached")
    reset(VENUES[venue].wire)
    desk = LiveDesk(folder, venue).start()
    try:
        desk.ready()
        order = bought(
            desk, venue, take_profit_price=price(desk, venue, 1.02), stop_loss_price=price(desk, venue, 0.98)
        )
        legs = partial(_legs, desk, order["id"])
        until(
            legs, lambda found: [o for o in found if o["role"] == "stop" and o["state"] == "accepted"], 30.0
        )
        there = [o for o in control("states", provider=venue) if o["status"] == "NEW"]
        walk.expect(
            len(there) == 1 and there[0]["side"] == "sell" and there[0].get("stop"), f"AT THE VENUE {there}"
        )
        walk.say("the stop rests at the venue, nothing else")
        mark = max(r["seq"] for r in control("ledger", n=100_000)["rows"])
        control("shock", symbol=SHOCK[venue], pct=3 if to == "target" else -3)
        done = until(legs, lambda found: [o for o in found if o["state"] == "filled"], 90.0)
        time.sleep(6)
        filled = [o for o in legs() if o["state"] == "filled"]
        walk.expect([o["role"] for o in filled] == [to], f"FILLED {[(o['role'], o['state']) for o in done]}")
        walk.expect(len(sales(venue, mark)) == 1, f"SALES {len(sales(venue, mark))}")
        walk.expect(
            not [s for s in states(venue).values() if s in {"NEW", "PARTIALLY_FILLED"}], "SOMETHING RESTS"
        )
        walk.wrong += compared(desk, venue) + apart(desk, venue)
        walk.say(f"one sale, by the {to}; nothing rests")
    finally:
        desk.stop()
    return walk.end()


def _legs(desk: LiveDesk, parent: str) -> list[dict[str, str]]:
    return [o for o in desk.get("/api/v1/orders").json()["orders"] if o["parent"] == parent]


WALKS: dict[str, Callable[[Path], bool]] = {
    "halt-binance": partial(halt_and_flatten, "binance"),
    "halt-alpaca": partial(halt_and_flatten, "alpaca"),
    "target-binance": partial(bracket, "binance", "target"),
    "stop-binance": partial(bracket, "binance", "stop"),
    "target-alpaca": partial(bracket, "alpaca", "target"),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], WALKS))
