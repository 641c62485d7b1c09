"""What can be asked again or computed again: bars, quotes, actions, models, numbers over time.

It lies in a file of its own, written without waiting for the disk, so that a flood of quotes never
delays an order. After a power cut the newest rows may be missing; nothing that is owed is kept here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, text

from marketpulse.errors import StorageError
from marketpulse.storage import blocks
from marketpulse.storage import market_schema as schema
from marketpulse.storage.engines import reader_engine, writer_engine
from marketpulse.storage.faults import make_folder, storage_errors
from marketpulse.storage.migrate import migrate
from marketpulse.types import (
    ActionKind,
    AssetClass,
    Bars,
    CorporateAction,
    Instrument,
    Interval,
    Quote,
)

__all__ = ["MarketStore", "Quarantined"]

_TABLES = schema.METADATA.tables
_INSTRUMENT = _TABLES["instrument"]
_QUOTE = _TABLES["live_market_data"]
_BARS = _TABLES["bar_block"]
_ACTION = _TABLES["corporate_action"]
_QUARANTINE = _TABLES["quarantine"]
_PROVIDER = _TABLES["provider_state"]
_METRIC = _TABLES["performance_metrics"]
_MODEL = _TABLES["model_registry"]
_FEATURE = _TABLES["feature_numbers"]

# SQLite numbers rows as they are saved, and a replaced row anew: ``rowid`` orders by saving, which a
# replay that starts again needs, since its times go back
_OLDEST_SAVED = text("rowid")
_NEWEST_SAVED = text("rowid DESC")
_LAST_OF_EACH = text("rowid IN (SELECT max(rowid) FROM live_market_data GROUP BY symbol)")

_TRIM_EVERY = 200  # saves between two trims
_TRIM_QUOTES = text(
    "DELETE FROM live_market_data WHERE rowid IN (SELECT id FROM (SELECT rowid AS id, "
    "row_number() OVER (PARTITION BY symbol ORDER BY rowid DESC) AS n FROM live_market_data) WHERE n > 1000)"
)
_TRIM_QUARANTINE = text(
    "DELETE FROM quarantine WHERE rowid IN "
    "(SELECT rowid FROM quarantine ORDER BY rowid DESC LIMIT -1 OFFSET 1000)"
)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A quote that was not believed; ``quote`` is its JSON, numbers as the provider gave them."""

    symbol: str
    received: datetime
    source: str
    reason: str
    quote: str


class MarketStore:
    """The market store of one data folder; safe from every thread."""

    def __init__(self, path: Path, writer: Engine, reader: Engine) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._saves = 0

    @classmethod
    def open(cls, path: Path) -> "MarketStore":
        """Open or make the store at ``path`` (its folder too) and upgrade it.

        Raises
        ------
        StorageError
            It cannot be opened.
        """
        make_folder(path.parent)
        with storage_errors(path):
            writer = writer_engine(path, "NORMAL")
            try:
                migrate(writer, "market", schema.HEAD)
            except BaseException:
                writer.dispose()
                raise
        return cls(path, writer, reader_engine(path))

    def close(self) -> None:
        """Close the file; again is harmless."""
        self._reader.dispose()
        self._writer.dispose()

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

    # bars and quotes

    def save_bars(self, bars: Bars) -> None:
        """Replace the block of one instrument and interval with these raw bars."""
        row = {
            "symbol": bars.symbol,
            "interval": bars.interval.value,
            "source": bars.source,
            "rows": len(bars),
            "block": blocks.pack(bars),
        }
        self._put(_BARS, row)

    def load_bars(self, symbol: str, interval: Interval) -> Bars | None:
        """Return the block, None when there is none."""
        key = (_BARS.c.symbol == symbol) & (_BARS.c.interval == interval.value)
        row = self._one(select(_BARS.c.source, _BARS.c.rows, _BARS.c.block).where(key))
        return None if row is None else blocks.unpack(symbol, interval, **row)

    def save_quotes(self, quotes: Iterable[Quote]) -> None:
        """Keep these good quotes; of each symbol, only the newest thousand or so stay."""
        rows = [asdict(q) for q in quotes]
        if not rows:
            return
        with self._writing() as connection:
            connection.execute(insert(_QUOTE).prefix_with("OR REPLACE"), rows)
            if self._saves % _TRIM_EVERY == 0:
                connection.execute(_TRIM_QUOTES)
            self._saves += 1

    def last_quotes(self) -> dict[str, Quote]:
        """Return the quote saved last of each symbol."""
        rows = self._all(select(_QUOTE).where(_LAST_OF_EACH))
        return {row["symbol"]: Quote(**row) for row in rows}

    def quarantine(self, quote: Quote, reason: str) -> None:
        """Keep what was not believed, and why; only the newest thousand or so stay."""
        row = {
            "symbol": quote.symbol,
            "received": quote.received,
            "source": quote.source,
            "reason": reason,
            "quote": json.dumps(asdict(quote), default=str),
        }
        with self._writing() as connection:
            connection.execute(insert(_QUARANTINE).prefix_with("OR REPLACE"), row)
            connection.execute(_TRIM_QUARANTINE)

    def quarantined(self, limit: int = 100) -> tuple[Quarantined, ...]:
        """Return what was not believed, newest first."""
        rows = self._all(select(_QUARANTINE).order_by(_NEWEST_SAVED).limit(limit))
        return tuple(Quarantined(**row) for row in rows)

    # models, features, providers, numbers over time

    def save_model(self, name: str, version: str, model: str) -> None:
        """Keep a trained model; the one saved last is the one that ``latest_model`` returns."""
        self._put(_MODEL, {"name": name, "version": version, "sha256": _sha256(model), "model": model})

    def latest_model(self, name: str) -> str | None:
        """Return the text of the model saved last under ``name``, None when there is none.

        Raises
        ------
        StorageError
            It is not what was saved.
        """
        found = select(_MODEL).where(_MODEL.c.name == name).order_by(_NEWEST_SAVED).limit(1)
        row = self._one(found)
        if row is None:
            return None
        model: str = row["model"]
        if _sha256(model) != row["sha256"]:
            raise StorageError(f"the model {name} {row['version']} was changed after it was saved")
        return model

    def save_features(self, digest: str, numbers: str) -> None:
        """Keep the numbers that a signal in the ledger names by ``digest``."""
        self._put(_FEATURE, {"hash": digest, "numbers": numbers})

    def features(self, digest: str) -> str | None:
        """Return the numbers with this hash."""
        row = self._one(select(_FEATURE.c.numbers).where(_FEATURE.c.hash == digest))
        return None if row is None else str(row["numbers"])

    def save_provider_state(self, name: str, state: str) -> None:
        """Keep what a provider's budget or breaker must remember over a restart."""
        self._put(_PROVIDER, {"name": name, "state": state})

    def provider_state(self, name: str) -> str | None:
        """Return what was kept for this provider."""
        row = self._one(select(_PROVIDER.c.state).where(_PROVIDER.c.name == name))
        return None if row is None else str(row["state"])

    def save_metric(self, time: datetime, name: str, value: float) -> None:
        """Keep one number of a series; the same time again replaces it."""
        self._put(_METRIC, {"name": name, "time": time, "value": value})

    def metrics(self, name: str) -> tuple[tuple[datetime, float], ...]:
        """Return a series, oldest first."""
        rows = self._all(select(_METRIC).where(_METRIC.c.name == name).order_by(_METRIC.c.time))
        return tuple((row["time"], row["value"]) for row in rows)

    # the four ways in

    def _put(self, table: Table, row: Mapping[str, object]) -> None:
        with self._writing() as connection:
            connection.execute(insert(table).prefix_with("OR REPLACE"), row)

    def _replace(self, table: Table, rows: Sequence[Mapping[str, object]], *where: Any) -> None:
        with self._writing() as connection:
            connection.execute(delete(table).where(*where))
            if rows:
                connection.execute(insert(table), rows)

    def _all(self, statement: Any) -> list[dict[str, Any]]:
        with storage_errors(self.path), self._reader.connect() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def _one(self, statement: Any) -> dict[str, Any] | None:
        return next(iter(self._all(statement)), None)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with storage_errors(self.path), self._writer.begin() as connection:
            yield connection


def _sha256(model: str) -> str:
    return sha256(model.encode()).hexdigest()
