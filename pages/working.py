"""Orders under way and the last events."""

import streamlit as st

from marketpulse import desk
from marketpulse.types import OPEN_STATES, Edge, Order, OrderState, Snapshot
from pages import changing, deeds, parts
from pages.parts import Column
from pages.words import (
    away,
    event_words,
    kind_words,
    order_words,
    progress_words,
    reason_words,
    role_words,
    shown_events,
    state_tone,
    state_word,
    when,
)

__all__ = ["cancel", "events", "follow", "signal", "working_orders"]

EVENTS = 8

_WORKING = (
    Column("Order", "wrap"),
    Column("Away", "right"),
    Column("Age", "right wide"),
    Column("State", "right"),
    Column("", "right"),
)
_CHANGE = "change:"
_SIGNAL = (Column(""), Column("", "right"), Column("", "right"), Column("", "right"))
_EVENTS = (Column("", "nowrap"), Column(""), Column("", "wrap"))


def cancel(order_id: str) -> None:
    """Ask the desk to cancel one order, and say how that went."""
    deeds.attempt(
        lambda: desk.current().cancel(order_id),
        lambda order: f"Cancel asked for: {order.request.side} {order.request.symbol}.",
        "cancel",
        "Not canceled",
    )


def follow(snapshot: Snapshot) -> None:
    """Say it when an order of this session has moved on to its end."""
    followed: dict[str, OrderState] = st.session_state.setdefault("followed", {})
    for order_id, before in list(followed.items()):
        order = snapshot.order(order_id)
        if order is None or order.state is before:
            continue
        followed[order_id] = order.state
        if order.state in OPEN_STATES:
            continue
        del followed[order_id]
        instrument = snapshot.instruments.get(order.request.symbol)
        told = progress_words(order, instrument) or reason_words(order)
        said = f"{state_word(order.state).capitalize()}: {order_words(order.request, instrument)}"
        parts.say(f"{said}, {told}." if told else f"{said}.", "task_alt")


def working_orders(snapshot: Snapshot) -> None:
    """Every order that may still trade, each with its Cancel."""
    orders = snapshot.working
    about = f"{len(orders)} under way" if orders else ""
    parts.title("Working orders", about)
    if not orders:
        parts.html(parts.empty("Nothing is under way", "An order shows here from Confirm until its end."))
        return
    markup = parts.table(_WORKING, [_row(order, snapshot) for order in orders])
    parts.pick_table(markup, [""] * len(orders), "working", _pressed)
    changing.draw(snapshot)


def _pressed(key: str) -> None:
    """Do what the pressed button says: change the order, or cancel it."""
    if key.startswith(_CHANGE):
        changing.ask(key.removeprefix(_CHANGE))
    else:
        cancel(key)


def _row(order: Order, snapshot: Snapshot) -> tuple[object, ...]:
    request = order.request
    instrument, datum = snapshot.instruments.get(request.symbol), snapshot.market.get(request.symbol)
    what = parts.join(
        parts.side(request.side), " ", parts.quantity(request.quantity), " ", parts.bold(request.symbol)
    )
    progress = progress_words(order, instrument)
    told = (role_words(order), kind_words(request, instrument), progress)
    about = ", ".join(piece for piece in told if piece)
    asked = order.state in {OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE}
    buttons = [
        parts.press("Cancel", order.id, disabled=asked, hint=f"Cancel {request.side} {request.symbol}")
    ]
    if changing.possible(order):
        name = f"Change {request.side} {request.symbol}"
        buttons.insert(0, parts.press("Change", f"{_CHANGE}{order.id}", disabled=asked, hint=name))
    return (
        parts.stack(what, about),
        away(order, datum.quote.price if datum else None),
        parts.span(parts.age((snapshot.time - order.created).total_seconds()), "muted"),
        parts.tag(state_word(order.state), state_tone(order.state)),
        parts.join(*buttons, by=" "),
    )


def events(snapshot: Snapshot) -> None:
    """The newest lines of the ledger, in words."""
    parts.title("Last events", "ET")
    shown = shown_events(snapshot, EVENTS)
    if not shown:
        parts.html(parts.span("Nothing has happened yet.", "muted"))
        return
    rows = []
    for event in shown:
        word, kind, sentence = event_words(event, snapshot)
        at = parts.span(when(event.time, snapshot.time), "muted", "small")
        rows.append((at, parts.tag(word, kind), parts.span(sentence, "small")))
    parts.html(parts.table(_EVENTS, rows))


def signal(snapshot: Snapshot, symbol: str) -> None:
    """What the model says of the instrument in the ticket; nothing while it says nothing."""
    said = snapshot.signals.get(symbol)
    if said is None or said.probability is None:
        return
    plain = said.edge is Edge.NONE
    base = parts.span(f"base rate {parts.percent(said.base_rate)}", "muted")
    edge = parts.tag(said.edge.value, "" if plain else "accent", hint=said.sentence)
    parts.title(f"Signal {symbol}", f"bar of {said.bar}")
    row = (f"p, higher in {said.horizon} days", parts.bold(parts.percent(said.probability)), base, edge)
    parts.html(parts.table(_SIGNAL, [row]))
