"""The market store's tables. Their migrations stand in ``migrations/market``; a test holds both equal.

Numbers from outside are float64 (REAL); ticks, lots and actions are Decimal text.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import REAL, CheckConstraint, Column, Integer, LargeBinary, MetaData, Text
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from marketpulse.storage.columns import DateText, DecimalText, UtcText

__all__ = [
    "HEAD",
    "METADATA",
    "ActionRow",
    "BarBlockRow",
    "BookRow",
    "FeatureRow",
    "InstrumentRow",
    "MetricRow",
    "ModelRow",
    "ProviderRow",
    "QuarantineRow",
    "QuoteRow",
]

HEAD = "market_0002"
"""The newest migration."""

METADATA = MetaData()

_STRICT = {"sqlite_strict": True}


def _must(kind: type[TypeEngine[Any]]) -> Any:
    return Field(sa_column=Column(kind, nullable=False))


def _may(kind: type[TypeEngine[Any]]) -> Any:
    return Field(default=None, sa_column=Column(kind))


def _key(kind: type[TypeEngine[Any]]) -> Any:
    return Field(sa_column=Column(kind, primary_key=True, nullable=False))


class _Market(SQLModel):
    metadata = METADATA


class InstrumentRow(_Market, table=True):
    """What can be traded."""

    __tablename__ = "instrument"
    __table_args__ = _STRICT

    symbol: str = _key(Text)
    name: str = _must(Text)
    asset_class: str = _must(Text)
    currency: str = _must(Text)
    calendar: str = _must(Text)
    tick: Decimal = _must(DecimalText)
    lot: Decimal = _must(DecimalText)
    min_notional: Decimal = _must(DecimalText)


class QuoteRow(_Market, table=True):
    """Good quotes: the recording, until it is pruned. It lies in the order of its key, as it is played."""

    __tablename__ = "live_market_data"
    __table_args__ = (
        CheckConstraint("price > 0 AND price < 1e300", name="live_market_data_price"),
        _STRICT | {"sqlite_with_rowid": False},
    )

    symbol: str = _key(Text)
    time: datetime = _key(UtcText)
    received: datetime = _must(UtcText)
    price: float = _must(REAL)
    bid: float | None = _may(REAL)
    ask: float | None = _may(REAL)
    volume: float | None = _may(REAL)
    open: float | None = _may(REAL)
    high: float | None = _may(REAL)
    low: float | None = _may(REAL)
    source: str = _must(Text)


class BookRow(_Market, table=True):
    """Order books; each side is (price, quantity) pairs of float64, best first."""

    __tablename__ = "order_book_data"
    __table_args__ = (
        CheckConstraint("length(bids) >= 16 AND length(bids) % 16 = 0", name="order_book_data_bids"),
        CheckConstraint("length(asks) >= 16 AND length(asks) % 16 = 0", name="order_book_data_asks"),
        _STRICT,
    )

    symbol: str = _key(Text)
    time: datetime = _key(UtcText)
    source: str = _key(Text)
    received: datetime = _must(UtcText)
    sequence: int | None = _may(Integer)
    bids: bytes = _must(LargeBinary)
    asks: bytes = _must(LargeBinary)


class BarBlockRow(_Market, table=True):
    """Raw bars of one source, column after column: all daily ones, or the shorter ones of a UTC day.

    ``time`` is the first daily bar's time or the day's start, ``until`` the last bar's time.
    """

    __tablename__ = "bar_block"
    __table_args__ = _STRICT

    symbol: str = _key(Text)
    interval: str = _key(Text)
    time: datetime = _key(UtcText)
    source: str = _key(Text)
    until: datetime = _must(UtcText)
    rows: int = _must(Integer)
    block: bytes = _must(LargeBinary)


class ActionRow(_Market, table=True):
    """Splits and dividends."""

    __tablename__ = "corporate_action"
    __table_args__ = _STRICT

    symbol: str = _key(Text)
    day: date = _key(DateText)
    kind: str = _key(Text)
    value: Decimal = _must(DecimalText)


class QuarantineRow(_Market, table=True):
    """What a provider said and nobody believed; ``number`` counts what came in one microsecond."""

    __tablename__ = "quarantine"
    __table_args__ = _STRICT

    symbol: str = _key(Text)
    received: datetime = _key(UtcText)
    source: str = _key(Text)
    number: int = _key(Integer)
    kind: str = _must(Text)
    said: str = _must(Text)
    held: float | None = _may(REAL)
    reason: str = _must(Text)


class ProviderRow(_Market, table=True):
    """What a provider's budget and breaker must remember over a restart."""

    __tablename__ = "provider_state"
    __table_args__ = _STRICT

    name: str = _key(Text)
    state: str = _must(Text)


class MetricRow(_Market, table=True):
    """Numbers over time: the account's equity."""

    __tablename__ = "performance_metrics"
    __table_args__ = (
        CheckConstraint("value BETWEEN -1e300 AND 1e300", name="performance_metrics_value"),
        _STRICT,
    )

    name: str = _key(Text)
    time: datetime = _key(UtcText)
    value: float = _must(REAL)


class ModelRow(_Market, table=True):
    """Trained models with their cards, as JSON."""

    __tablename__ = "model_registry"
    __table_args__ = _STRICT

    name: str = _key(Text)
    version: str = _key(Text)
    sha256: str = _must(Text)
    model: str = _must(Text)


class FeatureRow(_Market, table=True):
    """The feature numbers a signal rests on, under the hash that the ledger names."""

    __tablename__ = "feature_numbers"
    __table_args__ = _STRICT

    hash: str = _key(Text)
    numbers: str = _must(Text)
