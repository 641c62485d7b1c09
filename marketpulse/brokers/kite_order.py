"""An order in Kite's words, on its way out and on its way back."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marketpulse.brokers.kite_login import INDIA
from marketpulse.brokers.kite_words import reason
from marketpulse.brokers.offered import given_up, offered
from marketpulse.brokers.web import decimal, price, text
from marketpulse.errors import Rejected, Uncertain
from marketpulse.ports import BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.types import (
    AssetClass,
    Instrument,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)

__all__ = [
    "CAN",
    "ENDS",
    "OURS",
    "SIDES",
    "VARIETY",
    "changes_of",
    "client_id_of",
    "count",
    "elsewhere",
    "fields_of",
    "moment_of",
    "place_of",
    "safe",
    "spelled",
    "tag_of",
    "view_of",
]

_NAME = "kite"
_GRACE = 120.0  # seconds; well beyond our own patience and the venue's
_EXCHANGE, _PRODUCT = "NSE", "CNC"
_SUFFIX = ".NS"  # of the desk's symbols, since plain INFY is another share, in New York
_PROTECTION = -1  # the venue's own choice; without it a market or stop-market order is refused
_WHOLE = "Kite trades whole shares only."
_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "SL-M",
    OrderType.STOP_LIMIT: "SL",
}
_SHOWN = {word: kind for kind, word in _TYPES.items()}
_FORCES = {TimeInForce.DAY: "DAY", TimeInForce.IOC: "IOC"}

VARIETY = "regular"
"""The venue's word for an order that is none of its special kinds."""

OURS = re.compile(r"MP[0-9A-Z]{18}")
"""The form of our client ids: twenty characters, the most a tag may have."""

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
"""The venue's words for a side."""

ENDS = {
    "COMPLETE": OrderState.FILLED,
    "CANCELLED": OrderState.CANCELED,
    "CANCELLED AMO": OrderState.CANCELED,
    "LAPSED": OrderState.EXPIRED,
    "REJECTED": OrderState.REJECTED,
}
"""The venue's words for an order that has ended."""

CAN = BrokerCapabilities(
    types=frozenset(_TYPES),
    asset_classes=frozenset({AssetClass.EQUITY}),
    grace=_GRACE,
    live=True,
    forces=frozenset(_FORCES),
    amends=True,
)
"""What the venue offers for delivery: it keeps no order beyond its day, and has no sandbox."""


def fields_of(client_id: str, instrument: Instrument, request: OrderRequest) -> dict[str, Any]:
    """Write the order in the venue's words, its numbers as text."""
    if not _known(instrument):
        raise Rejected("NOT_TRADABLE", f"{instrument.symbol} is no share that Kite trades on the NSE.")
    offered("Kite", CAN, request)
    if request.quantity != request.quantity.to_integral_value():
        raise Rejected("INVALID_QUANTITY", _WHOLE)
    if not OURS.fullmatch(client_id):
        raise Rejected("CLIENT_ID", "The order's name does not fit into Kite's tag.")
    fields: dict[str, Any] = {
        "variety": VARIETY,
        "exchange": _EXCHANGE,
        "tradingsymbol": _spelling(instrument),
        "transaction_type": request.side.value.upper(),
        "quantity": f"{request.quantity.to_integral_value():f}",
        "product": _PRODUCT,
        "order_type": _TYPES[request.type],
        "validity": _FORCES[request.time_in_force],
        "tag": client_id,
    }
    if request.stop_price is not None:
        fields["trigger_price"] = f"{request.stop_price:f}"
    if request.limit_price is not None:
        return fields | {"price": f"{request.limit_price:f}"}
    return fields | {"market_protection": _PROTECTION}


def changes_of(view: VenueOrder, terms: Terms) -> dict[str, str]:
    """Write a change of an order in the venue's words; what stays is left out.

    Raises
    ------
    Rejected
        ``NOT_OFFERED`` for another quantity of an order that has traded in part: the venue does not say
        whether it would count what has traded.
    """
    if terms.quantity is not None:
        if terms.quantity != terms.quantity.to_integral_value():
            raise Rejected("INVALID_QUANTITY", _WHOLE)
        if view.filled_quantity:
            raise Rejected(
                "NOT_OFFERED", "Kite does not say what another quantity means once a part has traded."
            )
    fields = {"price": terms.limit_price, "trigger_price": terms.stop_price}
    named = {key: f"{value:f}" for key, value in fields.items() if value is not None}
    return (
        named if terms.quantity is None else named | {"quantity": f"{terms.quantity.to_integral_value():f}"}
    )


def view_of(row: Any, instrument: Instrument) -> VenueOrder:
    """Read an order, ours or not."""
    venue_id = safe(row.get("order_id"))
    filled = decimal(row, "filled_quantity", _NAME)
    # Every other word is a step on the way, and what is on the way may trade.
    rests = OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED
    state = ENDS.get(text(row, "status", _NAME), rests)
    code, sentence = given_up(state, at_once=row.get("validity") == "IOC")
    if state is OrderState.REJECTED:
        told = reason(str(row.get("status_message") or row.get("status_message_raw") or ""))
        code, sentence = told.code, told.sentence
    kind = _SHOWN.get(str(row.get("order_type")))
    limited = kind in {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
    }  # market protection may leave a price in the others
    return VenueOrder(
        ref=OrderRef(client_id_of(row, venue_id), venue_id, instrument),
        state=state,
        quantity=decimal(row, "quantity", _NAME),
        filled_quantity=filled,
        code=code,
        sentence=sentence,
        side=SIDES.get(str(row.get("transaction_type"))),
        type=kind,
        limit_price=price(row, "price", _NAME) if limited else None,
        stop_price=price(row, "trigger_price", _NAME),
    )


def _known(instrument: Instrument) -> bool:
    listed_there = instrument.calendar == "XBOM" and instrument.currency == "INR"
    equity = instrument.asset_class is AssetClass.EQUITY
    return equity and listed_there and instrument.symbol.endswith(_SUFFIX)


def _spelling(instrument: Instrument) -> str:
    """Return the venue's symbol: ``INFY`` for our ``INFY.NS``."""
    return instrument.symbol.removesuffix(_SUFFIX)


def spelled(instruments: Iterable[Instrument]) -> dict[tuple[str, str], Instrument]:
    """Return what the venue trades of these, by exchange and the venue's symbol."""
    return {(_EXCHANGE, _spelling(i)): i for i in instruments if _known(i)}


def place_of(row: Any) -> tuple[str, str]:
    """Return exchange and symbol of an order or a trade."""
    return text(row, "exchange", _NAME), text(row, "tradingsymbol", _NAME)


def elsewhere(row: Any, instrument: Instrument) -> bool:
    """Tell whether an order is in another share, or at another exchange."""
    return place_of(row) != (_EXCHANGE, _spelling(instrument))


def tag_of(row: Any) -> str:
    """Return an order's tag, empty where it has none."""
    tag = row.get("tag")
    return tag if isinstance(tag, str) else ""


def client_id_of(row: Any, venue_id: str) -> str:
    """Return our client id; another program's tag is a label that many orders may share."""
    tag = tag_of(row)
    return tag if OURS.fullmatch(tag) else f"kite-{venue_id}"


def count(units: dict[str, Decimal], row: Any, more: Decimal) -> None:
    """Add to what is held of a share for delivery, on whichever exchange it was traded."""
    if text(row, "product", _NAME) == _PRODUCT:
        symbol = text(row, "tradingsymbol", _NAME) + _SUFFIX
        units[symbol] = units.get(symbol, Decimal(0)) + more


def moment_of(row: Any) -> datetime:
    """Return when the exchange traded; the client gives a time without a zone."""
    told = row.get("exchange_timestamp") or row.get("fill_timestamp")
    if not isinstance(told, datetime) or told.tzinfo is not None:
        raise Uncertain("kite: the time of an execution could not be read")
    return told.replace(tzinfo=INDIA).astimezone(UTC)


def safe(venue_id: Any) -> str:
    """Return an id that may stand in an address."""
    if not isinstance(venue_id, str) or not _ID.fullmatch(venue_id):
        raise Uncertain("kite: an order's number could not be read")
    return venue_id
