"""Random walks: the ledger against a list, and the life of an order against its table."""

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.clock import SimClock
from marketpulse.errors import StorageError
from marketpulse.execution.journal import Journal
from marketpulse.execution.lifecycle import EDGES, IllegalStep, after_fill
from marketpulse.portfolio import Books, fill_key
from marketpulse.portfolio.codec import Booking, Change, Intent, write_booking, write_intent
from marketpulse.prove.found import Found
from marketpulse.prove.life import wish
from marketpulse.prove.venue import ACCOUNT
from marketpulse.prove.world import OPENING
from marketpulse.storage import DuplicateKey, Ledger, Tx
from marketpulse.types import Event, EventKind, Fill, NewEvent, Order, OrderState

__all__ = ["ledger_walks", "life_walks"]

_STEPS = 60


def ledger_walks(seed: int, size: int, folder: Path) -> Found:
    """Append, repeat keys, undo, reopen and read in any sequence; after each step it is what a list says."""
    faults, notes, seeds = Counter[str](), Counter[str](), []
    for each in range(seed, seed + size):
        with TemporaryDirectory(dir=folder) as place:
            found = _ledger_walk(random.Random(each), Path(place) / "ledger.db", notes)
        if found:
            faults += found
            seeds.append(each)
    return Found(size, dict(faults), dict(notes), tuple(seeds))


def _ledger_walk(dice: random.Random, path: Path, notes: Counter[str]) -> Counter[str]:
    clock = SimClock(OPENING)
    ledger, model, found = Ledger.open(path, clock), list[Event](), Counter[str]()
    for _ in range(_STEPS):
        drawn = dice.random()
        notes["ledger steps"] += 1
        if drawn < 0.7:
            written = _written(dice, ledger, model, found)
            notes["undone"] += not written
            model += written
        elif drawn < 0.8:
            ledger.close()
            ledger = Ledger.open(path, clock)
        elif drawn < 0.9:
            after = dice.randint(0, len(model) + 1)
            found["part that differs"] += list(ledger.read(after)) != model[after:]
        else:
            found["other count"] += ledger.verify() != len(model)
        found["differs from the list"] += ledger.last() != (model[-1] if model else None)
    found["differs in the end"] += list(ledger.read()) != model or ledger.verify() != len(model)
    ledger.close()
    return +found


def _written(dice: random.Random, ledger: Ledger, model: list[Event], found: Counter[str]) -> list[Event]:
    """Append a few events in one transaction, and now and then undo it by an error at its end."""
    written: list[Event] = []
    bad = NewEvent(OPENING, ACCOUNT, EventKind.CASH, "x", {}, "key") if dice.random() < 0.25 else None
    try:
        with ledger.transaction() as tx:
            for _ in range(dice.randint(1, 4)):
                _append(dice, tx, [*model, *written], found, written)
            if bad is not None:
                tx.append(
                    replace(bad, account="")
                )  # the table refuses it, and all of the transaction with it
    except StorageError:
        found["transaction refused"] += bad is None
        return []
    found["bad event taken"] += bad is not None
    return written


def _append(
    dice: random.Random, tx: Tx, known: list[Event], found: Counter[str], written: list[Event]
) -> None:
    key = f"k{dice.randint(0, 40)}" if dice.random() < 0.7 else None
    taken = key is not None and any(event.key == key for event in known)
    new = NewEvent(OPENING, ACCOUNT, EventKind.CASH, "x", {"n": dice.randint(0, 9)}, key)
    try:
        written.append(tx.append(new))
        found["key taken twice"] += taken
    except DuplicateKey:
        found["free key refused"] += not taken


def life_walks(seed: int, size: int, folder: Path) -> Found:
    """Push orders from state to state: the table's edges are written, every other one is refused."""
    faults, notes, seeds = Counter[str](), Counter[str](), []
    for each in range(seed, seed + size):
        with TemporaryDirectory(dir=folder) as place:
            walk = _Life(random.Random(each), Path(place) / "ledger.db")
            found = walk.run()
        notes += walk.notes
        if found:
            faults += found
            seeds.append(each)
    return Found(size, dict(faults), dict(notes), tuple(seeds))


class _Life:
    """Orders of one ledger, and what they should be."""

    def __init__(self, dice: random.Random, path: Path) -> None:
        self.found: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._dice = dice
        self._clock = SimClock(OPENING)
        self._ledger = Ledger.open(path, self._clock)
        self._journal = Journal(self._ledger, Books(ACCOUNT), self._clock)
        self._states: dict[str, OrderState] = {}
        self._filled: dict[str, Decimal] = {}

    def run(self) -> Counter[str]:
        """Walk, and compare after each step and in the end."""
        books = self._journal.books
        for i in range(_STEPS):
            if not self._states or self._dice.random() < 0.1:
                self._order(i)
                continue
            order_id = self._dice.choice(list(self._states))
            order = books.order(order_id)
            if order is not None and self._dice.random() < 0.5:
                self._move(order)
            elif order is not None and order.state is not OrderState.DENIED:
                self._fill(order)
            now = books.order(order_id)
            self.found["state that differs"] += now is None or now.state is not self._states[order_id]
            self.found["quantity that differs"] += (
                now is None or now.filled_quantity != self._filled[order_id]
            )
            self._clock.advance(1.0)
        fold = Books.of(ACCOUNT, self._ledger.read())
        self.found["books that are not the fold"] += fold.portfolio != books.portfolio
        self.found["orders that are not the fold"] += dict(fold.orders) != dict(books.orders)
        self._ledger.close()
        return +self.found

    def _order(self, number: int) -> None:
        intent = Intent(f"c{number}", wish(self._dice), "", Decimal(0), OPENING)
        with self._journal.writing() as draft:
            draft.add(EventKind.ORDER, f"o{number}", write_intent(intent), f"order:{number}")
        self._states[f"o{number}"], self._filled[f"o{number}"] = OrderState.NEW, Decimal(0)

    def _move(self, order: Order) -> None:
        """Try a step; two of three times one of the table."""
        edges = EDGES[self._states[order.id]]
        to = self._dice.choice(list(OrderState))
        if edges and self._dice.random() < 0.67:
            to = self._dice.choice(sorted(edges))
        legal = to in edges
        if legal and to in {OrderState.FILLED, OrderState.PARTIALLY_FILLED}:
            return  # only an execution leads there
        try:
            with self._journal.writing() as draft:
                draft.move(order, Change(to, "walk"))
        except IllegalStep:
            self.found["legal step refused"] += legal
            self.notes["illegal steps refused"] += 1
        else:
            self.found["illegal step taken"] += not legal
            self.notes["legal steps"] += 1
            self._states[order.id] = to

    def _fill(self, order: Order) -> None:
        """One execution, and the same again: the second time its key is taken."""
        state, quantity = self._states[order.id], Decimal(self._dice.randint(1, 20))
        total = self._filled[order.id] + quantity
        to = after_fill(state, total, order.request.quantity)
        self.found["fill that breaks the table"] += to not in EDGES[state]
        trade = f"t{self._dice.randint(0, 10**9)}"
        fill = Fill(
            "sim",
            trade,
            order.client_order_id,
            order.request.symbol,
            order.request.side,
            quantity,
            Decimal(100),
            Decimal(1),
            OPENING,
        )
        for again in (False, True):
            try:
                with self._journal.writing() as draft:
                    payload = write_booking(Booking(fill, to))
                    draft.add(EventKind.FILL, order.id, payload, fill_key("sim", trade))
            except DuplicateKey:
                self.found["first fill refused"] += not again
            else:
                self.found["fill booked twice"] += again
        self.notes["fills"] += 1
        self._states[order.id], self._filled[order.id] = to, total
