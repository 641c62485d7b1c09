"""Broker statements: a CSV file read line by line into trades, each good one kept, each bad one with its reason.

Nothing is written here. What comes back is what a person says yes to, with a hash over exactly that.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import Any

from marketpulse.portfolio.books import Books, fill_key
from marketpulse.portfolio.codec import External, ExternalKind, read_external, write_external
from marketpulse.portfolio.holding import EXACT
from marketpulse.portfolio.statement_forms import NEEDED, Form, form_of
from marketpulse.portfolio.statement_rows import BadRowError, Reader
from marketpulse.portfolio.sums import Sums
from marketpulse.portfolio.texts import Payload
from marketpulse.types import Event, EventKind, Instrument, RefusedRow, Side, Statement, StatementRow

__all__ = ["LARGEST", "as_external", "read_statement"]

LARGEST = 2_000_000
"""Characters of one statement."""

_MOST_ROWS = 20_000
_MOST_REFUSED = 500
_TWICE = "This trade stands in the file twice."
_BOOKED = "This trade is booked already."

_Mark = tuple[str, str, Decimal, Decimal]
"""What tells a trade without an id from others: second, symbol, signed units, price."""


def read_statement(
    text: str, account: str, books: Books, instruments: Mapping[str, Instrument], now: datetime
) -> Statement:
    """Read a statement against the books as they are; whatever is written in it never raises.

    Parameters
    ----------
    account : whose trades they are, ``broker:account id``
    books : tell what is booked already
    now : trades cannot be later than a day after it, aware UTC
    """
    if len(text) > LARGEST:
        return _none(account, "The statement is larger than 2 MB; cut it in parts.")
    rows = _lines(text)
    try:
        _, header = next(rows, (1, []))
    except csv.Error:
        header = []
    form, places = form_of(header)
    if form is None:
        return _none(account, NEEDED)
    found = _Found(account, books)
    try:
        for line, cells in rows:
            if line > _MOST_ROWS:
                found.refuse(line, f"A statement has at most {_MOST_ROWS} lines; cut it in parts.")
                break
            found.take(line, cells, Reader(form, places, account, instruments, now))
    except csv.Error:
        found.refuse(found.line + 1, "From here on this is not CSV text.")
    return found.statement(form, books)


def as_external(row: StatementRow) -> External:
    """Say a row as what is booked."""
    return External(
        ExternalKind.TRADE,
        symbol=row.symbol,
        quantity=row.quantity if row.side is Side.BUY else -row.quantity,
        price=row.price,
        currency=row.currency,
        fee=row.fee,
        fee_currency=row.fee_currency,
        trade_id=row.trade_id,
        why="imported from a statement",
        time=row.time,
    )


def _none(account: str, why: str) -> Statement:
    return Statement(account, "", refused=(RefusedRow(1, why),))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.removeprefix("\ufeff").lstrip("\r\n").partition("\n")[0]
    mark = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=mark)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


class _Found:
    """What has been found so far."""

    def __init__(self, account: str, books: Books) -> None:
        self.line = 1
        self._account = account
        self._books = books
        self._rows: list[StatementRow] = []
        self._refused: list[RefusedRow] = []
        self._duplicates: list[RefusedRow] = []
        self._keys: set[str] = set()
        self._nameless, self._named = _booked(account, books)
        self._numbers: Counter[_Mark] = Counter()

    def refuse(self, line: int, why: str) -> None:
        """Note a line that is not booked."""
        self._refused.append(RefusedRow(line, why))

    def take(self, line: int, cells: Sequence[str], reader: Reader) -> None:
        """Read one line."""
        self.line = line
        try:
            row, venue = reader.read(line, cells)
        except BadRowError as error:
            self.refuse(line, str(error))
            return
        if not row.trade_id:
            self._without_id(row)
            return
        key = fill_key(venue, row.trade_id)
        if key in self._keys:
            self._duplicates.append(RefusedRow(line, _TWICE))
        elif self._books.has_key(key) or self._spent(self._nameless, _mark(row)):
            self._duplicates.append(RefusedRow(line, _BOOKED))
        else:
            self._keep(replace(row, key=key))

    def _without_id(self, row: StatementRow) -> None:
        """A trade that has no id counts as booked as often as one like it is; the rest is new."""
        mark = _mark(row)
        self._numbers[mark] += 1
        if self._spent(self._nameless, mark) or self._spent(self._named, mark):
            self._duplicates.append(RefusedRow(row.line, _BOOKED))
            return
        said = json.dumps([self._account, *map(str, mark), self._numbers[mark]])
        self._keep(replace(row, key=f"statement:{hashlib.sha256(said.encode()).hexdigest()[:32]}"))

    def _keep(self, row: StatementRow) -> None:
        self._keys.add(row.key)
        self._rows.append(row)

    @staticmethod
    def _spent(left: Counter[_Mark], mark: _Mark) -> bool:
        if left[mark] <= 0:
            return False
        left[mark] -= 1
        return True

    def statement(self, form: Form, books: Books) -> Statement:
        """Freeze it, with what it would do."""
        rows = tuple(sorted(self._rows, key=lambda row: (row.time, row.line)))
        units, cash = _effect(self._account, books, rows)
        return Statement(
            account=self._account,
            kind=form.kind,
            rows=rows,
            refused=tuple(self._refused[:_MOST_REFUSED]),
            duplicates=tuple(self._duplicates[:_MOST_REFUSED]),
            units=units,
            cash=cash,
            notes=self._notes(form, units),
            hash=_hash(self._account, rows) if rows else "",
        )

    def _notes(self, form: Form, units: Mapping[str, Decimal]) -> tuple[str, ...]:
        notes = [f"Times without a zone were read as {form.zone}."]
        notes += [
            f"{symbol} would be {after:f} units, which is less than nothing."
            for symbol, more in units.items()
            if (after := self._books.held(symbol, self._account) + more) < 0
        ]
        hidden = max(0, len(self._refused) - _MOST_REFUSED)
        return (*notes, f"{hidden} more lines were refused.") if hidden else tuple(notes)


def _mark(row: StatementRow) -> _Mark:
    signed = row.quantity if row.side is Side.BUY else -row.quantity
    return row.time.isoformat(timespec="seconds"), row.symbol, signed.normalize(), row.price.normalize()


def _booked(account: str, books: Books) -> tuple[Counter[_Mark], Counter[_Mark]]:
    """Count what is booked, by what tells it apart: without an id, and with one."""
    nameless: Counter[_Mark] = Counter()
    named: Counter[_Mark] = Counter()
    for event in books.history:
        if event.account == account and event.kind is not EventKind.ACTION:
            mark, has_id = _mark_of(event)
            (named if has_id else nameless)[mark] += 1
    return nameless, named


def _mark_of(event: Event) -> tuple[_Mark, bool]:
    payload: Any = event.payload
    if event.kind is EventKind.FILL:
        signed = Decimal(payload["quantity"]) * Side(payload["side"]).sign
        time, price, has_id = datetime.fromisoformat(payload["time"]), Decimal(payload["price"]), True
        symbol = payload["symbol"]
    else:
        row = read_external(payload)
        time, signed, price, symbol = row.time or event.time, row.quantity, row.price, row.symbol
        has_id = bool(row.trade_id)
    return (time.isoformat(timespec="seconds"), symbol, signed.normalize(), price.normalize()), has_id


def _effect(
    account: str, books: Books, rows: Sequence[StatementRow]
) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
    """By how much units and cash change."""
    with localcontext(EXACT):
        sums = Sums(books.aliases)
        for symbol in books.units(account):
            sums.know(account, symbol, books.portfolio.positions[symbol].currency)
        for row in rows:
            sums.external(account, as_external(row))
        after = sums.portfolio(account, books.currency)
    cash = {currency: amount for (_, currency), amount in after.balances.items() if amount}
    return sums.units(account), MappingProxyType(cash)


def _hash(account: str, rows: Sequence[StatementRow]) -> str:
    """Name exactly these events."""
    said: list[list[str | Payload]] = [[row.key, write_external(as_external(row))] for row in rows]
    text = json.dumps([account, said], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
