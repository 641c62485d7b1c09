"""Accounts made by hand for the doors and the pages: two live ones, one that differs, lots, and quality."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from marketpulse.types import (
    AccountView,
    Balance,
    ClosedLot,
    Difference,
    ExternalOrder,
    Lot,
    Mode,
    Quality,
    Rate,
    Side,
)

NOW = datetime(2012, 6, 14, 15, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)

PAPER = AccountView(
    "paper:desk", "paper", "desk", Mode.PAPER, armed=True, reconciled=True, asset_classes=("equity", "crypto")
)
ALPACA = AccountView(
    "alpaca:A1", "alpaca", "A1", Mode.LIVE, armed=False, reconciled=True, checked=NOW - timedelta(seconds=12),
    note="Not armed: type the account id to let orders out.", asset_classes=("equity",),
    external=(ExternalOrder("web-1", "V9", "AAPL", Decimal(5), Decimal(0), Side.BUY, Decimal("500.00")),),
)  # fmt: skip
BINANCE = AccountView(
    "binance:B7", "binance", "B7", Mode.LIVE, armed=False, reconciled=False, checked=NOW - timedelta(seconds=3),
    note="The venue and the books differ.", asset_classes=("crypto",), phrase="ADOPT B7",
    difference=(Difference("BTC/USDT", Decimal("0.5"), Decimal("0.75")),),
)  # fmt: skip
BALANCES = (
    Balance("alpaca:A1", "USD", Decimal("25000.00"), 25_000.0),
    Balance("binance:B7", "USDT", Decimal("1200.5"), 1_200.5),
    Balance("kite:K1", "INR", Decimal(50_000), None),
)
RATES = (Rate("USDT", 1.0, "assumed 1:1"), Rate("INR", None, ""))
LOTS = (
    Lot("alpaca:A1", "AAPL", NOW - 9 * DAY, Decimal(10), Decimal("5716.30"), "USD"),
    Lot("kite:K1", "INFY.NS", NOW - 2 * DAY, Decimal(4), Decimal("6200.00"), "INR"),
)
SOLD = (
    ClosedLot("alpaca:A1", "IBM", NOW - 30 * DAY, NOW - DAY, Decimal(5), Decimal("950.00"), Decimal("980.00"),
              Decimal("30.00"), "USD"),
)  # fmt: skip
QUALITY = (
    Quality("", "", "", 9, 7, 0.92, 0.00042, -0.0001, 0.0002, 2.4),
    Quality("alpaca", "", "", 5, 4, 1.0, 0.0005, None, None, 1.1),
    Quality("", "", "stop_limit", 2, 0, None, None, None, None, None),
)
