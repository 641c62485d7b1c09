"""The real order path in a process that is killed: forks one desk for each line on its input.

A line asks for one life: in which folder, with which venue, where to die (a probe point and how often it
may be passed, or a delay), or to drain everything that is open. It needs ``fork``, so Linux or macOS.
"""

import gc
import json
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from marketpulse.clock import Clock, WallClock
from marketpulse.errors import Refused
from marketpulse.execution import Execution
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.prove.mutants import plan_of, plant
from marketpulse.prove.socketed import GRACE, SocketWire
from marketpulse.prove.venue import ACCOUNT, CASH, INSTRUMENTS, SYMBOLS, WireBroker
from marketpulse.storage import Ledger
from marketpulse.storage.failing import failing
from marketpulse.types import OrderRequest, OrderType, Preview, Side, TimeInForce

__all__ = ["DURABLE", "STEPS", "desk", "serve", "wish"]

STEPS = 8
"""Orders a desk wants in one life."""

DURABLE = "durable"
"""The file that says how much of the -wal file a power cut would leave."""

_PAUSE = threading.Event().wait  # nothing sets it


def _gate(request: OrderRequest) -> Preview:
    """Pass everything: limits are proven elsewhere."""
    return Preview(request, (), notional=1.0, fees=0.0, slippage=0.0)


def desk(
    ledger: Ledger, broker: WireBroker, clock: Clock, probe: Callable[[str], None]
) -> tuple[Execution, Books]:
    """Join the real order path to a ledger and a venue."""
    books = Books.of(ACCOUNT, ledger.read())
    execution = Execution(
        ledger,
        books,
        brokers={ACCOUNT: broker},
        route=lambda _: ACCOUNT,
        instruments=INSTRUMENTS,
        clock=clock,
        gate=_gate,
        meter=Meter(),
        probe=probe,
    )
    return execution, books


def wish(dice: random.Random) -> OrderRequest:
    """Think of an order."""
    kind = dice.choice([OrderType.MARKET, OrderType.LIMIT])
    limit = Decimal(dice.randint(9000, 11000)) / 100 if kind is OrderType.LIMIT else None
    side = dice.choice([Side.BUY, Side.BUY, Side.SELL])
    quantity = Decimal(dice.randint(1, 50))
    return OrderRequest(dice.choice(SYMBOLS), side, kind, quantity, limit, None, TimeInForce.GTC)


def _live(order: dict[str, Any]) -> None:
    """One desk from its start to its death, or to the end of its errands."""
    passes = [order.get("passes", 0)]

    def probe(point: str) -> None:
        if point == order.get("point"):
            passes[0] -= 1
            if passes[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    folder, mutant, clock = Path(order["folder"]), order.get("mutant", ""), WallClock()
    plan = plan_of(mutant)
    if order.get("power"):
        # a checkpoint would begin the -wal file anew, and its length would say nothing any more
        plan.rewrite["PRAGMA foreign_keys=ON"] = "PRAGMA wal_autocheckpoint=0"
        plan.durable = lambda size: _promise(folder / DURABLE, size)
    ledger = Ledger.open(folder / "ledger.db", clock, failing(plan))
    broker = WireBroker(
        SocketWire(order["venue"]), 0.0 if mutant == "no_grace" else order.get("grace", GRACE)
    )
    execution, books = desk(ledger, broker, clock, probe)
    execution.deposit(CASH, "start", "start")
    if order.get("drain"):
        _drain(execution, books, clock)
    else:
        _errands(execution, books, order["seed"], folder / "acknowledged")
    ledger.close()


def _promise(path: Path, size: int) -> None:
    """Write a number so that a kill leaves the old one or the new one."""
    part = path.with_suffix(".part")
    part.write_text(str(size))
    part.replace(path)


def _drain(execution: Execution, books: Books, clock: Clock) -> None:
    """Turn until nothing is open; what still rests is canceled."""
    execution.resume("RESUME")
    deadline = clock.monotonic() + 60
    while clock.monotonic() < deadline:
        execution.turn({}, {})
        for order in books.open_orders:
            execution.cancel(order.id)
        if execution.recovered and not books.open_orders:
            execution.turn({}, {})
            return
        _PAUSE(0.01)  # the venue's late accepts are real time
    raise AssertionError([(o.id, o.state) for o in books.open_orders])


def _errands(execution: Execution, books: Books, seed: int, acknowledged: Path) -> None:
    dice = random.Random(seed)
    execution.resume("RESUME")
    with acknowledged.open("a", buffering=1) as said:
        while not execution.recovered:
            execution.turn({}, {})
            _PAUSE(0.005)  # the venue wants to be left alone for real time
        for i in range(STEPS):
            execution.turn({}, {})
            key = f"{seed}-{i}"
            try:
                placed = execution.place(wish(dice), key)
            except Refused as refused:
                if refused.code != "UNRESOLVED_ORDER":  # an order of the symbol is in doubt: as it should be
                    raise
                continue
            said.write(f"{key} {placed.order.client_order_id}\n")
            if dice.random() < 0.3 and not execution.place(placed.order.request, key).repeated:
                raise AssertionError("a double click made a second order")
            resting = [o for o in books.open_orders if o.request.type is OrderType.LIMIT]
            if resting and dice.random() < 0.5:
                execution.cancel(dice.choice(resting).id)
        execution.halt("end of the errands")
        execution.turn({}, {})


def _child(order: dict[str, Any]) -> None:
    try:
        plant(order.get("mutant", ""))
        _live(order)
    except BaseException as error:  # noqa: BLE001  the child's top level: the parent must hear of it
        sys.stderr.write(f"{order}: {error!r}\n")
        os._exit(3)
    os._exit(0)


def serve(asked: TextIO, said: TextIO) -> None:
    """Fork a desk for each line of ``asked`` until it ends, and write how each ended."""
    gc.freeze()  # a child that collects its parent's objects copies their pages
    for line in asked:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(order)
        if "after" in order:
            _PAUSE(order["after"])
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ended = {"killed": killed, "code": None if killed else os.waitstatus_to_exitcode(status)}
        said.write(json.dumps(ended) + "\n")
        said.flush()
