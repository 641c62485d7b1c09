"""The ledger's one table. Its migrations stand in ``migrations/ledger``; a test holds both equal."""

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, Text
from sqlmodel import Field, SQLModel

__all__ = ["EVENT", "HEAD", "METADATA", "EventRow"]

HEAD = "ledger_0004"
"""The newest migration."""

METADATA = MetaData()


class EventRow(SQLModel, table=True):
    """One event as stored; ``types.Event`` is what the rest of the house sees.

    ``seq`` is AUTOINCREMENT so that SQLite itself remembers the highest number ever given: without
    it nobody could tell that the newest rows had been removed.
    """

    metadata = METADATA
    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("seq > 0", name="event_seq"),
        CheckConstraint("time GLOB '????-??-??T??:??:??.??????+00:00'", name="event_time"),
        CheckConstraint("length(account) > 0", name="event_account"),
        CheckConstraint("length(kind) > 0", name="event_kind"),
        CheckConstraint("key IS NULL OR length(key) > 0", name="event_key"),
        CheckConstraint("json_valid(payload) AND json_type(payload) = 'object'", name="event_payload"),
        CheckConstraint("length(hash) = 64", name="event_hash"),
        {"sqlite_strict": True, "sqlite_autoincrement": True},
    )

    seq: int = Field(sa_column=Column(Integer, primary_key=True, nullable=False))
    time: str = Field(sa_column=Column(Text, nullable=False))
    account: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    ref: str = Field(sa_column=Column(Text, nullable=False))
    key: str | None = Field(default=None, sa_column=Column(Text, unique=True))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    hash: str = Field(sa_column=Column(Text, nullable=False))


EVENT: Table = METADATA.tables["event"]
