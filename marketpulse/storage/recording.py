"""The statements behind the recording of quotes and books: each goes by the key, never through the table.

Times are text of fixed width, so text order is time order. A datum is known at a moment when the desk had
received it by then; its own time alone would let a delayed price be seen before anybody saw it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection

from marketpulse.storage.blocks import pack_levels, unpack_levels
from marketpulse.storage.columns import from_utc_text, to_utc_text
from marketpulse.types import Book, Quote

__all__ = [
    "book_at",
    "book_of",
    "drop_undone",
    "insert_books",
    "insert_quotes",
    "last",
    "listened",
    "prune_some",
    "quote_of",
    "quote_window",
    "spans",
    "symbols",
]

_BEGUN_ANEW = timedelta(minutes=10)  # a clock further back than this plays again what it had played

_COLUMNS = {
    "live_market_data": "symbol, price, bid, ask, volume, time, received, source, open, high, low",
    "order_book_data": "symbol, bids, asks, time, received, source, sequence",
}

# every symbol of a table whose key begins with it, one look-up each
_KNOWN = """WITH RECURSIVE known(name) AS (
    SELECT min(symbol) FROM TABLE UNION ALL
    SELECT (SELECT min(symbol) FROM TABLE WHERE symbol > name) FROM known WHERE name IS NOT NULL) """
_SYMBOLS = "WITH_KNOWN SELECT name FROM known WHERE name IS NOT NULL"
_SPANS = """WITH_KNOWN SELECT name, (SELECT min(time) FROM TABLE WHERE symbol = name),
    (SELECT max(time) FROM TABLE WHERE symbol = name) FROM known WHERE name IS NOT NULL"""
_LAST = """WITH_KNOWN SELECT COLUMNS FROM known JOIN TABLE
    ON symbol = name AND time = (SELECT max(time) FROM TABLE WHERE symbol = name)"""

# the newest quote known at :now, and what follows it up to :until
_WINDOW = """SELECT COLUMNS FROM TABLE WHERE symbol = :symbol AND time <= :until AND time >= coalesce(
        (SELECT time FROM TABLE WHERE symbol = :symbol AND time <= :now AND received <= :now
         ORDER BY time DESC LIMIT 1), '')
    ORDER BY time LIMIT :limit"""
_AT = """SELECT COLUMNS FROM TABLE WHERE symbol = :symbol AND time <= :now AND received <= :now
    ORDER BY time DESC LIMIT 1"""

# a price of last Friday that came on Monday is no sign that the desk listened on Friday
_HEARD = "julianday(received) - julianday(time) < :gap / 86400.0"
_NEXT = """WITH_KNOWN SELECT min((SELECT time FROM TABLE WHERE symbol = name AND time > :after AND HEARD
    ORDER BY time LIMIT 1)) FROM known"""
_REACHED = """WITH_KNOWN SELECT max((SELECT time FROM TABLE WHERE symbol = name AND time > :after
    AND time <= :until AND HEARD ORDER BY time DESC LIMIT 1)) FROM known"""

_INSERT = "INSERT OR REPLACE INTO TABLE (COLUMNS) VALUES (MARKS)"
_PRUNE = """DELETE FROM TABLE WHERE symbol = :symbol AND time < :before
    AND time < (SELECT max(time) FROM TABLE WHERE symbol = :symbol)
    AND time <= coalesce((SELECT time FROM TABLE WHERE symbol = :symbol ORDER BY time LIMIT 1 OFFSET :rows),
                         :before)"""

_NEWEST = """SELECT received FROM live_market_data WHERE symbol = ? ORDER BY time DESC LIMIT 1"""
_UNDO = """DELETE FROM live_market_data WHERE symbol = ? AND time > ?"""


@cache
def _sql(statement: str, table: str) -> str:
    """Write a statement for one of the two tables."""
    columns = _COLUMNS[table]
    marks = ", ".join("?" * len(columns.split(",")))
    words = {"WITH_KNOWN": _KNOWN, "HEARD": _HEARD, "TABLE": table, "COLUMNS": columns, "MARKS": marks}
    for word, meaning in words.items():
        statement = statement.replace(word, meaning)
    return statement


def symbols(connection: Connection, table: str) -> tuple[str, ...]:
    """Return every symbol that has a row."""
    return tuple(row[0] for row in connection.exec_driver_sql(_sql(_SYMBOLS, table)))


def spans(connection: Connection, table: str) -> dict[str, tuple[datetime, datetime]]:
    """Return the first and the last time of each symbol."""
    rows = connection.exec_driver_sql(_sql(_SPANS, table))
    return {symbol: (from_utc_text(first), from_utc_text(last)) for symbol, first, last in rows}


def last(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    """Return the row of each symbol's greatest time."""
    return [tuple(row) for row in connection.exec_driver_sql(_sql(_LAST, table))]


def quote_of(row: tuple[Any, ...]) -> Quote:
    """Read a row of ``live_market_data``."""
    symbol, price, bid, ask, volume, time, received, *rest = row
    return Quote(symbol, price, bid, ask, volume, from_utc_text(time), from_utc_text(received), *rest)


def book_of(row: tuple[Any, ...]) -> Book:
    """Read a row of ``order_book_data``."""
    symbol, bids, asks, time, received, *rest = row
    times = from_utc_text(time), from_utc_text(received)
    return Book(symbol, unpack_levels(bids), unpack_levels(asks), *times, *rest)


def insert_quotes(connection: Connection, quotes: Iterable[Quote]) -> None:
    """Keep quotes; one of the same symbol and time is replaced."""
    rows = [
        (q.symbol, q.price, q.bid, q.ask, q.volume, *_times(q), q.source, q.open, q.high, q.low)
        for q in quotes
    ]
    connection.exec_driver_sql(_sql(_INSERT, "live_market_data"), rows)


def insert_books(connection: Connection, books: Iterable[Book]) -> None:
    """Keep books; one of the same symbol, time and source is replaced."""
    rows = [
        (b.symbol, pack_levels(b.bids), pack_levels(b.asks), *_times(b), b.source, b.sequence) for b in books
    ]
    connection.exec_driver_sql(_sql(_INSERT, "order_book_data"), rows)


def drop_undone(connection: Connection, quotes: Iterable[Quote]) -> None:
    """Where the desk's clock went back, drop what lies after: a replay that begins anew undoes it."""
    first: dict[str, tuple[datetime, datetime]] = {}
    for quote in quotes:
        time, received = first.get(quote.symbol, (quote.time, quote.received))
        first[quote.symbol] = min(time, quote.time), min(received, quote.received)
    for symbol, (time, received) in first.items():
        held = connection.exec_driver_sql(_NEWEST, (symbol,)).scalar()
        if held is not None and from_utc_text(held) - received > _BEGUN_ANEW:
            connection.exec_driver_sql(_UNDO, (symbol, to_utc_text(time)))


def quote_window(
    connection: Connection, symbol: str, now: datetime, until: datetime, limit: int
) -> list[Quote]:
    """Return the newest quote known at ``now`` and those after it up to ``until``, oldest first.

    Where none was known at ``now``, it begins with the first of all.
    """
    values = {"symbol": symbol, "now": to_utc_text(now), "until": to_utc_text(until), "limit": limit}
    rows = connection.exec_driver_sql(_sql(_WINDOW, "live_market_data"), values)
    return [quote_of(tuple(row)) for row in rows]


def book_at(connection: Connection, symbol: str, now: datetime) -> Book | None:
    """Return the newest book known at ``now``."""
    values = {"symbol": symbol, "now": to_utc_text(now)}
    row = connection.exec_driver_sql(_sql(_AT, "order_book_data"), values).first()
    return None if row is None else book_of(tuple(row))


def listened(connection: Connection, gap: timedelta) -> list[tuple[datetime, datetime]]:
    """Return from when to when quotes came without a pause longer than ``gap``, oldest first."""
    found, seconds = [], gap.total_seconds()
    step = {"after": "", "gap": seconds}
    start = connection.exec_driver_sql(_sql(_NEXT, "live_market_data"), step).scalar()
    while start is not None:
        end: str | None = start
        while end is not None:
            reached = end
            until = to_utc_text(from_utc_text(end) + gap)
            step = {"after": reached, "until": until, "gap": seconds}
            end = connection.exec_driver_sql(_sql(_REACHED, "live_market_data"), step).scalar()
        found.append((from_utc_text(start), from_utc_text(reached)))
        step = {"after": reached, "gap": seconds}
        start = connection.exec_driver_sql(_sql(_NEXT, "live_market_data"), step).scalar()
    return found


def prune_some(connection: Connection, table: str, symbol: str, before: datetime, rows: int) -> int:
    """Drop up to ``rows`` of a symbol's rows before a moment, never its newest; return how many went."""
    values = {"symbol": symbol, "before": to_utc_text(before), "rows": rows - 1}
    return connection.exec_driver_sql(_sql(_PRUNE, table), values).rowcount


def _times(datum: Quote | Book) -> tuple[str, str]:
    return to_utc_text(datum.time), to_utc_text(datum.received)
