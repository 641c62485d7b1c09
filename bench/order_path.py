"""An order in memory, from the wish to the books: create, name, check, fill, book.

Twenty positions; Decimals, the deterministic ids, every gate that can refuse (cash, position,
session and the rest), the paper fee, the fold of both events, the books' new picture. No disk: see
``ledger_commit`` and ``order_commit``. Beside it: only making an order and a fill as SQLModel
objects. Run from the project's folder: ``python -m bench.order_path``.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count

from sqlmodel import Field, SQLModel

from bench.books import NOW, SYMBOLS, context, request
from bench.table import Row, per_call, show
from marketpulse.execution.ids import body_hash, client_order_id, intent_id
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Booking, Cash, Intent, write_booking, write_cash, write_intent
from marketpulse.risk import OrderContext, check, fee
from marketpulse.types import Event, EventKind, Fill, OrderRequest, OrderState, OrderType, Side

ACCOUNT = "paper:1"
INSTALLATION = "0123456789abcdef0123456789abcdef"


class SqlOrder(SQLModel, table=True):
    """The obvious order of an ORM."""

    __tablename__ = "bench_order"
    id: str = Field(primary_key=True)
    symbol: str
    side: str
    quantity: Decimal
    created: datetime
    state: str


class SqlFill(SQLModel, table=True):
    """The obvious fill of an ORM."""

    __tablename__ = "bench_fill"
    id: str = Field(primary_key=True)
    order: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    time: datetime


class Desk:
    """Books with twenty positions and what an order needs to be checked."""

    def __init__(self) -> None:
        self.books = Books(ACCOUNT)
        self.seq, self.keys = count(1), count(1)
        self.context = context()
        self.book(EventKind.CASH, "deposit", write_cash(Cash(Decimal(10_000_000), "USD", "deposit")))
        for symbol in SYMBOLS:
            self.trade(replace(request(), symbol=symbol), intent_id(symbol))

    def book(self, kind: EventKind, ref: str, payload: dict) -> None:
        self.books.apply(Event(next(self.seq), NOW, ACCOUNT, kind, ref, payload, None, ""))

    def trade(self, wish: OrderRequest, intent: str) -> None:
        """Name, book, fill and book again."""
        client = client_order_id(INSTALLATION, intent)
        written = write_intent(Intent(client, wish, body_hash(wish), Decimal("1011.10"), NOW))
        self.book(EventKind.ORDER, intent, written)
        price = Decimal("100.01")
        paid = fee(self.context.instrument, wish.quantity, price)
        fill = Fill("paper", intent, client, wish.symbol, wish.side, wish.quantity, price, paid, NOW)
        self.book(EventKind.FILL, intent, write_booking(Booking(fill, OrderState.FILLED)))

    def seen(self) -> OrderContext:
        """The desk as the next order sees it."""
        c = self.context
        return OrderContext(
            instrument=c.instrument,
            datum=c.datum,
            portfolio=self.books.portfolio,
            orders=(),
            equity=10_000_000.0,
            halt=None,
            recovered=True,
            prices=c.prices,
            instruments=c.instruments,
        )

    def order(self, side: Side) -> None:
        """One order, all the way to the books' next picture."""
        intent = intent_id(f"ticket-{next(self.keys)}")
        wish = OrderRequest(SYMBOLS[3], side, OrderType.MARKET, Decimal(10))
        now = self.seen()
        if not all(c.passed for c in check(wish, now)):
            raise AssertionError(check(wish, now))
        self.trade(wish, intent)


def sides() -> Callable[[], Side]:
    """Buy and sell in turn, so that the books stay where they are."""
    turn = count()
    return lambda: Side.SELL if next(turn) % 2 else Side.BUY


def measure() -> list[Row]:
    desk, side, numbers = Desk(), sides(), count()

    def objects() -> None:
        name = str(next(numbers))
        ten, price = Decimal(10), Decimal("100.01")
        SqlOrder(id=name, symbol="S03", side="buy", quantity=ten, created=NOW, state="new")
        SqlFill(id=name, order=name, quantity=ten, price=price, fee=Decimal(1), time=NOW)

    floor = per_call(objects)
    value = per_call(lambda: desk.order(side()))
    return [Row("create, check, fill, book", value, "us", 30, floor, "two SQLModel objects alone")]


if __name__ == "__main__":
    show(measure())
