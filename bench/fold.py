"""The books from nothing: 100,000 fills folded, as at every start of the desk.

Beside it: only turning the same fills' texts into Decimals and adding up the cash. Run from the
project's folder: ``python -m bench.fold``.
"""

from decimal import Decimal

from bench.books import NOW, SYMBOLS, request
from bench.table import Row, best, show
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Booking, Cash, Intent, write_booking, write_cash, write_intent
from marketpulse.types import Event, EventKind, Fill, OrderState, Side

ACCOUNT = "paper:1"
FILLS = 100_000
EACH = 100  # fills of one order


def events() -> list[Event]:
    """A deposit, and orders of a hundred fills each, bought and sold in turn."""
    found = []

    def add(kind: EventKind, ref: str, payload: dict, key: str | None = None) -> None:
        found.append(Event(len(found) + 1, NOW, ACCOUNT, kind, ref, payload, key, ""))

    add(EventKind.CASH, "deposit", write_cash(Cash(Decimal(10) ** 9, "USD", "deposit")))
    for number in range(FILLS // EACH):
        order = f"order-{number}"
        add(EventKind.ORDER, order, write_intent(Intent(order, request(), "", Decimal(0), NOW)))
        side, symbol = (Side.SELL if number % 2 else Side.BUY), SYMBOLS[number // 2 % len(SYMBOLS)]
        for trade in range(EACH):
            price, ten = Decimal(10_000 + (number * 7 + trade) % 500) / 100, Decimal(10)
            fill = Fill("paper", f"{order}-{trade}", order, symbol, side, ten, price, Decimal(1), NOW)
            key = f"fill:paper:{order}-{trade}"
            add(EventKind.FILL, order, write_booking(Booking(fill, OrderState.PARTIALLY_FILLED)), key)
    return found


def bare(ledger: list[Event]) -> Decimal:
    """Only the cash."""
    cash = Decimal(0)
    for event in ledger:
        if event.kind is EventKind.FILL:
            fill = event.payload
            value = Decimal(fill["quantity"]) * Decimal(fill["price"])
            cash += (value if fill["side"] == "sell" else -value) - Decimal(fill["fee"])
    return cash


def measure() -> list[Row]:
    ledger = events()
    books = Books.of(ACCOUNT, ledger)
    if books.cash - Decimal(10) ** 9 != bare(ledger):
        raise AssertionError(books.cash)
    value, floor = best(lambda: Books.of(ACCOUNT, ledger)), best(lambda: bare(ledger))
    return [Row("100,000 fills folded", value, "s", 0.2, floor, "their cash alone")]


if __name__ == "__main__":
    show(measure())
