"""An order in memory, from the wish to the books: create, check, fill, book; twenty positions.

First with what the figure in the issue names: Decimals and the deterministic id; the session, cash,
holding and position gates; the paper fee; the fold of the intent and of the fill into the books.
Then with all there is: the names of intent and body, every gate that can refuse, and the books' new
picture for the next order. No disk: see ``ledger_commit`` and ``order_commit``. Beside it: only
making an order and a fill as SQLModel objects. Run from the project's folder:
``python -m bench.order_path``.
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
from marketpulse.risk import OrderContext, check, fee, gates, gates_market, reserve
from marketpulse.risk.limits import position_check
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
            wish = replace(request(), symbol=symbol)
            self.trade(wish, intent_id(symbol), body_hash(wish))

    def book(self, kind: EventKind, ref: str, payload: dict) -> None:
        self.books.apply(Event(next(self.seq), NOW, ACCOUNT, kind, ref, payload, None, ""))

    def trade(self, wish: OrderRequest, intent: str, body: str) -> None:
        """Name, book, fill and book again."""
        client = client_order_id(INSTALLATION, intent)
        written = write_intent(Intent(client, wish, body, Decimal("1011.10"), NOW))
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

    def short(self, side: Side) -> None:
        """One order with the four gates that the figure names."""
        wish = OrderRequest(SYMBOLS[3], side, OrderType.MARKET, Decimal(10))
        books, buys, symbol = self.books, side is Side.BUY, wish.symbol
        sizes = gates.Sizes(
            price=100.0,
            reference=100.01,
            half=0.0001,
            bid=99.99,
            ask=100.01,
            value=1000.1,
            need=reserve(self.context.instrument, wish, wish.quantity, 100.01) if buys else Decimal(0),
            free_cash=books.cash,
            held=books.held(symbol),
            selling=Decimal(0),
        )
        value = float(sizes.held + wish.quantity) * sizes.price
        if not (
            gates_market.session(wish, self.context.datum).passed
            and gates.cash(wish, sizes, brief=True).passed
            and gates.holding(wish, sizes).passed
            and position_check(symbol, value, 10_000_000.0, reduces=not buys, brief=True).passed
        ):
            raise AssertionError(sizes)
        self.trade(wish, f"ticket-{next(self.keys)}", "")

    def order(self, side: Side) -> None:
        """One order with everything, to the books' next picture."""
        intent = intent_id(f"ticket-{next(self.keys)}")
        wish = OrderRequest(SYMBOLS[3], side, OrderType.MARKET, Decimal(10))
        if not all(c.passed for c in check(wish, self.seen())):
            raise AssertionError(check(wish, self.seen()))
        self.trade(wish, intent, body_hash(wish))


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
    short = per_call(lambda: desk.short(side()))
    whole = per_call(lambda: desk.order(side()))
    beside = "two SQLModel objects alone"
    return [
        Row("create, check, fill, book", short, "us", 30, floor, beside),
        Row("with every gate, all ids and the picture", whole, "us", None, floor, beside),
    ]


if __name__ == "__main__":
    show(measure())
