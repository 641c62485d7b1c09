"""Events for books, made without a ledger."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from marketpulse.portfolio import fill_key
from marketpulse.portfolio.codec import (
    Booking,
    Cash,
    Change,
    External,
    ExternalKind,
    Intent,
    write_booking,
    write_cash,
    write_change,
    write_denial,
    write_external,
    write_intent,
)
from marketpulse.types import Event, EventKind, Fill, OrderRequest, OrderState, OrderType, Reason, Side

ACCOUNT = "paper:1"
T0 = datetime(2012, 6, 1, 14, 0, tzinfo=UTC)


class Script:
    """Writes events one after the other."""

    def __init__(self):
        self.seq = count(1)
        self.events = []

    def add(self, kind, ref, payload, key=None, account=ACCOUNT):
        seq = next(self.seq)
        self.events.append(
            Event(seq, T0 + timedelta(seconds=seq), account, kind, ref, payload, key, f"h{seq}")
        )
        return self

    def cash(self, amount, currency="USD", account=ACCOUNT):
        payload = write_cash(Cash(Decimal(amount), currency, "deposit"))
        return self.add(EventKind.CASH, "deposit", payload, account=account)

    def external(self, kind, symbol="", quantity=0, price=0, currency="", *, account=ACCOUNT, **fields):
        numbers = {k: Decimal(v) if k in {"cash", "fee"} else v for k, v in fields.items()}
        external = External(
            ExternalKind(kind), symbol, Decimal(quantity), Decimal(price), currency, **numbers
        )
        return self.add(EventKind.EXTERNAL, symbol or currency, write_external(external), account=account)

    def trade(self, side, quantity, price, symbol="AAPL", *, account=ACCOUNT, currency="", **fields):
        """An order with one fill; returns itself."""
        name, number = f"o{len(self.events)}", Decimal(quantity)
        request = OrderRequest(symbol, Side(side), OrderType.MARKET, number)
        intent = Intent(f"C-{name}", request, "body", Decimal(0), T0)
        self.add(EventKind.ORDER, name, write_intent(intent), f"order:{name}", account)
        fee = Decimal(fields.pop("fee", 0))
        fill = Fill(
            "v", name, f"C-{name}", symbol, Side(side), number, Decimal(price), fee,
            fields.pop("time", T0 + timedelta(seconds=len(self.events))), **fields,
        )  # fmt: skip
        booking = Booking(fill, OrderState.FILLED, currency)
        return self.add(EventKind.FILL, name, write_booking(booking), fill_key("v", name), account)

    def order(self, order_id, side, quantity, *, symbol="AAPL", limit=None, reserve="0", denied=()):
        kind = OrderType.LIMIT if limit else OrderType.MARKET
        request = OrderRequest(symbol, Side(side), kind, Decimal(quantity), Decimal(limit) if limit else None)
        intent = Intent(f"C-{order_id}", request, "body", Decimal(reserve), T0)
        if denied:
            payload = write_denial(intent, tuple(Reason(code, f"{code}.") for code in denied))
            return self.add(EventKind.DENIED, order_id, payload, f"order:{order_id}")
        return self.add(EventKind.ORDER, order_id, write_intent(intent), f"order:{order_id}")

    def move(self, order_id, to, code="", sentence="", venue_id=None):
        change = Change(OrderState(to), "test", code, sentence, venue_id)
        return self.add(EventKind.STATE, order_id, write_change(change))

    def fill(self, order_id, side, quantity, price, fee="0", *, to="filled", symbol="AAPL"):
        trade = f"T{len(self.events)}"
        fill = Fill(
            "paper", trade, f"C-{order_id}", symbol, Side(side), Decimal(quantity), Decimal(price),
            Decimal(fee), T0,
        )  # fmt: skip
        payload = write_booking(Booking(fill, OrderState(to)))
        return self.add(EventKind.FILL, order_id, payload, fill_key("paper", trade))
