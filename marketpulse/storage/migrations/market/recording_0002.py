"""The recording: order books, all quotes in the order they are played, bars by day, quarantine in words.

Nothing is lost that counts: daily bars, quotes and quarantined rows move into the new tables. A block of
bars that is damaged is left behind, since its provider can be asked again.
"""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "market_0002"
down_revision: str | None = "market_0001"
branch_labels: tuple[str, ...] | None = None
depends_on: str | None = None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = 10**11  # about the year 5138: a block that claims more is damaged
_BAR = "daily bar: "  # how the first release marked a bar among quotes


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _blob(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _books() -> None:
    op.create_table(
        "order_book_data",
        _key("symbol"),
        _key("time"),
        _key("source"),
        _text("received"),
        sa.Column("sequence", sa.Integer()),
        _blob("bids"),
        _blob("asks"),
        sa.CheckConstraint("length(bids) >= 16 AND length(bids) % 16 = 0", name="order_book_data_bids"),
        sa.CheckConstraint("length(asks) >= 16 AND length(asks) % 16 = 0", name="order_book_data_asks"),
        sqlite_strict=True,
    )


def _quotes() -> None:
    op.rename_table("live_market_data", "live_market_data_1")
    op.create_table(
        "live_market_data",
        _key("symbol"),
        _key("time"),
        _text("received"),
        sa.Column("price", sa.REAL(), nullable=False),
        *(sa.Column(name, sa.REAL()) for name in ("bid", "ask", "volume", "open", "high", "low")),
        _text("source"),
        sa.CheckConstraint("price > 0 AND price < 1e300", name="live_market_data_price"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    # the row saved last was the last quote; one with a later time is left over from an earlier replay
    op.execute(
        "INSERT INTO live_market_data SELECT q.* FROM live_market_data_1 AS q JOIN "
        "(SELECT symbol, time, max(rowid) FROM live_market_data_1 GROUP BY symbol) AS newest "
        "ON newest.symbol = q.symbol WHERE q.time <= newest.time"
    )
    op.drop_table("live_market_data_1")


def _bars() -> None:
    op.rename_table("bar_block", "bar_block_1")
    op.create_table(
        "bar_block",
        _key("symbol"),
        _key("interval"),
        _key("time"),
        _key("source"),
        _text("until"),
        sa.Column("rows", sa.Integer(), nullable=False),
        _blob("block"),
        sqlite_strict=True,
    )
    move = sa.text(
        "INSERT INTO bar_block SELECT symbol, interval, :first, source, :last, rows, block "
        "FROM bar_block_1 WHERE symbol = :symbol AND interval = '1d'"
    )
    # a block begins with its times, eight bytes each
    found = sa.text(
        "SELECT symbol, substr(block, 1, 8), substr(block, 8 * rows - 7, 8) FROM bar_block_1 "
        "WHERE interval = '1d' AND rows > 0 AND length(block) = 48 * rows"
    )
    connection = op.get_bind()
    for symbol, *ends in connection.execute(found).all():
        first, last = (int.from_bytes(end, "little", signed=True) for end in ends)
        if max(abs(first), abs(last)) < _SECONDS:
            connection.execute(move, {"symbol": symbol, "first": _utc(first), "last": _utc(last)})
    op.drop_table("bar_block_1")


def _quarantine() -> None:
    op.rename_table("quarantine", "quarantine_1")
    op.create_table(
        "quarantine",
        _key("symbol"),
        _key("received"),
        _key("source"),
        sa.Column("number", sa.Integer(), primary_key=True, nullable=False),
        _text("kind"),
        _text("said"),
        sa.Column("held", sa.REAL()),
        _text("reason"),
        sqlite_strict=True,
    )
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT symbol, received, source, reason, quote FROM quarantine_1 ORDER BY rowid")
    ).all()
    into = sa.text(
        "INSERT INTO quarantine (symbol, received, source, number, kind, said, reason) "
        "VALUES (:symbol, :received, :source, 0, :kind, :said, :reason)"
    )
    for row in rows:
        connection.execute(
            into,
            {
                "symbol": row.symbol,
                "received": row.received,
                "source": row.source,
                "kind": "bar" if row.reason.startswith(_BAR) else "quote",
                "said": _said(row.quote),
                "reason": row.reason.removeprefix(_BAR),
            },
        )
    op.drop_table("quarantine_1")


def _utc(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def _said(quote: str) -> str:
    """Return the price out of what the first release kept as JSON."""
    try:
        return f"price {json.loads(quote)['price']}"
    except (ValueError, KeyError, TypeError):
        return "a price"


def upgrade() -> None:
    """Make the new tables and move the rows."""
    _books()
    _quotes()
    _bars()
    _quarantine()
