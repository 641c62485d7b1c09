"""Changes of orders in place, and fees in other coins: the second part of ``brokers_kinds.py``."""

from datetime import timedelta
from decimal import Decimal

from brokers_shares import control
from kinds_of import (
    AMEND,
    KNOWN,
    NEAR,
    PAIR,
    UNITS,
    WHAT,
    Fault,
    found,
    last_price,
    ledger,
    name_of,
    plant,
    said,
)

from marketpulse.ports import OrderRef, Terms
from marketpulse.types import OrderRequest, OrderType, Side

__all__ = ["changes", "fees"]

CHANGES = (
    Fault("none", "", "accepted", 1),
    Fault("reply lost after the change", "lost_reply", "Uncertain", 1, wire=True),
    Fault("timeout after the change", "order_timeout_after_accept", "Uncertain", 1),
    Fault("reset after the change", "order_reset_after_accept", "Uncertain", 1),
    Fault("5xx after the change", "order_5xx_after_accept", "Uncertain", 1),
    Fault("malformed reply, not changed", "malformed", "Uncertain", 0, wire=True),
    Fault("refused", "amend_reject", "Rejected", 0),
    Fault("canceled before", "gone", "Rejected NOT_OPEN", 0),
)


def changes(venue: str, broker) -> int:
    """Each fault with a limit's price, a quantity, and a stop's trigger."""
    wrong = 0
    for part in ("limit_price", "quantity", "stop_price"):
        for fault in CHANGES:
            wrong += _change(venue, broker, part, fault)
    return wrong


def _change(venue: str, broker, part: str, fault: Fault) -> bool:
    control("clear")
    what, last, client_id = WHAT[venue], float(last_price(venue)), name_of()
    price = what.price(last * 0.97, Side.BUY)
    triggered = part == "stop_price"
    request = OrderRequest(
        what.symbol, Side.SELL if triggered else Side.BUY, OrderType.STOP if triggered else OrderType.LIMIT,
        UNITS[venue], None if triggered else price, price if triggered else None,
    )  # fmt: skip
    ref = OrderRef(client_id, broker.place(client_id, what, request).venue_id, what)
    terms = (
        Terms(quantity=UNITS[venue] * 2)
        if part == "quantity"
        else Terms(**{part: what.price(last * 0.96, Side.BUY)})
    )
    if fault.kind == "gone":
        broker.cancel(ref)
    plant(
        venue,
        Fault(fault.name, "" if fault.kind == "gone" else fault.kind, "", 0, wire=fault.wire),
        AMEND[venue],
    )
    words = said(lambda: broker.replace(ref, terms))
    control("clear")
    view = found(broker, ref)
    wanted = terms if fault.orders else Terms()
    shown = (view.quantity, view.limit_price, view.stop_price)
    expected = (
        wanted.quantity or request.quantity,
        wanted.limit_price or request.limit_price,
        wanted.stop_price or request.stop_price,
    )
    wrong = [] if shown == expected else ["TERMS"]
    wrong += [] if words.startswith(fault.said) else [f"expected {fault.said}"]
    again = said(lambda: broker.replace(ref, terms))  # what has arrived is not sent a second time
    sent = len(ledger("amend", venue, client_id))
    first = {"accepted": "accepted", "Uncertain": "accepted" if fault.orders else "Uncertain"}.get(words)
    wrong += [] if first in {None, again} else [f"AGAIN {again}"]
    times = 1 if fault.orders or fault.kind == "amend_reject" else 0
    wrong += [] if sent == times else [f"{sent} CHANGES"]
    wrong += [] if len(ledger("order", venue, client_id)) == 1 else ["ORDERS"]
    said(lambda: broker.cancel(ref))
    print(
        f"| {venue} | change of {part} | {fault.name} | {words}, again: {again} | {sent} in the ledger | 1 | {' '.join(wrong) or 'yes'} |",
        flush=True,
    )
    return bool(wrong)


def fees(venue: str, broker, clock) -> int:
    """A buy whose fee is taken from the coin bought, or from BNB: the account must lack what the fill says."""
    wrong = 0
    for kind, coin in (("", "USDT"), ("fee_base", "ETH"), ("fee_bnb", "BNB")):
        control("clear")
        before, client_id = broker.account(), name_of()
        if kind:
            control("fault", provider=venue, kind=kind, count=1)
        broker.place(client_id, PAIR, OrderRequest(PAIR.symbol, Side.BUY, OrderType.MARKET, UNITS[venue]))
        (fill,) = [
            f
            for f in broker.fills(clock.now() - timedelta(minutes=5), KNOWN.values())
            if f.client_order_id == client_id
        ]
        after = broker.account()
        lacks = {"USDT": -fill.quantity * fill.price, "ETH": fill.quantity, "BNB": Decimal(0)}
        lacks[fill.fee_currency] -= fill.fee
        told = {name: _holds(after, name) - _holds(before, name) for name in lacks}
        bad = [] if fill.fee_currency == coin and fill.fee > 0 else ["FEE"]
        bad += [name for name in lacks if abs(lacks[name] - told[name]) > NEAR]
        bad += [] if len(ledger("order", venue, client_id)) == 1 else ["ORDERS"]
        print(
            f"| {venue} | market | fee in {coin} | {fill.fee.normalize():f} {fill.fee_currency}, maker {fill.maker} | filled | 1 | {' '.join(bad) or 'yes'} |",
            flush=True,
        )
        wrong += bool(bad)
    return wrong


def _holds(account, coin: str) -> Decimal:
    return account.cash.get(coin, Decimal(0)) + account.positions.get(f"{coin}/USDT", Decimal(0))
