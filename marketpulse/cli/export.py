"""Orders, fills and tax lots as CSV: exact decimals, and no cell that a spreadsheet would take for a formula."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TextIO

from marketpulse.portfolio import Books, LotBook
from marketpulse.types import LotMethod

__all__ = ["cell", "write_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ORDERS = (
    "created", "updated", "account", "order_id", "client_order_id", "venue_id", "symbol", "side", "type",
    "quantity", "limit_price", "stop_price", "time_in_force", "state", "filled", "average_price", "fees",
    "reasons", "parent", "role",
)  # fmt: skip
_FILLS = (
    "time", "account", "venue", "trade_id", "client_order_id", "symbol", "side", "quantity", "price", "fee",
    "note", "fee_currency", "optimistic", "pessimistic",
)  # fmt: skip
_LOTS = (
    "state", "method", "account", "symbol", "opened", "closed", "quantity", "cost", "proceeds", "gain",
    "currency",
)  # fmt: skip

_Source = Callable[[str, Books], Iterator[Iterable[object]]]


def cell(value: object) -> str:
    """Write one cell.

    A number stays a number, digit for digit and without an exponent; a text that begins as a formula
    does is given an apostrophe.

    Examples
    --------
    >>> cell(Decimal("1E-8")), cell(Decimal("-0.50")), cell("=1+1"), cell(None)
    ('0.00000001', '-0.50', "'=1+1", '')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_csv(what: str, books: Mapping[str, Books], out: TextIO, method: LotMethod = LotMethod.FIFO) -> int:
    """Write ``orders``, ``fills`` or ``lots`` of all accounts, oldest first in each; return how many."""
    kinds: Mapping[str, tuple[tuple[str, ...], _Source]] = {
        "orders": (_ORDERS, _orders),
        "fills": (_FILLS, _fills),
        "lots": (_LOTS, partial(_lots, method)),
    }
    columns, source = kinds[what]
    rows = csv.writer(out)
    rows.writerow(columns)
    count = 0
    for account, book in books.items():
        for row in source(account, book):
            rows.writerow([cell(value) for value in row])
            count += 1
    return count


def _orders(account: str, book: Books) -> Iterator[Iterable[object]]:
    for order in book.orders.values():
        request = order.request
        yield (
            order.created, order.updated, account, order.id, order.client_order_id, order.venue_id,
            request.symbol, request.side, request.type, request.quantity, request.limit_price,
            request.stop_price, request.time_in_force, order.state, order.filled_quantity,
            order.average_price, order.fees, "; ".join(f"{r.code}: {r.sentence}" for r in order.reasons),
            order.parent, order.role,
        )  # fmt: skip


def _fills(account: str, book: Books) -> Iterator[Iterable[object]]:
    for fill in book.fills:
        yield (
            fill.time, account, fill.venue, fill.trade_id, fill.client_order_id, fill.symbol, fill.side,
            fill.quantity, fill.price, fill.fee, fill.note, fill.fee_currency,
            fill.optimistic, fill.pessimistic,
        )  # fmt: skip


def _lots(method: LotMethod, account: str, book: Books) -> Iterator[Iterable[object]]:
    found = LotBook.of(book.history, method)
    for lot in reversed(list(found.closed((account,)))):
        yield (
            "closed", method, account, lot.symbol, lot.opened, lot.closed, lot.quantity, lot.cost,
            lot.proceeds, lot.gain, lot.currency,
        )  # fmt: skip
    for one in found.lots((account,)):
        yield (
            "open", method, account, one.symbol, one.opened, None, one.quantity, one.cost, None, None,
            one.currency,
        )  # fmt: skip
