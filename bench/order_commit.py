"""A durable order: ``Execution.place`` until it returns, and bare sqlite3 doing the same statements.

The whole of ``place``: reading the request, the lock, every gate on twenty positions, the
ids, the event's chained hash, the commit with WAL and synchronous=FULL, the fold into the books. The
statements that ``place`` sends are traced first, and the run ends with an error where the bare
transaction's differ. Run from the project's folder: ``python -m bench.order_commit``.
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine, event

from bench.books import INSTRUMENTS, NOW, SYMBOLS, context, walks
from bench.ledger_commit import DATA, INSERT, LAST, Bare, turns
from bench.table import Row, per_call, show
from marketpulse.brokers.paper import PaperBroker
from marketpulse.clock import SimClock
from marketpulse.execution import Execution
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.risk import Scenarios, verdict
from marketpulse.storage import Ledger
from marketpulse.types import OrderRequest, OrderType, Preview, Side

ACCOUNT = "paper:1"
LIMIT = OrderRequest(SYMBOLS[3], Side.BUY, OrderType.LIMIT, Decimal(10), limit_price=Decimal("99.00"))


class Desk:
    """A ledger on disk and the order path above it; the gate sees a book of twenty positions."""

    def __init__(self, path: Path) -> None:
        clock = SimClock(NOW)
        self.ledger = Ledger.open(path, clock)
        self.books = Books(ACCOUNT)
        self.whole = context(Scenarios(walks()))
        self.execution = Execution(
            self.ledger,
            self.books,
            brokers={ACCOUNT: PaperBroker(self.books, INSTRUMENTS, clock)},
            route=lambda _: ACCOUNT,
            instruments=INSTRUMENTS,
            clock=clock,
            gate=self.gate,
            meter=Meter(),
        )
        self.execution.recover()

    def gate(self, wish: OrderRequest) -> Preview:
        return verdict(wish, replace(self.whole, instrument=INSTRUMENTS[wish.symbol]))

    def place(self, number: int) -> None:
        """Place a limit order for ten; each is another intent."""
        self.placed = self.execution.place(LIMIT, f"ticket-{number}").order

    def withdraw(self) -> None:
        """Cancel it before it is sent, so that every order finds the same books."""
        self.execution.cancel(self.placed.id)


def traced(work: Callable[[], object]) -> list[str]:
    """The statements that ``work`` sends to SQLite, without its commits."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    work()
    event.remove(Engine, "before_cursor_execute", note)
    return found


def measure() -> list[Row]:
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        bare, desk = Bare(Path(folder) / "bare.db"), Desk(Path(folder) / "ledger.db")
        sent = traced(lambda: desk.place(0))
        if sent != ["BEGIN IMMEDIATE", LAST, INSERT]:
            raise AssertionError(sent)
        desk.withdraw()
        works = [lambda number: bare.commit(number, look=False), desk.place]
        floor, value = turns(works, desk.withdraw)
        alone = per_call(lambda: desk.gate(LIMIT))
        desk.ledger.close()
        bare.raw.close()
    note = f"{alone:.0f} us of it the gates"
    return [Row("one order placed", value, "us", 3, floor, "bare sqlite3, FULL", relative=True, note=note)]


if __name__ == "__main__":
    show(measure())
