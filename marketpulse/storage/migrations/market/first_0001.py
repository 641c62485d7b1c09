"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "market_0001"
down_revision: str | None = None
branch_labels = ("market",)
depends_on: str | None = None


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.REAL(), nullable=nullable)


def _maybe(*names: str) -> list[sa.Column[float]]:
    return [_number(name, nullable=True) for name in names]


def _instruments() -> None:
    op.create_table(
        "instrument",
        _key("symbol"),
        *(_text(n) for n in ("name", "asset_class", "currency", "calendar", "tick", "lot", "min_notional")),
        sqlite_strict=True,
    )
    op.create_table(
        "corporate_action", _key("symbol"), _key("day"), _key("kind"), _text("value"), sqlite_strict=True
    )


def _prices() -> None:
    op.create_table(
        "live_market_data",
        _key("symbol"),
        _key("time"),
        _text("received"),
        _number("price"),
        *_maybe("bid", "ask", "volume", "open", "high", "low"),
        _text("source"),
        sa.CheckConstraint("price > 0 AND price < 1e300", name="live_market_data_price"),
        sqlite_strict=True,
    )
    op.create_table(
        "bar_block",
        _key("symbol"),
        _key("interval"),
        _text("source"),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("block", sa.LargeBinary(), nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "quarantine",
        _key("symbol"),
        _key("received"),
        _key("source"),
        _text("reason"),
        _text("quote"),
        sqlite_strict=True,
    )
    op.create_table("provider_state", _key("name"), _text("state"), sqlite_strict=True)


def _results() -> None:
    op.create_table(
        "performance_metrics",
        _key("name"),
        _key("time"),
        _number("value"),
        sa.CheckConstraint("value BETWEEN -1e300 AND 1e300", name="performance_metrics_value"),
        sqlite_strict=True,
    )
    op.create_table(
        "model_registry", _key("name"), _key("version"), _text("sha256"), _text("model"), sqlite_strict=True
    )
    op.create_table("feature_numbers", _key("hash"), _text("numbers"), sqlite_strict=True)


def upgrade() -> None:
    """Make the tables."""
    _instruments()
    _prices()
    _results()
