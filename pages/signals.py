"""Signals: what the model says of each instrument, why, and how far it may be believed."""

import streamlit as st

from marketpulse import desk
from pages import model_card, parts, signal_panels, why_panel


@st.fragment(run_every=parts.REFRESH)
def votes() -> None:
    """What is said of each instrument, and why of the chosen one."""
    now = desk.current().snapshot()
    card = now.model.card
    version = card.version if card else ""
    if st.session_state.setdefault("signals_version", version) != version:
        st.session_state.signals_version = version
        st.rerun()  # the model's own panels are drawn with the page
    left, right = st.columns([1.75, 1], gap="xsmall")
    with left, parts.panel("votes"):
        signal_panels.votes(now)
    with right, parts.panel("why"):
        signal_panels.why(now)
    with parts.panel("ladder", stretch=False):
        why_panel.draw(signal_panels.chosen(now))


def model_panels() -> None:
    """The model's own record; it changes only when another model is served."""
    now = desk.current().snapshot()
    card = now.model.card
    if card is None:
        with parts.panel("no_card", stretch=False):
            parts.title("Model card", "")
            parts.html(
                parts.empty(
                    "No model yet", "Its score, its calibration and what it was trained on come here."
                )
            )
        return
    left, middle, right = st.columns([1, 1.25, 1.15], gap="xsmall")
    with left, parts.panel("reliability"):
        signal_panels.reliability(card)
    with middle, parts.panel("score"):
        parts.title("Out of sample", model_card.period(card))
        parts.html(model_card.scores(card))
    with right, parts.panel("card"):
        parts.title(f"Model card · {card.name}", f"version {card.version[:12]}")
        parts.html(model_card.facts(card))


def main() -> None:
    """Lay out the page."""
    with parts.alone():
        votes()
    model_panels()


main()
