"""What stands on no list any more: the desk starts, shows it, and orders none of it."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from marketpulse.clock import WallClock
from marketpulse.desk import Desk
from marketpulse.errors import Refused
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
from marketpulse.types import (
    EventKind,
    Fill,
    NewEvent,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)

ACCOUNT = "paper:desk"
TIME = datetime(2012, 5, 31, 15, tzinfo=UTC)


def settings(folder):
    given = {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder)}
    return load(given, Path("/nonexistent/.env"))


@pytest.mark.parametrize("symbol", ["GONE", "OLD/USDT"])
def test_a_holding_and_an_order_of_what_is_on_no_list_do_not_stop_the_start(tmp_path, symbol):
    ledger = Ledger.open(tmp_path / "replay" / "ledger.db", WallClock())
    wish = OrderRequest(
        symbol, Side.BUY, OrderType.LIMIT, Decimal(10), Decimal(5), time_in_force=TimeInForce.GTC
    )
    fill = Fill("paper", "MP1-1", "MP1", symbol, Side.BUY, Decimal(4), Decimal(5), Decimal(1), TIME)
    started = Cash(Decimal(100_000), "USD", "starting cash")

    def event(kind, ref, payload, key=None):
        return NewEvent(TIME, ACCOUNT, kind, ref, payload, key)

    ledger.append(
        event(EventKind.CASH, "starting cash", write_cash(started), f"cash:start:{ACCOUNT}"),
        event(EventKind.ORDER, "o1", write_intent(Intent("MP1", wish, "", Decimal(50), TIME)), "order:k"),
        event(EventKind.STATE, "o1", write_change(Change(OrderState.SUBMITTING, "sent"))),
        event(
            EventKind.STATE, "o1", write_change(Change(OrderState.ACCEPTED, "accepted", venue_id="paper-MP1"))
        ),
        event(
            EventKind.FILL,
            "o1",
            write_booking(Booking(fill, OrderState.PARTIALLY_FILLED)),
            "fill:paper:MP1-1",
        ),
    )
    ledger.close()
    for again in (False, True):  # the second start finds it in the store's own list
        with Desk.open(settings(tmp_path)) as desk:
            shown = desk.snapshot()
            assert shown.halt is None
            assert shown.instruments[symbol].tradable is False
            (position,) = [p for p in shown.valuation.positions if p.quantity]
            assert (position.symbol, position.value, shown.valuation.equity) == (symbol, None, None)
            with pytest.raises(Refused, match="never traded"):
                desk.place({"symbol": symbol, "side": "buy", "type": "market", "quantity": "1"}, "k2")
            if not again:
                assert desk.cancel("o1").state in {OrderState.PENDING_CANCEL, OrderState.CANCELED}
