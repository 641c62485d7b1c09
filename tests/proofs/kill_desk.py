"""The real order path in a process that is killed: forks one desk for each line on its input.

A line asks for one life: where to die (a probe point and how often it may be passed, or a delay), or
to drain everything that is open. Imports are paid for once, by the parent.
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from proofs.kill_venue import GRACE, INSTRUMENTS, SYMBOLS, SocketBroker

from marketpulse.clock import WallClock
from marketpulse.errors import BrokerError, Refused
from marketpulse.execution import Execution
from marketpulse.execution.ids import client_order_id
from marketpulse.execution.placing import Placer
from marketpulse.execution.sending import Sender
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Change
from marketpulse.storage import Ledger
from marketpulse.types import OrderRequest, OrderState, OrderType, Preview, Side, TimeInForce

ACCOUNT = "sim:1"
STEPS = 14


def gate(request):
    return Preview(request, (), notional=1.0, fees=0.0, slippage=0.0)


def life(folder, socket, order):
    """One desk from its start to its death, or to the end of its errands."""
    passes = [order.get("passes", 0)]

    def probe(point):
        if point == order.get("point"):
            passes[0] -= 1
            if passes[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    clock = WallClock()
    ledger = Ledger.open(Path(folder) / "ledger.db", clock)
    books = Books.of(ACCOUNT, ledger.read())
    broker = SocketBroker(socket, 0.0 if order.get("mutant") == "no_grace" else GRACE)
    execution = Execution(
        ledger, books, brokers={ACCOUNT: broker}, route=lambda _: ACCOUNT, instruments=INSTRUMENTS,
        clock=clock, gate=gate, meter=Meter(), probe=probe,
    )  # fmt: skip
    execution.deposit(Decimal(1_000_000), "start", "start")
    if order.get("drain"):
        drain(execution, books)
    else:
        errands(execution, books, order, Path(folder) / "acknowledged")
    ledger.close()


def drain(execution, books):
    """Turn until nothing is open; what still rests is canceled."""
    execution.resume("RESUME")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        execution.turn({}, {})
        for order in books.open_orders:
            execution.cancel(order.id)
        if execution.recovered and not books.open_orders:
            execution.turn({}, {})
            return
        time.sleep(0.01)  # the venue's late accepts are real time
    raise AssertionError([(o.id, o.state) for o in books.open_orders])


def errands(execution, books, order, acknowledged):
    dice = random.Random(order["seed"])
    execution.resume("RESUME")
    with acknowledged.open("a", buffering=1) as said:
        while not execution.recovered:
            execution.turn({}, {})
            time.sleep(0.005)  # the venue wants to be left alone for real time
        for i in range(STEPS):
            execution.turn({}, {})
            key = f"{order['seed']}-{i}"
            try:
                placed = execution.place(wish(dice), key)
            except Refused as refused:
                if refused.code != "UNRESOLVED_ORDER":  # an order of the symbol is in doubt: as it should be
                    raise
                continue
            said.write(f"{key} {placed.order.client_order_id}\n")
            if dice.random() < 0.3:
                assert execution.place(placed.order.request, key).repeated  # a double click
            resting = [o for o in books.open_orders if o.request.type is OrderType.LIMIT]
            if resting and dice.random() < 0.5:
                execution.cancel(dice.choice(resting).id)
        execution.halt("end of the errands")
        execution.turn({}, {})


def wish(dice):
    kind = dice.choice([OrderType.MARKET, OrderType.LIMIT])
    limit = Decimal(dice.randint(9000, 11000)) / 100 if kind is OrderType.LIMIT else None
    side = dice.choice([Side.BUY, Side.BUY, Side.SELL])
    quantity = Decimal(dice.randint(1, 50))
    return OrderRequest(dice.choice(SYMBOLS), side, kind, quantity, limit, None, TimeInForce.GTC)


def send_first(commit):
    """Send, and only then write the intent down."""

    def mutated(self, request, key, order_id, *rest):
        client_id = client_order_id(self._installation, order_id)
        with suppress(BrokerError):
            self._kit.venues[ACCOUNT].broker.place(client_id, INSTRUMENTS[request.symbol], request)
        return commit(self, request, key, order_id, *rest)

    return mutated


def send_again(self):
    """After a crash, take what was being sent for not sent."""
    with self._kit.journal.holding() as books:
        lost = [order for order in books.open_orders if order.state is OrderState.SUBMITTING]
        with self._kit.journal.writing() as draft:
            for order in lost:
                draft.move(order, Change(OrderState.NEW, "interrupted"))


def retry_blindly(place):
    def twice(self, venue, order):
        change = place(self, venue, order)
        return place(self, venue, order) if change.to is OrderState.UNKNOWN else change

    return twice


def mutate(name):
    if name == "send_first":
        Placer._commit = send_first(Placer._commit)
        Sender._place = lambda *_: Change(OrderState.ACCEPTED, "sent already")
    elif name == "send_again":
        Execution._interrupted = send_again
        Sender._there = lambda *_: False
    elif name == "retry_blindly":
        Sender._place = retry_blindly(Sender._place)


def main(folder, socket):
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                mutate(order.get("mutant"))
                life(folder, socket, order)
            except BaseException as error:  # noqa: BLE001  the child's top level: the parent must hear of it
                sys.stderr.write(f"{order}: {error!r}\n")
                os._exit(3)
            os._exit(0)
        if "after" in order:
            time.sleep(order["after"])
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ended = {"killed": killed, "code": None if killed else os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
