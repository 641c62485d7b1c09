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
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from marketpulse.clock import Clock, WallClock
from marketpulse.errors import Refused
from marketpulse.execution import Execution
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.ports import Terms
from marketpulse.prove.mutants import plan_of, plant
from marketpulse.prove.socketed import GRACE, SocketWire
from marketpulse.prove.venue import ACCOUNT, CASH, INSTRUMENTS, SYMBOLS, WireBroker
from marketpulse.storage import Ledger
from marketpulse.storage.failing import failing
from marketpulse.types import (
    MarketDatum,
    Order,
    OrderRequest,
    OrderType,
    Preview,
    Quote,
    SessionState,
    Side,
    TimeInForce,
)

__all__ = ["DURABLE", "STEPS", "change", "desk", "prices", "serve", "wish"]

STEPS = 8
"""Orders a desk wants in one life."""

DURABLE = "durable"
"""The file that says how much of the -wal file a power cut would leave."""

_PAUSE = threading.Event().wait  # nothing sets it
_LOW, _HIGH = Decimal(90), Decimal(110)
_PASSED = frozenset({"UNRESOLVED_ORDER", "NOT_REPLACEABLE", "NOT_CANCELABLE", "BAD_REQUEST"})
"""Refusals that follow from what happened: an order in doubt, or one that has moved on."""


def _gate(request: OrderRequest, instead: str = "") -> Preview:
    """Pass everything: limits are proven elsewhere."""
    del instead
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
    """Think of an order: some with exits, some stops with another side, some that must trade at once."""
    kind = dice.choice([OrderType.MARKET, OrderType.LIMIT])
    limit = Decimal(dice.randint(9000, 11000)) / 100 if kind is OrderType.LIMIT else None
    side = dice.choice([Side.BUY, Side.BUY, Side.SELL])
    quantity = Decimal(dice.randint(1, 50))
    plain = OrderRequest(dice.choice(SYMBOLS), side, kind, quantity, limit, None, TimeInForce.GTC)
    drawn = dice.random()
    if side is Side.BUY and drawn < 0.4:
        return replace(plain, stop_loss_price=_LOW, take_profit_price=dice.choice([_HIGH, None]))
    if side is Side.SELL and drawn < 0.3:
        target = dice.choice([_HIGH, None])
        return replace(
            plain, type=OrderType.STOP, limit_price=None, stop_price=_LOW, take_profit_price=target
        )
    if limit is not None and drawn > 0.85:
        return replace(plain, time_in_force=dice.choice([TimeInForce.IOC, TimeInForce.FOK]))
    return plain


def change(dice: random.Random, order: Order) -> Terms:
    """Think of other terms for an order."""
    quantity = order.filled_quantity + dice.randint(1, 50) if dice.random() < 0.5 else None
    price = Decimal(dice.randint(9000, 11000)) / 100
    if order.role in {"stop", "target"}:
        quantity = None
    if order.request.stop_price is not None:
        return Terms(quantity, None, min(price, _HIGH - 1))
    return Terms(quantity, price if order.request.limit_price is not None else None)


def prices(dice: random.Random, clock: Clock) -> dict[str, MarketDatum]:
    """Think of last trades, some of them where exits wait."""
    now = clock.now()
    quotes = (Quote(s, dice.randint(8500, 11500) / 100, None, None, None, now, now, "made") for s in SYMBOLS)
    return {q.symbol: MarketDatum(q, 0.0, stale=False, session=SessionState.OPEN) for q in quotes}


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
    grace = 0.0 if mutant == "no_grace" else order.get("grace", GRACE)
    broker = WireBroker(SocketWire(order["venue"]), grace, amends=order["seed"] % 2 == 0)
    execution, books = desk(ledger, broker, clock, probe)
    execution.deposit(CASH, "start", "start")
    if order.get("drain"):
        _drain(execution, books, clock)
    else:
        _errands(execution, books, clock, order["seed"], folder / "acknowledged")
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
            if not books.open_orders:  # else an exit was tried again
                return
        _PAUSE(0.01)  # the venue's late accepts are real time
    raise AssertionError([(o.id, o.state) for o in books.open_orders])


def _errands(execution: Execution, books: Books, clock: Clock, seed: int, acknowledged: Path) -> None:
    dice = random.Random(seed)
    execution.resume("RESUME")
    with acknowledged.open("a", buffering=1) as said:
        while not execution.recovered:
            execution.turn({}, {})
            _PAUSE(0.005)  # the venue wants to be left alone for real time
        for i in range(STEPS):
            execution.turn(prices(dice, clock), {})
            key = f"{seed}-{i}"
            try:
                placed = execution.place(wish(dice), key)
            except Refused as refused:
                if refused.code not in _PASSED:
                    raise
                continue
            said.write(f"{key} {placed.order.client_order_id}\n")
            if dice.random() < 0.3 and not execution.place(placed.order.request, key).repeated:
                raise AssertionError("a double click made a second order")
            _meddle(execution, books, dice, key)
        if dice.random() < 0.5:
            execution.flatten("FLATTEN")
        else:
            execution.halt("end of the errands")
        execution.turn(prices(dice, clock), {})


def _meddle(execution: Execution, books: Books, dice: random.Random, key: str) -> None:
    """Cancel or change something that rests; a change is asked for twice, as by a double click."""
    resting, drawn = [o for o in books.open_orders if o.request.type is not OrderType.MARKET], dice.random()
    if not resting or drawn > 0.8:
        return
    order = dice.choice(resting)
    try:
        if drawn < 0.3:
            execution.cancel(order.id)
        else:
            terms = change(dice, order)
            execution.replace(order.id, key, terms)
            if not execution.replace(order.id, key, terms).repeated:
                raise AssertionError("a double click made a second change")
    except Refused as refused:
        if refused.code not in _PASSED:
            raise


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
