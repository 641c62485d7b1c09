"""What can be asked again or computed again: bars, quotes, books, actions, models, numbers over time.

It lies in a file of its own, written without waiting for the disk, so that a flood of quotes never
delays an order. After a power cut the newest rows may be missing; nothing that is owed is kept here.
Quotes and books stay until they are pruned: they are the recording that ``sources.recorded`` plays.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select, text

from marketpulse.storage import blocks, recording
from marketpulse.storage import market_schema as schema
from marketpulse.storage.columns import from_utc_text, to_utc_text
from marketpulse.storage.results import ResultStore
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    Book,
    CorporateAction,
    Coverage,
    Instrument,
    Interval,
    Quarantined,
    Quote,
)

__all__ = ["MarketStore"]

_TABLES = schema.METADATA.tables
_INSTRUMENT = _TABLES["instrument"]
_BARS = _TABLES["bar_block"]
_ACTION = _TABLES["corporate_action"]
_QUARANTINE = _TABLES["quarantine"]
_QUOTES, _BOOKS = "live_market_data", "order_book_data"

# SQLite numbers rows as they are saved, and a replaced row anew: ``rowid`` orders by saving
_OLDEST_SAVED = text("rowid")
_NEWEST_SAVED = text("rowid DESC")

_TRIM_QUARANTINE = text(
    "DELETE FROM quarantine WHERE rowid IN "
    "(SELECT rowid FROM quarantine ORDER BY rowid DESC LIMIT -1 OFFSET 1000)"
)
_BLOCKS = """SELECT symbol, time, source, rows, block FROM bar_block
    WHERE symbol IN (SELECT value FROM json_each(?)) AND interval = ? AND time BETWEEN ? AND ?"""
_HELD = """SELECT symbol, sum(n), min(first), max(until) FROM
    (SELECT symbol, max(rows) AS n, time AS first, until FROM bar_block
     WHERE interval = ? GROUP BY symbol, time) WHERE n > 0 GROUP BY symbol"""
_KINDS = (
    "SELECT DISTINCT interval, symbol FROM bar_block UNION SELECT 'actions', symbol FROM corporate_action"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALL_TIMES = ("", "~")  # before and after every time's text
_CHUNK = 2_000  # rows of one pruning transaction: some ten milliseconds
_SAID = 200  # characters of what a provider said


class MarketStore(ResultStore):
    """The market store of one data folder; safe from every thread."""

    # instruments and their actions

    def save_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Replace the whole list."""
        self._replace(_INSTRUMENT, [asdict(i) for i in instruments])

    def instruments(self) -> dict[str, Instrument]:
        """Return the list by symbol, in the order it was saved."""
        rows = self._all(select(_INSTRUMENT).order_by(_OLDEST_SAVED))
        return {
            row["symbol"]: Instrument(**{**row, "asset_class": AssetClass(row["asset_class"])})
            for row in rows
        }

    def save_actions(self, symbol: str, actions: Sequence[CorporateAction]) -> None:
        """Replace the actions of one instrument."""
        rows = [asdict(a) | {"kind": a.kind.value} for a in actions if a.symbol == symbol]
        self._replace(_ACTION, rows, _ACTION.c.symbol == symbol)

    def load_actions(self, symbol: str) -> tuple[CorporateAction, ...]:
        """Return the actions of one instrument, oldest first."""
        rows = self._all(select(_ACTION).where(_ACTION.c.symbol == symbol).order_by(_ACTION.c.day))
        return tuple(CorporateAction(**{**row, "kind": ActionKind(row["kind"])}) for row in rows)

    # bars

    def save_bars(self, bars: Bars) -> None:
        """Replace all bars of one instrument and interval with these raw ones, oldest first."""
        rows = [_row(begins, piece) for begins, piece in blocks.pieces(bars)]
        self._replace(_BARS, rows, _BARS.c.symbol == bars.symbol, _BARS.c.interval == bars.interval.value)

    def load_bars(self, symbol: str, interval: Interval) -> Bars | None:
        """Return the bars, None when there are none."""
        return self.load_many([symbol], interval).get(symbol)

    def load_many(self, symbols: Iterable[str], interval: Interval) -> dict[str, Bars]:
        """Return the bars of those instruments that have some, in the order asked."""
        return self._load(tuple(symbols), interval, *_ALL_TIMES)

    def save_intraday(self, bars: Bars) -> None:
        """Add closed raw bars shorter than a day, oldest first; one that is held already stays as it is.

        Each source has its own block of a day, so that a failover loses nothing and mixes nothing.

        Raises
        ------
        ValueError
            The bars are daily or adjusted.
        """
        if bars.interval is Interval.DAY:
            raise ValueError(f"daily bars of {bars.symbol} are not saved by day")
        key = (_BARS.c.symbol == bars.symbol) & (_BARS.c.interval == bars.interval.value)
        key &= _BARS.c.source == bars.source
        with self._writing() as connection:
            for begins, piece in blocks.pieces(bars):
                row = _row(begins, piece)
                found = select(_BARS.c.rows, _BARS.c.block).where(key, _BARS.c.time == row["time"])
                held = connection.execute(found).first()
                if held is not None:
                    both = blocks.merge(blocks.unpack(bars.symbol, bars.interval, bars.source, *held), piece)
                    if both is None:
                        continue
                    row = _row(begins, both)
                connection.execute(insert(_BARS).prefix_with("OR REPLACE"), row)

    def load_intraday(self, symbol: str, interval: Interval, start: datetime, end: datetime) -> Bars | None:
        """Return the bars shorter than a day that open from ``start`` to before ``end``, None without any.

        Of each UTC day the source with the most bars is taken; ``source`` names those of all days.
        """
        midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        loaded = self._load((symbol,), interval, to_utc_text(midnight), to_utc_text(end)).get(symbol)
        if loaded is None:
            return None
        first, last = np.searchsorted(loaded.time, [start.timestamp(), end.timestamp()])
        return loaded[int(first) : int(last)] if first < last else None

    def _load(self, symbols: Sequence[str], interval: Interval, first: str, last: str) -> dict[str, Bars]:
        found: dict[str, dict[str, Bars]] = {}
        with self._reading() as connection:
            values = (json.dumps(symbols), interval.value, first, last)
            for symbol, time, *rest in connection.exec_driver_sql(_BLOCKS, values):
                days, block = found.setdefault(symbol, {}), blocks.unpack(symbol, interval, *rest)
                if time not in days or len(days[time]) < len(block):
                    days[time] = block
        return {s: blocks.join([d for _, d in sorted(found[s].items())]) for s in symbols if s in found}

    # quotes and books

    def save_quotes(self, quotes: Iterable[Quote]) -> None:
        """Keep these good quotes until they are pruned.

        One more than ten minutes older by the desk's clock than what is held begins a replay anew: what
        lies after it is dropped.
        """
        found = tuple(quotes)
        if found:
            with self._writing() as connection:
                recording.drop_undone(connection, found)
                recording.insert_quotes(connection, found)

    def last_quotes(self) -> dict[str, Quote]:
        """Return the newest quote of each symbol."""
        with self._reading() as connection:
            return {q.symbol: q for q in map(recording.quote_of, recording.last(connection, _QUOTES))}

    def save_book(self, book: Book) -> None:
        """Keep one order book until it is pruned."""
        self.save_books([book])

    def save_books(self, books: Iterable[Book]) -> None:
        """Keep these good order books until they are pruned."""
        found = tuple(books)
        if found:
            with self._writing() as connection:
                recording.insert_books(connection, found)

    def last_books(self) -> dict[str, Book]:
        """Return the newest order book of each symbol."""
        with self._reading() as connection:
            return {b.symbol: b for b in map(recording.book_of, recording.last(connection, _BOOKS))}

    def prune(self, before: datetime) -> None:
        """Drop quotes and books from before a moment, but for each symbol's newest.

        It goes in small transactions, so that a save in between waits for some ten milliseconds at most.
        """
        for table in (_QUOTES, _BOOKS):
            with self._reading() as connection:
                symbols = recording.symbols(connection, table)
            for symbol in symbols:
                gone = _CHUNK
                while gone >= _CHUNK:
                    with self._writing() as connection:
                        gone = recording.prune_some(connection, table, symbol, before, _CHUNK)

    # the recording, played back

    def quote_window(self, symbol: str, now: datetime, until: datetime, limit: int = 1000) -> list[Quote]:
        """Return the newest quote the desk had at ``now`` and those after it up to ``until``, oldest first.

        Where it had none at ``now``, the list begins with the first of all.
        """
        with self._reading() as connection:
            return recording.quote_window(connection, symbol, now, until, limit)

    def book_at(self, symbol: str, now: datetime) -> Book | None:
        """Return the newest order book the desk had at ``now``."""
        with self._reading() as connection:
            return recording.book_at(connection, symbol, now)

    def listened(self, gap: timedelta) -> list[tuple[datetime, datetime]]:
        """Return from when to when quotes came without a pause longer than ``gap``, oldest first."""
        with self._reading() as connection:
            return recording.listened(connection, gap)

    def holdings(self) -> dict[str, frozenset[str]]:
        """Return which symbols have ``quotes``, ``books``, ``actions`` and bars (``1d``, ``1h``, ``1m``)."""
        found: dict[str, set[str]] = {}
        with self._reading() as connection:
            for kind, symbol in connection.exec_driver_sql(_KINDS):
                found.setdefault(kind, set()).add(symbol)
            found["quotes"] = set(recording.symbols(connection, _QUOTES))
            found["books"] = set(recording.symbols(connection, _BOOKS))
        return {kind: frozenset(symbols) for kind, symbols in found.items()}

    def held_bars(self, interval: Interval) -> dict[str, tuple[int, datetime, datetime]]:
        """Return by symbol how many bars are held, and where the first block and the last bar begin."""
        with self._reading() as connection:
            rows = connection.exec_driver_sql(_HELD, (interval.value,)).all()
        return {symbol: (n, from_utc_text(first), from_utc_text(last)) for symbol, n, first, last in rows}

    def coverage(self) -> tuple[Coverage, ...]:
        """Return what is held of each kind of data, in words; what it should be the market room knows."""
        with self._reading() as connection:
            streams = [recording.spans(connection, table) for table in (_QUOTES, _BOOKS)]
        bars = [self.held_bars(interval) for interval in (Interval.DAY, Interval.MINUTE)]
        counted = [
            (sum(n for n, _, _ in held.values()), [(a, b) for _, a, b in held.values()]) for held in bars
        ]
        names = ("daily bars", "minute bars", "quotes", "order books")
        parts = (*counted, *((None, list(span.values())) for span in streams))
        return tuple(Coverage(name, None, _span(*part)) for name, part in zip(names, parts, strict=True))

    # what was not believed

    def quarantine(self, datum: Quarantined) -> None:
        """Keep what was not believed, and why; the newest thousand stay."""
        row: dict[str, Any] = asdict(datum)
        row |= {"said": _readable(datum.said), "reason": _readable(datum.reason)}
        if datum.held is not None and not isfinite(datum.held):
            row["held"] = None
        same = (_QUARANTINE.c.symbol == datum.symbol) & (_QUARANTINE.c.received == datum.received)
        same &= _QUARANTINE.c.source == datum.source
        with self._writing() as connection:
            taken = connection.execute(select(func.max(_QUARANTINE.c.number)).where(same)).scalar()
            row["number"] = 0 if taken is None else taken + 1
            connection.execute(insert(_QUARANTINE), row)
            connection.execute(_TRIM_QUARANTINE)

    def quarantined(self, limit: int = 100) -> tuple[Quarantined, ...]:
        """Return what was not believed, newest first."""
        columns = [c for c in _QUARANTINE.c if c.name != "number"]
        rows = self._all(select(*columns).order_by(_NEWEST_SAVED).limit(limit))
        return tuple(Quarantined(**row) for row in rows)


def _row(begins: int, bars: Bars) -> dict[str, Any]:
    until = int(bars.time[-1]) if len(bars) else begins
    return {
        "symbol": bars.symbol,
        "interval": bars.interval.value,
        "time": _EPOCH + timedelta(seconds=begins),
        "source": bars.source,
        "until": _EPOCH + timedelta(seconds=until),
        "rows": len(bars),
        "block": blocks.pack(bars),
    }


def _span(count: int | None, ends: Sequence[tuple[datetime, datetime]]) -> str:
    """Tell how many symbols and bars there are, and from which day to which."""
    if not ends:
        return "none yet"
    first, last = min(a for a, _ in ends).date(), max(b for _, b in ends).date()
    many = f"{len(ends)} symbol{'s' if len(ends) > 1 else ''}"
    return f"{many}, {f'{count:,} bars, ' if count is not None else ''}{first} to {last}"


def _readable(words: str) -> str:
    """Cut and clean a provider's words to what SQLite can keep and a page can show."""
    return "".join(c if c.isprintable() else " " for c in words[:_SAID])
