"""The start of a desk whose ledger holds 100,000 events: checked, folded, first Snapshot made.

Beside it: the same start on an empty folder. Imports are done before. Run from the project's
folder: ``python -m bench.opening``.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bench.table import Row, show
from marketpulse.clock import WallClock
from marketpulse.desk import Desk
from marketpulse.portfolio.codec import (
    Booking,
    Cash,
    Change,
    Intent,
    write_booking,
    write_cash,
    write_change,
    write_intent,
)
from marketpulse.settings import load
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, Fill, NewEvent, OrderRequest, OrderState, OrderType, Side

ACCOUNT = "paper:desk"
SYMBOLS = ("AAPL", "IBM", "MSFT", "GOOG", "BTC/USDT")
TIME = datetime(2012, 6, 1, 15, tzinfo=UTC)
EVENTS = 100_000
_OF_ONE = 4  # events of one order: wished, sent, accepted, filled
_CHUNK = 5_000


def events() -> Iterator[NewEvent]:
    """A deposit, and orders that were bought and sold again."""

    def one(kind: EventKind, ref: str, payload: dict, key: str | None = None) -> NewEvent:
        return NewEvent(TIME, ACCOUNT, kind, ref, payload, key)

    start = Cash(Decimal(10) ** 9, "USD", "starting cash")
    yield one(EventKind.CASH, "starting cash", write_cash(start), f"cash:start:{ACCOUNT}")
    for number in range(EVENTS // _OF_ONE):
        order, client = f"order-{number}", f"MP{number:018d}"
        side, symbol = (Side.SELL if number % 2 else Side.BUY), SYMBOLS[number // 2 % len(SYMBOLS)]
        price = Decimal(10_000 + number * 7 % 500) / 100
        wish = OrderRequest(symbol, side, OrderType.MARKET, Decimal(10))
        fill = Fill("paper", f"{client}-1", client, symbol, side, Decimal(10), price, Decimal(1), TIME)
        yield one(
            EventKind.ORDER, order, write_intent(Intent(client, wish, "", Decimal(0), TIME)), f"k{number}"
        )
        yield one(EventKind.STATE, order, write_change(Change(OrderState.SUBMITTING, "handed over")))
        accepted = Change(OrderState.ACCEPTED, "accepted", venue_id=f"paper-{client}")
        yield one(EventKind.STATE, order, write_change(accepted))
        booked = write_booking(Booking(fill, OrderState.FILLED))
        yield one(EventKind.FILL, order, booked, f"fill:paper:{client}-1")


def fill(folder: Path) -> None:
    """Write a ledger of that many events."""
    ledger, rows = Ledger.open(folder / "replay" / "ledger.db", WallClock()), []
    for row in events():
        rows.append(row)
        if len(rows) == _CHUNK:
            ledger.append(*rows)
            rows.clear()
    ledger.append(*rows)
    ledger.close()


def opened(folder: Path) -> float:
    """Seconds from the call to the first Snapshot."""
    settings = load(
        {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder)}, Path("/nonexistent/.env")
    )
    start = time.perf_counter()
    with Desk.open(settings) as desk:
        seconds = time.perf_counter() - start
        if desk.snapshot().halt is not None:
            raise AssertionError(desk.snapshot().halt)
    return seconds


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as full, tempfile.TemporaryDirectory() as empty:
        fill(Path(full))
        opened(Path(empty))  # what is read once for each process
        bare = min(opened(Path(empty)) for _ in range(3))
        value = min(opened(Path(full)) for _ in range(3))
    return [Row(f"a desk opened on {EVENTS:,} events", value, "s", 1.5, bare, "the same, nearly empty")]


if __name__ == "__main__":
    show(measure())
