"""Random lives: orders of every kind, their exits, changes, fills, halts, crashes and a venue in a bad mood.

After every step the books folded from the ledger equal the live ones and every state change was legal;
in the end the desk agrees with the venue about every order, unit and cent.
"""

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from unit.execution.bench import GRACE, T0, Bench, Killed, bracket, buy, sell, stop

from marketpulse.errors import Refused, Rejected, Throttled, Uncertain
from marketpulse.execution.kit import POINTS
from marketpulse.execution.lifecycle import EDGES
from marketpulse.ports import Terms
from marketpulse.types import OrderState, Side, TimeInForce

CALLS = st.sampled_from(["place", "cancel", "replace", "find", "open_orders", "fills"])
ERRORS = st.sampled_from([Uncertain("lost"), Throttled("later", 1.0), RuntimeError("bug"), None])
RESTING = {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
TIMED = {TimeInForce.IOC, TimeInForce.GTD}
EXPECTED = {
    "HALTED", "REDUCING", "RECOVERING", "UNRESOLVED_ORDER", "NOT_REPLACEABLE", "BAD_REQUEST", "GOOD_TILL_OVER",
}  # fmt: skip


class Machine(RuleBasedStateMachine):
    """Drives one bench."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.bench = Bench(self.folder)
        self.keys = 0

    def teardown(self):
        self.settle()
        self.agree()
        self.bench.ledger.close()
        shutil.rmtree(self.folder)

    def do(self, call, *args):
        """Do something, and start again if it was the last thing the process did."""
        try:
            return call(*args)
        except Killed:
            self.bench.restart()
            return None

    @rule(point=st.sampled_from(POINTS))
    def die_soon(self, point):
        self.bench.die_at(point)

    @rule(
        make=st.sampled_from([buy, sell]),
        quantity=st.integers(1, 20),
        limit=st.sampled_from([None, "90", "110"]),
    )
    def place(self, make, quantity, limit):
        self.keys += 1
        try:
            self.do(self.bench.place, make(quantity, limit=limit), f"k{self.keys}")
        except Refused as refused:
            assert refused.code in EXPECTED  # noqa: PT017  which refusal matters

    @initialize(amends=st.booleans())
    def venue(self, amends):
        self.bench.venue.capabilities = replace(self.bench.venue.capabilities, amends=amends)

    @rule(
        request=st.sampled_from([
            bracket(10), bracket(7, target=None), bracket(9, limit="95"), stop(5, "90"), stop(5, "90", target="110"),
            buy(8, limit="99", force=TimeInForce.IOC), replace(sell(3), reduce_only=True),
            replace(buy(6, limit="97"), time_in_force=TimeInForce.GTD, good_till=T0 + timedelta(minutes=2)),
        ])
    )  # fmt: skip
    def place_another_kind(self, request):
        self.keys += 1
        try:
            self.do(self.bench.place, request, f"k{self.keys}")
        except Refused as refused:
            assert refused.code in EXPECTED  # noqa: PT017  which refusal matters

    @rule(
        which=st.integers(0, 99),
        quantity=st.none() | st.integers(1, 25),
        price=st.none() | st.integers(88, 112),
    )
    def change(self, which, quantity, price):
        working = self.bench.books.open_orders
        if not working:
            return
        order, price = working[which % len(working)], None if price is None else Decimal(price)
        stops = order.request.stop_price is not None
        terms = Terms(
            None if quantity is None else Decimal(quantity),
            None if stops else price,
            price if stops else None,
        )
        self.keys += 1
        try:
            self.do(self.bench.execution.replace, order.id, f"c{self.keys}", terms)
        except Refused as refused:
            assert refused.code in EXPECTED  # noqa: PT017  which refusal matters

    @rule(price=st.sampled_from([85, 90, 95, 105, 110, 115]))
    def price_moves(self, price):
        self.do(self.bench.at, price)

    @rule()
    def flatten(self):
        self.do(self.bench.execution.flatten, "FLATTEN")

    @rule(which=st.integers(0, 99))
    def click_twice(self, which):
        orders = [
            o for o in self.bench.books.orders.values() if o.state is not OrderState.DENIED and not o.role
        ]
        if orders:
            order = orders[which % len(orders)]
            key = next(
                e.key.removeprefix("order:")
                for e in self.bench.ledger.read()
                if e.ref == order.id and e.kind.value == "order"
            )
            assert self.bench.execution.place(self.bench.books.line(order.id).intent.request, key).repeated

    @rule(which=st.integers(0, 99))
    def cancel(self, which):
        working = self.bench.books.open_orders
        if working:
            self.do(self.bench.execution.cancel, working[which % len(working)].id)

    @rule(which=st.integers(0, 99), part=st.integers(1, 20), price=st.integers(8000, 12000))
    def trade(self, which, part, price):
        venue = self.bench.venue
        resting = [c for c, order in venue.orders.items() if order[3] in RESTING]
        if resting:
            client = resting[which % len(resting)]
            left = venue.orders[client][1].quantity - venue.orders[client][2]
            venue.execute(client, min(Decimal(part), left), Decimal(price) / 100, fee="0.01")

    @rule(call=CALLS, error=ERRORS, arrives=st.booleans())
    def bad_mood(self, call, error, arrives):
        self.bench.venue.trouble[call].append(error)
        self.bench.venue.arrives = arrives

    @rule(refusal=st.just(Rejected("NO", "No.")))
    def refuse_the_next(self, refusal):
        self.bench.venue.trouble["place"].append(refusal)
        self.bench.venue.arrives = False

    @rule()
    def venue_ends_one(self):
        for order in self.bench.venue.orders.values():
            if order[3] in RESTING:
                order[3] = OrderState.EXPIRED
                return

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 40.0]))
    def turn(self, seconds):
        self.do(self.bench.turn, seconds)

    @rule()
    def crash(self):
        self.bench.restart()

    @rule(resume=st.booleans(), reducing=st.booleans())
    def halt(self, resume, reducing):
        self.do(self.bench.execution.reduce if reducing else self.bench.execution.halt, "test")
        if resume:
            self.bench.execution.resume("RESUME")

    @invariant()
    def i03_i05_the_ledger_tells_the_same_story(self):
        self.bench.same_books()
        states = {}
        for event in self.bench.ledger.read():
            if event.kind.value == "order":
                states[event.ref] = OrderState.NEW
            elif event.kind.value in {"state", "fill"}:
                to = OrderState(event.payload["to"])
                assert to in EDGES[states[event.ref]]
                states[event.ref] = to

    @invariant()
    def one_exit_at_work_and_never_more_sold_than_there_was_to_sell(self):
        for parent in self.bench.books.orders.values():
            legs = self.bench.legs(parent)
            if legs:
                assert self.bench.working(parent) is None or parent.state is not OrderState.DENIED
                most = parent.filled_quantity if parent.request.side is Side.BUY else parent.remaining
                assert sum(leg.filled_quantity for leg in legs) <= most

    def settle(self):
        """Let the venue be in a good mood until nothing is in doubt."""
        self.bench.probe = lambda _: None
        for trouble in self.bench.venue.trouble.values():
            trouble.clear()
        for _ in range(12):
            self.bench.turn(31 + GRACE)
        in_doubt = {OrderState.NEW, OrderState.SUBMITTING, OrderState.UNKNOWN, OrderState.PENDING_CANCEL}
        in_doubt.add(OrderState.PENDING_REPLACE)
        assert not [o for o in self.bench.books.open_orders if o.state in in_doubt]

    def agree(self):
        """Compare with the venue, with sums of the test's own."""
        bench, venue = self.bench, self.bench.venue
        cash, held = Decimal(100_000), Counter()
        for fill in venue.executed:
            cash -= fill.side.sign * fill.quantity * fill.price + fill.fee
            held[fill.symbol] += fill.side.sign * fill.quantity
        assert bench.books.portfolio.cash == cash
        assert {s: p.quantity for s, p in bench.books.portfolio.positions.items()} == dict(held)
        assert len(bench.books.fills) == len(venue.executed)
        for order in bench.books.orders.values():
            at_venue = venue.orders.get(order.client_order_id)
            assert venue.placed(order.client_order_id) <= 1 + self.turned_away(order)
            if at_venue is None:
                ended = {OrderState.REJECTED, OrderState.CANCELED, OrderState.DENIED, OrderState.EXPIRED}
                assert order.state in ended
            else:
                assert order.filled_quantity == at_venue[2]
                timed = order.state is OrderState.EXPIRED and order.request.time_in_force in TIMED
                assert order.state is at_venue[3] or (timed and at_venue[3] is OrderState.CANCELED)
                if order.state in {*RESTING, OrderState.FILLED}:
                    assert order.request == at_venue[1]

    def turned_away(self, order):
        return sum(
            e.ref == order.id and e.payload.get("code") == "THROTTLED" for e in self.bench.ledger.read()
        )


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
