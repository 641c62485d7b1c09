"""Every call to the database on the order path fails once, in every way: nothing is lost, nothing doubled."""

import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.errors import Refused, StorageError
from marketpulse.portfolio import Books
from marketpulse.prove.check import disagreements
from marketpulse.prove.found import Found
from marketpulse.prove.venue import ACCOUNT, SYMBOLS, Luck
from marketpulse.prove.world import World
from marketpulse.storage.failing import ERRORS
from marketpulse.types import OrderRequest, OrderType, Side, TimeInForce

__all__ = ["WAYS", "calls", "count"]

WAYS = tuple(product(ERRORS, (False, True), (False, True)))
"""Error, whether the call does its work all the same, and whether later calls fail too."""

_QUIET = Luck(0.0, 0.0, 0.0, 0.0, trade=0.5)
_AFTER = {"HALTED", "RECOVERING", "UNRESOLVED_ORDER"}


def _order(side: Side, quantity: int, limit: int | None, symbol: str = SYMBOLS[0]) -> OrderRequest:
    kind = OrderType.LIMIT if limit else OrderType.MARKET
    price = Decimal(limit) if limit else None
    return OrderRequest(symbol, side, kind, Decimal(quantity), price, None, TimeInForce.GTC)


class _Errand:
    """A short trading day on the order path; each step may be told that the ledger could not be written."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answered: set[str] = set()
        self.found: Counter[str] = Counter()
        self.said = 0

    def step(self, do: Callable[[], object]) -> None:
        """Do one thing; it works, or says a sentence."""
        try:
            do()
        except StorageError as error:
            self.said += 1
            self.found["refused without a sentence"] += not str(error)
        except Refused as refused:
            self.found[f"refused with {refused.code}"] += refused.code not in _AFTER | {"NOT_CANCELABLE"}
            self.found["refused without a sentence"] += not refused.sentence

    def place(self, request: OrderRequest, key: str) -> None:
        """Place, and once more with the same key, as a person does who was told to try again."""

        def do() -> None:
            placed = self.world.execution.place(request, key)
            self.answered.add(placed.order.client_order_id)

        self.step(do)
        self.step(do)

    def turn(self) -> None:
        """One turn of the loop."""
        self.world.advance(1.0)
        self.step(lambda: self.world.execution.turn({}, {}))

    def cancel(self) -> None:
        """Ask for the cancel of whatever is open."""
        for order in self.world.books.open_orders:
            self.step(lambda order=order: self.world.execution.cancel(order.id))  # type: ignore[misc]

    def run(self) -> None:
        """The day."""
        self.turn()
        self.place(_order(Side.BUY, 30, None), "one")
        self.turn()
        self.place(_order(Side.BUY, 40, 99, SYMBOLS[1]), "two")
        self.place(_order(Side.SELL, 10, 101), "three")
        self.turn()
        self.turn()
        self.cancel()
        self.turn()
        self.place(_order(Side.BUY, 20, 98, SYMBOLS[2]), "four")
        self.turn()
        self.step(lambda: self.world.execution.halt("the day is over"))
        self.turn()
        self.step(lambda: self.world.execution.resume("RESUME"))

    def settle(self) -> None:
        """The database is well again: the same desk finds out what became of everything."""
        self.world.plan.at = 0
        self.step(lambda: self.world.execution.resume("RESUME"))
        for _ in range(40):
            self.turn()
            self.cancel()
            if not self.world.books.open_orders:
                break
        self.turn()


def _one(folder: Path, seed: int, at: int, way: tuple[str, bool, bool]) -> tuple[Counter[str], int]:
    """One day in which call ``at`` fails; what was wrong after it, and how many calls it made."""
    world = World(folder, seed, _QUIET)
    plan = world.plan
    plan.calls, plan.failed = 0, 0
    plan.error, plan.done, plan.lasting = way
    plan.at = at
    errand = _Errand(world)
    errand.run()
    made, failed, said = plan.calls, plan.failed, errand.said
    errand.settle()
    found = errand.found
    found["call that did not fail"] += bool(at) and not failed
    # one alone may be the rollback of a connection that is given back, which concerns nobody
    found["failed calls that nobody was told of"] += failed > 1 and not said
    found += _compare(world, errand)
    live = Books.of(ACCOUNT, world.ledger.read())
    world.restart()
    again = Books.of(ACCOUNT, world.ledger.read())
    found["books that a restart changes"] += live.portfolio != again.portfolio
    world.ledger.close()
    return +found, made


def _compare(world: World, errand: _Errand) -> Counter[str]:
    events = list(world.ledger.read())
    found = disagreements(events, world.venue, errand.answered)
    found["broken chain"] += world.ledger.verify() != len(events)
    fold = Books.of(ACCOUNT, events)
    world.execution.turn({}, {})
    found["books that are not the fold"] += fold.portfolio != world.books.portfolio
    found["orders left open"] += len(fold.open_orders)
    return found


def _made(folder: Path, seed: int) -> Path:
    """A fresh ledger, to be copied: making one costs a hundred times what opening costs."""
    place = folder / f"made-{seed}"
    place.mkdir(exist_ok=True)
    if not (place / "ledger.db").exists():
        World(place, seed, _QUIET).ledger.close()
    return place / "ledger.db"


def count(seed: int, folder: Path) -> int:
    """How many calls the day makes when nothing fails."""
    with TemporaryDirectory(dir=folder) as place:
        shutil.copy(_made(folder, seed), Path(place))
        return _one(Path(place), seed, 0, WAYS[0])[1]


def calls(seed: int, size: int, folder: Path, share: tuple[int, int] = (0, 1)) -> Found:
    """Fail each call in ``size`` of the ways, taken in turn; ``share`` is which part of how many."""
    faults, notes, seeds, runs = Counter[str](), Counter[str](), list[int](), 0
    every = count(seed, folder)
    cases = [(at, WAYS[(at * 5 + i) % len(WAYS)]) for at in range(1, every + 1) for i in range(size)]
    for at, way in cases[share[0] :: share[1]]:
        with TemporaryDirectory(dir=folder) as place:
            shutil.copy(_made(folder, seed), Path(place))
            found, _ = _one(Path(place), seed, at, way)
        runs += 1
        notes[f"{way[0]}"] += 1
        if found:
            faults.update({f"call {at} {way}: {what}": n for what, n in found.items()})
            seeds.append(seed)
    notes["calls on the path"] = every if share[0] == 0 else 0
    return Found(runs, dict(faults), dict(notes), tuple(seeds[:1]))
