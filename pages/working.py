"""Orders under way, the last events, and the switch that stops everything."""

import streamlit as st

from marketpulse import desk
from marketpulse.errors import MarketPulseError, Refused
from marketpulse.types import OPEN_STATES, Edge, Order, OrderState, Snapshot
from pages import parts
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

__all__ = ["cancel", "events", "follow", "halt_switch", "signal", "working_orders"]

EVENTS = 8
WHY = "by hand, on the Orders page"

_WORKING = (
    Column("Order", "wrap"),
    Column("Away", "right"),
    Column("Age", "right wide"),
    Column("State", "right"),
    Column("", "right"),
)
_SIGNAL = (Column(""), Column("", "right"), Column("", "right"), Column("", "right"))
_EVENTS = (Column("", "nowrap"), Column(""), Column("", "wrap"))


def cancel(order_id: str) -> None:
    """Ask the desk to cancel one order, and say how that went."""
    try:
        order = desk.current().cancel(order_id)
    except Refused as no:
        parts.say(no.sentence, "block")
    except MarketPulseError as fault:
        parts.say(f"Not canceled: {fault}", "error")
    else:
        parts.say(f"Cancel asked for: {order.request.side} {order.request.symbol}.", "cancel")


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
    parts.pick_table(markup, [""] * len(orders), "working", cancel)


def _row(order: Order, snapshot: Snapshot) -> tuple[object, ...]:
    request = order.request
    instrument, datum = snapshot.instruments.get(request.symbol), snapshot.market.get(request.symbol)
    what = parts.join(
        parts.side(request.side), " ", parts.quantity(request.quantity), " ", parts.bold(request.symbol)
    )
    progress = progress_words(order, instrument)
    told = (role_words(order), kind_words(request, instrument), progress)
    about = ", ".join(piece for piece in told if piece)
    asked = order.state is OrderState.PENDING_CANCEL
    return (
        parts.stack(what, about),
        away(order, datum.quote.price if datum else None),
        parts.span(parts.age((snapshot.time - order.created).total_seconds()), "muted"),
        parts.tag(state_word(order.state), state_tone(order.state)),
        parts.press("Cancel", order.id, disabled=asked, hint=f"Cancel {request.side} {request.symbol}"),
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


def halt_switch(snapshot: Snapshot, place: str) -> None:
    """HALT with one question, or the way back with a typed word.

    Parameters
    ----------
    place : distinguishes the switch in the panel from the one at the phone's bottom edge
    """
    with st.container(key=f"halt_{place}", gap="xsmall"):
        if snapshot.halt:
            _halted(snapshot, place)
        elif st.session_state.get("halt_asked"):
            _question(place)
        else:
            if place == "panel":
                parts.html(
                    parts.span(
                        "HALT refuses new orders and cancels resting buys. Positions stay.", "muted", "small"
                    )
                )
            st.button(
                "HALT trading",
                icon=":material/front_hand:",
                width="stretch",
                key=f"halt_{place}_ask",
                on_click=_ask_halt,
                args=(True,),
            )


def _question(place: str) -> None:
    parts.html(parts.bold("Stop all trading now?"))
    with st.container(horizontal=True, gap="xsmall"):
        st.button("Halt now", type="primary", width="stretch", key=f"halt_{place}_yes", on_click=_halt)
        st.button("Back", width="stretch", key=f"halt_{place}_no", on_click=_ask_halt, args=(False,))


def _halted(snapshot: Snapshot, place: str) -> None:
    halt = snapshot.halt
    if halt is None:
        return
    since = when(halt.since, snapshot.time)
    parts.html(parts.note(parts.join(parts.bold(f"Halted since {since} ET: ", "down"), halt.why), "down"))
    with (
        st.form(f"resume_{place}", border=False, enter_to_submit=True, clear_on_submit=True),
        st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"),
    ):
        st.text_input(
            "Type RESUME to trade again",
            key=f"resume_{place}_text",
            placeholder="RESUME",
            autocomplete="off",
        )
        st.form_submit_button("Resume", key=f"resume_{place}_go", on_click=_resume, args=(place,))


def _ask_halt(asked: bool) -> None:  # noqa: FBT001 - a callback's arguments have no names
    st.session_state.halt_asked = asked


def _halt() -> None:
    st.session_state.halt_asked = False
    try:
        desk.current().halt(WHY)
    except MarketPulseError as fault:
        parts.say(f"Not halted: {fault}", "error")
    else:
        parts.say("Trading is halted. Type RESUME to trade again.", "front_hand")


def _resume(place: str) -> None:
    try:
        desk.current().resume(str(st.session_state.get(f"resume_{place}_text") or "").strip())
    except Refused as no:
        parts.say(no.sentence, "block")
    except MarketPulseError as fault:
        parts.say(f"Still halted: {fault}", "error")
    else:
        parts.say("Trading is resumed.", "play_arrow")
