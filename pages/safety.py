"""The switches that stop: HALT, only reduce, sell everything; and the way back with a typed word."""

from collections.abc import Callable

import streamlit as st

from marketpulse import desk
from marketpulse.types import EventKind, Halt, Snapshot
from pages import deeds, parts
from pages.words import order_words, when

__all__ = ["switches"]

WHY = "by hand, on the Orders page"
_HALT, _REDUCE, _FLATTEN, _RESUME = "halt", "reduce", "flatten", "resume"
_WORDS = {
    _FLATTEN: ("FLATTEN", "Type FLATTEN to sell all that is held", "Sell"),
    _RESUME: ("RESUME", "Type RESUME to trade again", "Resume"),
}
"""What must be typed, the field's label, and the button's."""

_TELLS = {
    _HALT: "HALT refuses new orders and cancels what rests, but for stops that protect. Positions stay.",
    _REDUCE: "Only sales pass until you resume; resting buys are canceled.",
    _FLATTEN: "Halts, cancels every order, the protective stops too, and sells all that is held at the market.",
}


def switches(snapshot: Snapshot, place: str) -> None:
    """HALT with one question, or the way back.

    Parameters
    ----------
    place : distinguishes the switch in the panel from the one at the phone's bottom edge
    """
    with st.container(key=f"halt_{place}", gap="xsmall"):
        asked = st.session_state.get("halt_asked")
        if asked in (_HALT, _REDUCE):
            _question(asked, place)
        elif asked == _FLATTEN:
            _typed_flatten(place)
        elif snapshot.halt:
            _halted(snapshot, snapshot.halt, place)
        else:
            _buttons(place)


def _buttons(place: str) -> None:
    if place == "panel":
        parts.html(parts.span(_TELLS[_HALT], "muted", "small"))
    st.button(
        "HALT trading",
        icon=":material/front_hand:",
        width="stretch",
        key=f"halt_{place}_ask",
        on_click=_ask,
        args=(_HALT,),
    )
    if place == "panel":
        with st.container(horizontal=True, gap="xsmall"):
            _small("Only reduce", _REDUCE, place)
            _small("Sell everything", _FLATTEN, place)


def _small(label: str, what: str, place: str) -> None:
    key = f"{what}_{place}_open"
    st.button(label, width="stretch", key=key, help=_TELLS[what], on_click=_ask, args=(what,))


def _question(what: str, place: str) -> None:
    said = "Stop all trading now?" if what == _HALT else "Let only sales pass from now on?"
    parts.html(parts.join(parts.bold(said), " ", parts.span(_TELLS[what], "muted", "small")))
    with st.container(horizontal=True, gap="xsmall"):
        label, act = ("Halt now", _halt) if what == _HALT else ("Only reduce", _reduce)
        st.button(label, type="primary", width="stretch", key=f"halt_{place}_yes", on_click=act)
        st.button("Back", width="stretch", key=f"halt_{place}_no", on_click=_ask, args=("",))


def _typed_flatten(place: str) -> None:
    parts.html(parts.note(parts.join(parts.bold("Sell everything. ", "down"), _TELLS[_FLATTEN]), "down"))
    _word(_FLATTEN, place, _flatten)
    st.button("Back", width="stretch", key=f"halt_{place}_no", on_click=_ask, args=("",))


def _halted(snapshot: Snapshot, halt: Halt, place: str) -> None:
    since, word = when(halt.since, snapshot.time), "Only sales pass" if halt.reducing else "Halted"
    parts.html(parts.note(parts.join(parts.bold(f"{word} since {since} ET: ", "down"), halt.why), "down"))
    kept = [order for order_id in halt.kept if (order := snapshot.order(order_id)) in snapshot.working]
    if kept and place == "panel":
        names = [order_words(o.request, snapshot.instruments.get(o.request.symbol)) for o in kept if o]
        parts.html(parts.span(f"Kept to protect what is held: {'; '.join(names)}.", "muted", "small"))
    if _flattening(snapshot):
        parts.html(parts.span("Everything held is being sold.", "warn", "small"))
    _word(_RESUME, place, _resume)
    if place == "panel":
        with st.container(horizontal=True, gap="xsmall"):
            if halt.reducing:
                _small("HALT", _HALT, place)
            _small("Sell everything", _FLATTEN, place)


def _flattening(snapshot: Snapshot) -> bool:
    """Whether the last FLATTEN is still at work: nothing was resumed since, and something is held."""
    for event in snapshot.events:
        if event.kind is EventKind.RESUME:
            return False
        if event.kind is EventKind.FLATTEN:
            return any(position.quantity for position in snapshot.valuation.positions)
    return False


def _word(name: str, place: str, act: Callable[[str], None]) -> None:
    """A field for one typed word, and its button."""
    word, label, button = _WORDS[name]
    deeds.typed(f"{name}_{place}", label, button, act, word)


def _ask(what: str) -> None:
    st.session_state.halt_asked = what


def _do(act: Callable[[], object], said: str, symbol: str, failed: str) -> None:
    st.session_state.halt_asked = ""
    deeds.attempt(act, said, symbol, failed)


def _halt() -> None:
    said = "Trading is halted. Type RESUME to trade again."
    _do(lambda: desk.current().halt(WHY), said, "front_hand", "Not halted")


def _reduce() -> None:
    said = "Only sales pass now. Type RESUME to trade again."
    _do(lambda: desk.current().reduce(WHY), said, "front_hand", "Nothing was changed")


def _flatten(typed: str) -> None:
    said = "Halted; everything held is being sold."
    _do(lambda: desk.current().flatten(typed), said, "front_hand", "Nothing was sold")


def _resume(typed: str) -> None:
    _do(lambda: desk.current().resume(typed), "Trading is resumed.", "play_arrow", "Still halted")
