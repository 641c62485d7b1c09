"""The event table, append-only, and the installation's id.

The id is a constant in a view: it travels with the file and its copies, and the first event's hash
covers it, so it cannot be changed unnoticed either.
"""

import secrets

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "ledger_0001"
down_revision: str | None = None
branch_labels = ("ledger",)
depends_on: str | None = None


def upgrade() -> None:
    """Make the table, its triggers and the id."""
    op.create_table(
        "event",
        sa.Column("seq", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("time", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), unique=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("seq > 0", name="event_seq"),
        sa.CheckConstraint("time GLOB '????-??-??T??:??:??.??????+00:00'", name="event_time"),
        sa.CheckConstraint("length(account) > 0", name="event_account"),
        sa.CheckConstraint("length(kind) > 0", name="event_kind"),
        sa.CheckConstraint("key IS NULL OR length(key) > 0", name="event_key"),
        sa.CheckConstraint("json_valid(payload) AND json_type(payload) = 'object'", name="event_payload"),
        sa.CheckConstraint("length(hash) = 64", name="event_hash"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )
    op.execute(
        "CREATE TRIGGER event_next BEFORE INSERT ON event "
        "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM event) "
        "BEGIN SELECT RAISE(ABORT, 'events are numbered without gaps'); END"
    )
    op.execute(f"CREATE VIEW installation AS SELECT '{secrets.token_hex(16)}' AS id")
