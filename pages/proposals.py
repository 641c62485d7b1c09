"""What the desk would do with its signals: proposals to approve or decline, and why there are no others."""

from datetime import datetime

import streamlit as st

from marketpulse import desk
from marketpulse.types import (
    OPEN_PROPOSALS,
    Conduct,
    Proposal,
    ProposalState,
    Purpose,
    Snapshot,
)
from pages import deeds, parts
from pages.parts import Column, Markup
from pages.words import when

__all__ = ["answers", "badge", "panel"]

MOST = 12
"""Decisions in the table; the ledger holds all of them."""

_MODES: dict[Conduct, tuple[str, str, parts.Tone, str]] = {
    Conduct.SUGGEST: ("Suggest", "lightbulb", "", "The desk shows signals; a person orders."),
    Conduct.CONFIRM: ("Confirm", "how_to_reg", "accent", "The desk prepares orders; a person approves each."),
    Conduct.AUTO: ("AUTO on paper", "play_circle", "violet", "The desk orders by itself, on paper only."),
}
_TONES: dict[ProposalState, parts.Tone] = {
    ProposalState.PENDING: "warn",
    ProposalState.APPROVED: "accent",
    ProposalState.ORDERED: "up",
    ProposalState.REFUSED: "down",
}
_COLUMNS = (Column("When"), Column("Symbol"), Column("Decision"), Column("Why", "wrap"))


def badge(now: Snapshot) -> Markup:
    """The playbook's mode, for the strip."""
    word, symbol, tone, hint = _MODES[now.conduct]
    if now.practice:
        return parts.badge(
            f"{word} · PRACTICE",
            symbol,
            "warn",
            f"{hint} Practice: calls without a shown edge are played as if they had one.",
        )
    return parts.badge(word, symbol, tone, hint)


@st.fragment(run_every=parts.REFRESH)
def answers() -> None:
    """What waits for a person, above all else; nothing where nothing does."""
    now = desk.current().snapshot()
    waiting = _waiting(now)
    if waiting:
        with parts.panel("answers", stretch=False):
            parts.title("Proposals", f"{len(waiting)} to answer" if now.conduct is Conduct.CONFIRM else "")
            _practice(now)
            for made in waiting:
                _row(made, now)


@st.fragment(run_every=parts.REFRESH)
def panel() -> None:
    """What was decided; nothing where the desk suggests and has never decided."""
    now = desk.current().snapshot()
    if now.conduct is Conduct.SUGGEST and not now.proposals:
        return
    with parts.panel("proposals", stretch=False):
        parts.title("Decisions about signals", _about(now))
        if not _waiting(now):  # else it is said above
            _practice(now)
        ended = sorted(
            (made for made in now.proposals if made.state not in OPEN_PROPOSALS), key=_moment, reverse=True
        )
        decided = ended[:MOST]
        if decided:
            parts.html(parts.scroll(parts.table(_COLUMNS, [_line(made, now) for made in decided])))
        else:
            parts.html(
                parts.empty(
                    "Nothing decided yet", "After the next closed bar each signal is decided on here."
                )
            )


def _waiting(now: Snapshot) -> list[Proposal]:
    return [made for made in now.proposals if made.state in OPEN_PROPOSALS]


def _practice(now: Snapshot) -> None:
    if now.practice:
        parts.html(
            parts.note("Practice on paper: no edge is shown, and calls are played all the same.", "warn")
        )


def _about(now: Snapshot) -> str:
    words = {
        Conduct.SUGGEST: "the desk suggests; these are from before",
        Conduct.CONFIRM: "a person approves each order",
        Conduct.AUTO: "the desk trades on paper by itself",
    }
    return words[now.conduct]


def _row(made: Proposal, now: Snapshot) -> None:
    """One that is open, with its buttons."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"proposal_{made.id}"):
        until = f"until {when(made.expires, now.time)} ET" if made.expires else ""
        state = "approved, waits" if made.state is ProposalState.APPROVED else until
        parts.html(
            parts.join(
                parts.tag("leave" if made.purpose is Purpose.CLOSE else "enter", _TONES[made.state]),
                " ",
                parts.bold(made.sentence),
                " ",
                parts.span(state, "muted", "small"),
            )
        )
        if made.state is ProposalState.PENDING and made.mode is Conduct.CONFIRM:
            st.button(
                "Approve", key=f"approve_{made.id}", type="primary", on_click=_answer, args=(made, True)
            )
            st.button("Decline", key=f"decline_{made.id}", on_click=_answer, args=(made, False))
        if made.state is ProposalState.APPROVED:
            st.button("Take back", key=f"decline_{made.id}", on_click=_answer, args=(made, False))


def _line(made: Proposal, now: Snapshot) -> tuple[object, ...]:
    """One decision in the table; a non-order shows the gate that failed."""
    gate = made.rung
    word = "no order" if made.state is ProposalState.PASSED else made.state.value
    shown = parts.tag(word, _TONES.get(made.state, ""))
    code = numbers = parts.join()
    if gate is not None:
        code = parts.join(parts.span(gate.code, "muted"), " ")
        against = f" {gate.value} against {gate.limit}" if gate.limit else f" {gate.value}"
        numbers = parts.span(against if gate.value else "", "muted", "small")
    said = made.note if made.state is ProposalState.REFUSED else f"{made.sentence} {made.note}".strip()
    return when(_moment(made), now.time), made.symbol, shown, parts.join(code, said, numbers)


def _moment(made: Proposal) -> datetime:
    return made.ended or made.time


def _answer(made: Proposal, approve: bool) -> None:  # noqa: FBT001 - Streamlit passes it by place
    def said(done: Proposal) -> str:
        return f"{made.symbol}: {done.note or done.state.value}"

    symbol = "check_circle" if approve else "block"
    deeds.attempt(lambda: desk.current().answer(made.id, approve=approve), said, symbol, "Not answered")
