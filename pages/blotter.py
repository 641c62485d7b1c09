"""Every order the desk remembers, with what became of it."""

import streamlit as st

from marketpulse.types import OPEN_STATES, Order, OrderState, Snapshot
from pages import parts
from pages.parts import Column
from pages.words import kind_words, progress_words, reason_words, state_tone, state_word, when

__all__ = ["blotter", "chosen"]

MOST = 200
"""Rows shown; the newest."""

FILTERS: dict[str, frozenset[OrderState]] = {
    "All": frozenset(OrderState),
    "Filled": frozenset({OrderState.FILLED, OrderState.PARTIALLY_FILLED}),
    "Working": OPEN_STATES,
    "Refused": frozenset({OrderState.DENIED, OrderState.REJECTED}),
    "Canceled": frozenset({OrderState.CANCELED, OrderState.EXPIRED, OrderState.PENDING_CANCEL}),
}
_COLUMNS = (
    Column("Time ET"),
    Column("Symbol"),
    Column("Side"),
    Column("Order"),
    Column("Quantity", "right"),
    Column("Filled", "right"),
    Column("Average", "right"),
    Column("Value", "right"),
    Column("Fees", "right"),
    Column("State", "apart"),
    Column("Why", "wrap", "30%"),
)
_PHONE = (Column("Order", "wrap"), Column("Average", "right"), Column("State", "right"))


def chosen(orders: tuple[Order, ...], name: str) -> list[Order]:
    """Orders of one filter, newest first; a part fill that was canceled is both filled and canceled."""
    states = FILTERS[name]
    filled = name == "Filled"
    return [order for order in orders if order.state in states or (filled and order.filled_quantity)]


def blotter(snapshot: Snapshot) -> None:
    """Draw the filter and the table; the phone gets its own, three columns wide."""
    orders = snapshot.orders
    counts = {name: len(chosen(orders, name)) for name in FILTERS}
    parts.title("Blotter", _about(snapshot))
    if not orders:
        parts.html(
            parts.empty("No orders yet", "Fill in the ticket above; every order and refusal is kept here.")
        )
        return
    name = st.segmented_control(
        "Show",
        list(FILTERS),
        default="All",
        format_func=lambda one: f"{one} {counts[one]}",
        required=True,
        key="blotter_filter",
        label_visibility="collapsed",
        persist_state="session",
    )
    rows = chosen(orders, str(name or "All"))
    if not rows:
        parts.html(parts.span("None.", "muted"))
        return
    shown = rows[:MOST]
    with st.container(key="blotter_wide"):
        parts.html(parts.table(_COLUMNS, [_row(order, snapshot) for order in shown]))
    with st.container(key="blotter_phone"):
        parts.html(parts.table(_PHONE, [_phone_row(order, snapshot) for order in shown]))
    if len(rows) > len(shown):
        parts.html(parts.span(f"The newest {len(shown)} of {len(rows)}.", "muted", "small"))


def _about(snapshot: Snapshot) -> str:
    orders = snapshot.orders
    if not orders:
        return ""
    filled = sum(1 for order in orders if order.filled_quantity)
    refused = sum(1 for order in orders if order.state in FILTERS["Refused"])
    fees = parts.money(sum(order.fees for order in orders))
    many = "order" if len(orders) == 1 else "orders"
    return f"{len(orders)} {many} · {filled} with fills · {refused} refused · {fees} fees"


def _row(order: Order, snapshot: Snapshot) -> tuple[object, ...]:
    request = order.request
    instrument = snapshot.instruments.get(request.symbol)
    value = order.filled_quantity * order.average_price if order.average_price is not None else None
    return (
        parts.span(when(order.created, snapshot.time), "muted"),
        parts.bold(request.symbol),
        parts.side(request.side),
        kind_words(request, instrument),
        parts.quantity(request.quantity),
        parts.quantity(order.filled_quantity) if order.filled_quantity else parts.span(parts.DASH, "muted"),
        _known(order.average_price, parts.price(order.average_price, instrument)),
        _known(value, parts.number(value)),
        _known(order.average_price, parts.number(order.fees)),
        parts.tag(state_word(order.state), state_tone(order.state)),
        parts.span(reason_words(order), "muted", "small"),
    )


def _phone_row(order: Order, snapshot: Snapshot) -> tuple[object, ...]:
    request = order.request
    instrument = snapshot.instruments.get(request.symbol)
    what = parts.join(
        parts.side(request.side), " ", parts.quantity(request.quantity), " ", parts.bold(request.symbol)
    )
    told = [when(order.created, snapshot.time), kind_words(request, instrument)]
    if order.remaining and order.filled_quantity:
        told.append(progress_words(order, instrument))
    told.append(reason_words(order))
    return (
        parts.stack(what, " · ".join(piece for piece in told if piece)),
        _known(order.average_price, parts.price(order.average_price, instrument)),
        parts.tag(state_word(order.state), state_tone(order.state)),
    )


def _known(value: object, text: str) -> object:
    """A grey dash where there is nothing to tell."""
    return parts.span(parts.DASH, "muted") if value is None else text
