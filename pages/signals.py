"""Signals: what is said of each instrument, why, how far it may be believed, and how it did."""

import streamlit as st

from marketpulse import desk
from pages import parts, scoreboard, signal_detail, signal_panels, why_panel

PICTURES = 30  # seconds between two drawings of a figure: each one is mounted anew


@st.fragment(run_every=parts.REFRESH)
def votes() -> None:
    """What is said of each instrument, and of the chosen one why, by whom, and on which facts."""
    now = desk.current().snapshot()
    symbol = signal_panels.chosen(now)
    left, right = st.columns([1.75, 1], gap="xsmall")
    with left, parts.panel("votes"):
        signal_panels.votes(now)
        st.page_link("models.py", label="The evidence, training and health", icon=":material/model_training:")
    with right, parts.panel("why"):
        signal_detail.why(symbol, now)
    left, right = st.columns([1.75, 1], gap="xsmall")
    with left, parts.panel("ballots"):
        signal_detail.ballots(symbol, now)
    with right, parts.panel("frozen"):
        signal_detail.frozen(symbol, now)


@st.fragment(run_every=parts.REFRESH)
def ladder() -> None:
    """Every gate between the chosen instrument and an order."""
    with parts.panel("ladder", stretch=False):
        why_panel.draw(signal_panels.chosen(desk.current().snapshot()))


@st.fragment(run_every=parts.REFRESH)
def score() -> None:
    """The scoreboard, again every two seconds."""
    with parts.panel("scoreboard"):
        scoreboard.lines(desk.current().snapshot())


@st.fragment(run_every=PICTURES)
def came_true() -> None:
    """The live reliability; a figure is mounted anew each time it changes."""
    with parts.panel("came_true"):
        scoreboard.reliability(desk.current().snapshot())


@st.fragment(run_every=parts.REFRESH)
def issued() -> None:
    """Each frozen signal, again every two seconds."""
    with parts.panel("issued", stretch=False):
        scoreboard.issued(desk.current().snapshot())


def main() -> None:
    """Lay out the page; each fragment keeps to its own box."""
    with parts.alone():
        votes()
    left, right = st.columns([1.95, 1], gap="xsmall")
    with left:
        score()
    with right:
        came_true()
    with parts.alone():
        issued()
    with parts.alone():
        ladder()


main()
