"""Change an order that rests: a small form below the working orders, sent once."""

from uuid import uuid4

import streamlit as st

from marketpulse import desk
from marketpulse.errors import MarketPulseError, Refused
from marketpulse.types import Order, OrderState, OrderType, Snapshot
from pages import parts
from pages.words import order_words

__all__ = ["ask", "draw", "possible"]

_LABELS = {"quantity": "Quantity", "limit_price": "Limit price", "stop_price": "Stop price"}
_RESTS = frozenset({OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED})
_OPEN = "changing"


def possible(order: Order) -> bool:
    """Whether there is something to change: it rests at its venue and has a price of its own."""
    return order.state in _RESTS and order.request.type not in {OrderType.MARKET, OrderType.TRAILING_STOP}


def ask(order_id: str) -> None:
    """Open the form for one order (a callback); its key is drawn now, so pressing twice sends once."""
    st.session_state[_OPEN] = (order_id, uuid4().hex)


def _close() -> None:
    st.session_state.pop(_OPEN, None)


def draw(snapshot: Snapshot) -> None:
    """Draw the form while an order is being changed; it closes itself when the order has ended."""
    if _OPEN not in st.session_state:
        return
    order_id, nonce = st.session_state[_OPEN]
    order = snapshot.order(order_id)
    if order is None or not possible(order):
        _close()
        return
    instrument = snapshot.instruments.get(order.request.symbol)
    with st.form(f"change_{nonce}", enter_to_submit=True):
        parts.html(parts.join(parts.bold("Change "), order_words(order.request, instrument)))
        with st.grid(2, min_column_width=110, gap="xsmall"):
            for name, text in _texts(order).items():
                st.text_input(_LABELS[name], text, key=f"change_{name}_{nonce}", autocomplete="off")
        with st.container(horizontal=True, gap="xsmall"):
            st.form_submit_button("Change", type="primary", key="change_send", on_click=_send, args=(order,))
            st.form_submit_button("Back", key="change_back", on_click=_close)


def _texts(order: Order) -> dict[str, str]:
    """What may be changed, as it is now."""
    numbers = {name: getattr(order.request, name) for name in _LABELS}
    return {name: f"{number.normalize():f}" for name, number in numbers.items() if number is not None}


def _send(order: Order) -> None:
    """Hand the change to the desk (a callback)."""
    if _OPEN not in st.session_state:
        return
    _, nonce = st.session_state[_OPEN]
    before = _texts(order)
    now = {name: str(st.session_state.get(f"change_{name}_{nonce}") or "").strip() for name in before}
    changed = {name: text for name, text in now.items() if text and text != before[name]}
    if not changed:
        parts.say("Nothing was changed.", "info")
        _close()
        return
    try:
        placed = desk.current().replace(order.id, f"change:{nonce}", **changed)
    except Refused as no:
        parts.say(f"Not changed: {no.sentence}", "block")  # the form stays, with what was typed
    except MarketPulseError as fault:
        parts.say(f"Not changed: {fault} Press again: it cannot be sent twice.", "error")
    else:
        followed = st.session_state.setdefault("followed", {})
        followed[placed.order.id] = placed.order.state
        parts.say("The change was sent.", "check_circle")
        _close()
