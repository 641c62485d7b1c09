"""The last look before an order is sent, and the send itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from marketpulse import desk
from marketpulse.types import Mode, OrderRequest, OrderType, Preview, Snapshot, TimeInForce
from pages import order_form, parts, ticket
from pages.order_form import Form
from pages.preview import key_values
from pages.sending import Answer, Outcome, ticket_book
from pages.words import kind_words, order_words, progress_words, state_tone, state_word

__all__ = [
    "Pending",
    "ask",
    "begin",
    "confirm",
    "is_open",
    "keep_up",
    "open_ticket",
    "show",
    "show_when_open",
    "tell",
]


_STAYS = {
    TimeInForce.DAY: "good for today",
    TimeInForce.GTC: "good until canceled",
    TimeInForce.GTD: "good until",
    TimeInForce.IOC: "what trades at once, the rest given up",
    TimeInForce.FOK: "all of it at once or nothing",
}


@dataclass(frozen=True, slots=True)
class Pending:
    """An order that waits for a yes; what is confirmed is what was reviewed.

    Attributes
    ----------
    nonce : the ticket's, names the wish
    typed : what tells this ticket from another one of the same nonce
    """

    nonce: str
    typed: Form
    raw: Mapping[str, object]


def open_ticket() -> str:
    """Adopt the process's nonce when the ticket opens, and keep it until the desk has answered."""
    return str(st.session_state.setdefault("ticket_nonce", ticket_book().current()))


def ask() -> None:
    """Open the review of what stands in the ticket at this moment (a callback)."""
    form = ticket.read()
    units = order_form.size(form, desk.current().snapshot()).units
    if units:
        st.session_state.ticket_pending = Pending(open_ticket(), ticket.typed(), form.raw(units))


def is_open() -> bool:
    """An order waits for a yes."""
    return "ticket_pending" in st.session_state


def begin() -> None:
    """Note, as a run of the whole page begins, which review it is going to draw."""
    st.session_state.review_drawn = _wanted()


def keep_up() -> None:
    """Leave a fragment for a run of the whole page when another review should be on screen.

    Only such a run draws the dialog, and nothing refreshes inside it: what a fragment still draws
    into a dialog that has closed meanwhile tears the page down in the browser.
    """
    if st.session_state.get("review_drawn") != _wanted():
        st.rerun()


def _wanted() -> tuple[object, ...] | None:
    """What the review on screen depends on; None when none is open."""
    pending = st.session_state.get("ticket_pending")
    if pending is None:
        return None
    earlier = ticket_book().sent(pending.nonce, pending.typed)
    snapshot = desk.current().snapshot()
    order = snapshot.order(earlier.id) if earlier else None
    return pending, earlier and earlier.id, order and order.state, snapshot.halt is not None


def show_when_open() -> None:
    """Draw the review while an order waits for a yes."""
    if is_open():
        show(st.session_state.ticket_pending)


def _back() -> None:
    """Close the review without sending (a callback)."""
    st.session_state.pop("ticket_pending", None)


def confirm(pending: Pending) -> None:
    """Send the order (a callback); a second press finds nothing pending and does nothing."""
    if st.session_state.get("ticket_pending") != pending:
        return
    del st.session_state["ticket_pending"]
    outcome = ticket_book().send(desk.current(), pending.nonce, pending.raw, pending.typed)
    st.session_state.ticket_nonce = outcome.nonce
    st.session_state.ticket_outcome = outcome
    if outcome.order and outcome.answer is Answer.PLACED:
        st.session_state.setdefault("followed", {})[outcome.order.id] = outcome.order.state
    sentence, symbol = _spoken(outcome)
    parts.say(sentence, symbol)


def _spoken(outcome: Outcome) -> tuple[str, str]:
    said = _said(outcome, desk.current().snapshot())
    match outcome.answer:
        case Answer.PLACED:
            return f"Sent once: {said}.", "check_circle"
        case Answer.REPEATED:
            return f"Already sent: {said}. Nothing was sent again.", "info"
        case Answer.REFUSED:
            return f"Refused: {outcome.sentence}", "block"
        case Answer.FAILED:
            return f"Not sent: {outcome.sentence}", "error"


def _said(outcome: Outcome, snapshot: Snapshot) -> str:
    if outcome.order is None:
        return ""
    request = outcome.order.request
    return order_words(request, snapshot.instruments.get(request.symbol))


FRESH = "Nothing was sent again; the ticket is a fresh one now. "


def tell(outcome: Outcome, snapshot: Snapshot, advice: str = FRESH) -> parts.Markup:
    """What became of the last send, with the order's state as it is now.

    Parameters
    ----------
    advice : what a ticket that was sent before comes to
    """
    if outcome.order is None:
        failed = outcome.answer is Answer.FAILED
        after = " Review and confirm again: this ticket cannot make two orders." if failed else ""
        head = parts.bold("Not sent. " if failed else "Refused. ", "down")
        return parts.note(parts.join(head, outcome.sentence, after), "down")
    order = snapshot.order(outcome.order.id) or outcome.order
    instrument = snapshot.instruments.get(order.request.symbol)
    words = order_words(order.request, instrument)
    progress = progress_words(order, instrument)
    plate = parts.tag(state_word(order.state), state_tone(order.state))
    line = parts.join(plate, " ", words, f": {progress}" if progress else "")
    if outcome.answer is Answer.PLACED:
        return parts.note(line)
    told = parts.join(
        parts.bold("This ticket was already sent. "),
        advice,
        parts.span(line, "block"),
    )
    return parts.note(told, "warn")


def _dismissed() -> None:
    """The dialog was closed by its cross or by Escape (a callback)."""
    _back()


@st.dialog("Review order", icon=":material/receipt_long:", width="medium", on_dismiss=_dismissed)
def show(pending: Pending) -> None:
    """Say in words and numbers what will be sent, and ask for a yes."""
    if st.session_state.get("ticket_pending") != pending:
        st.rerun()  # its buttons rerun the dialog only; a run of the whole page closes it
    now = desk.current().snapshot()
    preview = desk.current().preview(pending.raw)
    if preview.request:
        parts.html(_sentence(preview.request, now))
        parts.html(parts.kv(key_values(preview, now), 2))
    earlier = ticket_book().sent(pending.nonce, pending.typed)
    if earlier:
        again = Outcome(Answer.REPEATED, pending.nonce, earlier)
        parts.html(tell(again, now, "Pressing again sends nothing and gives you a fresh one. "))
    else:
        _footnote(preview, now, pending)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        st.button("Back", key="review_back", on_click=_back)
        st.button(
            "Place paper order" if now.mode is Mode.PAPER else "Place order with real money",
            key="review_confirm",
            type="primary",
            disabled=not (preview.ok or earlier),
            on_click=confirm,
            args=(pending,),
        )


def _sentence(request: OrderRequest, snapshot: Snapshot) -> parts.Markup:
    instrument = snapshot.instruments.get(request.symbol)
    market = request.type is OrderType.MARKET
    how = "at the market" if market else f"at {kind_words(request, instrument, force=False)}"
    units = parts.bold(f"{parts.quantity(request.quantity)} {request.symbol}")
    said = parts.join(
        parts.side(request.side), " ", units, f" {how}, {_STAYS[request.time_in_force]}{_day(request)}"
    )
    name = parts.span(instrument.name if instrument else "", "muted", "small")
    return parts.join(parts.span(said, "sentence"), name)


def _day(request: OrderRequest) -> str:
    return f" {parts.eastern(request.good_till, '%a %b %d %H:%M')} ET" if request.good_till else ""


def _footnote(preview: Preview, snapshot: Snapshot, pending: Pending) -> None:
    if not preview.ok:
        said: Any = parts.join(parts.bold("Refused. ", "down"), preview.failed[0].sentence)
        parts.html(parts.note(said, "down"))
        return
    paper = "Paper: no money moves. " if snapshot.mode is Mode.PAPER else ""
    parts.html(
        parts.span(
            f"{paper}Prices of {parts.eastern(snapshot.time)} ET. Ticket {pending.nonce[:8]}.",
            "muted",
            "small",
        )
    )
